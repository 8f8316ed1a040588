"""Liquidation prices: the documented vectors exactly, and their defining property."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from router.risk.margin.account import Bucket, Holding
from router.risk.margin.liquidation import backstop_price, liquidation_price
from router.risk.margin.tiers import Tier, TierTable, flat, table

BTC = table((0, 40), (150_000_000, 20))
SHARES = (Fraction(1), Fraction(2, 3))


def single(size, *, value, mark, tiers):
    held = Holding(Fraction(size), Fraction(mark), 1, tiers)
    return Bucket(Fraction(value) - held.size * held.mark, (held,))


def moved(bucket, index, price):
    holdings = list(bucket.holdings)
    holdings[index] = replace(holdings[index], mark=price)
    return replace(bucket, holdings=tuple(holdings))


# The figures are printed with five digits after the point; so much is asserted.
def printed(price):
    return f"{float(round(price, 5)):.5f}"


def test_a_long_cross_position_is_liquidated_at_the_documented_price():
    bucket = single(2, value=10_000, mark=60_000, tiers=flat(40))

    price = liquidation_price(bucket, 0)
    at = moved(bucket, 0, price)

    assert price == Fraction(110_000) / (2 * (1 - Fraction("0.0125")))
    assert printed(price) == "55696.20253"
    assert at.value == at.maintenance
    assert printed(at.maintenance) == "1392.40506"
    assert printed(backstop_price(bucket, 0)) == "55462.18487"


def test_a_short_cross_position_is_liquidated_at_the_documented_price():
    bucket = single(-2, value=10_000, mark=60_000, tiers=flat(40))

    price = liquidation_price(bucket, 0)
    at = moved(bucket, 0, price)

    assert printed(price) == "64197.53086"
    assert at.value == at.maintenance
    assert printed(at.maintenance) == "1604.93827"


def test_a_position_of_the_second_tier_is_liquidated_at_the_documented_price():
    bucket = single(2_000, value=8_000_000, mark=100_000, tiers=BTC)

    price = liquidation_price(bucket, 0)

    assert bucket.maintenance == 3_125_000
    assert price == 97_500
    assert moved(bucket, 0, price).maintenance == 3_000_000


def test_the_venues_own_isolated_example_is_met_to_its_last_digit():
    # The cash leg is told as -95.059824; the price told beside it has one digit more of it.
    held = Holding(Fraction("0.0335"), Fraction("2985.9"), 20, flat(50))
    bucket = Bucket(Fraction("-95.0598235"), (held,))

    price = liquidation_price(bucket, 0)

    assert round(price, 8) == Fraction("2866.26936529")
    # The formula of the documentation, with the maintenance leverage of a single tier.
    rate = Fraction(1, 100)
    margin = bucket.value - bucket.maintenance
    assert price == held.mark - margin / held.size / (1 - rate)


def test_other_positions_are_held_at_their_marks_and_keep_their_requirement():
    other = Holding(Fraction(-10), Fraction(2_000), 10, flat(25))
    held = Holding(Fraction(2), Fraction(60_000), 10, flat(40))
    bucket = Bucket(Fraction(-90_000), (held, other))

    price = liquidation_price(bucket, 0)

    # 10,000 of value at these marks; the other position needs 2 % of 20,000 in any case.
    assert price == Fraction(110_400) / (2 * (1 - Fraction("0.0125")))
    assert moved(bucket, 0, price).value == moved(bucket, 0, price).maintenance


@pytest.mark.parametrize(
    ("size", "value", "mark"),
    [
        (1, 1_000, 1_000),  # a long paid in full loses nothing to a lender
        (1, 1_500, 1_000),
        (-1, -1_500, 1_000),  # a short that is broke at every price
        (0, 1_000, 1_000),
    ],
)
def test_where_no_price_liquidates_there_is_none(size, value, mark):
    assert liquidation_price(single(size, value=value, mark=mark, tiers=flat(10)), 0) is None


sizes = st.fractions(min_value=-(10**4), max_value=10**4, max_denominator=100)
marks = st.fractions(min_value=Fraction(1, 100), max_value=10**6, max_denominator=100)
tables = st.sampled_from(
    [BTC, flat(3), flat(50), table((0, 25), (20_000, 10), (50_000, 5)), table((0, 2), (10, 1))]
)


@given(sizes, marks, tables, marks, sizes, st.sampled_from(SHARES))
def test_at_the_price_the_value_is_the_requirement_and_beyond_it_is_less(
    size, mark, tiers, cash, other_size, share
):
    assume(size != 0)
    other = Holding(other_size, Fraction(50), 1, flat(10))
    held = Holding(size, mark, 1, tiers)
    bucket = Bucket(cash - size * mark, (held, other))

    price = liquidation_price(bucket, 0, share=share)
    assume(price is not None)
    at = moved(bucket, 0, price)
    worse = moved(bucket, 0, price * (Fraction(99, 100) if size > 0 else Fraction(101, 100)))

    assert at.value == share * at.maintenance
    assert worse.value < share * worse.maintenance


@given(marks, marks, tables, marks)
def test_a_long_that_owes_nothing_and_a_short_that_has_nothing_have_no_price(
    size, mark, tiers, cash
):
    long = Bucket(cash, (Holding(size, mark, 1, tiers),))
    short = Bucket(-cash, (Holding(-size, mark, 1, tiers),))

    assert liquidation_price(long, 0) is None
    assert liquidation_price(short, 0) is None
    prices = [mark * Fraction(n, 8) for n in range(1, 65)]
    assert not any(moved(long, 0, price).is_liquidatable for price in prices)
    assert all(moved(short, 0, price).is_liquidatable for price in prices)


@pytest.mark.parametrize("size", [3, Fraction(1, 3)])
def test_no_price_liquidates_a_long_that_is_kept_by_all_it_is_worth(size):
    whole = TierTable((Tier(Fraction(0), 1, Fraction(1)),))
    bucket = single(size, value=500, mark=100, tiers=whole)

    assert liquidation_price(bucket, 0) is None
    # A short is: cash of 300 less x meets the requirement x at 150.
    short = Bucket(Fraction(300), (replace(bucket.holdings[0], size=Fraction(-1)),))
    assert liquidation_price(short, 0) == 150
