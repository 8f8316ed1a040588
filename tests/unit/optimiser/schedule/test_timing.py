"""The parts of a schedule's proof, each against the plainest way to reckon it."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.optimiser.timing import programme
from router.optimiser.timing.bound import cheapest, gap
from router.optimiser.timing.path import Path, path_of
from router.optimiser.timing.terms import terms_of
from tests.unit.optimiser.schedule.problems import problem, problems

few = st.integers(0, 4)


def random_shares(count, seed):
    drawn = np.random.default_rng(seed).exponential(size=count)
    return drawn / drawn.sum()


def plain_objective(of, x):
    """Add up the objective term by term, as the model is written."""
    intervals = of.intervals
    transient, half_life = of.transient_pico / 1e12, of.half_life
    cost = risk = done = 0.0
    for k, each in enumerate(intervals):
        left = 0.0
        for j in range(k):
            passed = each.begins_at - intervals[j].begins_at
            left += transient * x[j] * (0.5 ** (passed / half_life) if half_life else 0.0)
        cost += x[k] * (each.temporary_pico / 1e12 * x[k] + left + transient * x[k] / 2)
        done += x[k]
        cost += each.held_pico / 1e12 * done
        days = (each.ends_at - each.begins_at) / 86_400e9
        risk += (of.volatility_pips / 1e6) ** 2 * days * (1.0 - done) ** 2
    return cost + of.aversion_pico / 1e12 * risk


@given(problems(), st.integers(0, 2**32 - 1))
def test_the_objective_is_the_models(drawn, seed):
    x = random_shares(len(drawn.intervals), seed)

    terms = terms_of(drawn)

    # Sums of at most ten slices of ten parts, each exact to the last digit or so.
    assert terms.objective(x) == pytest.approx(
        plain_objective(drawn, x), rel=1e-12, abs=1e-15 * terms.scale
    )


@given(problems(), st.integers(0, 2**32 - 1))
def test_the_gradient_is_the_slope_of_the_objective(drawn, seed):
    terms, x = terms_of(drawn), random_shares(len(drawn.intervals), seed)
    towards = random_shares(x.size, seed + 1) - x
    step = 1e-3

    # Of a quadratic the central difference is exact but for the digits that cancel.
    rise = (terms.objective(x + step * towards) - terms.objective(x - step * towards)) / (2 * step)
    assert terms.gradient(x) @ towards == pytest.approx(rise, abs=1e-11 * terms.scale)


@given(problems(), st.integers(0, 2**32 - 1))
def test_the_objective_lies_above_its_tangent(drawn, seed):
    terms, x = terms_of(drawn), random_shares(len(drawn.intervals), seed)
    y = random_shares(x.size, seed + 1)

    tangent = terms.objective(x) + terms.gradient(x) @ (y - x)

    assert terms.objective(y) >= tangent - 1e-14 * terms.scale


@settings(max_examples=300)
@given(st.lists(st.tuples(few, st.integers(0, 8), st.integers(-9, 9)), min_size=1, max_size=5))
def test_filling_the_cheapest_slices_first_is_best_of_all_whole_schedules(rows):
    total = 5
    steps, caps = [step for step, _, _ in rows], [min(cap, total) for _, cap, _ in rows]
    slopes = np.array([float(slope) for _, _, slope in rows])
    best = math.inf
    for taken in itertools.product(*(range(step + 1) for step in steps)):
        done = list(itertools.accumulate(taken))
        if done[-1] == total and all(d <= c for d, c in zip(done, caps, strict=True)):
            best = min(best, float(slopes @ np.array(taken)))
    if best == math.inf:
        return
    most, before = [], 0
    falling = list(itertools.accumulate(reversed(caps), min))[::-1]
    for step, cap in zip(steps, falling, strict=True):
        before = min(cap, before + step)
        most.append(before)
    path = Path(least=(0,) * len(most), most=tuple(most), step_max=tuple(steps))

    found = cheapest(slopes, path)

    assert float(slopes @ found) * total == pytest.approx(best, abs=1e-12)


@given(problems(), st.integers(0, 2**32 - 1))
def test_any_shares_become_a_whole_schedule_within_the_bounds(drawn, seed):
    path = path_of(drawn)

    done = path.whole(random_shares(len(drawn.intervals), seed))

    steps = [b - a for a, b in zip((0, *done), done, strict=False)]
    assert done[-1] == drawn.quantity.atoms
    assert all(0 <= step <= most for step, most in zip(steps, path.step_max, strict=True))
    assert all(d <= most for d, most in zip(done, path.most, strict=True))


@settings(deadline=None)
@given(problems(), st.integers(0, 2**32 - 1))
def test_no_schedule_within_the_bounds_beats_the_best_by_more_than_its_gap(drawn, seed):
    path, terms = path_of(drawn), terms_of(drawn)
    total = drawn.quantity.atoms
    rival = np.diff([0, *path.whole(random_shares(len(drawn.intervals), seed))]) / total
    rival = rival.astype(np.float64)
    share_max = np.array([step / total for step in path.step_max])
    found = programme.solve(
        terms,
        share_max=share_max,
        remaining_min=np.array([1.0 - most / total for most in path.most]),
    )

    slack = gap(terms, path, found) + 1e-9 * terms.scale  # the solver's own misses of a bound

    assert terms.objective(rival) >= terms.objective(found) - slack


def test_the_programme_is_compiled_once_for_all_problems_of_a_size():
    for count in (3, 5, 8):
        terms = terms_of(problem(count, temporary=count, transient=7))
        programme.solve(terms, share_max=np.ones(count), remaining_min=np.zeros(count))

    shape = programme._compiled(8)  # noqa: SLF001 - what is compiled is not shown otherwise
    assert shape.problem.is_dcp(dpp=True)
    before = programme._compiled.cache_info().misses  # noqa: SLF001 - as above
    programme.solve(terms, share_max=np.ones(8), remaining_min=np.zeros(8))
    assert programme._compiled.cache_info().misses == before  # noqa: SLF001 - as above
