"""Exact trades over a route of two hops: what one hop moves of the middle asset the other moves.

Refuses to price: the curves are of `market.route`.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from router.domain.plan import (
    Hop,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.units import Amount, Rounding, Side, divide
from router.optimiser.exact.parts import parts
from router.optimiser.exact.trade import (
    Swapped,
    Trade,
    agreed,
    base_fee,
    fillable,
    given,
    is_exact_input,
    swapped,
)
from router.optimiser.market.route import Route, Stage

_SHORTER: Final = (0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-4)  # of a drained route: floats against atoms
_Swap: TypeAlias = tuple[PoolCandidate, Swapped]
_Swaps: TypeAlias = list[_Swap]


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
    return agreed(_trade(problem, route.candidate, base=base, quote=quote), problem)


def requoted(
    problem: RoutingProblem, candidate: RouteCandidate, hops: Sequence[Hop]
) -> Trade | NoRouteReason:
    """Quote the hops of a planned leg again, each by its pool's own integers.

    Whether they then are what was planned is for the caller to compare.
    """
    forwards = is_exact_input(problem.side, problem.kind)
    found: list[_Swaps] = []
    for pools in (candidate.base_pools, candidate.quote_pools):
        known, swaps = {pool.instrument.id: pool for pool in pools}, list[_Swap]()
        for hop in hops:
            pool = known.get(hop.instrument.id)
            if pool is None:
                continue
            amount = (hop.paid if forwards else hop.received).atoms
            done = swapped(pool, problem.side, kind=problem.kind, amount=amount)
            if isinstance(done, NoRouteReason):
                return done
            swaps.append((pool, done))
        found.append(swaps)
    base, quote = found
    if not base or not quote:
        return NoRouteReason.NO_VENUE
    return agreed(_trade(problem, candidate, base=base, quote=quote), problem)


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


def _trade(
    problem: RoutingProblem, candidate: RouteCandidate, *, base: _Swaps, quote: _Swaps
) -> Trade:
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
        candidate=candidate,
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
