"""The desk's margin arithmetic and the sandbox's were written apart; on any account they agree."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.risk.margin import funding
from router.risk.margin.account import Bucket, Holding
from router.risk.margin.liquidation import liquidation_price
from router.risk.margin.tiers import table
from venues.sandbox.hyperliquid import margin as venue
from venues.sandbox.hyperliquid.market import funding as venue_funding

TIERS = [
    ((0, 40), (150_000_000, 20)),
    ((0, 25), (100_000_000, 15)),
    ((0, 20), (70_000_000, 10)),
    ((0, 10), (3_000_000, 5)),
    ((0, 25), (20_000, 10), (50_000, 5)),
    ((0, 3),),
]

marks = st.fractions(Fraction(1, 100), 200_000, max_denominator=1_000)
sizes = st.integers(-10_000_000, 10_000_000).filter(bool).map(lambda lots: Fraction(lots, 10_000))
positions = st.tuples(sizes, marks, st.sampled_from(TIERS))
cash = st.fractions(-(10**10), 10**10, max_denominator=10**6)
premiums = st.fractions(-1, 1, max_denominator=10**9)


def ours(positions, cash):
    return Bucket(cash, tuple(Holding(s, mark, 1, table(*tiers)) for s, mark, tiers in positions))


def theirs(tiers):
    return venue.MarginTable(60, "", tuple(venue.MarginTier(*tier) for tier in tiers))


@given(st.lists(positions, min_size=1, max_size=4), cash)
def test_maintenance_and_the_price_of_liquidation_agree(held, cash):
    bucket = ours(held, cash)
    needed = [theirs(tiers).maintenance(abs(size) * mark) for size, mark, tiers in held]

    assert bucket.maintenance == sum(needed)
    size, mark, tiers = held[0]
    exposure = venue.Exposure(size, mark, bucket.value, sum(needed[1:], Fraction(0)))
    assert liquidation_price(bucket, 0) == venue.liquidation_price(exposure, theirs(tiers))


@given(premiums, st.sampled_from((Fraction(0), Fraction(1, 2), Fraction(1), Fraction(10))))
def test_the_hourly_rate_of_funding_agrees(premium, multiplier):
    rate = funding.hourly_rate(premium, multiplier=multiplier)

    assert rate == venue_funding.hourly_rate(premium, multiplier=multiplier)


@given(st.tuples(marks, marks).map(sorted), marks)
def test_a_sample_of_the_premium_agrees(sides, oracle):
    bid, ask = sides

    assert funding.premium(bid, ask, oracle=oracle) == venue_funding.premium(
        bid=bid, ask=ask, oracle=oracle
    )
