"""Funding against the venue's published formula, its worked examples, and sums done by hand."""

from fractions import Fraction

import pytest

from tests.unit.sandbox.hyperliquid_floor import Floor
from tests.unit.sandbox.hyperliquid_harness import desk
from venues.sandbox.hyperliquid.config import XYZ_DEX
from venues.sandbox.hyperliquid.ledger.leverage import set_leverage
from venues.sandbox.hyperliquid.market.funding import (
    PremiumSamples,
    builder_premium,
    hourly_rate,
    premium,
)
from venues.sandbox.hyperliquid.market.reference import ReferencePrices
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import FundingSettled

HOUR_MS = 3_600_000
FULL_HOUR_MS = 1_700_002_800_000  # 2023-11-14 23:00:00 UTC


@pytest.mark.parametrize(
    ("mean", "hourly"),
    [
        ("0", "0.0000125"),
        ("0.0004", "0.0000125"),
        ("-0.0004", "0.0000125"),
        ("0.0006", "0.0000125"),
        ("0.01", "0.0011875"),
        ("-0.01", "-0.0011875"),
        ("0.4", "0.04"),
        ("-0.4", "-0.04"),
    ],
)
def test_the_documented_premiums_give_the_documented_rates(mean, hourly):
    assert hourly_rate(Fraction(mean)) == Fraction(hourly)


def test_interest_and_multiplier_of_a_builders_market_count():
    assert hourly_rate(Fraction(0), interest=Fraction("0.0004")) == Fraction("0.00005")
    assert hourly_rate(Fraction("0.01"), multiplier=Fraction(2)) == Fraction("0.002375")
    assert hourly_rate(Fraction("0.01"), multiplier=Fraction(0)) == 0


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (101, 103, Fraction(1, 100)),
        (97, 98, Fraction(-2, 100)),
        (99, 101, Fraction(0)),
        (100, 100, Fraction(0)),
    ],
)
def test_a_premium_is_the_distance_of_impact_prices_beyond_the_oracle(bid, ask, expected):
    assert premium(bid=Fraction(bid), ask=Fraction(ask), oracle=100) == expected


def test_a_builders_premium_is_the_middle_of_impact_prices_over_the_oracle():
    assert builder_premium(bid=Fraction(99), ask=Fraction(103), oracle=100) == Fraction(1, 100)


def test_a_mean_premium_is_the_mean_of_its_samples():
    samples = PremiumSamples()
    assert samples.mean() is None

    samples.add(Fraction(1, 1_000))
    samples.add(Fraction(4, 1_000), times=2)

    assert (samples.mean(), samples.count) == (Fraction(3, 1_000), 3)


def quoted(**changes):
    """Return a floor whose ETH book stands 1 % above the oracle, deep enough for impact."""
    floor = Floor(now_ms=FULL_HOUR_MS, **changes)
    floor.house()
    floor.order("house", "ETH", size=1_000_000, price=303_000)
    floor.order("house", "ETH", size=-1_000_000, price=304_000)
    return floor


def test_impact_prices_are_averages_of_taking_the_impact_notional():
    floor = Floor(now_ms=FULL_HOUR_MS)
    floor.house()
    # 20,000 USD of impact: 3 coins at 3,000 are 9,000, the other 11,000 at 2,750 are 4 coins.
    floor.order("house", "ETH", size=30_000, price=300_000)
    floor.order("house", "ETH", size=900_000, price=275_000)

    market = floor.market("ETH")

    assert market.impact_price(is_buy=True) == Fraction(2_000_000, 7)
    assert market.impact_price(is_buy=False) is None
    assert market.premium() is None


def test_impact_notionals_are_the_documented_ones():
    floor = Floor(builder_dexs=(XYZ_DEX,))

    assert floor.market("BTC").spec.impact_notional_usd == 20_000
    assert floor.market("ETH").spec.impact_notional_usd == 20_000
    assert floor.market("xyz:NVDA").spec.impact_notional_usd == 6_000


def test_the_premium_is_sampled_every_five_seconds():
    floor = quoted()
    samples = floor.market("ETH").premium_samples

    floor.advance(4_999)
    assert samples.count == 0
    floor.advance(1)
    assert (samples.count, samples.mean()) == (1, Fraction(1, 100))
    floor.advance(60_000)
    assert samples.count == 13


def test_the_rate_of_the_running_hour_follows_its_samples():
    floor = quoted()
    market = floor.market("ETH")
    assert market.funding_rate == Fraction("0.0000125")

    floor.advance(5_000)

    assert market.funding_rate == Fraction("0.0011875")


def positioned(**changes):
    floor = quoted(**changes)
    floor.open("anna", 100_000)
    floor.order("anna", "ETH", size=100_000, price=304_000)
    return floor


def test_an_hour_is_paid_on_the_oracle_price_and_named_in_a_row():
    floor = positioned()
    anna = floor.account("anna")
    cash = anna.cash
    floor.drain()

    floor.advance(HOUR_MS)

    # 10 ETH * 3,000 * 0.0011875 = 35.625 USD.
    settled = anna.fundings[-1]
    assert settled == FundingSettled(
        account=anna.address,
        coin="ETH",
        paid=35_625_000,
        size=100_000,
        rate=Fraction("0.0011875"),
        time_ms=FULL_HOUR_MS + HOUR_MS,
        samples=720,
    )
    assert anna.cash == cash - 35_625_000
    assert settled in floor.drain()
    assert floor.account("house").fundings[-1].paid == -35_625_000
    position = anna.position("ETH")
    assert position.funding_all_time == position.funding_since_open == 35_625_000


def test_the_settled_rate_and_premium_are_remembered_and_a_new_hour_begins():
    floor = positioned()

    floor.advance(HOUR_MS)

    assert floor.state.settled_rates["ETH", FULL_HOUR_MS + HOUR_MS] == Fraction("0.0011875")
    assert floor.state.settled_premiums["ETH", FULL_HOUR_MS + HOUR_MS] == Fraction(1, 100)
    assert floor.market("ETH").premium_samples.count == 0


def test_every_hour_is_settled_once_even_if_the_clock_jumps():
    floor = positioned()

    floor.advance(3 * HOUR_MS + 1)
    floor.advance(0)
    floor.advance(1_000)

    times = [settled.time_ms for settled in floor.account("anna").fundings]
    assert times == [FULL_HOUR_MS + hours * HOUR_MS for hours in (1, 2, 3)]
    assert [settled.samples for settled in floor.account("anna").fundings] == [720, 720, 720]


def test_rounding_goes_against_the_account_and_into_the_till():
    floor = positioned()
    market = floor.market("ETH")
    market.funding_rate = Fraction(1, 7_000_000_000)  # of 30,000 USD: 4.28 micro-USD
    floor.state.till.funding_residual = 0
    anna, house = floor.account("anna"), floor.account("house")
    before = anna.cash + house.cash

    floor.advance(HOUR_MS)

    assert (anna.fundings[-1].paid, house.fundings[-1].paid) == (5, -4)
    assert floor.state.till.funding_residual == 1
    assert anna.cash + house.cash == before - 1


def test_a_fixed_rate_is_what_is_paid():
    floor = positioned()
    floor.market("ETH").funding_rate = Fraction("-0.0001")

    floor.advance(HOUR_MS)

    assert floor.account("anna").fundings[-1].paid == -3 * MICRO
    assert floor.account("anna").fundings[-1].rate == Fraction("-0.0001")


def test_an_isolated_position_pays_from_its_own_margin():
    floor = quoted()
    anna = floor.open("anna", 100_000)
    set_leverage(floor.state, anna, floor.market("ETH"), leverage=10, is_cross=False)
    floor.order("anna", "ETH", size=100_000, price=304_000)
    cash, inside = anna.cash, anna.position("ETH").isolated_usd

    floor.advance(HOUR_MS)

    assert anna.cash == cash
    assert anna.position("ETH").isolated_usd == inside - 35_625_000


def test_a_builders_market_is_funded_by_its_own_premium_rule():
    floor = Floor(now_ms=FULL_HOUR_MS, builder_dexs=(XYZ_DEX,))
    floor.house()
    floor.order("house", "xyz:XYZ100", size=10_000_000, price=2_525_000)
    floor.order("house", "xyz:XYZ100", size=-10_000_000, price=2_575_000)

    floor.advance(5_000)

    # The middle stands 2 % above the oracle; impact prices of the other rule would say 1 %.
    assert floor.market("xyz:XYZ100").premium() == Fraction(2, 100)


def test_other_venues_rates_are_predicted_from_their_prices():
    trader = desk()
    market = trader.venue.markets["BTC"]
    # A pull of 5 basis points at most; it takes all of what is nearer to the interest.
    market.reference.oracle_source = lambda _: ReferencePrices(
        spot={"Binance": 900_000}, perps={"Binance": 910_000, "Bybit": 900_090}
    )
    trader.now_ms += 3_000
    trader.venue.advance()

    rows = dict(dict(trader.ask("predictedFundings"))["BTC"])

    eight_hours = 8 * HOUR_MS
    next_ms = (trader.now_ms // eight_hours + 1) * eight_hours
    assert rows["BinPerp"]["nextFundingTime"] == next_ms
    assert rows["BinPerp"]["fundingIntervalHours"] == 8
    # One ninetieth less 5 basis points.
    assert abs(float(rows["BinPerp"]["fundingRate"]) - (1 / 90 - 0.0005)) < 1e-9
    assert float(rows["BybitPerp"]["fundingRate"]) == 0.0001
    assert rows["HlPerp"]["fundingIntervalHours"] == 1


def test_without_prices_from_elsewhere_no_rate_of_theirs_is_predicted():
    rows = dict(dict(desk().ask("predictedFundings"))["BTC"])

    assert rows["BinPerp"] is rows["BybitPerp"] is None
