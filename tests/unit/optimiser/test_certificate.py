import random

import numpy as np
import pytest

from router.domain.certificate import Certificate, Multiplier
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.convex.certificate import cheapest, lower_bound, sentences, to_prices
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import separable
from router.optimiser.market.market import prepare, scale, select
from tests.unit.optimiser.world import UNIT, book, pool, problem, random_problem


def scaled_problem(seed: int, *, binding: bool = True) -> ScaledProblem:
    made = random_problem(seed, binding=binding)
    selection = select(prepare(made), range(len(made.pools)))
    return scale(selection, made.quantity.atoms / UNIT)


@pytest.mark.parametrize("seed", range(8))
def test_any_non_negative_multipliers_bound_every_plan(seed):
    scaled = scaled_problem(seed)
    split = solve_continuous(scaled)
    assert split is not None
    rng = random.Random(seed)

    for _ in range(20):
        rows = [rng.expovariate(20.0) for _ in scaled.rows]
        guess = to_prices(rng.gauss(0.0, 2e-3), rows)
        assert lower_bound(scaled, guess) <= split.upper


@pytest.mark.parametrize("seed", range(8))
def test_the_stored_multipliers_reproduce_the_stored_bound(seed):
    scaled = scaled_problem(seed)
    split = solve_continuous(scaled)
    assert split is not None
    plain = [m for m in split.multipliers if "/" not in m.row]
    assert [m.row for m in plain] == ["demand", *(row.name for row in scaled.rows)]

    prices = to_prices(plain[0].value / PICO_PER_UNIT, [m.value / PICO_PER_UNIT for m in plain[1:]])

    if len(plain) == len(split.multipliers):
        assert lower_bound(scaled, prices) == split.lower


@pytest.mark.parametrize("seed", range(6))
def test_the_cheapest_share_of_a_curve_is_cheaper_than_any_on_a_grid(seed):
    rng = random.Random(seed)
    for curve in scaled_problem(seed).curves:
        row, demand = rng.choice((0.0, 0.01, 0.3)), rng.gauss(1e-3, 2e-3)
        grid = np.linspace(0.0, curve.cap, 2_001)
        values = (
            (1.0 + row * curve.row_cost) * curve.slip(grid)
            + (curve.adder + row * curve.row_linear - demand) * grid
            + row * curve.row_position * np.abs(curve.position + grid)
        )

        share, value = cheapest(curve, demand=demand, row=row)

        assert 0.0 <= share <= curve.cap
        # Both sides are sums of terms below 10, evaluated in floats.
        assert value <= values.min() + 100 * np.finfo(np.float64).eps * (1.0 + curve.cap)


def test_scaling_cash_and_sizes_together_changes_no_rate():
    """Ten times the order over ten times the liquidity and cash costs the same rate."""
    small = problem(quantity=10.0, pools=(pool(depth_usd=1e6),), books=(book(level_usd=1e4),))
    large = problem(quantity=100.0, pools=(pool(depth_usd=1e7),), books=(book(level_usd=1e5),))
    rates = []
    for made in (small, large):
        scaled = scale(select(prepare(made), (0,)), made.quantity.atoms / UNIT)
        shares, demand = separable(scaled)
        rates.append((scaled.cost(shares), demand))

    # A level of the small book is a few hundred lots, so its depth differs by a lot in as many.
    assert rates[0] == pytest.approx(rates[1], rel=1e-2)


def test_the_sentences_say_what_binds_and_what_more_of_it_would_save():
    certificate = Certificate(
        upper_bound=Pico(500_000_000),
        lower_bound=Pico(499_900_000),
        rounded_cost=Pico(501_000_000),
        multipliers=(
            Multiplier("demand", Pico(10**9)),
            Multiplier("cash:chain:me", Pico(0)),
            Multiplier("margin:perp:me", Pico(2 * 10**9)),
        ),
        method="joint",
    )

    said = sentences(certificate)

    assert said[0] == (
        "no plan costs less than 4.9990 bps before gas; the split found is within 0.0010 bps of "
        "that before gas and lots, and as sent costs 5.0100 bps"
    )
    assert said[1].startswith("collateral of perp:me binds")
    assert "20.0000 bps" in said[1]
    assert len(said) == 2


@pytest.mark.parametrize("seed", [1, 3, 7])
def test_a_shadow_price_is_what_more_collateral_really_saves(seed):
    scaled = scaled_problem(seed)
    split = solve_continuous(scaled)
    assert split is not None
    for i, row in enumerate(scaled.rows):
        value = next(m.value for m in split.multipliers if m.row == row.name) / PICO_PER_UNIT
        more = list(scaled.rows)
        step = 1e-4
        more[i] = type(row)(row.name, row.is_margin, row.room + step, row.grain)

        relaxed = solve_continuous(ScaledProblem(scaled.curves, tuple(more)))

        assert relaxed is not None
        # Convexity: the saving is at most the price before; both bounds carry their gap.
        assert split.lower - relaxed.upper <= value * step + split.gap + 1e-12
