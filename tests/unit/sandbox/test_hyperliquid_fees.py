"""Trading fees against the venue's published schedule."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.sandbox.hyperliquid_floor import OPENED_MS, Floor, address
from venues.sandbox.hyperliquid.config import XYZ_DEX, DexConfig, FeeSchedule
from venues.sandbox.hyperliquid.ledger import fees
from venues.sandbox.hyperliquid.ledger.account import AccountKind, DayVolume
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import BuilderFee, TimeInForce

TODAY = OPENED_MS // fees.DAY_MS
MILLION = 1_000_000 * MICRO


def desk(**changes):
    floor = Floor(**changes)
    for name in ("anna", "bert", "carl"):
        floor.open(name, 1_000_000)
    return floor


def rates(floor, name="anna", day=TODAY):
    """Return taker, maker, spot taker and spot maker in percent."""
    found = fees.rates(floor.state, floor.account(name), day)
    return tuple(Fraction(rate, fees.RATE_ONE) * 100 for rate in found)


def percent(*texts):
    return tuple(Fraction(text) for text in texts)


@pytest.mark.parametrize(
    ("millions", "expected"),
    [
        (0, ("0.045", "0.015", "0.070", "0.040")),
        (5, ("0.045", "0.015", "0.070", "0.040")),
        (6, ("0.040", "0.012", "0.060", "0.030")),
        (26, ("0.035", "0.008", "0.050", "0.020")),
        (101, ("0.030", "0.004", "0.040", "0.010")),
        (501, ("0.028", "0", "0.035", "0")),
        (2_001, ("0.026", "0", "0.030", "0")),
        (7_001, ("0.024", "0", "0.025", "0")),
    ],
)
def test_the_tiers_are_the_documented_ones(millions, expected):
    floor = desk()
    floor.account("anna").volume_by_day[TODAY - 1] = DayVolume(taker=millions * MILLION)

    assert rates(floor) == percent(*expected)


def test_only_the_fourteen_days_before_today_count():
    floor = desk()
    volumes = floor.account("anna").volume_by_day
    volumes[TODAY] = volumes[TODAY - 15] = DayVolume(taker=10_000 * MILLION)
    assert rates(floor)[0] == Fraction("0.045")

    floor = desk()
    floor.account("anna").volume_by_day[TODAY - 14] = DayVolume(taker=6 * MILLION)
    assert rates(floor)[0] == Fraction("0.040")


def test_a_tier_holds_for_a_whole_day():
    floor = desk()
    assert rates(floor)[0] == Fraction("0.045")

    floor.account("anna").volume_by_day[TODAY] = DayVolume(taker=6 * MILLION)

    assert rates(floor)[0] == Fraction("0.045")
    assert rates(floor, day=TODAY + 1)[0] == Fraction("0.040")


def test_spot_counts_double():
    floor = desk()
    floor.account("anna").volume_by_day[TODAY - 1] = DayVolume(spot_taker=3 * MILLION)

    assert rates(floor)[0] == Fraction("0.040")


def test_sub_accounts_count_for_their_owner_and_the_owner_for_them():
    floor = desk()
    sub = floor.account("bert")
    sub.kind, sub.master = AccountKind.SUB_ACCOUNT, address("anna")
    sub.volume_by_day[TODAY - 1] = DayVolume(taker=4 * MILLION)
    floor.account("anna").volume_by_day[TODAY - 1] = DayVolume(taker=2 * MILLION)

    assert rates(floor, "anna")[0] == rates(floor, "bert")[0] == Fraction("0.040")
    assert rates(floor, "carl")[0] == Fraction("0.045")


@pytest.mark.parametrize(
    ("share_per_mille", "maker"),
    [(5, "0.015"), (6, "-0.001"), (16, "-0.002"), (31, "-0.003")],
)
def test_makers_of_a_large_share_get_the_documented_rebates(share_per_mille, maker):
    floor = desk()
    for name, part in (("anna", share_per_mille), ("bert", 1_000 - share_per_mille)):
        floor.account(name).volume_by_day[TODAY - 1] = DayVolume(maker=part * MICRO)

    assert rates(floor)[1] == rates(floor)[3] or share_per_mille == 5
    assert rates(floor)[1] == Fraction(maker)
    assert rates(floor)[0] == Fraction("0.045")


def test_a_referred_account_pays_less_until_it_has_traded_enough():
    schedule = replace(FeeSchedule(), is_referral_on=True)
    floor = desk(fees=schedule)
    floor.account("anna").referrer = floor.account("bert").referrer = address("carl")
    floor.account("bert").volume_micro_usd = 25 * MILLION

    assert rates(floor, "anna")[:2] == percent("0.0432", "0.0144")
    assert rates(floor, "bert")[:2] == percent("0.045", "0.015")
    assert rates(floor, "carl")[:2] == percent("0.045", "0.015")


@pytest.mark.parametrize(
    ("scale", "is_growth", "factor"),
    [("1", False, 2), ("0", False, 1), ("0.5", False, "1.5"), ("3", False, 6), ("1", True, "0.2")],
)
def test_a_builders_dex_scales_fees_as_documented(scale, is_growth, factor):
    dex = DexConfig("abc", (), fee_scale=scale, is_growth_mode=is_growth)

    assert fees.builder_rate(450_000_000, dex) == 450_000_000 * Fraction(factor)
    assert fees.builder_rate(-10_000_000, dex) == -10_000_000


def meet(floor, *, coin="ETH", size=10_000, price=300_000, builder=None):
    """Let bert take from anna; return the fills of both."""
    floor.order("anna", coin, size=-size, price=price)
    floor.order("bert", coin, size=size, price=price, tif=TimeInForce.IOC, builder=builder)
    return floor.fills("anna")[-1], floor.fills("bert")[-1]


def test_a_trade_pays_the_rates_of_both_sides_into_the_till():
    floor = desk()

    made, taken = meet(floor)

    assert (made.fee, taken.fee) == (450_000, 1_350_000)
    assert floor.state.till.fees == 1_800_000
    assert (made.fee_currency, made.builder_fee) == ("USDC", 0)


def test_fees_are_rounded_up_and_rebates_down():
    floor = desk()
    floor.account("anna").fee_day, floor.account("anna").fee_rates = TODAY, (0, -10_000_000, 0, 0)

    # 10.83329 USD: 4,874.9805 and -108.3329 micro-USD.
    made, taken = meet(floor, coin="BTC", size=13, price=833_330)

    assert (made.fee, taken.fee) == (-108, 4_875)
    assert floor.state.till.fees == 4_767


def test_a_rebate_is_paid_to_the_maker():
    floor = desk()
    floor.account("anna").fee_day, floor.account("anna").fee_rates = TODAY, (0, -30_000_000, 0, 0)
    cash = floor.account("anna").cash

    made, _ = meet(floor)

    assert made.fee == -90_000
    assert floor.account("anna").cash == cash + 3_000 * MICRO + 90_000


def test_a_builder_gets_its_share_on_top():
    floor = desk()

    # 25 tenths of a basis point of 3,000 USD.
    made, taken = meet(floor, builder=BuilderFee(address("carl"), 25))

    assert (taken.fee, taken.builder_fee) == (1_350_000 + 750_000, 750_000)
    assert made.builder_fee == 0
    assert floor.account("carl").cash == 1_000_000 * MICRO + 750_000
    assert floor.state.till.fees == 1_800_000
    floor.advance(0)


def test_a_trade_on_a_builders_dex_pays_its_scaled_fees():
    floor = desk(builder_dexs=(XYZ_DEX,))
    for name in ("anna", "bert"):
        floor.open(name, 100_000, "xyz")

    made, taken = meet(floor, coin="xyz:XYZ100", size=1_000, price=2_500_000)

    # 2,500 USD at twice 0.015 % and 0.045 %.
    assert (made.fee, taken.fee) == (750_000, 2_250_000)
    floor.advance(0)


def test_volume_is_counted_by_day_and_side():
    floor = desk()

    meet(floor)
    floor.advance(fees.DAY_MS)
    meet(floor)

    maker, taker = floor.account("anna"), floor.account("bert")
    assert maker.volume_micro_usd == taker.volume_micro_usd == 6_000 * MICRO
    for day in (TODAY, TODAY + 1):
        assert maker.volume_by_day[day] == DayVolume(maker=3_000 * MICRO)
        assert taker.volume_by_day[day] == DayVolume(taker=3_000 * MICRO)
