"""The highest point of a concave function of one number, known by value and slope where asked.

Newton's step where the function is smooth; else where the tangents on both sides meet, which ends
at a kink in a few steps. Refuses functions that are not concave: the tangents would not bound them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_STEPS_MAX: Final = 80
_STEP_START: Final = 1e-4  # a basis point
_FASTER: Final = 4.0
_EXACT: Final = 2e-14  # of the value: how far below the highest point to stop
_STALLED: Final = 0.5  # of a slope that Newton's step should have made smaller


@dataclass(frozen=True, slots=True)
class Point:
    """What a concave function is at a place.

    Attributes
    ----------
    slope : float
        Of any tangent there.
    bend : float
        Minus the second derivative; 0 where there is none.
    """

    at: float
    value: float
    slope: float
    bend: float


def peak(
    ask: Callable[[float], Point], start: float, *, enough: float, exact: float = _EXACT
) -> Point:
    """Return the highest point found, the first above `enough` if there is one."""
    low: Point | None = None
    high: Point | None = None
    step, before = _STEP_START, float("inf")
    point = best = ask(start)
    for _ in range(_STEPS_MAX):
        if best.value > enough or _is_flat(point, exact):
            break
        low, high = (point, high) if point.slope > 0.0 else (low, point)
        if low and high and _meet(low, high)[1] - best.value <= exact:
            break
        following = point.at + point.slope / point.bend if point.bend > 0.0 else None
        if following is None or abs(point.slope) > _STALLED * before:
            following, step = _without_bend(low, high, step)
        inside = (low is None or low.at < following) and (high is None or following < high.at)
        if not inside:
            following, step = _without_bend(low, high, step)
        before = abs(point.slope)
        if following == point.at:
            break
        point = ask(following)
        best = max(best, point, key=lambda p: p.value)
    return best


def _is_flat(point: Point, exact: float) -> bool:
    return point.slope == 0.0 or (
        point.bend > 0.0 and point.slope * point.slope <= 2.0 * point.bend * exact
    )


def _without_bend(low: Point | None, high: Point | None, step: float) -> tuple[float, float]:
    if low is None and high is not None:
        return high.at - step, step * _FASTER
    if high is None and low is not None:
        return low.at + step, step * _FASTER
    assert low is not None, "one side is known once a point is"
    assert high is not None, "one side is known once a point is"
    at, _ = _meet(low, high)
    return (at if low.at < at < high.at else 0.5 * (low.at + high.at)), step


# Where the tangents meet: the function is nowhere between above that.
def _meet(low: Point, high: Point) -> tuple[float, float]:
    width = high.at - low.at
    moved = (high.value - low.value - high.slope * width) / (low.slope - high.slope)
    return low.at + moved, low.value + low.slope * moved
