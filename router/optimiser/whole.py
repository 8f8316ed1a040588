"""Splits that start from whole lots, for where lots are coarse against the order.

A book is held to the whole lots of its share, and what that leaves is split anew over the other
sources. Refuses to quote: `rounding` does that to every split alike.
"""

from collections.abc import Iterator
from dataclasses import replace

from router.domain.error import SolverError
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.exact.rounding import least_lots
from router.optimiser.gas.search import Solved


def in_whole_lots(solved: Solved) -> Iterator[Solved]:
    """Solve again with the books that hold a fraction of a lot held to less, and so on."""
    for _ in range(len(solved.selection.market.problem.books)):
        scaled = _held(solved)
        if scaled is None:
            return
        try:
            split = solve_continuous(scaled)
        except SolverError:
            return
        if split is None:
            return
        solved = Solved(solved.selection, scaled, split)
        yield solved


# None where every book has whole lots.
def _held(solved: Solved) -> ScaledProblem | None:
    problem = solved.selection.market.problem
    curves = list(solved.scaled.curves)
    first = len(curves) - len(problem.books)
    changed = False
    for c, book in enumerate(problem.books, start=first):
        lot = book.instrument.lot_atoms / 10.0**book.instrument.base.decimals / curves[c].quantity
        share = float(solved.split.shares[c])
        lots = int(share / lot)
        if lots * lot < share:
            kept = lots if lots >= least_lots(problem, book) else 0
            curves[c] = replace(curves[c], cap=kept * lot)
            changed = True
    return replace(solved.scaled, curves=tuple(curves)) if changed else None
