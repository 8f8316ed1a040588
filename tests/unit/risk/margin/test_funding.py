"""Funding against the documented table and the venue's worked example."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.risk.margin.funding import (
    average,
    deployed_premium,
    eight_hour_rate,
    hourly_rate,
    payment,
    premium,
)

TABLE = [  # average premium, rate of eight hours, hourly rate
    ("0", "0.0001", "0.0000125"),
    ("0.0004", "0.0001", "0.0000125"),
    ("-0.0004", "0.0001", "0.0000125"),
    ("0.0006", "0.0001", "0.0000125"),
    ("0.01", "0.0095", "0.0011875"),
    ("-0.01", "-0.0095", "-0.0011875"),
    ("0.4", "0.3995", "0.04"),
    ("-0.4", "-0.3995", "-0.04"),
]


@pytest.mark.parametrize(("average_premium", "eight_hours", "hourly"), TABLE)
def test_rates_are_the_documented_ones(average_premium, eight_hours, hourly):
    assert eight_hour_rate(Fraction(average_premium)) == Fraction(eight_hours)
    assert hourly_rate(Fraction(average_premium)) == Fraction(hourly)


def test_the_venues_worked_example_comes_out():
    sample = premium(Fraction(10_100), Fraction(10_101), oracle=Fraction(10_000))
    hourly = hourly_rate(average([sample, sample]))

    assert sample == Fraction("0.01")
    # Ten contracts on the oracle price of 10,000: an eighth of 0.95 %.
    assert payment(Fraction(10), oracle=Fraction(10_000), hourly=hourly) == Fraction("118.75")


def test_the_baseline_is_ten_point_nine_five_percent_a_year():
    assert hourly_rate(Fraction(0)) * 24 * 365 == Fraction("0.1095")


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [(99, 101, 0), (101, 103, Fraction(1, 100)), (97, 99, Fraction(-1, 100)), (100, 100, 0)],
)
def test_a_spread_around_the_oracle_has_no_premium(bid, ask, expected):
    assert premium(Fraction(bid), Fraction(ask), oracle=Fraction(100)) == expected


def test_a_deployed_market_counts_the_mid_of_a_spread_around_the_oracle():
    assert deployed_premium(Fraction(99), Fraction(103), oracle=Fraction(100)) == Fraction(1, 100)


def test_a_deployers_multiplier_is_capped_like_the_rate_itself():
    assert hourly_rate(Fraction("0.01"), multiplier=Fraction(2)) == Fraction("0.002375")
    assert hourly_rate(Fraction("0.1"), multiplier=Fraction(10)) == Fraction("0.04")
    assert hourly_rate(Fraction("0.1"), multiplier=Fraction(0)) == 0


@given(st.fractions(min_value=-1, max_value=1))
def test_what_longs_pay_shorts_receive(average_premium):
    hourly = hourly_rate(average_premium)
    paid = [payment(Fraction(s), oracle=Fraction(7), hourly=hourly) for s in (3, -3)]

    assert sum(paid) == 0
    assert abs(hourly) <= Fraction(4, 100)
