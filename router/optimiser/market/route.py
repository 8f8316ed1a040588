"""Routes of two hops through a middle asset: one cost curve each.

All pools of a hop are merged into one curve and the two hops composed into one: there is nothing
left in which paths that share a pool could be priced apart. Refuses longer routes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.instrument import Instrument
from router.domain.plan import (
    PoolCandidate,
    RouteCandidate,
)
from router.domain.units import Side
from router.liquidity.aggregate import Aggregate, aggregate
from router.liquidity.curve import CostCurve
from router.liquidity.route import compose
from router.optimiser.market.source import pool_cost, truncated

_CUT_SLACK: Final = 1e-9  # relative; the whole route is cut at the limit price exactly


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
