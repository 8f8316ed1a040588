"""One source of liquidity in every scenario: what a share that was fixed costs when depth left.

Where a fraction d of the liquidity is left at every price, a quantity x costs ``d C(x / d)``, the
perspective of the cost C: as convex as C. What does not fit into that within the limit price costs
the limit price; since no unit within it costs more, the sum is convex still. A price that moves
adds the same to every unit wherever it is traded; `outlook` adds it to the whole plan.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.liquidity.curve import CostCurve
from router.liquidity.pointwise import PointCurve
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledCurve
from router.optimiser.robust.outlook import Outlook

_BELOW: Final = 1.0 - 1e-12  # so that no rounding puts a bracket beside what it holds
_ABOVE: Final = 1.0 + 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What of a curve depends on the market and not on the order.

    Attributes
    ----------
    curve, floor : CostCurve
        All there is within the limit price, whatever the order itself may take; the floor is
        nowhere above.
    limit_rate : float
        What a unit at the limit price costs, as a rate against the arrival mid.
    """

    curve: CostCurve
    floor: CostCurve
    is_book: bool
    limit_rate: float


@dataclass(frozen=True, slots=True, eq=False)
class DepthCurve:
    """A curve at every depth it may have; depths are fractions, costs are rates of the notional.

    Attributes
    ----------
    quantity, mid : float
        As in `ScaledCurve`.
    depths : tuple of float
        The different ones of the scenarios, after 1, the depth as it was seen.
    place : intp, shape (n_scenarios,)
        Which depth each scenario has.
    """

    view: View
    quantity: float
    mid: float
    depths: tuple[float, ...]
    place: NDArray[np.intp]
    limit_rate: float = field(init=False)  # no less than the last unit costs
    end: float = field(init=False)  # the share that the whole depth holds
    _point: PointCurve = field(init=False, repr=False)
    _floor: PointCurve = field(init=False, repr=False)
    _floor_end: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        curve, floor = self.view.curve, self.view.floor
        point = PointCurve(curve)
        low = point if floor is curve else PointCurve(floor)
        ends = [p.marginal(p.capacity) for p in (point, low) if p.capacity > 0.0]
        rates = (marginal / self.mid - curve.sign for marginal in ends)
        object.__setattr__(self, "limit_rate", max(self.view.limit_rate, *rates, -math.inf))
        object.__setattr__(self, "end", point.capacity / self.quantity)
        object.__setattr__(self, "_point", point)
        object.__setattr__(self, "_floor", low)
        object.__setattr__(self, "_floor_end", low.capacity / self.quantity)

    def slips(self, shares: Floats) -> Floats:
        """Return what many shares cost at every depth, shape (n_depths, n_shares)."""
        depths = np.array(self.depths)[:, None]
        inside = np.minimum(shares / depths, self.end)
        base = np.minimum(inside * self.quantity, self._point.capacity)
        value = self.quantity * self.mid
        slips = self.view.curve.cost(base) / value - self.view.curve.sign * inside
        beyond = np.maximum(shares - depths * self.end, 0.0)
        return np.asarray(depths * slips + self.limit_rate * beyond)

    def cost_as_seen(self, share: float) -> float:
        """Return what one share costs at the depth as it was seen."""
        return self._slip(self._point, self.end, depth=1.0, share=share)

    def costs(self, share: float) -> Floats:
        """Return what one share costs in every scenario, shape (n_scenarios,)."""
        found = [self._slip(self._point, self.end, depth=d, share=share) for d in self.depths]
        return np.array(found)[self.place]

    def least_cost(self, share: float, weights: Sequence[float]) -> float:
        """Return what a share costs at least, the depths weighed as told."""
        return sum(
            w * self._slip(self._floor, self._floor_end, depth=d, share=share)
            for d, w in zip(self.depths, weights, strict=True)
            if w > 0.0
        )

    def least_rate(self, share: float, weights: Sequence[float]) -> float:
        """Return the slope of `least_cost` after a share."""
        total, sign = 0.0, self.view.curve.sign
        for depth, weight in zip(self.depths, weights, strict=True):
            if weight <= 0.0:
                continue
            inside = share / depth
            if inside < self._floor_end:
                marginal = self._floor.marginal(inside * self.quantity)
                total += weight * (marginal / self.mid - sign)
            else:
                total += weight * self.limit_rate
        return total

    def narrowed(
        self, between: tuple[float, float], weights: Sequence[float], *, rate: float
    ) -> tuple[float, float]:
        """Return the part of an interval in which `least_rate` may pass a rate.

        Where the units at every depth cost less than their mean is to be, it is not reached yet;
        where all cost more, it is passed.
        """
        low, high = between
        used = [d for d, w in zip(self.depths, weights, strict=True) if w > 0.0]
        mean, sign = rate / sum(weights), self.view.curve.sign
        if mean >= self.limit_rate:
            return low, high
        marginal = (mean + sign) * self.mid
        reached = self._floor.quantity_below(marginal) / self.quantity
        passed = self._floor.quantity_at(marginal) / self.quantity
        first, last = reached * min(used) * _BELOW, passed * max(used) * _ABOVE
        return min(max(low, first), high), max(min(high, last), low)

    def of_depths(self, masses: Floats) -> Floats:
        """Return what every depth weighs where every scenario weighs so much."""
        return np.bincount(self.place, masses, len(self.depths)).astype(np.float64)

    def _slip(self, point: PointCurve, end: float, *, depth: float, share: float) -> float:
        inside = min(share / depth, end)
        cost = point.cost(inside * self.quantity) / (self.quantity * self.mid)
        slip = depth * (cost - self.view.curve.sign * inside)
        return slip + self.limit_rate * max(share - depth * end, 0.0)


def depth_curve(view: View, outlook: Outlook, *, quantity: float, mid: float) -> DepthCurve:
    """Return a view at the depths of an outlook."""
    left = (outlook.book_depths if view.is_book else outlook.pool_depths).tolist()
    depths = (1.0, *sorted({d for d in left if d != 1.0}))
    place = np.array([depths.index(d) for d in left], dtype=np.intp)
    return DepthCurve(view, quantity, mid, depths=depths, place=place)


def depth_curves(
    curves: Sequence[ScaledCurve], views: Sequence[View], outlook: Outlook
) -> tuple[DepthCurve, ...]:
    """Return the curves of a scaled problem at the depths of an outlook."""
    return tuple(
        depth_curve(view, outlook, quantity=curve.quantity, mid=curve.mid)
        for curve, view in zip(curves, views, strict=True)
    )


def outcomes(
    curves: Sequence[ScaledCurve], depths: Sequence[DepthCurve], shares: Floats, *, outlook: Outlook
) -> Floats:
    """Return what the shares, one in all, cost in every scenario, shape (n_scenarios,)."""
    costs = outlook.moves * float(np.sum(shares))
    for curve, depth, share in zip(curves, depths, shares.tolist(), strict=True):
        costs = costs + depth.costs(share) + curve.adder * share
    return costs
