"""Where the points of a curve lie on a picture, and which numbers stand beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log, log10

from router.gateway.quote_document import CurvePoint

_STEPS = (1.0, 2.0, 5.0, 10.0)
_LINES = 6


@dataclass(frozen=True, slots=True)
class Axis:
    """Both axes: logarithms of sizes across, basis points up.

    Attributes
    ----------
    values, sizes : tuple of float
        What is written beside the lines of the grid.
    """

    left: float
    right: float
    bottom: float
    top: float
    values: tuple[float, ...]
    sizes: tuple[float, ...]

    def across(self, logarithm: float) -> float:
        """Return how far to the right a size lies, from 0 to 1."""
        span = self.right - self.left
        return (logarithm - self.left) / span if span > 0.0 else 0.5

    def down(self, value: float) -> float:
        """Return how far down a value lies, from 0 to 1."""
        return (self.top - value) / (self.top - self.bottom)


def axis_of(points: Sequence[CurvePoint]) -> Axis:
    """Return the axes on which all points, one at least, and their bands lie."""
    sizes = [float(p.quantity) for p in points]
    told = [v for p in points for v in (p.low_bps, p.high_bps, p.slippage_bps) if v is not None]
    low, high = min(0.0, *told), max(0.01, *told)
    step = _step((high - low) / _LINES)
    first, last = floor(low / step), ceil(high / step)
    return Axis(
        left=log(min(sizes)),
        right=log(max(sizes)),
        bottom=first * step,
        top=last * step,
        values=tuple(round(place * step, 10) for place in range(first, last + 1)),
        sizes=tuple(_sizes(min(sizes), max(sizes))),
    )


def _step(wanted: float) -> float:
    unit = 10.0 ** floor(log10(wanted))
    return next(unit * one for one in _STEPS if unit * one >= wanted)


# Round sizes between the ends; the ends themselves where there are too few.
def _sizes(low: float, high: float) -> list[float]:
    found = [
        digit * 10.0**power
        for power in range(floor(log10(low)), ceil(log10(high)) + 1)
        for digit in (1.0, 2.0, 5.0)
        if low <= digit * 10.0**power <= high
    ]
    return found if len(found) > 1 else sorted({low, high})
