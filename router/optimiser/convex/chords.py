"""The linear programme's data: every curve as chords, and the rows that were asked for.

Chords lie above the cost and above what every row uses, because both are convex: a plan of the
programme is feasible and costs no more than the programme says. One set of pieces serves all rows
alike, since all slopes rise along a curve and an optimum fills the pieces in their order; so tiers
and closed positions need no variables of their own. Refuses to solve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.optimiser.convex.scaled import Floats, ScaledProblem

PIECES: Final = 16
_LADDER: Final = np.array([0.0, 0.002, 0.012, 0.06, 0.27, 1.0])  # of the width, on either side
_OWN: Final = 5  # start, cap, the last share, and a kink on either side of it


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


def chords(
    scaled: ScaledProblem, points: Floats, *, asked: Sequence[int], penalty: float
) -> Chords:
    """Return the programme over the given points.

    Parameters
    ----------
    points : float64, shape (n_curves, PIECES + 1)
        Shares where the chords of each curve meet, ascending, from 0 to the cap.
    asked : Sequence[int]
        Rows, ascending; those with an infinite room are left out.
    penalty : float
        For what is left unfilled and for what is beyond a room alike.
    """
    rooms = scaled.rooms()
    kept = tuple(row for row in asked if np.isfinite(rooms[row]))
    slips = np.array([c.slips(own) for c, own in zip(scaled.curves, points, strict=True)])
    width = np.diff(points, axis=1)
    per_share = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0.0)
    cost = np.diff(slips, axis=1) * per_share
    cost += np.array([[curve.adder] for curve in scaled.curves])
    uses = np.diff(_uses(scaled, kept, points=points, slips=slips), axis=2) * per_share
    return Chords(
        cost=cost,
        width=width,
        serves=np.array([curve.demand for curve in scaled.curves]),
        shares=np.array([demand.share for demand in scaled.demands]),
        uses=uses,
        rooms=rooms[list(kept)],
        asked=kept,
        unfilled_price=penalty,
        beyond_price=penalty,
    )


def points_around(
    scaled: ScaledProblem, shares: Floats, *, centre: Floats, width: Floats, asked: Sequence[int]
) -> Floats:
    """Return points that are dense around the expected rate of each curve.

    The last answer and the kinks beside it are among them, so that no refinement loses a plan that
    was there, and an answer at a kink is met exactly.

    Parameters
    ----------
    shares, centre, width : float64, shape (n_curves,)
        The last answer, and the rates around which, and how far, chords are short.
    """
    kinks = _kinks(scaled, shares, asked=asked)
    rows = np.empty((len(scaled.curves), PIECES + 1))
    for c, curve in enumerate(scaled.curves):
        steps = width[c] * _LADDER
        above = [curve.share_at(rate) for rate in (centre[c] + steps).tolist()]
        below = [curve.share_below(rate) for rate in (centre[c] - steps).tolist()]
        rows[c] = (0.0, curve.cap, min(max(shares[c], 0.0), curve.cap), *kinks[c], *above, *below)
    return np.sort(rows, axis=1)


# The nearest kink of any asked row on either side of each share; the share itself where none is.
def _kinks(
    scaled: ScaledProblem, shares: Floats, *, asked: Sequence[int]
) -> list[tuple[float, float]]:
    nearest = [(float(x), float(x)) for x in np.clip(shares, 0.0, [c.cap for c in scaled.curves])]
    for first, account in zip(scaled.first_rows, scaled.accounts, strict=True):
        own = [row - first for row in asked if first <= row < first + len(account.names)]
        for member, c in enumerate(account.members):
            share, cap = float(shares[c]), scaled.curves[c].cap
            found = [k for row in own for k in account.kinks(row, member, cap=cap)]
            low = max((k for k in found if k <= share), default=nearest[c][0])
            high = min((k for k in found if k > share), default=nearest[c][1])
            nearest[c] = (low, high)
    return nearest


# What each share at the points uses of each row, shape (n_asked, n_curves, PIECES + 1).
def _uses(scaled: ScaledProblem, asked: Sequence[int], *, points: Floats, slips: Floats) -> Floats:
    uses = np.zeros((len(asked), *points.shape))
    n_cash = len(scaled.cash)
    for i, row in enumerate(asked):
        if row < n_cash:
            members = list(scaled.cash[row].members)
            uses[i, members] = points[members]
            if scaled.cash[row].pays_quote:
                uses[i, members] += slips[members]
    for first, account in zip(scaled.first_rows, scaled.accounts, strict=True):
        place = [i for i, row in enumerate(asked) if first <= row < first + len(account.names)]
        own = [asked[i] - first for i in place]
        if own:
            for member, c in enumerate(account.members):
                uses[place, c] = account.uses_of(own, member, slips=slips[c], shares=points[c])
    return uses
