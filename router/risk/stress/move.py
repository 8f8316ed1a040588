"""What scenarios do to one bucket before any venue sells of it. Floats.

The same terms as the exact verdict's, in arrays: gap, the venue's own mark, what it closes on the
way by deleveraging, and funding on the notional before.
"""

from dataclasses import dataclass

import numpy as np

from router.risk.stress import forced
from router.risk.stress.book import Indices, Positions
from router.risk.stress.depth import Floats
from router.risk.stress.forced import Flags, Moved
from router.risk.stress.scenarios import Shocks


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """Shapes (positions, scenarios) and (scenarios,); [collateral] where it is money.

    Attributes
    ----------
    ratio : float64, shape (positions, scenarios)
        The last mark, of the mark before.
    closed : float64, shape (scenarios,)
        Share of positions that gain which is closed on the way.
    is_closed : bool, shape (positions, scenarios); (positions, 1) where nothing is
    left : float64, shape (positions, scenarios)
        Notional that is not closed, at the last mark, without its sign.
    depth : float64, shape (scenarios,)
        Of what it was.
    shown : float64, shape (scenarios,)
        What price brought by the venue's late marks.
    """

    ratio: Floats
    closed: Floats
    is_closed: Flags
    left: Floats
    depth: Floats
    price: Floats
    funding: Floats
    shown: Floats
    maintenance: Floats

    @property
    def scale(self) -> Floats:
        """How much notional a book shows for each unit it showed before."""
        return np.asarray(self.depth * self.ratio)

    def of(self, columns: Indices, equity: Floats) -> Moved:
        """Return what a venue finds in some of the scenarios."""
        scale = self.depth[columns] * self.ratio[:, columns]
        return Moved(self.left[:, columns], scale, equity[columns])


def move(own: Positions, now: Shocks, *, venue: int) -> Move:
    """Return what befalls the positions of one bucket."""
    gap, mark, closed = now.gap[own.asset], now.mark[venue], now.closed[venue]
    held, early = own.notional[:, None], np.zeros(len(mark))
    is_closed = np.zeros(held.shape, dtype=np.bool_)
    if closed.any():
        gains = held * gap
        is_closed = gains > 0.0
        early = np.maximum(gains, 0.0, out=gains).sum(axis=0) * closed * now.closed_at[venue]
        held = held * np.where(is_closed, 1.0 - closed, 1.0)
    # A held notional makes gap and mark of it: (1 + gap) (1 + mark) - 1, the gap seen in part.
    by_gap, by_mark = _sum(held, gap) * (1.0 + mark), held.sum(axis=0) * mark
    ratio = np.add(gap, 1.0, out=gap)
    ratio *= 1.0 + mark
    left = np.abs(held) * ratio
    return Move(
        ratio=ratio,
        closed=closed,
        is_closed=is_closed,
        left=left,
        depth=now.depth,
        price=early + by_gap + by_mark,
        funding=-_sum(own.notional[:, None], now.funding[own.asset]),
        shown=early + by_gap * now.shown[venue] + by_mark,
        maintenance=forced.required(own, left),
    )


def way_out(own: Positions, moved: Move) -> tuple[Floats, Floats]:
    """Return what closing all ourselves costs against the mark, and what books do not take.

    Levels keep their distance from the mark, so that both are found at the mark before and move
    with it; and as they depend on nothing else, once for all scenarios of the same depth and share
    closed on the way.
    """
    whole = np.abs(own.notional)[:, None]
    first, place = _alike(moved.depth, moved.closed)
    depth, kept = moved.depth[first], 1.0 - moved.closed[first]
    shares = (np.ones_like(kept), kept) if moved.is_closed.any() else (np.ones_like(kept),)
    answers = [_closed(own, whole * share, depth) for share in shares]
    costs, unsold = (np.concatenate(found, axis=1) for found in zip(*answers, strict=True))
    # Of each row of answers the one of the scenario, and of what is closed that of the second half.
    begins = costs.shape[1] * np.arange(len(costs))[:, None] + len(first) * moved.is_closed
    chosen = begins + place
    return _sum(costs.take(chosen), moved.ratio), _sum(unsold.take(chosen), moved.ratio)


# Where each pair of values comes first, and which of those each scenario has.
def _alike(one: Floats, other: Floats) -> tuple[Indices, Indices]:
    _, row = np.unique(one, return_inverse=True)
    values, column = np.unique(other, return_inverse=True)
    _, first, place = np.unique(row * len(values) + column, return_index=True, return_inverse=True)
    return first, place


def _closed(own: Positions, notional: Floats, depth: Floats) -> tuple[Floats, Floats]:
    taken = np.minimum(notional, own.takes[:, -1:] * depth)
    costs = forced.cost(own, taken, depth)
    costs += own.fee[:, None] * taken
    return costs, notional - taken


def _sum(weights: Floats, values: Floats) -> Floats:
    if weights.shape[1] == 1:
        return np.asarray(np.einsum("p,ps->s", weights[:, 0], values))
    return np.asarray(np.einsum("ps,ps->s", weights, values))
