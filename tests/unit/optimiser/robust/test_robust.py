"""The robust mode against an independent model, brute force, and what it must not do."""

import itertools
import math
import random
from dataclasses import replace

import numpy as np
import pytest

from router.domain.units import PICO_PER_UNIT, Pico, Pips, Side
from router.optimiser.convex import direct, programme
from router.optimiser.convex.certificate import GAP_MAX, Prices
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.parts import part_of, solve_continuous
from router.optimiser.convex.scaled import Jump
from router.optimiser.robust.bound import robust_bound
from router.optimiser.robust.depth import View, depth_curve, depth_curves, outcomes
from router.optimiser.robust.outlook import is_tail, outlook_of, to_tail
from router.optimiser.robust.parts import Walk
from router.optimiser.robust.search import read_tail
from router.optimiser.robust.solve import solve_robust
from tests.unit.optimiser.robust.instances import (
    AS_SEEN,
    LIMIT,
    MID,
    levels,
    problem,
    random_curves,
    random_uncertainty,
    scenario,
    stretches,
    uncertainty,
)
from tests.unit.optimiser.robust.model import fill_cost, solve_model, table, worth

SIDES = pytest.mark.parametrize("side", Side)


def instance(seed, side):
    """Return an instance whose rows bind in about half of the seeds, its curves and scenarios."""
    rng = random.Random(seed)
    curves = random_curves(rng.randrange(10**6), side)
    tight = rng.random() < 0.5
    made, views = problem(
        curves,
        cash=rng.uniform(0.4, 1.0) if tight else None,
        equity=rng.uniform(0.02, 0.2) if tight else None,
        adders=[0.0, 0.0, rng.uniform(-3e-3, 3e-3), rng.uniform(-3e-3, 3e-3)],
        position=rng.choice((0.0, 0.0, 0.2)),
    )
    told = random_uncertainty(
        rng.randrange(10**6),
        aversion=rng.choice((0.0, 0.5, 3.0)),
        tail=rng.choice((0.05, 0.3, 1.0)),
    )
    return made, views, curves, told


@SIDES
@pytest.mark.parametrize("seed", range(12))
def test_an_independent_model_agrees_and_never_beats_the_bound(seed, side):
    made, views, curves, told = instance(seed, side)

    found = solve_robust(made, told, views)
    model = solve_model(made, curves, told)

    assert (found is None) == (model is None)
    if found is None:
        return
    value, _, error = model
    # What is solved to, beside what the model itself may be off.
    assert found.upper - found.lower <= GAP_MAX
    assert value >= found.lower - 1e-9
    assert value <= found.upper + error


@pytest.mark.soak
@SIDES
def test_an_independent_model_agrees_on_many_instances(side):
    for seed in range(100, 400):
        test_an_independent_model_agrees_and_never_beats_the_bound(seed, side)


@SIDES
@pytest.mark.parametrize("seed", range(4))
def test_no_split_of_two_curves_on_a_grid_is_better(seed, side):
    rng = random.Random(seed)
    pool = stretches([1e-3, 0.02, 0.06], [rng.uniform(30, 60), rng.uniform(30, 60)], side=side)
    book = levels(np.cumsum([1e-3] * 20), [rng.uniform(0.03, 0.12) for _ in range(20)], side=side)
    curves = [(pool, False), (book, True)]
    made, views = problem(curves, rows=False)
    told = random_uncertainty(seed, aversion=2.0)

    found = solve_robust(made, told, views)

    tables = [table(curve) for curve, _ in curves]
    best = math.inf
    for share in np.linspace(0.0, 1.0, 401):
        if share > made.curves[0].cap or 1.0 - share > made.curves[1].cap:
            continue
        costs = [
            fill_cost(tables, (share, 1.0 - share), depths=depths) + s.move_pips / 1e6
            for s, depths in (
                (s, (s.pool_depth_pips / 1e6, s.book_depth_pips / 1e6)) for s in told.scenarios
            )
        ]
        best = min(best, worth(told, costs))
    error = 3.0 * sum(e for _, _, e in tables)
    assert found.lower <= best
    # Next to the best split the grid is off by half a step, at no more than the dearest rate.
    assert best <= found.upper + error + 3.0 * LIMIT / 400
    assert found.gap <= GAP_MAX


@SIDES
@pytest.mark.parametrize("seed", range(6))
def test_without_aversion_and_with_the_state_as_seen_it_is_the_nominal_plan(seed, side):
    made, views, _, _ = instance(seed, side)

    nominal, found = solve_continuous(made), solve_robust(made, AS_SEEN, views)

    assert (nominal is None) == (found is None)
    if nominal is not None:
        assert found.upper <= nominal.upper + 2 * GAP_MAX
        assert nominal.lower <= found.upper
        assert found.lower <= nominal.upper
        assert found.gap <= GAP_MAX


@SIDES
@pytest.mark.parametrize("seed", range(6))
def test_more_aversion_trades_expected_cost_for_a_cheaper_tail(seed, side):
    made, views, _, told = instance(seed, side)
    told = replace(told, tail_pips=Pips(200_000))
    outlook = outlook_of(told)
    depths = depth_curves(made.curves, views, outlook)
    expected, tails = [], []
    aversions = (0.0, 0.5, 2.0, 8.0)

    for aversion in aversions:
        found = solve_robust(made, replace(told, aversion_pips=Pips(round(aversion * 1e6))), views)
        if found is None:
            return
        costs = outcomes(made.curves, depths, found.shares, outlook=outlook)
        expected.append(outlook.expected(costs))
        tails.append(outlook.tail_mean(costs))

    # From two plans that are best but for a gap, at aversions a < b: (b - a) times how much the
    # tail rises is at most both gaps, and the expected cost falls by no more than a times as much.
    for i, (low, high) in enumerate(itertools.pairwise(aversions)):
        slack = 2.0 * GAP_MAX
        assert tails[i + 1] <= tails[i] + slack / (high - low)
        assert expected[i + 1] >= expected[i] - GAP_MAX - low * slack / (high - low)


def test_a_plan_avoids_liquidity_that_may_leave():
    cheap = levels([1e-3, 0.03], [1.0, 1.0])
    steady = stretches([1.5e-3, 5e-3, 0.05], [300.0, 300.0])
    made, views = problem([(steady, False), (cheap, True)])
    told = uncertainty(
        scenario("calm", weight=0.9),
        scenario("book thins", weight=0.1, book=100_000),
        tail=0.1,
        aversion=1.0,
    )

    nominal, found = solve_continuous(made), solve_robust(made, told, views)

    assert nominal.shares[1] == pytest.approx(1.0)
    # What stays of the book in the bad case is 0.1 at 0.1 %, then 0.1 at 3 %.
    assert found.shares[1] < 0.5


def test_what_does_not_fit_costs_the_limit_price():
    book = levels([1e-3, 2e-3], [0.4, 0.6])
    view = View(book, book, is_book=True, limit_rate=LIMIT)
    told = uncertainty(scenario("gone", weight=1.0, book=500_000))

    curve = depth_curve(view, outlook_of(told), quantity=1.0, mid=MID)

    # Half is left: 0.2 at 0.1 %, 0.3 at 0.2 %; the other half of the order costs the limit.
    assert curve.costs(1.0)[0] == pytest.approx(0.2e-3 + 0.6e-3 + 0.5 * LIMIT, rel=1e-12)
    assert curve.cost_as_seen(1.0) == pytest.approx(0.4e-3 + 1.2e-3, rel=1e-12)


@SIDES
@pytest.mark.parametrize("seed", range(5))
def test_costs_by_the_perspective_are_those_of_filling_what_is_left(seed, side):
    rng = random.Random(seed)
    curves = random_curves(seed, side)
    told = random_uncertainty(seed)
    outlook = outlook_of(told)
    made, views = problem(curves)
    shares = np.array([rng.uniform(0.0, c.cap) for c in made.curves])

    costs = sum(
        d.costs(x)
        for d, x in zip(depth_curves(made.curves, views, outlook), shares.tolist(), strict=True)
    )

    tables = [table(curve) for curve, _ in curves]
    for cost, pool, book in zip(costs, outlook.pool_depths, outlook.book_depths, strict=True):
        depths = [book if is_book else pool for _, is_book in curves]
        assert cost == pytest.approx(
            fill_cost(tables, shares, depths=depths), abs=sum(e for _, _, e in tables)
        )


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_scenarios_changes_nothing(seed):
    made, views, _, told = instance(seed, Side.BUY)
    shuffled = list(told.scenarios)
    random.Random(seed).shuffle(shuffled)

    first = solve_robust(made, told, views)
    second = solve_robust(made, replace(told, scenarios=tuple(shuffled)), views)

    assert (first is None) == (second is None)
    if first is not None:
        assert first.shares.tolist() == second.shares.tolist()
        assert first.parts == second.parts


@SIDES
@pytest.mark.parametrize("seed", range(6))
def test_the_stored_multipliers_give_the_stored_bound_without_a_solver(seed, side):
    made, views, _, told = instance(seed, side)
    found = solve_robust(made, told, views)
    if found is None:
        return
    outlook = outlook_of(told)
    depths = depth_curves(made.curves, views, outlook)

    for stored in found.parts:
        part = part_of(made, stored.assumptions)
        tail = read_tail(outlook, stored.multipliers)
        values = {m.row: m.value for m in stored.multipliers}
        rows = tuple(
            (r, values[made.name(r)]) for r in range(made.n_rows) if made.name(r) in values
        )
        prices = Prices((values["demand:p-1"],), rows)

        assert is_tail(outlook, tail)
        again = robust_bound(part, depths, outlook, prices=prices, tail=tail).value
        assert again == pytest.approx(stored.lower_bound / PICO_PER_UNIT, abs=2e-12)


@SIDES
@pytest.mark.parametrize("seed", range(10))
def test_a_bound_at_any_prices_and_tail_is_below_every_feasible_plan(seed, side):
    rng = random.Random(seed)
    made, views, _, told = instance(seed, side)
    outlook = outlook_of(told)
    depths = depth_curves(made.curves, views, outlook)
    caps = np.array([c.cap for c in made.curves])
    plans = []
    for _ in range(300):
        shares = caps * np.array([rng.random() for _ in caps])
        shares = shares / shares.sum()
        if np.all(shares <= caps) and np.all(made.uses(shares) <= made.rooms()):
            plans.append(outlook.worth(outcomes(made.curves, depths, shares, outlook=outlook)))

    for _ in range(20):
        demand = (1.0 + outlook.aversion) * rng.uniform(-0.01, 0.05)
        rows = [(row, rng.choice((0.0, rng.uniform(0.0, 0.1)))) for row in range(made.n_rows)]
        prices = Prices(
            (Pico(round(demand * PICO_PER_UNIT)),),
            tuple((r, Pico(round(p * PICO_PER_UNIT))) for r, p in rows),
        )
        tail = to_tail(outlook, [rng.random() for _ in outlook.names])
        bound = robust_bound(made, depths, outlook, prices=prices, tail=tail).value
        assert bound <= min(plans, default=math.inf)


@pytest.mark.parametrize("solver", [direct.solve, programme.solve], ids=["direct", "cvxpy"])
def test_both_solvers_prove_the_same_plan(solver):
    made, views, _, told = instance(3, Side.BUY)

    found = solve_robust(made, told, views, effort=Effort(solvers=(solver,)))

    assert found.gap <= GAP_MAX


def test_a_search_cut_short_has_a_plan_and_an_honest_bound():
    curves = random_curves(5, Side.BUY)
    made, views = problem(curves)
    told = random_uncertainty(5, aversion=3.0)
    outlook = outlook_of(told)
    depths = depth_curves(made.curves, views, outlook)

    whole = solve_robust(made, told, views)
    late = Walk(made, depths, outlook, effort=Effort(is_late=lambda: True)).solve()

    assert late.gap > whole.gap_max
    assert late.lower <= whole.upper
    assert whole.lower <= late.upper
    worth = outlook.worth(outcomes(made.curves, depths, late.shares, outlook=outlook))
    assert late.upper == worth


def test_rows_that_forbid_every_plan_forbid_it_in_the_robust_mode_too():
    made, views = problem(random_curves(1, Side.BUY), cash=0.01, equity=0.001)

    assert solve_continuous(made) is None
    assert solve_robust(made, random_uncertainty(1), views) is None


def test_a_position_can_be_reduced_without_margin():
    curves = random_curves(2, Side.BUY)
    made, views = problem(curves, cash=0.9, equity=[-0.05, 10.0], position=-0.3)

    found = solve_robust(made, random_uncertainty(2), views)

    assert found is not None
    assert found.gap <= found.gap_max
    assert float(found.shares[2:].max()) <= 0.3 + 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_margin_that_jumps_with_its_tier_is_paid_at_the_tier_reached(seed):
    rng = random.Random(seed)
    pool = stretches([1e-3, 0.02, 0.06], [40.0, 40.0])
    book = levels(np.cumsum([5e-4] * 20), [0.1] * 20)
    room = rng.uniform(0.05, 0.25)
    made, views = problem([(pool, False), (book, True)], equity=[room, 10.0])
    bounds, rates = (0.0, 0.3, 0.6), (0.1, 0.25, 0.5)
    made = replace(made, jumps=(Jump(0, 0, "curve-1", bounds, rates),))
    told = random_uncertainty(seed, aversion=1.0)
    outlook = outlook_of(told)
    depths = depth_curves(made.curves, views, outlook)

    found = solve_robust(made, told, views)

    def used(share):
        rate = max(r for bound, r in zip(bounds, rates, strict=True) if share > bound or r == 0.1)
        return rate * share + made.curves[1].slip(share)

    best = math.inf
    for share in np.linspace(0.0, 1.0, 1001).tolist():
        if used(share) <= room and 1.0 - share <= made.curves[0].cap:
            shares = np.array([1.0 - share, share])
            best = min(best, outlook.worth(outcomes(made.curves, depths, shares, outlook=outlook)))
    assert used(float(found.shares[1])) <= room + 1e-9
    assert found.gap <= found.gap_max
    assert found.lower <= best
    assert best <= found.upper + 2.0 * LIMIT / 1000
