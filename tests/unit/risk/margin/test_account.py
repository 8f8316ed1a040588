"""Account values and margins against the venue's own example and the documented rules."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.risk.margin.account import Bucket, Holding, StandardAccount
from router.risk.margin.tiers import flat, table


def dec(text):
    return Fraction(text)


# The account of the venue's documentation of clearinghouseState: one isolated position of ETH.
ETH = Holding(dec("0.0335"), dec("2985.9"), 20, flat(50))
ISOLATED = Bucket(dec("-95.059824"), (ETH,))
OFFICIAL = StandardAccount(Bucket(dec("13104.514502"), ()), (ISOLATED,))


def test_the_venues_example_account_adds_up_to_the_digit():
    assert ETH.notional == dec("100.02765")
    assert ISOLATED.value == dec("4.967826")
    assert ISOLATED.maintenance == dec("1.0002765")
    assert OFFICIAL.value == dec("13109.482328")
    assert OFFICIAL.cash == dec("13009.454678")
    assert OFFICIAL.margin_used == dec("4.967826")
    assert OFFICIAL.cross.value == dec("13104.514502")


def test_an_isolated_position_does_not_bind_what_may_be_withdrawn():
    assert OFFICIAL.withdrawable == dec("13104.514502")


def test_margin_of_an_isolated_position_stays_where_it_is_below_the_opening_margin():
    assert ISOLATED.initial == dec("5.0013825")
    assert ISOLATED.withdrawable == 0


def test_initial_margin_is_the_notional_over_the_leverage_and_ignores_the_side():
    long = Holding(Fraction(2), Fraction(60_000), 40, flat(40))
    short = replace(long, size=-long.size)

    assert long.initial == short.initial == 3_000
    assert long.maintenance == short.maintenance == 1_500


def test_maintenance_does_not_depend_on_the_chosen_leverage():
    held = Holding(Fraction(2), Fraction(60_000), 40, flat(40))

    assert replace(held, leverage=1).maintenance == held.maintenance


def test_a_tenth_of_the_notional_stays_behind_a_withdrawal_at_high_leverage():
    bucket = Bucket(Fraction(-110_000), (Holding(Fraction(2), Fraction(60_000), 40, flat(40)),))

    assert bucket.value == 10_000
    assert bucket.initial == 3_000
    assert bucket.transfer_requirement == 12_000
    assert bucket.withdrawable == 0
    assert bucket.available == 7_000


def test_the_initial_margin_stays_behind_a_withdrawal_at_low_leverage():
    bucket = Bucket(Fraction(-90_000), (Holding(Fraction(2), Fraction(60_000), 5, flat(40)),))

    assert bucket.value == 30_000
    assert bucket.transfer_requirement == bucket.initial == 24_000
    assert bucket.withdrawable == bucket.available == 6_000


def test_a_tier_limits_the_leverage_a_position_may_be_opened_at():
    btc = table((0, 40), (150_000_000, 20))
    held = Holding(Fraction(1_500), Fraction(100_000), 40, btc)

    assert held.may_be_opened
    assert not replace(held, size=Fraction(1_501)).may_be_opened
    assert replace(held, size=Fraction(1_501), leverage=20).may_be_opened


def test_a_large_position_needs_the_documented_margin():
    held = Holding(Fraction(2_000), Fraction(100_000), 10, table((0, 40), (150_000_000, 20)))

    assert held.notional == 200_000_000
    assert held.maintenance == 3_125_000


def bucket_worth(value):
    # Maintenance of this position is 1,500.
    held = Holding(Fraction(2), Fraction(60_000), 40, flat(40))
    return Bucket(Fraction(value) - 120_000, (held,))


def test_the_book_comes_before_the_backstop_and_that_before_deleveraging():
    steps = [
        (b.is_liquidatable, b.is_backstopped, b.is_insolvent)
        for b in map(bucket_worth, ("1500", "1499.99", "1000", "999.99", "0", "-0.01"))
    ]

    assert steps == [
        (False, False, False),
        (True, False, False),
        (True, False, False),
        (True, True, False),
        (True, True, False),
        (True, True, True),
    ]


amounts = st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=1_000)


@given(amounts, amounts, st.integers(1, 40))
def test_what_is_withdrawn_leaves_the_requirement_behind(cash, size, leverage):
    bucket = Bucket(cash, (Holding(size, Fraction(100), leverage, flat(40)),))

    after = replace(bucket, cash=bucket.cash - bucket.withdrawable)

    assert after.value >= after.transfer_requirement or bucket.withdrawable == 0
    assert after.withdrawable == 0
