"""The linear programme's data: every curve as chords, and the rows that were asked for.

Chords lie above the cost and above what every row uses, because both are convex: a plan of the
programme is feasible and costs no more than the programme says. One set of pieces serves all rows
alike, since all slopes rise along a curve and an optimum fills the pieces in their order; so tiers
and closed positions need no variables of their own. Refuses to solve.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.optimiser.convex.asked import AskedRows
from router.optimiser.convex.flat import FlatCurves
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledProblem

PIECES: Final = 17
# Rates beyond those of an answer without rows: most towards where rows will move them.
_FIRST_LADDER: Final = 1e-4 * np.array(
    [0.0, 0.2, 0.5, 0.9, 1.4, 2.0, 2.8, 3.8, 5.2, 7.5, 14.0, -2.0, 0.0]
)
_LADDER: Final = np.array([0.0, 0.02, 0.06, 0.14, 0.3, 1.0])  # of the width, on either side
_SHORT_LADDER: Final = np.array([0.0, 0.012, 0.27])
_OWN: Final = 5  # start, cap, the last share, a kink on either side of it
BESTS_MANY: Final = 7  # with the short ladder they take the place of one and the long


@dataclass(frozen=True, slots=True, eq=False)
class Chords:
    """A linear programme of pieces z: shares between neighbouring points of a curve.

    minimise ``cost·z + unfilled_price u + beyond_price Σ v`` with ``0 <= z <= width``,
    ``0 <= u <= 1`` and ``v >= 0``, for every demand ``Σ z + share u = share``, for every row
    ``uses·z - v <= room``. What is left unfilled (u) or goes beyond a room (v) is dear but allowed,
    so that there always is a plan.

    Attributes
    ----------
    cost, width : float64, shape (n_curves, PIECES)
    serves : intp, shape (n_curves,)
        The demand of each curve.
    shares : float64, shape (n_demands,)
    uses : float64, shape (n_asked, n_curves, PIECES)
    rooms : float64, shape (n_asked,)
    asked : tuple of int
        The rows of the problem that are in the programme.
    """

    cost: Floats
    width: Floats
    serves: NDArray[np.intp]
    shares: Floats
    uses: Floats
    rooms: Floats
    asked: tuple[int, ...]
    unfilled_price: float
    beyond_price: float


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a solver said: shares, what is left or beyond, the duals of demands and asked rows."""

    shares: Floats
    unfilled: float
    beyond: Floats
    demands: Floats
    rows: Floats


class Chorder:
    """Lays chords over the curves of one problem; what every round needs again is kept.

    Attributes
    ----------
    flat : FlatCurves
        The problem's exact curves.
    """

    def __init__(self, scaled: ScaledProblem) -> None:
        self.flat = FlatCurves(scaled.curves)
        self._scaled = scaled
        self._caps = np.array([curve.cap for curve in scaled.curves])
        self._adders = np.array([[curve.adder] for curve in scaled.curves])
        self._serves = np.array([curve.demand for curve in scaled.curves])
        self._shares = np.array([demand.share for demand in scaled.demands])
        self._rows: AskedRows | None = None
        self._asked: tuple[int, ...] = ()

    def first_points(
        self, shares: Floats, *, centre: Floats, charged: NDArray[np.bool_], asked: Sequence[int]
    ) -> Floats:
        """Return points for an answer that rows stand against.

        Rows that are exceeded make their curves dearer, so these will end at lower rates by
        themselves, and all the others at higher ones: there the points are dense.

        Parameters
        ----------
        shares, centre : float64, shape (n_curves,)
            The answer without rows, and its rates.
        charged : bool, shape (n_curves,)
            Whether a curve uses a row that the answer exceeds.

        Returns
        -------
        float64, shape (n_curves, PIECES + 1)
        """
        rates = centre[:, None] + np.where(charged[:, None], -_FIRST_LADDER, _FIRST_LADDER)
        points = self._own_points(shares, asked)
        points[:, _OWN:] = self.flat.shares_at(rates, below=1)
        points.sort(axis=1)
        return points

    def points_around(
        self,
        shares: Floats,
        *,
        bests: Floats,
        centre: Floats,
        width: Floats,
        asked: Sequence[int],
    ) -> Floats:
        """Return points that are dense around the expected rate of each curve.

        The last answer and the kinks beside it are among them, so that no refinement loses a plan
        that was there. So is where bounds before had their minima: while the bound is not met, the
        programme then sees something better, and does not forget what it saw a round ago.

        Parameters
        ----------
        shares, centre, width : float64, shape (n_curves,)
            The last answer, and the rates around which, and how far, chords are short.
        bests : float64, shape (n_curves, 1) or (n_curves, BESTS_MANY)
            Shares that were best at the last prices, or at the last so many.

        Returns
        -------
        float64, shape (n_curves, PIECES + 1)
        """
        ladder = _LADDER if bests.shape[1] == 1 else _SHORT_LADDER
        steps = width[:, None] * ladder
        rates = np.concatenate((centre[:, None] + steps, centre[:, None] - steps), axis=1)
        points = self._own_points(shares, asked)
        points[:, _OWN : _OWN + bests.shape[1]] = bests
        points[:, _OWN + bests.shape[1] :] = self.flat.shares_at(rates, below=ladder.size)
        points.sort(axis=1)
        return points

    def chords(
        self, points: Floats, *, asked: Sequence[int], rooms: Floats, penalty: float
    ) -> Chords:
        """Return the programme over the given points.

        Parameters
        ----------
        points : float64, shape (n_curves, PIECES + 1)
            Shares where the chords of each curve meet, ascending, from 0 to the cap.
        asked : Sequence[int]
            Rows, ascending; those with an infinite room are left out.
        rooms : float64, shape (n_rows,)
            Of every row of the problem: what its plans are to keep.
        penalty : float
            For what is left unfilled and for what is beyond a room alike.
        """
        rows = self._rows_of(asked)
        slips = self.flat.slips(points)
        width = points[:, 1:] - points[:, :-1]
        per_share = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0.0)
        used = rows.uses(slips=slips, points=points)
        kept = tuple(row for row in asked if math.isfinite(rooms[row]))
        uses = (used[:, :, 1:] - used[:, :, :-1]) * per_share
        if len(kept) < len(asked):
            uses = uses[[i for i, row in enumerate(asked) if math.isfinite(rooms[row])]]
        return Chords(
            cost=(slips[:, 1:] - slips[:, :-1]) * per_share + self._adders,
            width=width,
            serves=self._serves,
            shares=self._shares,
            uses=uses,
            rooms=rooms[list(kept)],
            asked=kept,
            unfilled_price=penalty,
            beyond_price=penalty,
        )

    # The points of every round, unsorted; the others are to be filled in.
    def _own_points(self, shares: Floats, asked: Sequence[int]) -> Floats:
        last = np.minimum(np.maximum(shares, 0.0), self._caps)
        points = np.empty((self._caps.size, PIECES + 1))
        points[:, 0], points[:, 1], points[:, 2] = 0.0, self._caps, last
        points[:, 3], points[:, 4] = self._rows_of(asked).nearest_kinks(last)
        return points

    def _rows_of(self, asked: Sequence[int]) -> AskedRows:
        if self._rows is None or tuple(asked) != self._asked:
            self._asked = tuple(asked)
            self._rows = AskedRows(self._scaled, self._asked)
        return self._rows
