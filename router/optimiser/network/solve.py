"""The cheapest flow through a graph of tokens for a quantity, and the proof of it.

Refuses what a `Passage` rules out: flows that go round. Refuses gas, which makes the choice of
pools discrete.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.error import SolverError
from router.domain.units import Side
from router.liquidity.curve import Floats
from router.liquidity.oracle import InsufficientLiquidityError
from router.optimiser.network.dual import Dual, Point
from router.optimiser.network.flow import Flow, flows_at, pushed, ranked
from router.optimiser.network.newton import Climb, approached, begin, climb
from router.optimiser.network.passage import AHEAD, Passage
from router.optimiser.network.reference import cheapest_way

GAP_GOAL: Final = 1e-9  # of the cost; a hundred-thousandth of a basis point
_PROMISES: Final = (1e-10, 1e-13, 1e-16, 1e-20)  # of the notional, until the goal is met
_ROUGH: Final = 1e-9  # of the notional
_PRICE_LOOK: Final = (
    2.0  # how much further each look for the end of the liquidity goes, a logarithm
)
_PRICE_LOOKS_MAX: Final = 80
_SHORT: Final = (0.0, 1e-9, 1e-6, 1e-4, 1e-2)  # shares left out where the liquidity ends
_AHEAD_MIN: Final = 1e-8  # a logarithm of a price
_STILL: Final = 1e-9  # growth of the quantity between two looks, relative


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
        In an order in which every token is received before it is paid on. They net to zero in all
        tokens but base and quote.
    steps : int
        How often all pools were evaluated.
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
    SolverError
        If they hold it, but the search has not found a flow.
    """
    plain = _on_one_way(ways, quantity)
    if plain is not None and _is_proved(plain):
        return plain
    for first in (_start(ways, plain) if start is None else start, ways.start()):
        best = _searched(ways, quantity, start=first)
        if best is not None:
            return _better(plain, best)
    if plain is not None:
        return plain
    held = capacity(ways)
    if held > quantity:
        raise SolverError(f"no flow of {quantity} was found, though the pools hold {held}")
    raise InsufficientLiquidityError(requested=quantity, available=held)


def solve_at(ways: Passage, marginal: float, *, start: Floats | None = None) -> Solution | None:
    """Return the flow whose units all cost at most `marginal`; None if the first is dearer.

    Where it takes all there is, a little may be left out.

    Parameters
    ----------
    marginal : float, [quote / base]
        Signed as in `CostCurve`: negative when selling.
    start : float64, shape (n_tokens,), optional
        As for `solve_passage`.
    """
    log_marginal = math.log(ways.sign * marginal)
    if ways.sign * (log_marginal - math.log(ways.first_price)) <= 0.0:
        return None
    found = _at_price(ways, log_marginal, start=ways.start() if start is None else start)
    quantity = ways.sign * float(found.out[ways.base])
    return solve_up_to(ways, quantity, start=found.log_price) if quantity > 0.0 else None


def solve_up_to(ways: Passage, quantity: float, *, start: Floats | None = None) -> Solution | None:
    """Return the flow of a quantity, or of a little less where the liquidity just ends there.

    Parameters
    ----------
    start : float64, shape (n_tokens,), optional
        As for `solve_passage`.
    """
    for short in _SHORT:
        for first in (ways.start(),) if start is None else (start, ways.start()):
            best = _searched(ways, quantity * (1.0 - short), start=first)
            if best is not None:
                return best
    return None


def bound(ways: Passage, quantity: float, *, log_price: Floats) -> float:
    """Return a cost that no flow of a quantity through the passage is below, [quote].

    Needs no search: it proves a stored plan from stored node prices, whatever they are.

    Parameters
    ----------
    log_price : float64, shape (n_tokens,), [quote / token]
        Logarithms of prices; that of quote must be 0.
    """
    assert log_price[ways.quote] == 0.0, "node prices are counted in quote"
    dual = ways.duals(quantity)[-1]
    return dual.bound(dual.at(log_price))


def capacity(ways: Passage) -> float:
    """Return about the largest quantity of base that the pools can trade, [base]."""
    log_price, most = ways.start(), 0.0
    for _ in range(_PRICE_LOOKS_MAX):
        further = float(log_price[ways.base]) + ways.sign * _PRICE_LOOK
        point = _at_price(ways, further, start=log_price)
        quantity = ways.sign * float(point.out[ways.base])
        if quantity <= most * (1.0 + _STILL):
            break
        most, log_price = quantity, point.log_price
    return most


def rough_cost(ways: Passage, quantity: float) -> tuple[float, Floats]:
    """Return what a flow costs that is good, if not proved to be, and its node prices.

    The cost is infinite where no flow was found.
    """
    *wide, dual = ways.duals(quantity)
    scale = quantity * ways.first_price
    start = begin(dual, approached(wide, ways.start(), scale=scale))
    point = climb(dual, start, scale=scale, tolerance=_ROUGH * scale).point
    flows = _executed(ways, dual, point, quantity=quantity)
    return math.inf if flows is None else _cost(ways, flows), point.log_price


def _searched(ways: Passage, quantity: float, *, start: Floats) -> Solution | None:
    *wide, dual = ways.duals(quantity)
    scale = quantity * ways.first_price
    found = begin(dual, approached(wide, start, scale=scale))
    best: Solution | None = None
    for promise in _PROMISES:
        found = climb(dual, found, scale=scale, tolerance=promise * scale)
        solution = _solution(ways, dual, found, quantity=quantity)
        if solution is not None:
            best = _better(best, solution)
            if _is_proved(best):
                break
    return best


# As far from the first prices as a single way would on average be.
def _start(ways: Passage, plain: Solution | None) -> Floats:
    if plain is None:
        return ways.start()
    impact = (plain.cost - plain.bound) / abs(plain.cost)
    return ways.start(min(max(impact, _AHEAD_MIN), AHEAD))


def _is_proved(solution: Solution) -> bool:
    return solution.cost - solution.bound <= GAP_GOAL * abs(solution.cost)


# All of it where the first unit is cheapest: the answer to orders too small to move a price.
def _on_one_way(ways: Passage, quantity: float) -> Solution | None:
    ends = {"source": ways.source, "target": ways.target}
    way = cheapest_way(ways.graph, ways.directions, ways.first, **ends)
    rank = [0] * len(ways.graph.tokens)
    for place, (_, _, token) in enumerate(way):
        rank[token] = place + 1
    flows = [Flow(pool, tail, head, paid=1.0, received=1.0, worth=1.0) for pool, tail, head in way]
    done = pushed(ways.graph, flows, rank=rank, amount=quantity, node=ways.base)
    if done is None:
        return None
    cost = _cost(ways, done)
    return Solution(
        passage=ways,
        quantity=quantity,
        cost=cost,
        bound=min(ways.sign * quantity * ways.first_price, cost),
        log_price=ways.first_prices(),
        flows=done,
        steps=0,
    )


# The cheaper flow with the better proof: each of them holds whichever prices gave the other.
def _better(one: Solution | None, other: Solution) -> Solution:
    if one is None:
        return other
    cheaper = one if one.cost < other.cost else other
    proof = one if one.bound > other.bound else other
    floor = min(proof.bound, cheaper.cost)  # they meet to within rounding
    return replace(cheaper, bound=floor, log_price=proof.log_price, steps=other.steps)


def _solution(ways: Passage, dual: Dual, found: Climb, *, quantity: float) -> Solution | None:
    flows = _executed(ways, dual, found.point, quantity=quantity)
    if flows is None:
        return None
    cost = _cost(ways, flows)
    return Solution(
        passage=ways,
        quantity=quantity,
        cost=cost,
        bound=min(dual.bound(found.point), cost),  # they meet to within rounding
        log_price=found.point.log_price,
        flows=flows,
        steps=found.steps + 1,
    )


def _executed(
    ways: Passage, dual: Dual, point: Point, *, quantity: float
) -> tuple[Flow, ...] | None:
    flows = flows_at(dual, point, scale=quantity * ways.first_price)
    rank = ways.rank or ranked(
        flows, source=ways.source, target=ways.target, size=len(ways.graph.tokens)
    )
    return pushed(ways.graph, flows, rank=rank, amount=quantity, node=ways.base)


def _cost(ways: Passage, flows: tuple[Flow, ...]) -> float:
    if ways.side is Side.BUY:
        return math.fsum(flow.paid for flow in flows if flow.source == ways.quote)
    return -math.fsum(flow.received for flow in flows if flow.target == ways.quote)


# The point where the pools trade all that is worth it at a price of base.
def _at_price(ways: Passage, log_marginal: float, *, start: Floats) -> Point:
    *wide, dual = ways.duals_at_price()
    first = ways.start()
    first[ways.base] = log_marginal
    scale = dual.at(first).turnover
    log_price = start.copy()
    log_price[ways.base] = log_marginal
    found = begin(dual, approached(wide, log_price, scale=scale))
    return climb(dual, found, scale=scale, tolerance=_PROMISES[-1] * scale).point
