"""Blocks: what goes first, what time does between them, equal runs."""

from dataclasses import replace

import pytest

from tests.unit.sandbox.hyperliquid_harness import (
    ETH_ASSET,
    OPENED_MS,
    STAMP,
    Pit,
    desk,
    envelope,
    order,
)
from venues.sandbox.hyperliquid.actions import MalformedError
from venues.sandbox.hyperliquid.config import DEV_MASTER_ADDRESS
from venues.sandbox.hyperliquid.order import OrderChanged

DAY_MS = 86_400_000


def orders(*wires):
    return {"type": "order", "orders": list(wires), "grouping": "na"}


def cancel(oid):
    return {"type": "cancel", "cancels": [{"a": ETH_ASSET, "o": oid}]}


def block(trader, *actions):
    bodies = []
    for action in actions:
        trader.nonce += 1
        bodies.append(envelope(action, nonce=trader.nonce))
    trader.now_ms += 1
    return trader.venue.block(trader.now_ms, bodies)


def statuses(answer):
    return answer["response"]["data"]["statuses"]


def test_cancels_go_before_takers_and_after_what_only_adds():
    trader = desk()
    resting = trader.place(order("2900", "1"))[0]["resting"]["oid"]
    trader.venue.drain()

    taker, cancelled, adder = block(
        trader,
        orders(order("3100", "1", tif="Ioc")),
        cancel(resting),
        orders(order("2901", "1", tif="Alo")),
    )

    mine = [
        event.order
        for event in trader.venue.drain()
        if isinstance(event, OrderChanged) and event.order.account == DEV_MASTER_ADDRESS
    ]
    added, filled = statuses(adder)[0]["resting"]["oid"], statuses(taker)[0]["filled"]["oid"]
    assert [o.oid for o in mine] == [added, resting, filled]
    assert statuses(cancelled) == ["success"]


def test_a_cancel_saves_an_order_from_a_taker_of_the_same_block():
    trader = desk()
    house = trader.venue.accounts  # the master's own orders are what is at stake
    mine = trader.place(order("2999.9", "1", tif="Alo"))[0]["resting"]["oid"]

    taker, _ = block(trader, orders(order("2999.9", "1", is_buy=False, tif="Ioc")), cancel(mine))

    # The order was gone when the taker came: no self-trade, the house was behind it.
    assert trader.status(mine) == "canceled"
    assert "error" in statuses(taker)[0]
    assert DEV_MASTER_ADDRESS in house


def test_within_a_phase_the_order_of_arrival_decides():
    trader = desk()

    first, second = block(
        trader, orders(order("2900", "1", tif="Alo")), orders(order("2901", "1", tif="Alo"))
    )

    assert statuses(first)[0]["resting"]["oid"] < statuses(second)[0]["resting"]["oid"]


def test_a_batch_with_one_taker_is_a_taker():
    trader = desk()
    resting = trader.place(order("2900", "1"))[0]["resting"]["oid"]

    mixed, cancelled = block(
        trader, orders(order("2901", "1", tif="Alo"), order("2902", "1")), cancel(resting)
    )

    # The cancel came first, so its order was still the newest but the two of the batch.
    assert [s["resting"]["oid"] for s in statuses(mixed)] == [resting + 1, resting + 2]
    assert statuses(cancelled) == ["success"]


def test_an_unreadable_action_stops_the_block_before_anything_happened():
    trader = desk()
    good = envelope(orders(order("2900", "1")), nonce=OPENED_MS + 1)

    with pytest.raises(MalformedError):
        trader.venue.block(OPENED_MS, [good, {"action": {}}])

    assert trader.ask("openOrders", user=DEV_MASTER_ADDRESS) == []


def test_equal_actions_at_equal_times_give_equal_answers_and_events():
    def played():
        trader = desk()
        answers = [
            trader.place(order("2900", "1"), order("3100", "2.5", tif="Ioc")),
            trader.place(order("3200", "1", is_buy=False, reduce_only=True)),
            block(trader, orders(order("2890", "3", is_buy=False, tif="Ioc")), cancel(10**6)),
        ]
        trader.now_ms += 3_600_000
        trader.venue.advance()
        return repr(answers), repr(trader.venue.drain())

    assert played() == played()


def test_a_stop_lives_when_the_oracle_moves_the_mark():
    trader = desk()
    trader.place(order("3100", "1", tif="Ioc"))
    trigger = {"trigger": {"isMarket": True, "triggerPx": "2950", "tpsl": "sl"}}
    (stop,) = trader.place({**order("2900", "1", is_buy=False, reduce_only=True), "t": trigger})

    trader.venue.shift_mid("ETH", -300)
    before = trader.status(stop["resting"]["oid"])
    trader.venue.set_oracle("ETH", "2910")

    assert before == "open"
    assert trader.status(stop["resting"]["oid"]) == "filled"
    assert trader.state()["assetPositions"] == []


# Scheduled cancels.


def test_a_scheduled_cancel_fires_ten_times_a_day():
    pit = Pit()
    account = pit.account(1)
    midnight = (OPENED_MS // DAY_MS + 1) * DAY_MS

    def fired(now_ms):
        placed = pit.place(1, "2900", "1")
        account.cancel_all_at_ms = now_ms
        pit.matching.fire_scheduled(now_ms)
        return placed.order.status == "scheduledCancel"

    assert [fired(midnight + i) for i in range(11)] == [True] * 10 + [False]
    assert account.cancel_all_at_ms is None
    assert fired(midnight + DAY_MS)


def test_a_scheduled_cancel_takes_triggers_too_and_waits_for_its_time():
    pit = Pit()
    resting = pit.place(1, "2900", "1").order
    waiting = pit.place(1, "3100", "1", trigger=("3050", "sl", False)).order
    pit.account(1).cancel_all_at_ms = OPENED_MS + 5_000

    pit.matching.fire_scheduled(OPENED_MS + 4_999)
    before = resting.status, waiting.status
    pit.matching.fire_scheduled(OPENED_MS + 5_000)

    assert before == ("open", "open")
    assert (resting.status, waiting.status) == ("scheduledCancel", "scheduledCancel")


def test_cancelling_all_may_be_for_one_dex_only():
    pit = Pit()
    pit.account(1).usd["xyz"] = 10**10
    asset = pit.state.markets["xyz:XYZ100"].asset
    first = pit.place(1, "2900", "1").order
    other = pit.place(1, "24000", "0.01", asset=asset).order

    count = pit.matching.cancel_all(
        pit.account(1), status="liquidatedCanceled", stamp=replace(STAMP), dex="xyz"
    )

    assert count == 1
    assert (first.status, other.status) == ("open", "liquidatedCanceled")


def test_the_first_slice_of_a_twap_goes_with_the_takers():
    trader = desk()
    twap = {"a": ETH_ASSET, "b": True, "s": "1", "r": False, "m": 5, "t": False}
    resting = trader.place(order("3000.1", "1", is_buy=False, tif="Alo"))[0]["resting"]["oid"]

    started, cancelled = block(trader, {"type": "twapOrder", "twap": twap}, cancel(resting))

    # A slice before the cancel would have met the account's own order and ended it.
    assert started["response"]["data"]["status"]["running"]["twapId"] == 1
    assert statuses(cancelled) == ["success"]
    assert trader.status(resting) == "canceled"


def test_no_twap_is_started_in_a_coin_that_does_not_trade():
    trader = desk()
    trader.venue.state.modes.halted.add("ETH")
    twap = {"a": ETH_ASSET, "b": True, "s": "1", "r": False, "m": 5, "t": False}

    answer = trader.send({"type": "twapOrder", "twap": twap})

    assert answer["response"]["data"]["status"] == {"error": "Trading is halted."}
    assert trader.venue.state.twaps == {}
