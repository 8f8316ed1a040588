"""One direction of a pool as an exchange: what goes in for what comes out, and back.

One amount at a time, in closed form, whichever of its two tokens is the base of its pair. Amounts
beyond what the pool holds are taken to be all it holds.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence

from router.liquidity.curve import CostCurve


class Exchange:
    """Views on a curve's arrays.

    Attributes
    ----------
    paid_max, received_max : float, [token in], [token out]
        All that the direction takes and gives.
    """

    __slots__ = (
        "_base",
        "_depth",
        "_end",
        "_is_buy",
        "_quantity",
        "_quote",
        "_sign",
        "_start",
        "paid_max",
        "received_max",
    )

    def __init__(self, curve: CostCurve) -> None:
        base, quote = curve.prefix_sums()
        self._sign = curve.sign
        self._is_buy = curve.sign > 0.0
        self._base: Sequence[float] = base.data
        self._quote: Sequence[float] = (curve.sign * quote).data
        self._start: Sequence[float] = curve.root_start.data
        self._end: Sequence[float] = curve.root_end.data
        self._depth: Sequence[float] = curve.depth.data
        self._quantity: Sequence[float] = curve.quantity.data
        last = float(base[-1]), float(curve.sign * quote[-1])
        self.received_max, self.paid_max = last if self._is_buy else last[::-1]

    def paid(self, received: float) -> float:
        """Return what is paid to receive an amount."""
        inside = min(received, self.received_max)
        return self._quote_of(inside) if self._is_buy else self._base_of(inside)

    def received(self, paid: float) -> float:
        """Return what is received for an amount."""
        inside = min(paid, self.paid_max)
        return self._base_of(inside) if self._is_buy else self._quote_of(inside)

    # Within a range the mean price is the product of the roots at its ends.
    def _quote_of(self, base: float) -> float:
        place = bisect_right(self._base, base) - 1
        if place >= len(self._quantity):
            return self._quote[-1]
        within, start = base - self._base[place], self._start[place]
        left = 1.0 - self._sign * within * start / self._depth[place]
        root = start / left if left > 0.0 else self._end[place]
        return self._quote[place] + within * start * self._between(root, place)

    def _base_of(self, quote: float) -> float:
        place = bisect_right(self._quote, quote) - 1
        if place >= len(self._quantity):
            return self._base[-1]
        within, start = quote - self._quote[place], self._start[place]
        root = self._between(start + self._sign * within / self._depth[place], place)
        if root <= 0.0 or math.isinf(root):
            return self._base[place + 1]
        return self._base[place] + min(within / (start * root), self._quantity[place])

    def _between(self, root: float, place: int) -> float:
        low, high = self._start[place], self._end[place]
        if not self._is_buy:
            low, high = high, low
        return min(max(root, low), high)
