"""Margin arithmetic against the venue's documented numbers and hand-computed ones."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sandbox.hyperliquid_harness import desk
from venues.sandbox.hyperliquid.config import (
    BTC,
    DEV_MASTER_ADDRESS,
    ETH,
    HOUSE_ADDRESS,
    FundedAccount,
)
from venues.sandbox.hyperliquid.margin import (
    Exposure,
    MarginTable,
    MarginTier,
    liquidation_price,
)

FORTY = MarginTable(40, "40x", (MarginTier(0, 40),))


def rounded(price, digits=5):
    return round(float(price), digits)


@pytest.mark.parametrize(
    ("size", "liquidation", "maintenance"),
    [(2, 55_696.20253, 1_392.40506), (-2, 64_197.53086, 1_604.93827)],
)
def test_liquidation_is_where_equity_meets_maintenance(size, liquidation, maintenance):
    exposure = Exposure(Fraction(size), Fraction(60_000), Fraction(10_000))

    price = liquidation_price(exposure, FORTY)

    assert rounded(price) == liquidation
    assert rounded(FORTY.maintenance(abs(size) * price)) == maintenance
    assert 10_000 + (price - 60_000) * size == FORTY.maintenance(abs(size) * price)


def test_liquidation_uses_the_tier_of_the_liquidation_notional():
    exposure = Exposure(Fraction(2_000), Fraction(100_000), Fraction(8_000_000))

    assert BTC.margin_table.maintenance(Fraction(200_000_000)) == 3_125_000
    assert liquidation_price(exposure, BTC.margin_table) == 97_500
    assert BTC.margin_table.maintenance(Fraction(195_000_000)) == 3_000_000


def test_the_documented_isolated_position_is_liquidated_at_the_documented_price():
    fifty = MarginTable(50, "50x", (MarginTier(0, 50),))
    exposure = Exposure(Fraction("0.0335"), Fraction("2985.9"), Fraction("4.967826"))

    # The margin is published to a millionth of a dollar, so the price it implies is only known to
    # that much divided by what one dollar of price is worth: size * (1 - maintenance rate).
    tolerance = Fraction(1, 1_000_000) / (exposure.size * (1 - Fraction(1, 100)))
    published = Fraction("2866.26936529")
    assert abs(liquidation_price(exposure, fifty) - published) < tolerance


def test_a_position_that_cannot_be_lost_has_no_liquidation_price():
    unlevered = Exposure(Fraction(1), Fraction(3_000), Fraction(50_000))

    assert liquidation_price(unlevered, FORTY) is None
    assert liquidation_price(replace(unlevered, size=Fraction(0)), FORTY) is None


@pytest.mark.parametrize(
    ("spec", "bound", "deduction"),
    [(BTC, 150_000_000, Fraction(1_875_000)), (ETH, 100_000_000, Fraction(4_000_000, 3))],
)
def test_deductions_are_the_documented_ones(spec, bound, deduction):
    tier, found = spec.margin_table.tier_at(Fraction(bound))

    assert found == deduction
    assert tier.lower_bound_usd == bound


@given(st.integers(min_value=1, max_value=400_000_000), st.sampled_from([BTC, ETH]))
def test_maintenance_is_continuous_and_grows(notional, spec):
    below = spec.margin_table.maintenance(Fraction(notional - 1))
    here = spec.margin_table.maintenance(Fraction(notional))

    steepest = spec.margin_table.tiers[-1].maintenance_rate
    assert 0 < here - below <= steepest


@given(
    st.integers(min_value=-5_000, max_value=5_000).filter(bool),
    st.integers(min_value=1_000, max_value=90_000),
    st.integers(min_value=1_000, max_value=50_000_000),
)
def test_every_liquidation_price_solves_its_equation(size, mark, equity):
    exposure = Exposure(Fraction(size), Fraction(mark), Fraction(equity), Fraction(equity, 3))

    price = liquidation_price(exposure, BTC.margin_table)

    if price is not None:
        there = equity + (price - mark) * size
        assert there == BTC.margin_table.maintenance(abs(size) * price) + Fraction(equity, 3)


def test_the_documented_account_adds_up():
    # The official example, its position carried as cross: cash 13009.454678, long 0.0335 at a mark
    # of 2985.90, entered at 2986.3 with leverage 20.
    funded = FundedAccount(DEV_MASTER_ADDRESS, 13_009_454_678)
    venue_desk = desk(accounts=(funded,), coins=(replace(ETH, oracle_price="2985.9"),))
    account = venue_desk.venue.accounts[DEV_MASTER_ADDRESS]
    position = account.position("ETH")
    position.size, position.cost = 335, 335 * 298_630
    other = venue_desk.venue.accounts[HOUSE_ADDRESS].position("ETH")
    other.size, other.cost = -335, -335 * 298_630

    state = venue_desk.state()

    shown = state["assetPositions"][0]["position"]
    assert venue_desk.venue.markets["ETH"].mark() == 298_590
    assert state["marginSummary"]["totalRawUsd"] == "13009.454678"
    assert state["marginSummary"]["accountValue"] == "13109.482328"
    assert state["marginSummary"]["totalNtlPos"] == "100.02765"
    assert shown["szi"] == "0.0335"
    assert shown["entryPx"] == "2986.3"
    assert shown["positionValue"] == "100.02765"
    assert shown["unrealizedPnl"] == "-0.0134"
    assert shown["returnOnEquity"] == "-0.0026789"
