"""Schedules against their closed forms, within their bounds, and never worse than equal slices."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings

from router.domain.error import NoRouteError, SolverError
from router.domain.plan import NoRouteReason
from router.domain.units import Pico
from router.optimiser.schedule import gap_of, solve_schedule
from tests.unit.optimiser.schedule.problems import (
    BPS,
    DAY_NS,
    SLICE_NS,
    TOTAL,
    atoms,
    changed,
    cumulative,
    problem,
    problems,
    shares,
)

# The gap is of the objective, and slices may differ by its root: the solver is told 1e-13.
NEAR = 3e-6


def test_temporary_cost_alone_is_traded_in_equal_slices():
    plain = problem(12, temporary=10)

    found = solve_schedule(plain)

    assert shares(plain, found) == pytest.approx([1 / 12] * 12, abs=NEAR)
    assert found.expected_pico == pytest.approx(10 * BPS / 12, abs=2)
    assert found.twap_pico == pytest.approx(found.expected_pico, abs=2)


def test_temporary_cost_and_risk_follow_the_hyperbolic_sine_of_almgren_and_chriss():
    count, temporary, aversion, volatility = 20, 10, 3.0, 40_000
    plain = problem(count, temporary=temporary, aversion=aversion, volatility=volatility)
    variance = (volatility / 1e6) ** 2 * SLICE_NS / DAY_NS
    kappa = math.acosh(1.0 + aversion * variance / (2.0 * temporary * 1e-4))

    found = solve_schedule(plain)

    left = [1.0 - done / TOTAL for done in cumulative(plain, found)]
    ahead = range(count - 1, -1, -1)
    expected = [math.sinh(kappa * k) / math.sinh(kappa * count) for k in ahead]
    assert left == pytest.approx(expected, abs=NEAR)
    assert expected[0] < 0.92, "the case must be one where risk matters"


def test_decaying_impact_alone_has_the_two_blocks_of_obizhaeva_and_wang():
    count, half_life = 15, 1_800
    plain = problem(count, transient=20, half_life_s=half_life)
    gone = 1.0 - 0.5 ** (SLICE_NS / 1e9 / half_life)
    block = 1.0 / (2.0 + (count - 2) * gone)

    found = solve_schedule(plain)

    expected = [block, *[block * gone] * (count - 2), block]
    assert shares(plain, found) == pytest.approx(expected, abs=NEAR)
    # Its cost is half the first move, over what blocks and rate make of it.
    assert found.expected_pico == pytest.approx(10 * BPS * block * (2 - gone), abs=2)


def test_a_move_that_is_gone_by_the_next_slice_is_a_temporary_cost():
    moved = solve_schedule(problem(7, transient=20, half_life_s=0))
    own = solve_schedule(problem(7, temporary=10))

    assert moved.expected_pico == pytest.approx(own.expected_pico, abs=2)


def test_more_aversion_trades_sooner_with_less_risk_at_more_cost():
    calm, wary = (
        solve_schedule(problem(12, transient=20, volatility=40_000, aversion=aversion))
        for aversion in (0.1, 10)
    )

    assert wary.deviation_pico < calm.deviation_pico < calm.twap_deviation_pico
    assert wary.expected_pico > calm.expected_pico


def test_a_fear_beyond_all_measure_trades_at_once():
    fear = problem(24, transient=20, volatility=1_000_000, aversion=1e9)

    assert solve_schedule(fear).releases[0][1] >= TOTAL * (1 - 1e-6)


def test_a_paid_hour_is_waited_for_and_a_received_one_is_not():
    plain = problem(6, temporary=10)
    level = [Pico(0)] * 5

    paying = changed(plain, held_pico=[*level[:2], Pico(3 * BPS), *level[2:]])
    earning = changed(plain, held_pico=[*level[:2], Pico(-3 * BPS), *level[2:]])

    # Equal slopes on each side of the payment: 20 bp of a share more, 3 bp of funding less.
    late = shares(paying, solve_schedule(paying))
    assert late == pytest.approx([1 / 6 - 0.075] * 3 + [1 / 6 + 0.075] * 3, abs=NEAR)
    soon = shares(earning, solve_schedule(earning))
    assert soon == pytest.approx([1 / 6 + 0.075] * 3 + [1 / 6 - 0.075] * 3, abs=NEAR)


def test_slices_end_where_liquidity_does_and_the_rest_is_spread():
    plain = problem(5, temporary=10)
    thin = changed(plain, quantity_max=[atoms(TOTAL), atoms(TOTAL // 10), *[atoms(TOTAL)] * 3])

    found = shares(thin, solve_schedule(thin))

    assert found == pytest.approx([0.225, 0.1, 0.225, 0.225, 0.225], abs=NEAR)


def test_what_may_have_traded_follows_the_margin():
    plain = problem(4, temporary=10)
    path = (atoms(TOTAL // 10), atoms(TOTAL // 5), atoms(TOTAL), atoms(TOTAL))

    found = shares(plain, solve_schedule(replace(plain, margin_max=path)))

    assert found == pytest.approx([0.1, 0.1, 0.4, 0.4], abs=NEAR)


def test_one_interval_is_the_whole_order_at_once():
    plain = problem(1, transient=20, volatility=40_000, aversion=1)

    found = solve_schedule(plain)

    assert found.releases == ((0, TOTAL),)
    assert (found.expected_pico, found.deviation_pico) == (10 * BPS, 0)


@settings(deadline=None)
@given(problems())
def test_a_schedule_keeps_to_every_bound_and_proves_itself(drawn):
    found = solve_schedule(drawn)

    done = cumulative(drawn, found)
    steps = [b - a for a, b in zip([0, *done], done, strict=False)]
    assert done[-1] == TOTAL
    assert all(step >= 0 for step in steps)
    assert [at for at, _ in found.releases] == sorted({at for at, _ in found.releases})
    for step, each in zip(steps, drawn.intervals, strict=True):
        assert step <= each.quantity_max.atoms
    for atoms_done, cap in zip(done, drawn.margin_max, strict=False):
        assert atoms_done <= cap.atoms
    assert found.gap_pico <= 1_000, "a billionth of the order"
    assert math.ceil(gap_of(drawn, found) * 1e12) == found.gap_pico


@settings(deadline=None)
@given(problems(bounded=False))
def test_no_schedule_is_worse_than_equal_slices(drawn):
    found = solve_schedule(drawn)

    aversion = drawn.aversion_pico / 1e12
    objective = found.expected_pico + aversion * found.deviation_pico**2 / 1e12
    equal = found.twap_pico + aversion * found.twap_deviation_pico**2 / 1e12
    # Each figure is rounded up by at most one, and the square of a deviation by twice it.
    rounding = 2.0 + aversion * (2.0 * found.deviation_pico + 1.0) / 1e12
    assert objective <= equal + found.gap_pico + rounding


def test_a_schedule_of_equal_slices_does_not_pass_for_the_best():
    plain = problem(12, transient=20, volatility=40_000, aversion=1)
    best = solve_schedule(plain)
    equal = tuple((each.begins_at, TOTAL * (k + 1) // 12) for k, each in enumerate(plain.intervals))

    doubt = gap_of(plain, replace(best, releases=equal))

    worse = best.twap_pico + (best.twap_deviation_pico / 1e6) ** 2
    better = best.expected_pico + (best.deviation_pico / 1e6) ** 2
    assert doubt * 1e12 >= worse - better - 2 > 1_000


@pytest.mark.parametrize(
    "releases",
    [
        ((0, TOTAL // 2),),
        ((0, TOTAL), (SLICE_NS, TOTAL // 2)),
        ((0, TOTAL // 2), (7, TOTAL)),
        ((0, 2 * TOTAL),),
    ],
)
def test_a_schedule_that_breaks_a_bound_is_no_schedule(releases):
    plain = problem(4, temporary=10)
    best = solve_schedule(plain)

    with pytest.raises(SolverError, match="bounds"):
        gap_of(plain, replace(best, releases=releases))


def test_an_order_that_does_not_fit_into_its_slices_is_refused():
    plain = problem(4, temporary=10)
    thin = changed(plain, quantity_max=[atoms(TOTAL // 5)] * 4)

    with pytest.raises(NoRouteError, match="allow more time") as caught:
        solve_schedule(thin)

    assert caught.value.reason is NoRouteReason.NO_LIQUIDITY


def test_an_order_beyond_its_margin_is_refused():
    plain = problem(4, temporary=10)

    with pytest.raises(NoRouteError, match="add cash or collateral") as caught:
        solve_schedule(replace(plain, margin_max=(atoms(TOTAL - 1),) * 4))

    assert caught.value.reason is NoRouteReason.INSUFFICIENT_MARGIN


def test_margin_that_comes_too_late_for_the_slices_left_is_refused():
    plain = changed(problem(4, temporary=10), quantity_max=[atoms(TOTAL // 3 + 1)] * 4)
    path = (atoms(0), atoms(TOTAL // 10), atoms(TOTAL), atoms(TOTAL))

    with pytest.raises(NoRouteError, match="by slice 2"):
        solve_schedule(replace(plain, margin_max=path))


@pytest.mark.parametrize("count", [0, 513])
def test_no_slice_and_too_many_are_refused(count):
    with pytest.raises(NoRouteError, match="1 to 512 intervals"):
        solve_schedule(problem(count, temporary=10))
