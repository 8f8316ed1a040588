"""What a certificate says in words."""

from dataclasses import replace

import pytest

from router.domain.certificate import Multiplier
from router.domain.error import CertificateError
from router.domain.units import Pico
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from router.optimiser.proof import explain, prices_of
from router.optimiser.solve import solve
from tests.unit.optimiser.world import book, pool, problem


def test_shadow_prices_say_what_a_thousand_more_would_save():
    made = problem(quantity=300.0, pools=(pool(),), books=(book(),), equity=20_000.0)
    plan = solve(made)
    richer = solve(replace(made, margins=(replace(made.margins[0], equity_atoms=20_001 * 10**6),)))

    (told,) = [s for s in explain(plan) if "binds" in s]

    assert told.startswith("collateral of perp:me binds: 1,000 USDC more would save ")
    saved_bps = float(told.split("would save ")[1].split()[0])
    # One dollar more really saves a thousandth of it; the bounds are within their gap of the truth.
    really = (plan.certificate.upper_bound - richer.certificate.upper_bound) / 1e8 * 1_000
    gap_bps = (plan.certificate.gap + richer.certificate.gap) / 1e8 * 1_000
    assert saved_bps == pytest.approx(really, rel=0.05, abs=gap_bps)


def test_a_plan_that_nothing_binds_says_so():
    said = explain(solve(problem(quantity=10.0, pools=(pool(),), books=(book(),))))

    assert "neither cash nor margin binds: more of them would save nothing" in said


def test_depth_is_told_by_what_a_hundredth_more_of_it_saves():
    made = problem(quantity=500.0, pools=(pool(depth_usd=2e6),))
    deeper = problem(quantity=500.0, pools=(pool(depth_usd=2e6 * 1.01),))
    plan = solve(made)

    (told,) = [s for s in explain(plan) if "more depth" in s]

    saved_bps = float(told.split("would save ")[1].split()[0])
    really = (plan.certificate.upper_bound - solve(deeper).certificate.upper_bound) / 1e8
    assert saved_bps == pytest.approx(really, rel=0.05)


def test_gas_is_part_of_what_no_plan_can_beat():
    pools = tuple(pool(f"pool-{i}", depth_usd=2e6, seed=i) for i in range(4))
    plan = solve(problem(quantity=20.0, pools=pools, gas_usd=20.0))

    (first, *_) = explain(plan)

    assert "with gas no plan costs less than" in first
    told = float(first.split("with gas no plan costs less than ")[1].split()[0])
    assert told == pytest.approx(plan.certificate.lower_bound_with_gas / 1e8, abs=1e-4)
    assert plan.certificate.lower_bound < plan.certificate.lower_bound_with_gas
    assert plan.certificate.lower_bound_with_gas <= plan.certificate.rounded_cost


@pytest.mark.parametrize(
    "told", [Multiplier("cash:nowhere", Pico(1)), Multiplier("margin:perp:me", Pico(-1))]
)
def test_multipliers_of_other_rows_or_below_zero_are_refused(told):
    made = problem(quantity=10.0, pools=(pool(),), books=(book(),))
    scaled = scale(select(prepare(made), (0,)), 10.0)

    with pytest.raises(CertificateError, match=told.row):
        prices_of(scaled, (told,))


def test_rows_without_a_multiplier_have_none():
    made = problem(quantity=10.0, pools=(pool(),), books=(book(),))
    scaled = scale(select(prepare(made), (0,)), 10.0)

    prices = prices_of(
        scaled, (Multiplier("demand:p-1", Pico(-5)), Multiplier("margin:perp:me", Pico(0)))
    )

    assert prices.demands == (Pico(-5),)
    assert prices.rows == ()
