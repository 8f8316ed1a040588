"""Graphs in which a loop of middle tokens gains: an order of the tokens that flow keeps to.

Refuses to prove that no other order is better: there are too many. The bound of a solution is that
of its own order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.units import AssetId, Side
from router.liquidity.curve import Floats
from router.optimiser.network.flow import flows_at, ranked
from router.optimiser.network.graph import TokenGraph
from router.optimiser.network.newton import begin, climb
from router.optimiser.network.passage import Passage, open_passage
from router.optimiser.network.solve import Solution, rough_cost, solve_passage

ORDERS_MAX: Final = 60  # how many are tried
_TOLERANCE: Final = 1e-6  # of the notional
_BETTER: Final = 1e-6  # relative


def passage(
    graph: TokenGraph,
    *,
    base: AssetId,
    quote: AssetId,
    side: Side,
    quantity: float,
    orders_max: int = ORDERS_MAX,
) -> Passage:
    """Return the ways to trade base for quote, without what gains by going round.

    Parameters
    ----------
    quantity : float, [base]
        About how much is to be traded. It decides the order of the tokens where a loop gains, and
        nothing else.
    orders_max : int
        How many orders are tried after the first; most take one evaluation of all pools.

    Raises
    ------
    LiquidityError
        If a token is unknown, both are the same, or no way leads from one to the other.
    """
    ways = open_passage(graph, base=base, quote=quote, side=side)
    if not ways.first.has_loop:
        return ways
    return _ordered(ways, quantity, orders_max=orders_max)


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
    SolverError
        If they hold it, but the search has not found a flow.
    """
    ways = passage(graph, base=base, quote=quote, side=side, quantity=quantity)
    return solve_passage(ways, quantity)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """A passage in one order, and about what it costs."""

    ways: Passage
    cost: float
    log_price: Floats


# From the order that most of a flow would keep that may go round, moving one token at a time.
def _ordered(ways: Passage, quantity: float, *, orders_max: int) -> Passage:
    order = _order_of_flow(ways, quantity)
    best = _better(None, _in_order(ways, order), quantity=quantity)
    moves = _moves(order)
    for _ in range(orders_max):
        other = next(moves, None)
        if other is None:
            break
        found = _better(best, _in_order(ways, other), quantity=quantity)
        if found is not best:
            best, moves = found, _moves(other)
    assert best is not None, "where a way leads through, an order that keeps it was not found"
    return best.ways


# The passage solved, if it is better than the best. Its bound at the prices of the best often rules
# that out at once.
def _better(best: _Held | None, ways: Passage | None, *, quantity: float) -> _Held | None:
    if ways is None:
        return best
    if best is None:
        return _Held(ways, *rough_cost(ways, quantity))
    enough = best.cost - _BETTER * abs(best.cost)
    prices = np.where(best.ways.first.reached, best.log_price, ways.first_prices())
    if ways.duals(quantity)[-1].at(prices).value >= enough:
        return best
    cost, log_price = rough_cost(ways, quantity)
    return _Held(ways, cost, log_price) if cost < enough else best


def _in_order(ways: Passage, order: Sequence[int]) -> Passage | None:
    rank = [0] * len(order)
    for place, token in enumerate(order):
        rank[token] = place
    return ways.held_to(rank)


def _order_of_flow(ways: Passage, quantity: float) -> list[int]:
    dual, scale = ways.duals(quantity)[0], quantity * ways.first_price
    found = climb(dual, begin(dual, ways.start()), scale=scale, tolerance=_TOLERANCE * scale)
    size = len(ways.graph.tokens)
    flows = flows_at(dual, found.point, scale=scale)
    rank = ranked(flows, source=ways.source, target=ways.target, size=size)
    return sorted(range(size), key=lambda token: rank[token])


# The orders in which one token between the ends stands elsewhere.
def _moves(order: Sequence[int]) -> Iterator[list[int]]:
    for here in range(1, len(order) - 1):
        rest = [*order[:here], *order[here + 1 :]]
        for there in range(1, len(order) - 1):
            # Moving one back by one is moving the other on by one.
            if there not in {here, here - 1}:
                yield [*rest[:there], order[here], *rest[there:]]
