"""Bands, caps, limits, halts: what the venue refuses of orders that are well formed.

Trader 0 makes, trader 1 trades, 2 is somebody else.
"""

from dataclasses import replace

import pytest

from tests.unit.sandbox.hyperliquid_harness import (
    BTC_ASSET,
    STAMP,
    Pit,
    desk,
    order,
)
from venues.sandbox.hyperliquid.config import ETH, LimitConfig
from venues.sandbox.hyperliquid.ledger.account import Leverage
from venues.sandbox.hyperliquid.matching.placement import BatchRefused
from venues.sandbox.hyperliquid.order import BuilderFee


def test_a_market_order_of_the_frontend_has_words_of_its_own_for_an_empty_book():
    refused = Pit().refusal(1, "3100", "1", tif="FrontendMarket")

    assert refused == (
        "marketOrderNoLiquidityRejected",
        "No liquidity available for market order.",
    )


@pytest.mark.parametrize(("price", "is_taken"), [("5400", True), ("600", True), ("5400.1", False)])
def test_a_price_is_at_most_eighty_percent_from_the_mark(price, is_taken):
    pit = Pit()

    placed = pit.batch(1, pit.request(price, "1"))

    band = BatchRefused("Order price cannot be more than 80% away from the reference price")
    assert (placed != band) is is_taken


def test_a_price_too_far_from_the_oracle_is_refused_alone():
    pit = Pit()
    pit.state.markets["ETH"].oracle = 100_000  # the mark stays at 3000

    refused = pit.refusal(1, "3000", "1")

    assert refused == ("oracleRejected", "Order price too far from oracle")


def test_a_limit_order_may_be_ten_times_the_largest_market_order():
    # ETH has 25x: 30M at market, 300M resting.
    pit = Pit(deposit=10**15)
    pit.account(1).leverage["ETH"] = Leverage(10)

    assert pit.place(1, "3000", "99999").refusal is None
    over = pit.refusal(1, "3000", "100001", tif="Alo")
    market = pit.refusal(1, "3000", "10001", tif="Ioc")

    assert over == ("rejected", "Order value cannot be more than $300000000.")
    assert market == ("rejected", "Order value cannot be more than $30000000.")


def test_only_post_only_orders_pass_right_after_an_upgrade():
    pit = Pit()
    pit.state.modes.post_only = True

    together = pit.batch(1, pit.request("2900", "1", tif="Alo"), pit.request("2900", "1"))
    alone = pit.batch(1, pit.request("2900", "1", tif="Alo"))

    text = "Only post-only orders allowed immediately after a network upgrade"
    assert together == BatchRefused(text, is_whole_request=True)
    assert isinstance(alone, list)


def test_a_halted_coin_does_not_trade_and_its_orders_can_be_cancelled():
    pit = Pit()
    resting = pit.place(1, "2900", "1").order
    pit.state.modes.halted.add("ETH")

    status, _ = pit.refusal(1, "2900", "1")
    pit.matching.cancel(resting, status="canceled", stamp=STAMP)

    assert status == "rejected"
    assert pit.place(1, "89000", "0.1", asset=BTC_ASSET).refusal is None
    assert resting.status == "canceled"


def test_triggers_and_liquidations_wait_while_a_coin_is_halted():
    pit = Pit()
    pit.place(0, "3000", "2", is_buy=False)
    pit.place(1, "3000", "2", tif="Ioc")
    pit.place(0, "2960", "5")
    stop = pit.place(1, "2900", "1", is_buy=False, trigger=("2950", "sl", True), reduce_only=True)
    pit.state.modes.halted.add("ETH")

    pit.mark("2950")
    done = pit.matching.liquidate(pit.account(1), pit.state.markets["ETH"], 5_000, stamp=STAMP)
    waiting = stop.order.status
    pit.state.modes.halted.clear()
    pit.mark("2950")

    assert (waiting, done) == ("open", 0)
    assert stop.order.status == "filled"


def test_delisting_cancels_what_rests_and_what_waits():
    trader = desk()
    resting = trader.place(order("2900", "1"))[0]["resting"]["oid"]
    other = trader.place(order("80000", "1", asset=BTC_ASSET))[0]["resting"]["oid"]

    trader.venue.delist("ETH")

    assert trader.status(resting) == "delistedCanceled"
    assert trader.status(other) == "open"
    assert trader.venue.markets["ETH"].touch() == (None, None)


def test_a_delisted_coin_is_halted_from_the_start():
    pit = Pit(coins=(replace(ETH, is_delisted=True),))

    assert pit.refusal(1, "2900", "1", asset=0)[0] == "rejected"


# At the cap of open interest.


def capped_pit():
    pit = Pit()
    pit.place(0, "3000", "2", is_buy=False)
    pit.place(1, "3000", "2", tif="Ioc")
    pit.state.modes.capped.add("ETH")
    return pit


def test_an_order_that_would_open_more_is_refused_at_the_cap():
    pit = capped_pit()
    pit.place(0, "2999", "1")  # closes: taken

    increase = pit.refusal(2, "2998", "1", is_buy=True, tif="Ioc")
    flip = pit.refusal(1, "2999", "3", is_buy=False)
    aggressive = pit.refusal(2, "3001", "1", is_buy=True)

    text = "Order would increase open interest while open interest is capped"
    assert increase == ("positionIncreaseAtOpenInterestCapRejected", text)
    assert flip == ("positionFlipAtOpenInterestCapRejected", text)
    assert aggressive == (
        "tooAggressiveAtOpenInterestCapRejected",
        "Order rejected due to price more aggressive than oracle while at open interest cap",
    )


def test_two_who_would_both_open_do_not_trade_at_the_cap():
    pit = Pit()
    resting = pit.place(0, "2990", "1").order
    pit.state.modes.capped.add("ETH")

    # Above the oracle, so it is not too aggressive for a sell, yet it meets a bid.
    pit.state.markets["ETH"].oracle = 298_000
    pit.place(2, "2985", "1", is_buy=False)

    assert resting.status == "openInterestCapCanceled"
    assert pit.held(2) == 0


def test_the_cap_of_the_configuration_counts_notional():
    pit = Pit(coins=(replace(ETH, oi_cap_usd=6_000),))
    pit.place(0, "3000", "2", is_buy=False, asset=0)
    pit.place(1, "3000", "2", tif="Ioc", asset=0)

    assert pit.refusal(2, "2990", "1", tif="Ioc", asset=0)[0].startswith("positionIncrease")


# Many orders, many kinds.


def test_from_a_thousand_open_orders_on_only_what_could_open_is_taken():
    pit = Pit(limits=LimitConfig(open_orders=3, open_orders_max=5))
    pit.place(0, "3000", "1", is_buy=False)
    pit.place(1, "3000", "1", tif="Ioc")
    for price in ("2900", "2901", "2902"):
        pit.place(1, price, "0.01")

    reducing = pit.refusal(1, "3100", "1", is_buy=False, reduce_only=True)
    trigger = pit.refusal(1, "3100", "1", trigger=("3100", "sl", True))
    too_many = pit.refusal(1, "2903", "0.01")
    pit.account(1).volume_micro_usd = 10_000_000 * 10**6  # 5M of volume earn one more order
    earned = [pit.place(1, price, "0.01").refusal for price in ("2903", "2904", "2905")]

    assert {reducing[0], trigger[0], too_many[0]} == {"tooManyOpenOrdersRejected"}
    assert [refusal is None for refusal in earned] == [True, True, False]


def test_a_stop_fires_however_many_orders_are_open():
    pit = Pit(limits=LimitConfig(open_orders=3))
    pit.place(0, "3000", "1", is_buy=False)
    pit.place(1, "3000", "1", tif="Ioc")
    stop = pit.place(1, "2900", "1", is_buy=False, reduce_only=True, trigger=("2950", "sl", True))
    for price in ("2800", "2801", "2802", "2803"):
        pit.account(1).volume_micro_usd += 5_000_000 * 10**6
        pit.place(1, price, "0.01")
    pit.place(0, "2940", "1")

    pit.mark("2950")

    assert stop.order.status == "filled"


def test_size_zero_closes_the_whole_position():
    pit = Pit()
    pit.place(0, "3000", "1.2345", is_buy=False)
    pit.place(1, "3000", "1.2345", tif="Ioc")
    pit.place(0, "2990", "5")

    (status,) = [pit.answer(1, "2990", "0", is_buy=False, reduce_only=True, tif="Ioc")]

    assert status["filled"]["totalSz"] == "1.2345"
    assert pit.held(1) == 0


def test_the_minimum_is_ten_dollars_to_the_cent():
    pit = Pit()

    assert pit.refusal(1, "2500", "0.0039")[0] == "minTradeNtlRejected"
    assert pit.place(1, "2500", "0.004").refusal is None


def test_a_priority_fee_is_burned_when_the_order_trades_or_is_placed():
    pit = Pit(is_priority_funded=True)
    pit.place(0, "3000", "1", is_buy=False)
    before = {trader: pit.account(trader).cash for trader in (1, 2)}

    # 8 basis points of the notional, the most that may be offered.
    pit.batch(1, pit.request("3000", "1", tif="Ioc"), priority_fee=80_000)
    pit.batch(2, pit.request("2500", "1", tif="Alo"), priority_fee=80_000)

    paid_for_it = before[1] - pit.account(1).cash - 3_000_000_000 - pit.fills(1)[0].fee
    assert paid_for_it == 2_400_000
    assert before[2] - pit.account(2).cash == 2_000_000
    assert pit.state.till.priority_fees == 4_400_000


@pytest.mark.parametrize(
    "changes",
    [{"tif": "Gtc"}, {"tif": "Alo", "reduce_only": True}, {"trigger": ("3100", "sl", True)}],
)
def test_a_priority_fee_needs_immediate_or_adding_orders(changes):
    pit = Pit(is_priority_funded=True)

    refused = pit.batch(
        1, pit.request("3100", "1", tif=changes.pop("tif", "Gtc"), **changes), priority_fee=1
    )

    assert isinstance(refused, BatchRefused)


def test_a_priority_fee_needs_stake_which_nobody_has():
    pit = Pit()

    refused = pit.batch(1, pit.request("2500", "1", tif="Alo"), priority_fee=1)

    assert refused == BatchRefused("Insufficient delegatable balance for priority order")
    assert pit.account(1).open_orders == {}


def test_an_order_keeps_its_builder():
    pit = Pit()
    builder = BuilderFee("0x" + "d" * 40, 10)

    (placed,) = pit.batch(1, pit.request("2900", "1"), builder=builder)

    assert placed.order.builder == builder


def test_a_coin_of_a_builders_dex_has_its_own_book_and_money():
    pit = Pit()
    asset = pit.state.markets["xyz:XYZ100"].asset
    without_money = pit.refusal(1, "25000", "0.01", asset=asset)
    for trader in (0, 1):
        pit.account(trader).usd["xyz"] = 10**10

    pit.place(0, "25000", "0.01", is_buy=False, asset=asset)
    placed = pit.place(1, "25000", "0.01", asset=asset, tif="Ioc")

    assert asset == 110_001
    assert without_money[0] == "perpMarginRejected"
    assert placed.order.status == "filled"
    assert pit.held(1, "xyz:XYZ100") == 100
    assert pit.account(1).usd["xyz"] < 10**10
    assert pit.account(1).cash == 10**13


def test_liquidation_takes_from_the_book_and_marks_both_fills():
    pit = Pit()
    pit.place(0, "3000", "2", is_buy=False)
    pit.place(1, "3000", "2", tif="Ioc")
    pit.place(0, "2990", "0.5")
    pit.place(0, "2700", "0.5")
    pit.place(0, "2690", "5")

    done = pit.matching.liquidate(pit.account(1), pit.state.markets["ETH"], 20_000, stamp=STAMP)

    # Ten percent below the mark of 3000 is 2700.
    assert done == 10_000
    fills = pit.fills(1)[1:] + pit.fills(0)[1:]
    assert [fill.price for fill in fills] == [299_000, 270_000] * 2
    assert {fill.liquidation.liquidated_user for fill in fills} == {pit.account(1).address}
    assert {fill.liquidation.method for fill in fills} == {"market"}
    assert {fill.liquidation.mark_price for fill in fills} == {300_000}


def test_of_two_reducers_that_exceed_the_position_the_older_goes():
    pit = Pit()
    pit.place(0, "3000", "1", is_buy=False)
    pit.place(1, "3000", "1", tif="Ioc")
    older = pit.place(1, "3100", "0.6", is_buy=False, reduce_only=True).order
    fitting = pit.place(1, "3110", "0.4", is_buy=False, reduce_only=True).order
    assert (older.status, fitting.status) == ("open", "open")

    newest = pit.place(1, "3120", "0.5", is_buy=False, reduce_only=True).order

    assert (older.status, fitting.status, newest.status) == ("reduceOnlyCanceled", "open", "open")
    assert list(pit.account(1).open_orders) == [fitting.oid, newest.oid]


def test_a_reducer_that_waits_for_the_mark_leaves_those_in_the_book_alone():
    pit = Pit()
    pit.place(0, "3000", "1", is_buy=False)
    pit.place(1, "3000", "1", tif="Ioc")
    waiting = pit.place(
        1, "2700", "1", is_buy=False, reduce_only=True, trigger=("2800", "sl", True)
    ).order

    resting = pit.place(1, "3100", "1", is_buy=False, reduce_only=True).order

    assert (waiting.status, resting.status) == ("open", "open")
