"""What is refused before signing, and what just passes."""

from dataclasses import replace

import pytest

from router.domain.error import NotSentError
from router.domain.units import Side
from venues.hyperliquid.actions import limits
from venues.hyperliquid.actions.change import CancelByCloid, CancelByOid, Modify
from venues.hyperliquid.actions.market import Market, perpetual, spot
from venues.hyperliquid.actions.order import (
    Builder,
    Grouping,
    Order,
    Priority,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from venues.hyperliquid.actions.twap import Twap, TwapTrigger

CLOID = "0x" + "5d" * 16
ADDRESS = "0x" + "ab" * 20
ETH = perpetual(4, size_decimals=4, leverage_max=25)
# 0.01 ETH at 2,000: 20 USDC.
ORDER = Order(ETH, Side.BUY, 200_000, 100, TimeInForce.IMMEDIATE)
STOP = replace(
    ORDER,
    side=Side.SELL,
    ticks=190_000,
    reduce_only=True,
    when=Trigger(TriggerKind.STOP_LOSS, 195_000, is_market=True),
)
DAI = spot(3, size_decimals=2)
OUTCOME = Market(100_000_010, 0, 5, None)


def ticks_of(text, market):
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(market.price_decimals, "0"))


def perp(size_decimals):
    return perpetual(0, size_decimals=size_decimals, leverage_max=10)


# The documented examples of valid prices; what has too many decimals is not on the grid at all.
@pytest.mark.parametrize(
    ("text", "market", "fits"),
    [
        ("1234.5", perp(1), True),
        ("0.01234", perp(1), True),
        ("123456", perp(1), True),
        ("1234.56", perp(1), False),
        ("12345.6", perp(1), False),
        ("0.0001234", spot(0, size_decimals=0), True),
        ("0.0001234", spot(0, size_decimals=1), True),
    ],
)
def test_prices_fit_as_documented(text, market, fits):
    assert limits.price_fits(market, ticks_of(text, market)) is fits


GOOD = {
    "plain": [ORDER],
    "just ten dollars": [replace(ORDER, lots=50)],
    "small but reducing": [replace(ORDER, lots=1, reduce_only=True)],
    "close all": [replace(ORDER, lots=0, reduce_only=True)],
    "named": [replace(ORDER, cloid=CLOID)],
    "stop": [STOP],
    "largest taker": [replace(ORDER, lots=150_000_000)],
    "larger resting": [replace(ORDER, lots=1_500_000_000, when=TimeInForce.RESTING)],
    "small leverage": [replace(ORDER, market=replace(ETH, leverage_max=3), lots=2_500_000)],
    "spot": [Order(DAI, Side.SELL, 10**6, 1_000, TimeInForce.RESTING)],
    "outcome": [Order(OUTCOME, Side.BUY, 50_000, 20, TimeInForce.RESTING)],
}


@pytest.mark.parametrize("orders", GOOD.values(), ids=GOOD)
def test_what_the_venue_takes_passes(orders):
    assert limits.check_placing(orders) is None


BAD = {
    "empty": ([], "orders is empty"),
    "no price": ([replace(ORDER, ticks=0)], "limit price must be positive"),
    "six figures": ([replace(ORDER, ticks=2_000_01)], "5 significant figures, was 2000.01"),
    "no size": ([replace(ORDER, lots=0)], "size must be positive"),
    "negative": ([replace(ORDER, lots=-1, reduce_only=True)], "size must be positive"),
    "under ten dollars": ([replace(ORDER, lots=49)], "at least 10"),
    "cloid": ([replace(ORDER, cloid="0x12")], "cloid must be"),
    "capital cloid": ([replace(ORDER, cloid=CLOID.upper())], "cloid must be"),
    "same cloid": ([replace(ORDER, cloid=CLOID)] * 2, "same cloid twice"),
    "too large": ([replace(ORDER, lots=150_000_001)], "at most 30000000"),
    "resting too large": (
        [replace(ORDER, lots=1_500_000_001, when=TimeInForce.RESTING)],
        "at most 300000000",
    ),
    "too large for its leverage": (
        [replace(ORDER, market=replace(ETH, leverage_max=3), lots=2_500_001)],
        "at most 500000",
    ),
    "market stop too large": ([replace(STOP, lots=160_000_000)], "at most 30000000"),
    "stop above": ([replace(STOP, ticks=195_010)], "or below its trigger price"),
    "stop below": ([replace(STOP, side=Side.BUY)], "or above its trigger price"),
    "trigger price": (
        [replace(STOP, when=Trigger(TriggerKind.STOP_LOSS, 0, is_market=True))],
        "trigger price must be positive",
    ),
    "outcome": ([Order(OUTCOME, Side.BUY, 200_000, 20, TimeInForce.RESTING)], "at most 1"),
}


@pytest.mark.parametrize(("orders", "reason"), BAD.values(), ids=BAD)
def test_what_the_venue_would_refuse_is_refused_with_its_reason(orders, reason):
    with pytest.raises(NotSentError, match=reason):
        limits.check_placing(orders)


@pytest.mark.parametrize(("leverage", "units"), [(25, 30), (24, 5), (20, 5), (19, 2), (10, 2)])
def test_the_largest_order_depends_on_the_markets_leverage(leverage, units):
    market = replace(ETH, leverage_max=leverage)
    lots = units * 10**6 * 5  # at 2,000 a lot is a fifth of a dollar

    assert limits.check_order(replace(ORDER, market=market, lots=lots)) is None
    with pytest.raises(NotSentError, match=f"at most {units}000000"):
        limits.check_order(replace(ORDER, market=market, lots=lots + 1))


@pytest.mark.parametrize("ticks", [36_000, 20_000, 4_000])
def test_a_price_may_be_eighty_percent_from_its_reference(ticks):
    order = replace(ORDER, ticks=ticks, lots=10_000)

    assert limits.check_placing([order], references={4: 20_000}) is None


@pytest.mark.parametrize("ticks", [36_001, 3_999])
def test_a_price_further_from_its_reference_is_refused(ticks):
    order = replace(ORDER, ticks=ticks, lots=10_000)

    with pytest.raises(NotSentError, match="within 80 % of 200,"):
        limits.check_placing([order], references={4: 20_000})


def test_a_price_without_a_reference_is_the_venues_business():
    assert limits.check_placing([ORDER], references={5: 1}) is None


@pytest.mark.parametrize(
    ("builder", "order", "fits"),
    [
        (Builder(ADDRESS, 100), ORDER, True),
        (Builder(ADDRESS, 101), ORDER, False),
        (Builder(ADDRESS, 1_000), GOOD["spot"][0], True),
        (Builder(ADDRESS, 1_001), GOOD["spot"][0], False),
        (Builder(ADDRESS.upper(), 1), ORDER, False),
    ],
)
def test_a_builder_fee_has_a_limit_by_kind_of_market(builder, order, fits):
    if fits:
        assert limits.check_placing([order], builder=builder) is None
        return
    with pytest.raises(NotSentError):
        limits.check_placing([order], builder=builder)


POST = replace(ORDER, when=TimeInForce.POST_ONLY)
TAKE_PROFIT = replace(
    STOP, ticks=210_000, when=Trigger(TriggerKind.TAKE_PROFIT, 210_000, is_market=True)
)
GROUPS = [
    (Grouping.WITH_EXITS, [POST, STOP, TAKE_PROFIT], True),
    (Grouping.WITH_EXITS, [POST], False),
    (Grouping.WITH_EXITS, [POST, replace(STOP, reduce_only=False)], False),
    (Grouping.WITH_EXITS, [POST, POST], False),
    (Grouping.WITH_EXITS, [replace(POST, side=Side.SELL), STOP], False),
    (Grouping.WITH_EXITS, [replace(POST, market=perp(4)), STOP], False),
    (Grouping.EXITS, [STOP, TAKE_PROFIT], True),
    (Grouping.EXITS, [replace(STOP, reduce_only=False)], False),
    (Priority(1), [ORDER, ORDER], True),
    (Priority(1), [POST], True),
    (Priority(0), [POST], False),
    (Priority(1), [POST, ORDER], False),
    (Priority(1), [replace(POST, reduce_only=True)], False),
    (Priority(1), [replace(ORDER, when=TimeInForce.RESTING)], False),
    (Priority(1), [replace(GOOD["outcome"][0], when=TimeInForce.IMMEDIATE)], False),
]


@pytest.mark.parametrize(("grouping", "orders", "fits"), GROUPS)
def test_orders_belong_together_as_documented(grouping, orders, fits):
    if fits:
        assert limits.check_placing(orders, grouping=grouping) is None
        return
    with pytest.raises(NotSentError):
        limits.check_placing(orders, grouping=grouping)


def test_a_modify_gives_an_order_that_rests_unless_it_is_placed_in_any_case():
    resting = Modify(CLOID, replace(ORDER, when=TimeInForce.RESTING))

    assert limits.check_modifies([resting]) is None
    assert limits.check_modifies([Modify(7, ORDER)], always_place=True) is None
    for change in (Modify(7, ORDER), Modify(7, STOP), Modify("0x1", resting.order)):
        with pytest.raises(NotSentError):
            limits.check_modifies([change])
    with pytest.raises(NotSentError, match="empty"):
        limits.check_modifies([])


def test_cancels_name_something_in_the_venues_form():
    assert limits.check_cancels([CancelByOid(0, 1), CancelByCloid(0, CLOID)]) is None
    for cancels in ([], [CancelByCloid(0, "0x1")]):
        with pytest.raises(NotSentError):
            limits.check_cancels(cancels)


TWAP = Twap(ETH, Side.BUY, 500, minutes=5, randomise=False)


@pytest.mark.parametrize(
    "twap",
    [
        replace(TWAP, minutes=4),
        replace(TWAP, minutes=7 * 24 * 60 + 1),
        replace(TWAP, lots=0),
        replace(TWAP, lots=499),
        replace(TWAP, trigger=TwapTrigger(200_001, is_above=True)),
        replace(TWAP, stop_ticks=0),
    ],
)
def test_a_sliced_order_has_limits_of_its_own(twap):
    assert limits.check_twap(TWAP, reference_ticks=200_000) is None
    with pytest.raises(NotSentError):
        limits.check_twap(twap, reference_ticks=200_000)


def test_leverage_is_what_the_market_allows():
    assert limits.check_leverage(ETH, 25) is None
    for market, leverage in ((ETH, 26), (ETH, 0), (DAI, 1)):
        with pytest.raises(NotSentError, match="leverage"):
            limits.check_leverage(market, leverage)


def test_the_switch_is_set_five_seconds_ahead_or_not_at_all():
    assert limits.check_schedule(None, now_ms=1_000) is None
    assert limits.check_schedule(6_000, now_ms=1_000) is None
    with pytest.raises(NotSentError, match="5000 ms"):
        limits.check_schedule(5_999, now_ms=1_000)


def test_names_amounts_and_addresses_have_their_form():
    assert limits.check_name("a" * 16) is None
    assert limits.check_positive(1, "usd") is None
    assert limits.check_address(ADDRESS) is None
    with pytest.raises(NotSentError, match="name"):
        limits.check_name("a" * 17)
    with pytest.raises(NotSentError, match="usd"):
        limits.check_positive(0, "usd")
    with pytest.raises(NotSentError, match="address"):
        limits.check_address("0x1")
