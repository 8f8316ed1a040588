"""When to trade how much of an order: impact that decays, against the risk of waiting.

The answer is made whole atoms, and its distance from the best is proved on them. Refuses an answer
without a proof.
"""

import math
from typing import Final

import numpy as np

from router.domain.error import NoRouteError, SolverError
from router.domain.plan import NoRouteReason
from router.domain.schedule import Schedule, ScheduleProblem
from router.domain.units import PICO_PER_UNIT, Pico, TimestampNs
from router.liquidity.curve import Floats
from router.optimiser.timing.bound import gap
from router.optimiser.timing.path import Path, path_of
from router.optimiser.timing.programme import INTERVALS_MAX, solve
from router.optimiser.timing.terms import terms_of

_GAP_MAX: Final = 1e-6  # of the order's worth at arrival: a hundredth of a basis point
_GAP_DIGITS: Final = 1e-11  # of the objective, where that is many times the order's worth


def solve_schedule(problem: ScheduleProblem) -> Schedule:
    """Spread an order over its intervals.

    Raises
    ------
    NoRouteError
        If no schedule keeps to the bounds.
    SolverError
        If none was found that is proved to be near enough to the best.
    """
    if not 0 < len(problem.intervals) <= INTERVALS_MAX:
        raise NoRouteError(
            NoRouteReason.LIMIT_EXCEEDED,
            f"an order is spread over 1 to {INTERVALS_MAX} intervals, not over"
            f" {len(problem.intervals)}; change its interval or its end",
        )
    terms, path = terms_of(problem), path_of(problem)
    whole = path.whole(solve(terms, **_bounds(path)))
    shares = _fractions(path, whole)
    found = gap(terms, path, shares)
    if found > _GAP_MAX + _GAP_DIGITS * terms.scale:
        raise SolverError(f"the schedule may be {found:.1e} of the order from the best")
    equal = np.full(len(whole), 1.0 / len(whole))
    return Schedule(
        releases=_releases(problem, whole),
        expected_pico=_pico(terms.expected(shares)),
        deviation_pico=_pico(math.sqrt(terms.risk(shares))),
        twap_pico=_pico(terms.expected(equal)),
        twap_deviation_pico=_pico(math.sqrt(terms.risk(equal))),
        gap_pico=_pico(found),
    )


def gap_of(problem: ScheduleProblem, schedule: Schedule) -> float:
    """Return how far at most a schedule is from the best, from nothing but the two.

    Raises
    ------
    SolverError
        If the schedule does not keep to the problem's bounds.
    """
    path, released = path_of(problem), dict(schedule.releases)
    done, cumulative = 0, []
    for each in problem.intervals:
        done = released.pop(each.begins_at, done)
        cumulative.append(done)
    if released or not _keeps(path, tuple(cumulative)):
        raise SolverError("the schedule does not keep to the bounds of its problem")
    return gap(terms_of(problem), path, _fractions(path, tuple(cumulative)))


def _keeps(path: Path, cumulative: tuple[int, ...]) -> bool:
    steps = (b - a for a, b in zip((0, *cumulative), cumulative, strict=False))
    inside = (
        low <= done <= high
        for low, done, high in zip(path.least, cumulative, path.most, strict=True)
    )
    return all(inside) and all(
        0 <= step <= most for step, most in zip(steps, path.step_max, strict=True)
    )


def _bounds(path: Path) -> dict[str, Floats]:
    total = path.most[-1]
    return {
        "share_max": np.array([atoms / total for atoms in path.step_max]),
        "remaining_min": np.array([(total - atoms) / total for atoms in path.most]),
    }


def _fractions(path: Path, cumulative: tuple[int, ...]) -> Floats:
    total = path.most[-1]
    steps = zip((0, *cumulative), cumulative, strict=False)
    return np.array([(b - a) / total for a, b in steps])


def _releases(
    problem: ScheduleProblem, cumulative: tuple[int, ...]
) -> tuple[tuple[TimestampNs, int], ...]:
    steps = zip(problem.intervals, (0, *cumulative), cumulative, strict=False)
    return tuple((each.begins_at, done) for each, last, done in steps if done > last)


# Against us: a cost, a risk and a doubt are told no smaller than they are.
def _pico(rate: float) -> Pico:
    return Pico(math.ceil(rate * PICO_PER_UNIT))
