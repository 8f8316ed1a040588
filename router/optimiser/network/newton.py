"""The best prices of the tokens: Levenberg and Marquardt's method with a test of each step.

Plain damped Newton steps stop at prices that are right to a fraction of a basis point and leave
flows that are not; so a step is taken only if the bound rises as much as its model promised.
Refuses to say whether a flow exists: it stops after so many steps, and the flow is judged by what
it costs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.liquidity.curve import Floats
from router.optimiser.network.dual import Dual, Point

STEPS_MAX: Final = 200
STEP_MAX: Final = 2.0  # of the logarithm of a price; a range without liquidity may span decades
_DAMPING_START: Final = 1e-3  # of the notional
_DAMPING_MIN: Final = 1e-15
_DAMPING_MAX: Final = 1e12
_GOOD: Final = 0.75
_POOR: Final = 0.25
_EASED: Final = 0.1
_SHORTENED_MIN: Final = 0.05
_SHORTENED_MAX: Final = 0.5
_NEAR: Final = 1e-9  # of the notional
_STIFFNESS_NOISE: Final = 1e-14  # of the stiffest token: keeps the steps defined
_VALUE_NOISE: Final = 1e-13  # of the notional: what adding up the gains may lose


@dataclass(frozen=True, slots=True, eq=False)
class Climb:
    """Where the search stands."""

    point: Point
    damping: float
    steps: int


def climb(dual: Dual, start: Climb, *, scale: float, tolerance: float) -> Climb:
    """Raise the bound until a further step promises less than `tolerance`.

    Parameters
    ----------
    scale : float, [numeraire]
        The notional: damping and rounding are shares of it.
    tolerance : float, [numeraire]
    """
    point, damping = start.point, start.damping
    for steps in range(start.steps, STEPS_MAX):
        step = _step(point, damping * scale)
        slope = float(point.residual @ step)
        promise = slope - 0.5 * float(step @ point.curvature @ step)
        if promise <= tolerance:
            return Climb(point, damping, steps=steps)
        log_price = point.log_price.copy()
        log_price[dual.free] += step
        trial = dual.at(log_price)
        quality = _quality(point, trial, promise=promise, scale=scale)
        if quality < _POOR:
            stiffness = slope / float(step @ step) / scale
            damping = min(stiffness * _tightening(slope, quality * promise), _DAMPING_MAX)
        elif quality > _GOOD:
            damping = max(damping * _EASED, _DAMPING_MIN)
        if quality > 0.0:
            point = trial
    return Climb(point, damping, steps=STEPS_MAX)


def begin(dual: Dual, log_price: Floats) -> Climb:
    """Return the search at its first prices."""
    return Climb(dual.at(log_price), _DAMPING_START, steps=0)


def approached(duals: Sequence[Dual], log_price: Floats, *, scale: float) -> Floats:
    """Return prices to search from, found by solving ever harder duals one after the other."""
    for dual in duals:
        found = climb(dual, begin(dual, log_price), scale=scale, tolerance=_NEAR * scale)
        log_price = found.point.log_price
    return log_price


def _step(point: Point, damping: float) -> Floats:
    stiffest = float(np.max(np.diagonal(point.curvature), initial=0.0))
    least = max(damping, _STIFFNESS_NOISE * stiffest)
    matrix = point.curvature + least * np.eye(point.residual.size)
    step = np.asarray(np.linalg.solve(matrix, point.residual), dtype=np.float64)
    longest = float(np.max(np.abs(step), initial=0.0))
    if longest > STEP_MAX:
        step *= STEP_MAX / longest
    return step


# The damping that shortens a step which disappointed, over the stiffness along it: to where a
# parabola through what it gained would be highest, within bounds.
def _tightening(slope: float, gained: float) -> float:
    share = 0.5 * slope / (slope - gained)
    return 1.0 / min(max(share, _SHORTENED_MIN), _SHORTENED_MAX) - 1.0


# How much of what was promised came true. Once promises drown in rounding, what counts is that less
# is missing.
def _quality(point: Point, trial: Point, *, promise: float, scale: float) -> float:
    if promise > _VALUE_NOISE * scale:
        return (trial.value - point.value) / promise
    missing = float(point.residual @ point.residual)
    return 1.0 - math.sqrt(float(trial.residual @ trial.residual) / missing)
