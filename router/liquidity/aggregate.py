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
from numpy.typing import NDArray

from router.liquidity.curve import CostCurve, Floats, partial_quantity
from router.liquidity.oracle import InsufficientLiquidityError, LiquidityError

_TIE: Final = 1e-13  # prices this close, relative, are one price
_SUM_NOISE: Final = 4e-15  # what adding up the segments may leave, relative
_ITERATIONS_MAX: Final = 200  # either the excess or the bracket halves each time


def merge(curves: Sequence[CostCurve]) -> CostCurve:
    """Return the exact infimal convolution of curves that have the same shift.

    Between two neighbouring ends of segments the depths of all curves simply add up.

    Raises
    ------
    LiquidityError
        If there is no curve, or their sides or shifts differ.
    """
    first = _alike(curves)
    if _shifts_differ(curves):
        raise LiquidityError("curves must have the same shift to merge; use aggregate")
    ends = np.concatenate([ends for curve in curves for ends in (curve.root_start, curve.root_end)])
    grid = first.sign * np.unique(first.sign * ends)
    level = np.zeros_like(grid)
    for curve in curves:
        flat = np.isinf(curve.depth)
        place = np.searchsorted(first.sign * grid, first.sign * curve.root_start[flat])
        np.add.at(level, place, curve.quantity[flat])
    depth = np.zeros_like(grid)
    for curve in curves:
        depth += curve.depth_at(grid)
    onwards = np.append(grid[1:], grid[-1:])
    between = depth * np.abs(onwards - grid) / (onwards * grid)
    # At every grid point first the book levels of that price, then the range up to the next.
    quantity = np.stack((level, between), axis=1).ravel()
    kept = quantity > 0.0
    return CostCurve(
        side=first.side,
        root_start=np.repeat(grid, 2)[kept],
        root_end=np.stack((grid, onwards), axis=1).ravel()[kept],
        depth=np.stack((np.full_like(grid, np.inf), depth), axis=1).ravel()[kept],
        quantity=quantity[kept],
        shift=first.shift,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """Curves of one direction, filled together.

    Attributes
    ----------
    merged : CostCurve | None
        All curves as one; None when their shifts differ, for then no closed form exists.
    """

    curves: tuple[CostCurve, ...]
    merged: CostCurve | None
    _root_start: Floats  # these over all segments of all curves, shape (n_segments,)
    _root_end: Floats
    _depth: Floats
    _quantity: Floats
    _shift: Floats
    _owner: NDArray[np.intp]
    _events: list[float]  # marginal costs at which a segment starts or ends, ascending

    @property
    def capacity(self) -> float:
        """Return the largest quantity, [base]."""
        return math.fsum(curve.capacity for curve in self.curves)

    def marginal(self, quantity: float) -> float:
        """Return the common marginal cost at which the curves fill `quantity`, [quote / base].

        Raises
        ------
        InsufficientLiquidityError
            If the curves together hold less.
        """
        if not 0.0 <= quantity <= self.capacity:
            raise InsufficientLiquidityError(requested=quantity, available=self.capacity)
        if not self._quantity.size:
            return math.inf
        if self.merged is not None:
            return float(self.merged.marginal(min(quantity, self.merged.capacity)))
        return self._solve(quantity)

    def quantity_at(self, marginal: float) -> float:
        """Return the largest quantity whose units all cost at most `marginal`, [base]."""
        return float(self._filled(marginal).sum())

    def split(self, quantity: float) -> Floats:
        """Return the cheapest quantity for each curve, shape (n_curves,), [base].

        Book levels of one price are filled in the order of the curves.
        """
        marginal = self.marginal(quantity)
        if not self._quantity.size:
            return np.zeros(len(self.curves))
        width = self._width(marginal)
        surely = self._by_curve(self._filled(marginal - width))
        room = self._by_curve(self._filled(marginal + width)) - surely
        rest = quantity - surely.sum()
        parts: Floats = surely + np.clip(rest - (np.cumsum(room) - room), 0.0, room)
        return parts

    def cost(self, quantity: float) -> float:
        """Return the least cost of `quantity`, [quote]."""
        parts = zip(self.curves, self.split(quantity), strict=True)
        return math.fsum(float(curve.cost(min(part, curve.capacity))) for curve, part in parts)

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
            slope = self._slope(marginal)
            newton = marginal - excess / slope if slope > 0.0 else math.inf
            trusted = low < newton < high and abs(excess) < 0.5 * excess_before
            following = newton if trusted else _middle(low, high)
            if abs(following - marginal) <= 0.25 * self._width(marginal):
                break
            marginal, excess_before = following, abs(excess)
        return marginal

    # Half the breadth of the band around a marginal cost that counts as one price.
    def _width(self, marginal: float) -> float:
        return _TIE * (abs(marginal) + float(np.max(np.abs(self._shift))))

    def _roots(self, marginal: float) -> Floats:
        return np.sqrt(np.maximum(self.curves[0].sign * (marginal - self._shift), 0.0))

    # What each segment gives at a marginal cost, shape (n_segments,), [base].
    def _filled(self, marginal: float) -> Floats:
        root = self._roots(marginal)
        part = partial_quantity(
            root,
            root_start=self._root_start,
            root_end=self._root_end,
            depth=self._depth,
            quantity=self._quantity,
        )
        return np.where(self.curves[0].sign * (root - self._root_start) >= 0.0, part, 0.0)

    def _slope(self, marginal: float) -> float:
        root = self._roots(marginal)
        inside = (root - self._root_start) * (root - self._root_end) < 0.0
        return float(np.sum(self._depth[inside] / (2.0 * root[inside] ** 3)))

    def _by_curve(self, parts: Floats) -> Floats:
        totals = np.bincount(self._owner, weights=parts, minlength=len(self.curves))
        return totals.astype(np.float64)


def aggregate(curves: Sequence[CostCurve]) -> Aggregate:
    """Return the curves filled together; their shifts may differ.

    Raises
    ------
    LiquidityError
        If there is no curve, or their sides differ.
    """
    _alike(curves)
    shifted = _shifts_differ(curves)
    sizes = [curve.quantity.size for curve in curves]
    return Aggregate(
        curves=tuple(curves),
        merged=None if shifted else merge(curves),
        _root_start=np.concatenate([curve.root_start for curve in curves]),
        _root_end=np.concatenate([curve.root_end for curve in curves]),
        _depth=np.concatenate([curve.depth for curve in curves]),
        _quantity=np.concatenate([curve.quantity for curve in curves]),
        _shift=np.repeat([curve.shift for curve in curves], sizes),
        _owner=np.repeat(np.arange(len(curves)), sizes),
        _events=_ends(curves) if shifted else [],
    )


def _alike(curves: Sequence[CostCurve]) -> CostCurve:
    if not curves:
        raise LiquidityError("curves must not be empty")
    if len({curve.side for curve in curves}) > 1:
        raise LiquidityError("curves must all be of one side")
    return curves[0]


# Geometric where it can be: the last range of a pool may span forty decades of price.
def _middle(low: float, high: float) -> float:
    if low * high > 0.0:
        return math.copysign(math.sqrt(abs(low)) * math.sqrt(abs(high)), low)
    return 0.5 * (low + high)


def _ends(curves: Sequence[CostCurve]) -> list[float]:
    tables = [curve.segments() for curve in curves]
    ends = [ends for table in tables for ends in (table.marginal_start, table.marginal_end)]
    return [float(end) for end in np.unique(np.concatenate(ends))]


def _shifts_differ(curves: Sequence[CostCurve]) -> bool:
    return len({curve.shift for curve in curves}) > 1
