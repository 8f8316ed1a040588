import random
from dataclasses import replace

import numpy as np
import pytest

from router.domain.certificate import PartBound
from router.domain.units import PICO_PER_UNIT, Pico
from router.liquidity.curve import CostCurve
from router.optimiser.convex.certificate import (
    GAP_MAX,
    Prices,
    cheapest,
    demand_name,
    gap_allowed,
    is_feasible,
    lower_bound,
    to_prices,
)
from router.optimiser.convex.joint import Effort, Proof, prove
from router.optimiser.convex.parts import part_of, solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import separable
from tests.unit.optimiser.convex.worlds import cost, is_allowed, random_plan, random_scaled, use

EPS = np.finfo(np.float64).eps
# A whole order's cost is a sum of terms below 2; a price is rounded to 1e-12.
NOISE = 1e-11


def proved(scaled: ScaledProblem) -> Proof:
    shares, demands = separable(scaled)
    return prove(scaled, shares, demands, effort=Effort())


def random_prices(scaled: ScaledProblem, rng: random.Random) -> Prices:
    rows = [(r, rng.expovariate(20.0)) for r in range(scaled.n_rows) if rng.random() < 0.4]
    return to_prices([rng.gauss(0.0, 5e-3) for _ in scaled.demands], rows)


@pytest.mark.parametrize("demands", [1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_any_non_negative_multipliers_bound_every_plan(seed, demands):
    scaled = random_scaled(seed, demands=demands)
    rng = random.Random(seed)
    plans = [plan for _ in range(60) if (plan := random_plan(scaled, rng)) is not None]
    found = proved(scaled)
    if found.upper < float("inf"):
        plans.append(found.shares.tolist())

    bounds = [lower_bound(scaled, random_prices(scaled, rng)) for _ in range(20)]

    for plan in plans:
        assert max(bounds) <= cost(scaled, plan) + NOISE
        assert found.lower <= cost(scaled, plan) + NOISE


def test_plans_are_hit_upon_in_most_of_the_random_problems():
    """Or the test above would hold of nothing."""
    rng = random.Random(0)

    found = [
        any(random_plan(random_scaled(seed), rng) is not None for _ in range(60))
        for seed in range(6)
    ]

    assert sum(found) >= 4


@pytest.mark.parametrize("seed", [0, 1, 3, 4, 5, 6, 7])
def test_the_stored_multipliers_reproduce_the_stored_bounds(seed):
    scaled = random_scaled(seed, room=(0.02, 0.05))
    split = solve_continuous(scaled)
    assert split is not None

    again = [recomputed(scaled, bound) for bound in split.parts]

    assert again == [bound.lower_bound for bound in split.parts]


# The bound of a part, from what is stored of it alone.
def recomputed(scaled: ScaledProblem, bound: PartBound) -> Pico:
    part = part_of(scaled, bound.assumptions)
    values = {m.row: m.value for m in bound.multipliers}
    names = {part.name(row): row for row in range(part.n_rows)}
    prices = Prices(
        tuple(values[demand_name(demand.name)] for demand in part.demands),
        tuple((names[row], value) for row, value in values.items() if row in names),
    )
    assert len(prices.demands) + len(prices.rows) == len(values)
    return Pico(int(np.floor(lower_bound(part, prices) * PICO_PER_UNIT)))


@pytest.mark.parametrize("seed", range(8))
def test_the_cheapest_share_of_a_curve_is_cheaper_than_any_on_a_grid(seed):
    scaled = random_scaled(seed, scenarios=3)
    prices = random_prices(scaled, random.Random(seed))
    weights = {row: price / PICO_PER_UNIT for row, price in prices.rows}
    nothing = [0.0] * len(scaled.curves)
    charged = 1.0 + sum(weights.values())

    for c, best in enumerate(cheapest(scaled, prices)):

        def value(share: float, c: int = c) -> float:
            shares = [*nothing[:c], share, *nothing[c + 1 :]]
            demand = prices.demands[scaled.curves[c].demand] / PICO_PER_UNIT
            rows = sum(w * use(scaled, row, shares) for row, w in weights.items())
            return cost(scaled, shares) + rows - demand * share

        cap = scaled.curves[c].cap
        grid = [value(float(x)) for x in np.linspace(0.0, cap, 801)]
        assert 0.0 <= best.share <= cap
        # Both sides are sums of terms below 10, evaluated in floats.
        slack = 200 * EPS * (1.0 + charged)
        assert best.value <= min(grid) + slack
        assert abs(best.value - value(best.share)) <= slack


@pytest.mark.parametrize("seed", range(4))
def test_scaling_liquidity_and_order_together_changes_no_rate(seed):
    """A thousand times the order over a thousand times the liquidity costs the same rate."""
    scaled = random_scaled(seed, room=(0.02, 0.05))
    bigger = []
    for curve in scaled.curves:
        old = curve.curve
        whole = CostCurve(
            old.side,
            old.root_start,
            old.root_end,
            depth=old.depth * 1024.0,
            quantity=old.quantity * 1024.0,
        )
        bigger.append(replace(curve, curve=whole, floor=whole, quantity=curve.quantity * 1024.0))

    small, large = proved(scaled), proved(replace(scaled, curves=tuple(bigger)))

    # A power of two changes no digit of a float.
    assert (small.upper, small.lower, small.prices) == (large.upper, large.lower, large.prices)


@pytest.mark.parametrize("seed", range(8))
def test_a_shadow_price_is_what_more_room_really_saves(seed):
    scaled = random_scaled(seed, room=(0.02, 0.06))
    proof = proved(scaled)
    step = 1e-4
    for row, price in proof.prices.rows:
        if row < len(scaled.cash):
            continue
        place, own = scaled.account_of(row)
        accounts = list(scaled.accounts)
        rooms = accounts[place].rooms.copy()
        rooms[own] += step
        accounts[place] = replace(accounts[place], rooms=rooms)

        relaxed = proved(replace(scaled, accounts=tuple(accounts)))

        # Convexity: the saving is at most the price before; the bound carries its gap.
        assert proof.lower - relaxed.upper <= price / PICO_PER_UNIT * step + NOISE
        assert relaxed.lower <= proof.upper + NOISE


@pytest.mark.parametrize("seed", range(6))
def test_what_is_called_feasible_keeps_every_row_reckoned_share_by_share(seed):
    scaled = random_scaled(seed, accounts=2, books=3, chains=2)
    rng = random.Random(seed)
    told = set()
    for _ in range(40):
        parts = np.array([rng.expovariate(1.0) ** 4 for _ in scaled.curves])
        shares = np.minimum(parts / parts.sum(), [curve.cap for curve in scaled.curves])

        feasible = is_feasible(scaled, shares)

        told.add(feasible)
        if feasible:
            assert is_allowed(scaled, shares.tolist(), slack=2e-9)
        else:
            assert not is_allowed(scaled, shares.tolist())
    assert told <= {True, False}


def test_a_gap_may_be_as_wide_as_the_room_kept_for_atoms_is_worth():
    scaled = random_scaled(0)
    prices = to_prices([0.0], [(1, 2.5)])

    allowed = gap_allowed(scaled, prices)

    assert allowed == pytest.approx(GAP_MAX + 2.5 * scaled.accounts[0].grain, rel=1e-12)


def test_negative_duals_of_rows_are_stored_as_nothing():
    assert to_prices([-1e-3], [(0, -1e-3), (1, 4e-13), (2, 2e-12)]) == Prices(
        (Pico(-(10**9)),), ((2, Pico(2)),)
    )
