"""The cheapest flow through a graph of tokens for a quantity, and the proof of it.

Refuses what a `Passage` rules out: flows that go round. Refuses gas, which makes the choice of
pools discrete.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.units import AssetId, Side
from router.liquidity.curve import Floats
from router.liquidity.oracle import InsufficientLiquidityError
from router.optimiser.network.dual import Dual
from router.optimiser.network.flow import Flow, flows_at, pushed, ranked
from router.optimiser.network.graph import TokenGraph
from router.optimiser.network.newton import Climb, begin, climb
from router.optimiser.network.passage import Passage, passage

GAP_GOAL: Final = 1e-9  # of the cost; a hundred-thousandth of a basis point
_PROMISES: Final = (1e-10, 1e-13, 1e-16, 1e-20)  # of the notional, until the gap is met
_PRICE_FACTOR: Final = 8.0  # how much further each look for the end of the liquidity goes
_PRICE_LOOKS_MAX: Final = 80
_ENDED: Final = 1e-9  # growth of the quantity, relative


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A flow for an exact quantity of base, and the node prices that prove how good it is.

    Attributes
    ----------
    quantity : float, [base]
    cost : float, [quote]
        As executed; minus the proceeds when selling.
    bound : float, [quote]
        No flow through the passage costs less.
    log_price : float64, shape (n_tokens,), [quote / token]
        Logarithms of the node prices.
    flows : tuple[Flow, ...]
        In an order in which every token is received before it is paid on.
    steps : int
        Evaluations of all pools.
    """

    passage: Passage
    quantity: float
    cost: float
    bound: float
    log_price: Floats
    flows: tuple[Flow, ...]
    steps: int

    @property
    def marginal(self) -> float:
        """Return the cost of the next unit, signed as in `CostCurve`, [quote / base]."""
        return self.passage.sign * float(np.exp(self.log_price[self.passage.base]))

    @property
    def gap_bp(self) -> float:
        """Return how far the cost may be from the least, in basis points of it."""
        return (self.cost - self.bound) / abs(self.cost) * 1e4


def solve_network(
    graph: TokenGraph, *, base: AssetId, quote: AssetId, side: Side, quantity: float
) -> Solution:
    """Return the cheapest flow that buys an exact quantity of base, or the best that sells it.

    Raises
    ------
    LiquidityError
        If no way leads from one token to the other.
    InsufficientLiquidityError
        If the pools hold less.
    """
    ways = passage(graph, base=base, quote=quote, side=side, quantity=quantity)
    return solve_passage(ways, quantity)


def solve_passage(ways: Passage, quantity: float, *, start: Floats | None = None) -> Solution:
    """Return the cheapest flow for a quantity of base.

    Parameters
    ----------
    start : float64, shape (n_tokens,), optional
        Logarithms of node prices to search from, of a quantity nearby.

    Raises
    ------
    InsufficientLiquidityError
        If the pools hold less.
    """
    dual, scale = ways.dual(quantity), quantity * ways.first_price
    found = begin(dual, ways.start() if start is None else start)
    best, bound = None, -np.inf
    for promise in _PROMISES:
        found = climb(dual, found, scale=scale, tolerance=promise * scale)
        bound = max(bound, found.point.value)
        solution = _executed(ways, found, dual, quantity=quantity)
        if solution is not None and (best is None or solution.cost < best.cost):
            best = solution
        if best is not None and best.cost - bound <= GAP_GOAL * abs(best.cost):
            break
    if best is None:
        raise InsufficientLiquidityError(requested=quantity, available=capacity(ways))
    return best


def _executed(ways: Passage, found: Climb, dual: Dual, *, quantity: float) -> Solution | None:
    scale = quantity * ways.first_price
    flows = flows_at(dual, found.point, scale=scale)
    rank = ways.rank or ranked(
        flows, source=ways.source, target=ways.target, size=len(ways.graph.tokens)
    )
    done = pushed(ways.graph, flows, rank=rank, amount=quantity, node=ways.base)
    if done is None:
        return None
    buying = ways.side is Side.BUY
    cost = (
        sum(flow.paid for flow in done if flow.source == ways.quote)
        if buying
        else -sum(flow.received for flow in done if flow.target == ways.quote)
    )
    return Solution(
        passage=ways,
        quantity=quantity,
        cost=cost,
        bound=found.point.value,
        log_price=found.point.log_price,
        flows=done,
        steps=found.steps + 1,
    )


def capacity(ways): return float('nan')
