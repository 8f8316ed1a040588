"""10 October 2025 over an account with ten ethers long at 3,000, or short."""

from dataclasses import replace

import pytest

from router.domain.account import MarkedPosition, Position
from router.domain.units import Amount
from router.risk.stress.replayed import october_steps, replayed
from tests.unit.engine.scene import DOLLAR, LIMITS, PERP, POOL, USDC
from tests.unit.risk.ten_ethers import HELD, LOTS, seen

STEPS = october_steps(["ETH"])
LOW = min(dict(step.apart)["ETH"] for step in STEPS)


def short(survey, *, equity):
    chain, perp = survey.observation.accounts
    held = replace(HELD, notional_atoms=-HELD.notional_atoms)
    perp = replace(
        perp,
        balances=(Amount(USDC.id, (equity + 30_000) * DOLLAR),),
        positions=(Position(PERP.id, -LOTS, 10),),
        marked=(MarkedPosition(PERP.id, held),),
    )
    return replace(survey, observation=replace(survey.observation, accounts=(chain, perp)))


def only(survey):
    (row,) = replayed(survey, (POOL, PERP), LIMITS, steps=STEPS)
    return row


def test_a_long_that_bears_the_fall_is_lowest_at_the_low_and_gets_half_of_it_back():
    row = only(seen(equity=20_000))

    lost = 30_000 * DOLLAR * -LOW // 1_000_000
    assert abs(row.low_atoms - (20_000 * DOLLAR - lost)) <= DOLLAR
    assert abs(row.end_atoms - (20_000 * DOLLAR - lost // 2)) <= DOLLAR
    assert (row.short_at_s, row.is_lost, row.sold_atoms, row.deleveraged_atoms) == (
        None,
        False,
        0,
        0,
    )
    assert 0 < row.low_at_s <= 720


def test_a_long_without_the_margin_for_it_is_sold_on_the_way():
    row = only(seen(equity=2_000))

    assert row.short_at_s is not None
    assert row.short_at_s < 720
    assert row.sold_atoms > 0 or row.is_lost


def test_a_third_and_more_of_a_short_that_gains_is_closed():
    row = only(short(seen(equity=20_000), equity=20_000))

    # 35 % in all of what was held, at marks that fall by less than a fifth on the way.
    assert 0.35 * 24_000 <= row.deleveraged_atoms / DOLLAR <= 0.35 * 30_000
    assert row.end_atoms > 20_000 * DOLLAR
    assert row.low_atoms >= 19_999 * DOLLAR


@pytest.mark.parametrize("assets", [(), ("DOGE",)])
def test_what_has_no_namesake_falls_as_small_assets_did(assets):
    (low,) = {min(step.gap_pips for step in october_steps(assets))}

    assert low < LOW < 0


def test_a_desk_without_perps_has_nothing_to_walk_over():
    assert replayed(seen(), (POOL,), LIMITS, steps=STEPS) == ()
