"""Many cost curves of one direction as one: the cheapest way to fill a quantity from all of them.

The infimal convolution of concentrated-liquidity curves is again such a curve, so prices and
costs come in closed form. Refuses fixed costs per curve (gas), which make the choice discrete.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.liquidity.curve import CostCurve, Floats
from router.liquidity.merged import merge_tree
from router.liquidity.oracle import InsufficientLiquidityError, LiquidityError
from router.liquidity.pointwise import PointCurve

_TIE: Final = 1e-13  # prices this close, relative, are one price
_SUM_NOISE: Final = 4e-15  # what adding up the segments may leave, relative
_ITERATIONS_MAX: Final = 200  # either the excess or the bracket halves each time


def merge(curves: Sequence[CostCurve]) -> CostCurve:
    """Return the exact infimal convolution of curves that have the same shift.

    Raises
    ------
    LiquidityError
        If there is no curve, or their sides or shifts differ.
    """
    return merge_tree(curves).curve


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """Curves of one direction, filled together.

    Attributes
    ----------
    merged : CostCurve | None
        All curves as one; None when their shifts differ, for then no closed form exists.
    capacity : float, [base]
        The largest quantity.
    """

    curves: tuple[CostCurve, ...]
    merged: CostCurve | None
    capacity: float
    _points: tuple[PointCurve, ...]  # the same curves
    _whole: PointCurve | None  # the same as `merged`
    _shift_max: float  # by absolute value, [quote / base]
    _events: Sequence[float]  # marginal costs at which a segment starts or ends, ascending

    def marginal(self, quantity: float) -> float:
        """Return the common marginal cost at which the curves fill `quantity`, [quote / base].

        Raises
        ------
        InsufficientLiquidityError
            If the curves together hold less.
        """
        if not 0.0 <= quantity <= self.capacity:
            raise InsufficientLiquidityError(requested=quantity, available=self.capacity)
        if self._whole is not None:
            return self._whole.marginal(quantity)
        return self._solve(quantity) if self.capacity else math.inf

    def quantity_at(self, marginal: float) -> float:
        """Return the largest quantity whose units all cost at most `marginal`, [base]."""
        return math.fsum([point.quantity_at(marginal) for point in self._points])

    def split(self, quantity: float) -> Floats:
        """Return the cheapest quantity for each curve, shape (n_curves,), [base].

        Book levels of one price are filled in the order of the curves.
        """
        marginal = self.marginal(quantity)
        if not self.capacity:
            return np.zeros(len(self.curves))
        width = self._width(marginal)
        parts = [point.quantity_at(marginal - width) for point in self._points]
        rest = max(quantity - math.fsum(parts), 0.0)
        for place, point in enumerate(self._points):
            if not rest:
                break
            more = min(point.quantity_at(marginal + width) - parts[place], rest)
            parts[place] += more
            rest -= more
        return np.array(parts)

    def cost(self, quantity: float) -> float:
        """Return the least cost of `quantity`, [quote]."""
        parts = zip(self._points, self.split(quantity).tolist(), strict=True)
        return math.fsum(point.cost(part) for point, part in parts)

    # Shifts take the closed form away. Between two ends of segments the supply is smooth, so after
    # finding these and ruling out the jumps of book levels at them, Newton is quick; where it does
    # not halve the excess a bisection follows, which bounds the search whatever rounding does.
    def _solve(self, quantity: float) -> float:
        place = bisect_left(self._events, quantity, hi=len(self._events) - 1, key=self.quantity_at)
        low, high = self._events[max(place - 1, 0)], self._events[place]
        if self.quantity_at(high - self._width(high)) < quantity:
            return high
        if self.quantity_at(low + self._width(low)) >= quantity:
            return low
        marginal, excess_before = _middle(low, high), math.inf
        for _ in range(_ITERATIONS_MAX):
            excess = self.quantity_at(marginal) - quantity
            if abs(excess) <= _SUM_NOISE * quantity:
                break
            low, high = (marginal, high) if excess < 0.0 else (low, marginal)
            slope = math.fsum([point.growth(marginal) for point in self._points])
            newton = marginal - excess / slope if slope > 0.0 else math.inf
            trusted = low < newton < high and abs(excess) < 0.5 * excess_before
            following = newton if trusted else _middle(low, high)
            if abs(following - marginal) <= 0.25 * self._width(marginal):
                break
            marginal, excess_before = following, abs(excess)
        return marginal

    # Half the breadth of the band around a marginal cost that counts as one price.
    def _width(self, marginal: float) -> float:
        return _TIE * (abs(marginal) + self._shift_max)


def aggregate(curves: Sequence[CostCurve], *, merged: CostCurve | None = None) -> Aggregate:
    """Return the curves filled together; their shifts may differ.

    Parameters
    ----------
    merged : CostCurve | None
        What `merge` makes of the curves, where that is known already.

    Raises
    ------
    LiquidityError
        If there is no curve, or their sides differ.
    """
    if not curves:
        raise LiquidityError("curves must not be empty")
    if any(curve.side is not curves[0].side for curve in curves):
        raise LiquidityError("curves must all be of one side")
    shifted = any(curve.shift != curves[0].shift for curve in curves)
    if not shifted and merged is None:
        merged = merge(curves)
    return Aggregate(
        curves=tuple(curves),
        merged=merged,
        capacity=math.fsum([curve.capacity for curve in curves]),
        _points=tuple([PointCurve(curve) for curve in curves]),
        _whole=None if merged is None else PointCurve(merged),
        _shift_max=max([abs(curve.shift) for curve in curves]),
        _events=_ends(curves) if shifted else (),
    )


# Geometric where it can be: the last range of a pool may span forty decades of price.
def _middle(low: float, high: float) -> float:
    if low * high > 0.0:
        return math.copysign(math.sqrt(abs(low)) * math.sqrt(abs(high)), low)
    return 0.5 * (low + high)


def _ends(curves: Sequence[CostCurve]) -> Sequence[float]:
    root = np.concatenate([ends for curve in curves for ends in (curve.root_start, curve.root_end)])
    shift = np.repeat([curve.shift for curve in curves], [2 * c.quantity.size for c in curves])
    ends: list[float] = np.unique(curves[0].sign * root**2 + shift).tolist()
    return ends
