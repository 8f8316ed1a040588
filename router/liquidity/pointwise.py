"""A cost curve asked at one point at a time: no arrays are made, so an answer takes a microsecond.

Where a solver needs one number after the other, an array of one element costs ten times its
arithmetic. Refuses arrays; they are `CostCurve`'s own. Both give the same answers.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from router.liquidity.curve import CostCurve


class PointCurve:
    """Views on a curve's arrays; quantities in base, costs in quote, as in `CostCurve`.

    Quantities beyond the capacity are taken to be the capacity.
    """

    __slots__ = (
        "_before",
        "_cost",
        "_depth",
        "_end",
        "_quantity",
        "_rising",
        "_shift",
        "_sign",
        "_size",
        "_start",
        "capacity",
    )

    def __init__(self, curve: CostCurve) -> None:
        before, cost = curve.prefix_sums()
        self._start: Sequence[float] = curve.root_start.data
        self._rising: Sequence[float] = curve.rising_root.data
        self._end: Sequence[float] = curve.root_end.data
        self._depth: Sequence[float] = curve.depth.data
        self._quantity: Sequence[float] = curve.quantity.data
        self._before: Sequence[float] = before.data
        self._cost: Sequence[float] = cost.data
        self._size = curve.quantity.size
        self._sign = curve.sign
        self._shift = curve.shift
        self.capacity = float(before[-1])

    def cost(self, quantity: float) -> float:
        """Return the cost of a quantity, [quote]."""
        if not self._size:
            return 0.0
        inside = min(quantity, self.capacity)
        place, root = self._at(inside)
        within = inside - self._before[place]
        mean_price = self._sign * self._start[place] * root
        return self._cost[place] + within * mean_price + inside * self._shift

    def marginal(self, quantity: float) -> float:
        """Return the cost of the next unit, at the capacity of the last, [quote / base]."""
        if not self._size:
            return math.inf
        _, root = self._at(min(quantity, self.capacity))
        return self._sign * root * root + self._shift

    def quantity_at(self, marginal: float) -> float:
        """Return the largest quantity whose units all cost at most `marginal`, [base]."""
        return self._up_to(marginal, bisect_right)

    def quantity_below(self, marginal: float) -> float:
        """Return the quantity whose units all cost less than `marginal`, [base]."""
        return self._up_to(marginal, bisect_left)

    def growth(self, marginal: float) -> float:
        """Return how the quantity grows with the marginal cost, [base² / quote]; 0 in gaps."""
        price = self._sign * (marginal - self._shift)
        if price <= 0.0 or not self._size:
            return 0.0
        root = math.sqrt(price)
        place = bisect_right(self._rising, self._sign * root) - 1
        if place < 0 or math.isinf(self._depth[place]):
            return 0.0
        if self._sign * (self._end[place] - root) <= 0.0:
            return 0.0
        return self._depth[place] / (2.0 * root * price)

    def _up_to(self, marginal: float, bisect: Callable[[Sequence[float], float], int]) -> float:
        price = self._sign * (marginal - self._shift)
        if not self._size:
            return 0.0
        root = math.sqrt(price) if price > 0.0 else 0.0
        place = bisect(self._rising, self._sign * root) - 1
        if place < 0:
            return 0.0
        start, end, depth = self._start[place], self._end[place], self._depth[place]
        whole = self._quantity[place]
        if self._sign * (root - end) >= 0.0 or math.isinf(depth):
            return self._before[place] + whole
        return self._before[place] + min(depth * abs(root - start) / (root * start), whole)

    # The segment, and the root price there.
    def _at(self, inside: float) -> tuple[int, float]:
        place = min(bisect_right(self._before, inside) - 1, self._size - 1)
        start, end = self._start[place], self._end[place]
        within = inside - self._before[place]
        left = 1.0 - self._sign * within * start / self._depth[place]
        root = start / left if left > 0.0 else end
        return place, min(max(root, min(start, end)), max(start, end))
