"""What selling or buying at once costs against the mark, as a line of few knots. Floats.

A knot is a notional taken, at the mark, and what taking it cost in all. Levels keep their distance
from the mark when the mark moves, and all become thinner alike: at a mark that moved by `g` and a
depth of `d`, taking `n` costs ``s * cost(n / s)`` with ``s = d * (1 + g)``. Of a side of more
levels than knots, chords stand for what lies between: the cost is convex, so that they overstate
it, by at most a quarter of the notional between two knots times how much further from the mark the
second is. What is not displayed is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from router.domain.market import BookSnapshot

Floats: TypeAlias = NDArray[np.float64]

KNOTS: Final = 12
REACH: Final = 0.1  # how far from the mark a venue's own sale goes; our reading, see the sandbox


@dataclass(frozen=True, slots=True, eq=False)
class DepthLine:
    """One side of a book.

    Attributes
    ----------
    takes : float64, shape (KNOTS + 1,), [collateral]
        Notional at the mark, from zero, never falling; the last is all there is.
    costs : float64, shape (KNOTS + 1,), [collateral]
        What it costs against the mark in all.
    reach : float, [collateral]
        How much of it lies within `REACH` of the mark.
    """

    takes: Floats
    costs: Floats
    reach: float


def empty() -> DepthLine:
    """Return the side of a market that shows nothing."""
    return DepthLine(np.zeros(KNOTS + 1), np.zeros(KNOTS + 1), 0.0)


def line(levels: Sequence[tuple[float, float]]) -> DepthLine:
    """Sum up levels of (distance from the mark, notional at the mark), nearest first.

    The distance is a share of the mark, and negative where a level is better than the mark.
    """
    if not levels:
        return empty()
    distance, width = (np.array(column, dtype=np.float64) for column in zip(*levels, strict=True))
    takes = np.concatenate(([0.0], np.cumsum(width)))
    costs = np.concatenate(([0.0], np.cumsum(width * distance)))
    # Beside the first levels and the last, fewer the further away they are.
    chosen = np.unique(np.rint(np.geomspace(1, len(levels), KNOTS)).astype(np.intp))
    chosen = np.concatenate(([0], chosen, np.full(KNOTS - len(chosen), len(levels))))
    if len(levels) <= KNOTS:
        chosen = np.minimum(np.arange(KNOTS + 1), len(levels))
    reach = float(np.sum(width[distance <= REACH]))
    return DepthLine(takes[chosen], costs[chosen], reach)


def sides(book: BookSnapshot, *, mark_ticks: int, lot_value: float) -> tuple[DepthLine, DepthLine]:
    """Return what selling into the bids costs, and buying from the asks.

    Parameters
    ----------
    lot_value : float, [collateral]
        Value of a lot at the mark.
    """
    bids = [((mark_ticks - price) / mark_ticks, lots * lot_value) for price, lots in book.bids]
    asks = [((price - mark_ticks) / mark_ticks, lots * lot_value) for price, lots in book.asks]
    return line(bids), line(asks)
