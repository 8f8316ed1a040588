"""Margin tiers against the venue's documented tables."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import MalformedDataError
from router.risk.margin.tiers import flat, table

M = 1_000_000
# Documented tables of the main network: (lower bound, leverage), mm rates, deduction of tier 1.
MAINNET = [
    (((0, 40), (150 * M, 20)), ("0.0125", "0.025"), Fraction(1_875_000)),
    (((0, 25), (100 * M, 15)), ("0.02", "1/30"), Fraction(4_000_000, 3)),
    (((0, 20), (70 * M, 10)), ("0.025", "0.05"), Fraction(1_750_000)),
    (((0, 20), (40 * M, 10)), ("0.025", "0.05"), Fraction(1_000_000)),
    (((0, 10), (20 * M, 5)), ("0.05", "0.1"), Fraction(1_000_000)),
    (((0, 10), (3 * M, 5)), ("0.05", "0.1"), Fraction(150_000)),
]
# And of the test network: the deductions of every tier.
TESTNET = [
    (((0, 25), (20_000, 10), (50_000, 5)), (0, 600, 3_100)),
    (((0, 40), (10_000, 25), (50_000, 10)), (0, 75, 1_575)),
]


@pytest.mark.parametrize(("tiers", "rates", "deduction"), MAINNET)
def test_rates_and_deductions_are_those_of_the_main_network(tiers, rates, deduction):
    told = table(*tiers)

    assert tuple(tier.rate for tier in told.tiers) == tuple(map(Fraction, rates))
    assert told.deductions == (0, deduction)


@pytest.mark.parametrize(("tiers", "deductions"), TESTNET)
def test_deductions_are_those_of_the_test_network(tiers, deductions):
    assert table(*tiers).deductions == deductions


def test_a_bound_belongs_to_the_tier_below_it():
    btc = table((0, 40), (150 * M, 20))

    assert btc.leverage_max(Fraction(0)) == 40
    assert btc.leverage_max(Fraction(150 * M)) == 40
    assert btc.leverage_max(150 * M + Fraction(1, 10**6)) == 20


def test_a_market_of_one_tier_keeps_half_of_its_opening_margin():
    assert flat(10).maintenance(Fraction(2_000)) == 100


@pytest.mark.parametrize("tiers", [tiers for tiers, *_ in (*MAINNET, *TESTNET)])
def test_the_requirement_has_no_step_at_a_bound(tiers):
    told = table(*tiers)
    small = Fraction(1, 10**9)

    for above, _ in tiers[1:]:
        step = told.maintenance(above + small) - told.maintenance(Fraction(above))
        assert 0 < step <= small  # no rate is above one


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=2, unique=True))
def test_a_larger_position_never_needs_less(notionals):
    told = table(*TESTNET[0][0])
    low, high = sorted(map(Fraction, notionals))

    assert told.maintenance(low) < told.maintenance(high)


@pytest.mark.parametrize(
    "tiers",
    [(), ((1, 10),), ((0, 10), (0, 5)), ((0, 10), (5, 10)), ((0, 10), (5, 20)), ((0, 10), (5, 0))],
)
def test_what_is_no_table_is_refused(tiers):
    with pytest.raises(MalformedDataError, match="tier"):
        table(*tiers)
