"""Routes of two hops through a middle asset: one cost curve each, and exact trades.

All pools of a hop are merged into one curve and the two hops composed into one: there is nothing
left in which paths that share a pool could be priced apart. Refuses longer routes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from router.domain.instrument import Instrument
from router.domain.plan import (
    Hop,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.units import Amount, Rounding, Side, divide
from router.liquidity.aggregate import Aggregate, aggregate
from router.liquidity.curve import CostCurve
from router.liquidity.route import compose
from router.optimiser.parts import parts
from router.optimiser.source import pool_cost, truncated
from router.optimiser.trade import (
    Swapped,
    Trade,
    agreed,
    base_fee,
    fillable,
    given,
    is_exact_input,
    swapped,
)

_CUT_SLACK: Final = 1e-9  # relative; the whole route is cut at the limit price exactly
_SHORTER: Final = (0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-4)  # of a drained route: floats against atoms


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The pools of one hop, filled together."""

    pools: tuple[PoolCandidate, ...]
    together: Aggregate

    @property
    def pair(self) -> Instrument:
        """Return one of the instruments; base and quote are the same for all."""
        return self.pools[0].instrument

    @property
    def merged(self) -> CostCurve:
        """Return the hop as one curve."""
        assert self.together.merged is not None, "pool curves have no shift"
        return self.together.merged


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A route over some of its pools.

    Attributes
    ----------
    base_stage, quote_stage : Stage
        Base against the middle asset, and the middle asset against quote.
    curve : CostCurve
        The whole route, up to the order's limit price.
    """

    candidate: RouteCandidate
    base_stage: Stage
    quote_stage: Stage
    curve: CostCurve

    @property
    def instrument(self) -> Instrument:
        """Return the instrument of the order's pair."""
        return self.candidate.instrument

    def stage(self, *, is_base: bool) -> Stage:
        """Return one of the hops."""
        return self.base_stage if is_base else self.quote_stage

    @property
    def middle_atom(self) -> float:
        """Return about what an atom of the middle asset is worth, [quote atoms]."""
        outer, pair = self.quote_stage.merged, self.quote_stage.pair
        price = abs(float(outer.marginal(0.0))) if outer.quantity.size else 0.0
        return price * 10.0 ** (pair.quote.decimals - pair.base.decimals)


_Swaps: TypeAlias = list[tuple[PoolCandidate, Swapped]]


def check_route(route: RouteCandidate) -> None:
    """Assert that the hops meet in one asset, and that all pools draw on the route's account."""
    pair = route.instrument
    base_hop = {(p.instrument.base, p.instrument.quote) for p in route.base_pools}
    quote_hop = {(p.instrument.base, p.instrument.quote) for p in route.quote_pools}
    assert len(base_hop) == len(quote_hop) == 1, f"hops of {pair.id} must each be of one pair"
    (base, middle), (other, quote) = *base_hop, *quote_hop
    meets = (base, quote) == (pair.base, pair.quote) and middle == other
    assert meets, f"hops of {pair.id} must lead from its base through one asset to its quote"
    accounts = {p.instrument.account for p in route.pools}
    assert accounts == {pair.account}, f"pools of {pair.id} must draw on {pair.account}"


def hop_curves(route: RouteCandidate, side: Side, *, limit: float | None) -> tuple[CostCurve, ...]:
    """Return the curve of each of `route.pools`, in its hop's own pair.

    Each is cut where the route would pass `limit` even at the best price of the other hop.
    """
    base = [pool_cost(p, side, limit=None) for p in route.base_pools]
    quote = [pool_cost(p, side, limit=None) for p in route.quote_pools]
    if limit is not None:
        base_cut, quote_cut = _cut(quote, side, limit=limit), _cut(base, side, limit=limit)
        base = [truncated(c, base_cut) for c in base]
        quote = [truncated(c, quote_cut) for c in quote]
    return (*base, *quote)


def route_over(
    route: RouteCandidate,
    curves: Sequence[CostCurve],
    *,
    kept: Sequence[int],
    limit: float | None,
) -> Route | None:
    """Return the route over those of its pools that are kept; None if a hop has lost all.

    Parameters
    ----------
    curves : Sequence[CostCurve]
        As from `hop_curves`.
    kept : Sequence[int]
        Indices into `route.pools`, ascending.
    """
    first = len(route.base_pools)
    base, quote = [i for i in kept if i < first], [i for i in kept if i >= first]
    if not base or not quote:
        return None
    base_stage, quote_stage = (
        Stage(tuple(route.pools[i] for i in own), aggregate([curves[i] for i in own]))
        for own in (base, quote)
    )
    return Route(
        candidate=replace(route, base_pools=base_stage.pools, quote_pools=quote_stage.pools),
        base_stage=base_stage,
        quote_stage=quote_stage,
        curve=_composed(base_stage.merged, quote_stage.merged, limit=limit),
    )


def route_trade(problem: RoutingProblem, route: Route, *, amount: int) -> Trade | NoRouteReason:
    """Trade exactly `amount` of base or cash through the route, every pool by its own integers.

    Starts at the hop that the order fixes: in the direction of the money for an exact input,
    against it for an exact output. What that hop moves of the middle asset the other one moves.
    """
    in_base = problem.kind is QuantityKind.BASE
    first = _stage_swaps(problem, route.stage(is_base=in_base), atoms=amount)
    if isinstance(first, NoRouteReason):
        return first
    middle = sum(done.quote if in_base else done.base for _, done in first)
    second = _stage_swaps(problem, route.stage(is_base=not in_base), atoms=middle)
    if isinstance(second, NoRouteReason):
        return second
    base, quote = (first, second) if in_base else (second, first)
    return agreed(_trade(problem, route, base=base, quote=quote), problem)


def route_fillable(problem: RoutingProblem, route: Route, *, amount: int) -> int:
    """Return how much of `amount` the route has liquidity for; 0 if that is much less."""
    for shorter in _SHORTER:
        less = amount - int(amount * shorter)
        if isinstance(route_trade(problem, route, amount=less), Trade):
            return less
    return 0


def best_path(problem: RoutingProblem, route: Route, *, amount: int) -> tuple[int, int] | None:
    """Return the pool of each hop that carries the whole `amount` best; None if none can.

    As indices into the route's pools. What the hop that the order fixes moves of the middle asset
    decides for the other one, so each hop is looked at once.
    """
    in_base = problem.kind is QuantityKind.BASE
    first = _best_alone(problem, route.stage(is_base=in_base), atoms=amount)
    if first is None:
        return None
    place, done = first
    middle = done.quote if in_base else done.base
    second = _best_alone(problem, route.stage(is_base=not in_base), atoms=middle)
    if second is None:
        return None
    base, quote = (place, second[0]) if in_base else (second[0], place)
    return base, len(route.base_stage.pools) + quote


def _best_alone(problem: RoutingProblem, stage: Stage, *, atoms: int) -> tuple[int, Swapped] | None:
    in_base = problem.kind is QuantityKind.BASE
    able: list[tuple[int, int, Swapped]] = []
    for place, pool in enumerate(stage.pools):
        done = swapped(pool, problem.side, kind=problem.kind, amount=atoms)
        if isinstance(done, Swapped):
            other = done.quote if in_base else done.base
            # For an exact input the other amount is received, else paid.
            received = is_exact_input(problem.side, problem.kind)
            able.append((-other if received else other, place, done))
    if not able:
        return None
    _, place, done = min(able, key=lambda item: item[:2])
    return place, done


# The worst price of a hop: what the limit leaves of it at the other hop's best price.
def _cut(others: Sequence[CostCurve], side: Side, *, limit: float) -> float:
    roots = [float(c.root_start[0]) for c in others if c.quantity.size]
    if not roots:
        return limit  # without the other hop there is no route
    buying = side is Side.BUY
    best = min(roots) if buying else max(roots)
    return limit / best**2 * (1.0 + _CUT_SLACK if buying else 1.0 - _CUT_SLACK)


def _composed(base: CostCurve, quote: CostCurve, *, limit: float | None) -> CostCurve:
    if not base.quantity.size or not quote.quantity.size:
        nothing = np.zeros(0)
        return CostCurve(base.side, nothing, nothing, depth=nothing, quantity=nothing)
    curve = compose(base, quote)
    return curve if limit is None else truncated(curve, limit)


# A pool trades what its part is; the parts of a hop add up to `atoms`.
def _stage_swaps(problem: RoutingProblem, stage: Stage, *, atoms: int) -> _Swaps | NoRouteReason:
    side, kind, pools = problem.side, problem.kind, stage.pools
    shared = parts(
        stage.together,
        stage.pair,
        kind=kind,
        atoms=atoms,
        fillable=lambda k, most: fillable(pools[k], side, kind=kind, amount=most),
        given=lambda k, part: given(pools[k], side, kind=kind, amount=part),
    )
    made: _Swaps = []
    for pool, part in zip(pools, shared, strict=True):
        if part == 0:
            continue
        done = swapped(pool, side, kind=kind, amount=part)
        if isinstance(done, NoRouteReason):
            return done
        made.append((pool, done))
    return made or NoRouteReason.BELOW_MINIMUM


def _trade(problem: RoutingProblem, route: Route, *, base: _Swaps, quote: _Swaps) -> Trade:
    buying = problem.side is Side.BUY
    cash = sum(done.quote for _, done in quote)
    middle = sum(done.base for _, done in quote)
    base_fees, quote_fees = (sum(done.fee for _, done in hop) for hop in (base, quote))
    # A buyer pays the hops' fees in middle and quote, a seller in base and middle.
    in_middle = base_fees if buying else quote_fees
    fee = divide(in_middle * cash, middle, Rounding.UP)
    fee += quote_fees if buying else base_fee(problem, base_fees)
    in_order = quote + base if buying else base + quote
    return Trade(
        candidate=route.candidate,
        kind=problem.kind,
        base=sum(done.base for _, done in base),
        quote=cash,
        fee=fee,
        gas_units=sum(pool.gas_units for pool, _ in base + quote),
        hops=tuple(_hop(problem.side, pool, done) for pool, done in in_order),
    )


def _hop(side: Side, pool: PoolCandidate, done: Swapped) -> Hop:
    base = Amount(pool.instrument.base.id, done.base)
    quote = Amount(pool.instrument.quote.id, done.quote)
    paid, received = (quote, base) if side is Side.BUY else (base, quote)
    return Hop(pool.instrument, paid, received)
