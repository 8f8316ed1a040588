"""Splits that start from whole lots, for where lots are coarse against the orders.

A book is held to the whole lots of its share, and what that leaves is split anew over the other
sources; or the accounts keep what whole lots may take free. Refuses to quote: `rounding` does that
to every split alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from router.domain.error import SolverError
from router.domain.plan import BookCandidate, RoutingProblem
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledCurve, ScaledProblem
from router.optimiser.exact.rounding import least_lots

Books: TypeAlias = Sequence[tuple[int, RoutingProblem, BookCandidate]]  # with the curve of each


def in_whole_lots(
    scaled: ScaledProblem, split: Split, books: Books, *, effort: Effort
) -> Iterator[Split]:
    """Solve again with the books that hold a fraction of a lot held to less, and so on."""
    for _ in range(len(books)):
        held = _held(scaled, split, books)
        following = None if held is None else _solved(held, effort)
        if held is None or following is None:
            return
        scaled, split = held, following
        yield split


def with_lots_free(scaled: ScaledProblem, books: Books, *, effort: Effort) -> Split | None:
    """Solve with so much of every room kept free as a lot of each book may take of it."""
    lots = sum(_lot_share(scaled.curves[c], book) for c, _, book in books)
    cash = tuple(replace(row, grain=row.grain + lots) for row in scaled.cash)
    accounts = tuple(replace(a, grain=a.grain + lots) for a in scaled.accounts)
    return _solved(replace(scaled, cash=cash, accounts=accounts), effort)


def _solved(scaled: ScaledProblem, effort: Effort) -> Split | None:
    try:
        return solve_continuous(scaled, effort=effort)
    except SolverError:
        return None


# None where every book has whole lots.
def _held(scaled: ScaledProblem, split: Split, books: Books) -> ScaledProblem | None:
    curves = list(scaled.curves)
    changed = False
    for c, problem, book in books:
        lot, share = _lot_share(curves[c], book), float(split.shares[c])
        lots = int(share / lot)
        kept = lots if lots >= least_lots(problem, book) else 0
        if kept * lot < share:
            curves[c] = replace(curves[c], cap=kept * lot)
            changed = True
    return replace(scaled, curves=tuple(curves)) if changed else None


def _lot_share(curve: ScaledCurve, book: BookCandidate) -> float:
    lot = book.instrument.lot_atoms / 10.0**book.instrument.base.decimals
    return float(lot / curve.quantity)
