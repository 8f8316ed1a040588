"""Many cost curves asked at one price each, all at once: numpy arrays over all their segments.

Asking one curve after the other costs two microseconds each; all at once cost twenty for any
number. Refuses curves without liquidity, of different sides, or shifted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.liquidity.curve import CostCurve, Floats
from router.liquidity.pointwise import PointCurve

_WIDTH: Final = 0.9  # of the numbers a curve's segments are found by; the next begins at 1


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
    """Curves one after the other, each up to a cap, [base]."""

    def __init__(self, curves: Sequence[CostCurve], cap: float) -> None:
        assert all(not c.shift for c in curves), "curves must not be shifted"
        self._sign = curves[0].sign if curves else 1.0
        sizes = np.array([c.quantity.size for c in curves], dtype=np.intp)
        self._first = np.cumsum(sizes) - sizes
        start, end, depth, self._quantity = (
            np.concatenate([getattr(c, name) for c in curves]) if curves else np.zeros(0)
            for name in ("root_start", "root_end", "depth", "quantity")
        )
        sums = [c.prefix_sums() for c in curves]
        self._before = np.concatenate([q[:-1] for q, _ in sums]) if curves else np.zeros(0)
        self._paid = np.concatenate([p[:-1] for _, p in sums]) if curves else np.zeros(0)
        self._start, self._end = start, end
        self._low, self._high = np.minimum(start, end), np.maximum(start, end)
        self._depth = np.where(np.isinf(depth), 0.0, depth)
        rising = self._sign * start
        self._least = float(rising.min()) if rising.size else 0.0
        spread = float(rising.max()) - self._least if rising.size else 0.0
        self._scale = _WIDTH / spread if spread > 0.0 else 0.0
        self._number = np.arange(len(curves), dtype=np.float64)
        self._keys = np.repeat(self._number, sizes) + (rising - self._least) * self._scale
        self._curves = tuple(curves)
        self._cap = np.array([min(cap, c.capacity) for c in curves])
        pairs = zip(curves, self._cap.tolist(), strict=True)
        self._cap_cost = np.array([PointCurve(curve).cost(most) for curve, most in pairs])

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
        root = np.sqrt(np.maximum(self._sign * marginal, 0.0))
        offset = (self._sign * root - self._least) * self._scale
        # Between the last segment's key and the next curve's first there is room for what is dear.
        key = self._number + np.minimum(np.maximum(offset, -0.05), 0.94)
        place = np.searchsorted(self._keys, key, "right") - 1
        inside = place >= self._first
        place = np.maximum(place, self._first)
        start, end, depth = self._start[place], self._end[place], self._depth[place]
        reached = np.minimum(np.maximum(root, self._low[place]), self._high[place])
        whole = reached == end
        part = np.where(
            whole, self._quantity[place], depth * np.abs(reached - start) / (reached * start)
        )
        quantity = np.where(inside, self._before[place] + part, 0.0)
        cost = np.where(inside, self._paid[place] + part * (self._sign * start * reached), 0.0)
        growing = inside & ~whole
        capped = quantity >= self._cap
        return Taken(
            quantity=np.where(capped, self._cap, quantity),
            cost=np.where(capped, self._cap_cost, cost),
            growth=np.where(growing & ~capped, depth / (2.0 * reached**3), 0.0),
        )
