"""All curves of a problem as arrays laid end to end: many shares of every curve asked at once.

A round of the joint search asks every curve at the same number of points; one pass over flat arrays
costs a fifth of asking curve by curve. Refuses single points; they are `PointCurve`'s.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from router.liquidity.curve import CostCurve, empty_curve
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledCurve

_LEFT_MIN = 1e-300  # of a segment's root range: keeps its last unit finite


class FlatCurves:
    """Curves as one table; answers have the shape (n_curves, n_points).

    Parameters
    ----------
    curves : Sequence[ScaledCurve]
        Their exact curves are asked, never the floors.
    """

    def __init__(self, curves: Sequence[ScaledCurve]) -> None:
        shapes = [c.curve if c.curve.quantity.size else _nothing(c.curve) for c in curves]
        sums = [s.prefix_sums() for s in shapes]
        sizes = np.array([s.quantity.size for s in shapes])
        self._befores = [before for before, _ in sums]
        self._risings = [s.rising_root for s in shapes]
        self._last = (sizes - 1)[:, None]
        self._first = (np.cumsum(sizes) - sizes)[:, None]
        self._start = np.concatenate([s.root_start for s in shapes])
        self._end = np.concatenate([s.root_end for s in shapes])
        self._low = np.minimum(self._start, self._end)
        self._high = np.maximum(self._start, self._end)
        self._depth = np.concatenate([s.depth for s in shapes])
        self._whole = np.concatenate([s.quantity for s in shapes])
        self._before = np.concatenate([before[:-1] for before, _ in sums])
        self._cost = np.concatenate([cost[:-1] for _, cost in sums])
        columns = [(s.sign, s.shift, s.capacity) for s in shapes]
        self._sign, self._shift, self._capacity = np.array(columns).T[:, :, None]
        scales = [(c.quantity, c.mid, c.cap) for c in curves]
        self._quantity, self._mid, self._cap = np.array(scales).T[:, :, None]

    def slips(self, shares: Floats) -> Floats:
        """Return what each share costs, as `ScaledCurve.slips`."""
        base = np.minimum(shares * self._quantity, self._capacity)
        found = [b.searchsorted(own, "right") for b, own in zip(self._befores, base, strict=True)]
        place = np.minimum(np.array(found) - 1, self._last) + self._first
        start, within = self._start[place], base - self._before[place]
        left = 1.0 - self._sign * within * start / self._depth[place]
        root = start / np.maximum(left, _LEFT_MIN)
        root = np.minimum(np.maximum(root, self._low[place]), self._high[place])
        cost = self._cost[place] + within * (self._sign * start * root) + base * self._shift
        return np.asarray(cost / (self._quantity * self._mid) - self._sign * shares)

    def shares_at(self, rates: Floats, *, below: int) -> Floats:
        """Return the shares within the cap whose units all cost at most a rate.

        Parameters
        ----------
        rates : float64, shape (n_curves, n_points)
        below : int
            Of the last so many rates of each curve, only units that cost less count.
        """
        price = self._sign * ((rates + self._sign) * self._mid - self._shift)
        root = np.sqrt(np.maximum(price, 0.0))
        place = self._places(self._sign * root, below)
        inside = np.maximum(place, 0) + self._first
        start, end = self._start[inside], self._end[inside]
        reached = np.minimum(np.maximum(root, self._low[inside]), self._high[inside])
        depth, whole = self._depth[inside], self._whole[inside]
        is_whole = np.isinf(depth) | (self._sign * (root - end) >= 0.0)
        moved = np.where(is_whole, 0.0, np.abs(reached - start) / (reached * start))
        part = np.where(is_whole, whole, np.minimum(np.where(is_whole, 0.0, depth) * moved, whole))
        base = np.where(place < 0, 0.0, self._before[inside] + part)
        return np.asarray(np.minimum(base / self._quantity, self._cap))

    # The segment that each root lies in or behind; -1 before the first.
    def _places(self, keys: Floats, below: int) -> NDArray[np.intp]:
        at = keys.shape[1] - below
        found = np.empty(keys.shape, dtype=np.intp)
        for c, rising in enumerate(self._risings):
            found[c, :at] = rising.searchsorted(keys[c, :at], "right")
            found[c, at:] = rising.searchsorted(keys[c, at:], "left")
        return found - 1


# A level that holds nothing.
def _nothing(curve: CostCurve) -> CostCurve:
    one, none = np.ones(1), np.zeros(1)
    empty = empty_curve(curve.side, shift=curve.shift)
    return CostCurve(
        empty.side, one, one, depth=np.full(1, np.inf), quantity=none, shift=empty.shift
    )
