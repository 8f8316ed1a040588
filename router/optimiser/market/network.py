"""Networks: every way through other assets at once, as one cost curve that is refined where needed.

What a network costs is solved at some sizes, and known in between by two bounds. For the search the
sizes are joined smoothly, with the marginal costs that were solved, so that a search by prices
finds the same size as the network itself would; for the proof there are the two bounds. Refuses to
prove: `sharpen` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.instrument import Asset, Instrument
from router.domain.plan import NetworkCandidate, PoolCandidate, QuantityKind, RoutingProblem
from router.domain.units import PIPS_PER_UNIT, Side
from router.liquidity.curve import CostCurve, Floats, empty_curve
from router.liquidity.oracle import LiquidityError
from router.optimiser.market.source import pool_cost
from router.optimiser.network.curve import NetworkCurve, network_curve
from router.optimiser.network.graph import TokenGraph, TokenPool

_BEYOND: Final = 1.02  # of the order: it is not the end of the curve
_FAR: Final = 1.5  # times the quantity at the arrival mid: more than cash can be worth
_FLAT: Final = 1e-13  # roots this close, relative, are one


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network over some of its pools.

    Attributes
    ----------
    candidate : NetworkCandidate
        Of these pools only; the graph's are in the same order.
    curve : CostCurve
        Smooth between the sizes that are solved; it costs what the network costs at these.
    """

    candidate: NetworkCandidate
    curves: NetworkCurve
    curve: CostCurve

    @property
    def instrument(self) -> Instrument:
        """Return the instrument of the order's pair."""
        return self.candidate.instrument

    @property
    def middle_atom(self) -> float:
        """Return about what an atom of each middle asset is worth, all together, [quote atoms]."""
        pair, ways = self.instrument, self.curves.passage
        samples = self.curves.samples
        log_price = samples[0].log_price if samples else ways.first_prices()
        worth = 0.0
        for asset in _middles(self.candidate):
            price = float(np.exp(log_price[ways.graph.place(asset.id)]))
            worth += price * 10.0 ** (pair.quote.decimals - asset.decimals)
        return worth

    def refined(self, *, at: Sequence[float] = (), marginals: Sequence[float] = ()) -> "Network":
        """Return the network with more sizes solved; see `NetworkCurve.refined`.

        Marginal costs that no unit has, or that are beyond the end, are passed over.
        """
        samples = self.curves.samples
        if not samples:
            return self
        ways, last = self.curves.passage, samples[-1].marginal
        first = ways.sign * ways.first_price
        inside = [marginal for marginal in marginals if first < marginal < last]
        curves = self.curves.refined(at=at, marginals=inside)
        return replace(self, curves=curves, curve=_smooth(curves))

    def gains(self, quantity: float) -> list[tuple[int, float]]:
        """Return what each used pool gains at the node prices of a quantity, [quote].

        By its place among the candidate's pools.
        """
        quantity = min(quantity, self.curves.capacity)
        if quantity <= 0.0:
            return []
        solution = self.curves.solved(quantity)
        price = np.exp(solution.log_price)
        return [
            (f.pool, float(price[f.target] * f.received - price[f.source] * f.paid))
            for f in solution.flows
        ]


def check_network(network: NetworkCandidate) -> None:
    """Assert that no pool is of the order's own pair, and that all draw on one account."""
    pair = network.instrument
    ends = {pair.base, pair.quote}
    direct = [
        p.instrument.id for p in network.pools if {p.instrument.base, p.instrument.quote} == ends
    ]
    assert not direct, f"pools of {pair.id} must lead through other assets, but not {direct}"
    accounts = {pool.instrument.account for pool in network.pools}
    assert accounts <= {pair.account}, f"pools of {pair.id} must draw on {pair.account}"


def token_pool(pool: PoolCandidate) -> TokenPool:
    """Return both directions of a pool, whatever their price; none where they contradict.

    A pool that is known by quotes only may buy back for more than it sold for.
    """
    base, quote = pool.instrument.base.id, pool.instrument.quote.id
    buy, sell = (pool_cost(pool, side, limit=None) for side in (Side.BUY, Side.SELL))
    try:
        return TokenPool(base, quote, buy, sell)
    except LiquidityError:
        return TokenPool(base, quote, empty_curve(Side.BUY), empty_curve(Side.SELL))


def network_over(
    problem: RoutingProblem,
    network: NetworkCandidate,
    pools: Sequence[TokenPool],
    *,
    kept: Sequence[int],
    limit: float | None,
) -> Network | None:
    """Return the network over those of its pools that are kept; None if no way is left.

    Parameters
    ----------
    pools : Sequence[TokenPool]
        As from `token_pool`, of each of `network.pools`.
    kept : Sequence[int]
        Indices into `network.pools`, ascending.
    """
    if not kept:
        return None
    pair = network.instrument
    try:
        curves = network_curve(
            TokenGraph(tuple(pools[i] for i in kept)),
            base=pair.base.id,
            quote=pair.quote.id,
            side=problem.side,
            quantity_max=_quantity_max(problem, network),
            limit=limit,
        )
    except LiquidityError:
        return None
    own = replace(network, pools=tuple(network.pools[i] for i in kept))
    return Network(own, curves, _smooth(curves))


# More than the order can take of base, [base]; where depth may leave, as if it were more.
def _quantity_max(problem: RoutingProblem, network: NetworkCandidate) -> float:
    mid = problem.arrival_mid
    if problem.kind is QuantityKind.BASE:
        atoms = _BEYOND * problem.quantity.atoms
    else:
        atoms = _FAR * problem.quantity.atoms * mid.base_atoms / mid.quote_atoms
    scenarios = problem.uncertainty.scenarios if problem.uncertainty else ()
    depth = min((s.pool_depth_pips / PIPS_PER_UNIT for s in scenarios), default=1.0)
    return atoms / min(depth, 1.0) / 10.0**network.instrument.base.decimals


def _middles(network: NetworkCandidate) -> set[Asset]:
    pair = network.instrument
    every = {a for p in network.pools for a in (p.instrument.base, p.instrument.quote)}
    return every - {pair.base, pair.quote}


# From the price of the first unit through the marginal costs of the samples. Between two of them
# there are two ranges of half the quantity, which meet where both together cost what the samples
# are apart; where no such price lies between theirs, the mean price all the way.
def _smooth(curves: NetworkCurve) -> CostCurve:
    side, samples = curves.passage.side, curves.samples
    if not samples:
        return empty_curve(side)
    quantity = np.diff(np.array([0.0, *(s.quantity for s in samples)]))
    cost = np.abs(np.diff(np.array([0.0, *(s.cost for s in samples)])))
    first = curves.passage.first_price
    root = np.sqrt(np.array([first, *(abs(s.marginal) for s in samples)]))
    root = _never_back(root, side)
    mean = cost / quantity
    middle = 2.0 * mean / (root[:-1] + root[1:])
    low, high = np.minimum(root[:-1], root[1:]), np.maximum(root[:-1], root[1:])
    joined = (middle >= low) & (middle <= high)
    level = np.clip(np.sqrt(mean), low, high)
    start = np.where(joined, root[:-1], level)
    between = np.where(joined, middle, level)
    end = np.where(joined, root[1:], level)
    starts, ends = _pairs(start, between), _pairs(between, end)
    half = 0.5 * _pairs(quantity, quantity)
    span = np.abs(ends - starts)
    flat = span <= _FLAT * starts
    depth = np.where(flat, np.inf, half * starts * ends / np.where(flat, 1.0, span))
    return CostCurve(side, starts, np.where(flat, starts, ends), depth=depth, quantity=half)


# Marginal costs as a convex curve has them, whatever rounding made of two that are close.
def _never_back(root: Floats, side: Side) -> Floats:
    if side is Side.BUY:
        return np.maximum.accumulate(root)
    return np.minimum.accumulate(root)


def _pairs(one: Floats, other: Floats) -> Floats:
    return np.stack((one, other), axis=1).ravel()
