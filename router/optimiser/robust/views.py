"""What the curves of a scaled problem are in the market, for `solve_robust` and `band`.

Refuses to cap them by what the order may take: that is no liquidity that could leave.
"""

from collections.abc import Sequence
from dataclasses import replace

from router.domain.units import InstrumentId
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.market.market import Market, Selection
from router.optimiser.market.source import book_cost
from router.optimiser.robust.depth import View


def views(scaled: ScaledProblem, selections: Sequence[Selection]) -> tuple[View, ...]:
    """Return the view of every curve; of each order the chains come first, then the books."""
    found: list[View] = []
    for selection in selections:
        rate = limit_rate(selection.market)
        first = len(found)
        chains = scaled.curves[first : first + len(selection.chains)]
        found += [View(c.curve, c.floor, is_book=False, limit_rate=rate) for c in chains]
        found += book_views(selection.market).values()
    return tuple(found)


def book_views(market: Market) -> dict[InstrumentId, View]:
    """Return the view of every book of a market, in its order."""
    problem = market.problem
    found = {}
    for book in problem.books:
        whole = replace(book, quantity_max_lots=None)
        curve = book_cost(whole, problem.side, limit=problem.limit_price)
        found[book.instrument.id] = View(curve, curve, is_book=True, limit_rate=limit_rate(market))
    return found


def limit_rate(market: Market) -> float:
    """Return what a unit at the limit price costs, against the arrival mid."""
    return market.sign * (market.limit / market.mid - 1.0)
