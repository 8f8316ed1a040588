"""Many cost curves asked at one price each, all at once: numpy arrays over all their segments.

Asking one curve after the other costs two microseconds each; all at once cost twenty for any
number. Refuses curves without liquidity, of different sides, or shifted.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.liquidity.curve import CostCurve, Floats, Places
from router.liquidity.pointwise import PointCurve

_WIDTH: Final = 0.9  # of the numbers a curve's segments are found by; the next begins at 1
_CHEAP: Final = -0.05  # below a curve's first number
_DEAR: Final = 0.94  # above its last
_TINY: Final = 1e-100  # no price is so many times another
_NONE: Final = ((np.zeros(0),),) * 6  # the columns of no curve


@dataclass(frozen=True, slots=True)
class Taken:
    """What each curve gives up to a price; arrays of shape (n_curves,).

    Attributes
    ----------
    quantity : float64, [base]
    cost : float64, [quote]
    growth : float64, [base² / quote]
        How the quantity grows with the marginal cost.
    """

    quantity: Floats
    cost: Floats
    growth: Floats


class Flat:
    """Curves one after the other, each up to a cap, [base].

    Of each curve only the segments up to its cap are kept.
    """

    def __init__(self, curves: Sequence[CostCurve], cap: float) -> None:
        assert all(not c.shift for c in curves), "curves must not be shifted"
        self._curves = tuple(curves)
        self._sign = curves[0].sign if curves else 1.0
        self._cap = np.array([min(cap, c.capacity) for c in curves])
        kept = [_kept(c, most) for c, most in zip(curves, self._cap.tolist(), strict=True)]
        sizes = np.array([columns[0].size for columns in kept], dtype=np.intp)
        last = np.cumsum(sizes)
        self._first = last - sizes
        start, end, depth, self._quantity, self._before, self._paid = (
            np.concatenate(columns) for columns in (zip(*kept, strict=True) if kept else _NONE)
        )
        # Roots times the sign rise for a sell, too.
        self._start, self._end = start, self._sign * end
        self._depth = np.where(np.isinf(depth), 0.0, depth)
        self._least = float(start.min()) if start.size else 0.0
        spread = float(start.max()) - self._least if start.size else 0.0
        self._scale = _WIDTH / spread if spread > 0.0 else 0.0
        self._number = np.arange(len(curves), dtype=np.float64)
        self._keys = np.repeat(self._number, sizes) + (start - self._least) * self._scale
        self._cap_cost = self._cost_of_caps(last - 1)

    @property
    def caps(self) -> Floats:
        """Return what each curve gives at most, shape (n_curves,), [base]."""
        return self._cap

    @property
    def cap_costs(self) -> Floats:
        """Return what that costs, shape (n_curves,), [quote]."""
        return self._cap_cost

    def cap_marginal(self, number: int) -> float:
        """Return what the last unit within one curve's cap costs, [quote / base]."""
        return PointCurve(self._curves[number]).marginal(float(self._cap[number]))

    def at(self, marginal: Floats) -> Taken:
        """Return what each curve gives at its marginal cost, [quote / base]."""
        root = self._sign * np.sqrt(np.maximum(self._sign * marginal, 0.0))
        offset = (root - self._least) * self._scale
        # Between the last segment's key and the next curve's first there is room for what is dear.
        key = self._number + np.minimum(np.maximum(offset, _CHEAP), _DEAR)
        place = np.maximum(self._keys.searchsorted(key, "right") - 1, self._first)
        start, end, depth = (a.take(place) for a in (self._start, self._end, self._depth))
        reached = np.minimum(np.maximum(root, start), end)
        # Of what is dearer than the price nothing is taken: reached is where it starts.
        both = reached * start
        whole = root >= end
        part = np.where(whole, self._quantity.take(place), depth * (reached - start) / both)
        quantity = self._before.take(place) + part
        cost = self._paid.take(place) + part * (self._sign * both)
        growth = depth / (2.0 * self._sign * reached * reached * reached)
        capped = quantity >= self._cap
        return Taken(
            quantity=np.minimum(quantity, self._cap),
            cost=np.where(capped, self._cap_cost, cost),
            growth=np.where(whole | capped | (root < start), 0.0, growth),
        )

    # The cap lies in the last segment that is kept.
    def _cost_of_caps(self, last: Places) -> Floats:
        within = self._cap - self._before[last]
        start, end, depth = self._start[last], self._end[last], self._depth[last]
        # A level of a book has no depth here, and one price.
        level = depth == 0.0
        left = 1.0 - within * start / np.where(level, np.inf, depth)
        root = np.minimum(np.maximum(start / np.maximum(left, _TINY), start), end)
        paid: Floats = self._paid[last] + within * (self._sign * start * root)
        return paid


# Of a curve what lies below a cap: roots, depth and quantity of segments, and the sums before them.
def _kept(curve: CostCurve, cap: float) -> tuple[Floats, ...]:
    before, paid = curve.prefix_sums()
    n = min(bisect_right(before.data, cap), curve.quantity.size)
    return (
        curve.rising_root[:n],
        curve.root_end[:n],
        curve.depth[:n],
        curve.quantity[:n],
        before[:n],
        paid[:n],
    )
