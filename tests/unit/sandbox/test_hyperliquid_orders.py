"""Orders: how they rest, fill and end, and in which words they are refused."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import (
    BTC_ASSET,
    ETH_ASSET,
    OPENED_MS,
    desk,
    order,
)
from venues.sandbox.hyperliquid.config import DEV_MASTER_ADDRESS, HOUSE_ADDRESS

CLOID = "0x" + "0" * 31 + "7"


def cancel(asset, oid):
    return {"type": "cancel", "cancels": [{"a": asset, "o": oid}]}


def test_a_passive_order_rests_and_names_its_client_id():
    trader = desk()

    (status,) = trader.place(order("2900", "1", cloid=CLOID))

    oid = status["resting"]["oid"]
    assert status == {"resting": {"oid": oid, "cloid": CLOID}}
    (shown,) = trader.ask("openOrders", user=DEV_MASTER_ADDRESS)
    assert shown == {
        "coin": "ETH",
        "side": "B",
        "limitPx": "2900.0",
        "sz": "1.0",
        "oid": oid,
        "timestamp": OPENED_MS,
        "origSz": "1.0",
        "cloid": CLOID,
    }
    assert trader.status(CLOID) == trader.status(oid) == "open"


def test_an_aggressive_order_fills_at_the_resting_prices():
    trader = desk()
    book = trader.ask("l2Book", coin="ETH")["levels"][1]

    (status,) = trader.place(order("3100", "1.5", tif="Ioc"))

    assert status["filled"]["totalSz"] == "1.5"
    assert status["filled"]["avgPx"] == book[0]["px"]
    (fill, *_) = trader.ask("userFills", user=DEV_MASTER_ADDRESS)
    assert (fill["px"], fill["dir"], fill["crossed"]) == (book[0]["px"], "Open Long", True)
    assert fill["feeToken"] == "USDC"


def test_a_batch_answers_one_status_an_order_in_request_order():
    trader = desk()

    statuses = trader.place(
        order("2900", "1"), order("2900.55", "1"), order("3100", "1", tif="Ioc")
    )

    assert ["resting" in statuses[0], "error" in statuses[1], "filled" in statuses[2]] == [True] * 3


# (order, start of the error text, remembered status)
REFUSED_ALONE = [
    (order("2900.55", "1"), "Price must be divisible by tick size.", "tickRejected"),
    (
        order("89999.5", "0.01", asset=BTC_ASSET),
        "Price must be divisible by tick size.",
        "tickRejected",
    ),
    (order("2900", "0.0034"), "Order must have minimum value of $10.", "minTradeNtlRejected"),
    (order("3000", "20000"), "Insufficient margin to place order.", "perpMarginRejected"),
    (
        order("2900", "1", reduce_only=True),
        "Reduce only order would increase position.",
        "reduceOnlyRejected",
    ),
    (
        order("3100", "1", tif="Alo"),
        "Post only order would have immediately matched, bbo was 2999.8@3000.2.",
        "badAloPxRejected",
    ),
    (
        order("2900", "1", tif="Ioc"),
        "Order could not immediately match against any resting orders.",
        "iocCancelRejected",
    ),
    (order("3100", "10001", tif="Ioc"), "Order value cannot be more than $30000000.", "rejected"),
]


@pytest.mark.parametrize(("wire", "text", "status"), REFUSED_ALONE)
def test_an_order_that_breaks_a_rule_is_refused_alone_and_remembered(wire, text, status):
    trader = desk()

    answers = trader.place(order("2900", "1"), {**wire, "c": CLOID}, order("2901", "1"))

    assert "resting" in answers[0]
    assert "resting" in answers[2]
    assert answers[1] == {"error": f"{text} asset={wire['a']}"}
    assert trader.status(CLOID) == status


REFUSED_TOGETHER = [
    (order("2900", "0"), "Order has zero size."),
    (order("2900", "1.00001"), "Order has invalid size."),
    (order("5401", "1"), "Order price cannot be more than 80% away from the reference price"),
    (order("599", "1"), "Order price cannot be more than 80% away from the reference price"),
]


@pytest.mark.parametrize(("wire", "text"), REFUSED_TOGETHER)
def test_a_wrong_payload_is_refused_once_for_the_whole_batch(wire, text):
    trader = desk()

    assert trader.place(order("2900", "1"), wire) == [{"error": text}]
    assert trader.ask("openOrders", user=DEV_MASTER_ADDRESS) == []


@pytest.mark.parametrize(
    ("price", "asset"),
    [("2900.1", ETH_ASSET), ("89999", BTC_ASSET), ("100001", BTC_ASSET), ("1234.5", ETH_ASSET)],
)
def test_prices_on_the_grid_are_accepted(price, asset):
    size = "0.1" if asset == BTC_ASSET else "1"
    is_buy = price in {"2900.1", "89999", "1234.5"}

    (status,) = desk().place(order(price, size, asset=asset, is_buy=is_buy))

    assert "resting" in status


def test_a_stop_of_the_official_client_rests_and_is_cancelled_like_any_order():
    trader = desk()
    trader.place(order("3100", "1", tif="Ioc"))
    trigger = {"trigger": {"isMarket": True, "triggerPx": "2800", "tpsl": "sl"}}

    (status,) = trader.place({**order("2700", "1", is_buy=False, reduce_only=True), "t": trigger})
    cancelled = trader.send(cancel(ETH_ASSET, status["resting"]["oid"]))

    assert cancelled["response"]["data"]["statuses"] == ["success"]
    assert trader.status(status["resting"]["oid"]) == "canceled"


def test_cancelling_twice_says_the_order_is_gone():
    trader = desk()
    oid = trader.place(order("2900", "1"))[0]["resting"]["oid"]

    first = trader.send(cancel(ETH_ASSET, oid))
    second = trader.send(cancel(ETH_ASSET, oid))

    assert first["response"] == {"type": "cancel", "data": {"statuses": ["success"]}}
    assert second["response"]["data"]["statuses"] == [
        {"error": "Order was never placed, already canceled, or filled. asset=1"}
    ]
    assert trader.status(oid) == "canceled"


def test_cancelling_by_client_id_and_not_under_another_coin():
    trader = desk()
    oid = trader.place(order("2900", "1", cloid=CLOID))[0]["resting"]["oid"]

    wrong_coin = trader.send(cancel(BTC_ASSET, oid))
    by_cloid = trader.send(
        {"type": "cancelByCloid", "cancels": [{"asset": ETH_ASSET, "cloid": CLOID}]}
    )

    assert "error" in wrong_coin["response"]["data"]["statuses"][0]
    assert by_cloid["response"]["data"]["statuses"] == ["success"]


def test_nobody_cancels_the_orders_of_another():
    trader = desk()
    house_oid = next(iter(trader.venue.accounts[HOUSE_ADDRESS].open_orders))

    answer = trader.send(cancel(BTC_ASSET, house_oid))

    assert "error" in answer["response"]["data"]["statuses"][0]


def test_an_order_nobody_placed_is_unknown():
    assert desk().status(999_999_999) == "unknownOid"
    assert desk().status(CLOID) == "unknownOid"


def test_reduce_only_closes_no_more_than_the_position():
    trader = desk()
    trader.place(order("3100", "2", tif="Ioc"))

    (status,) = trader.place(order("2900", "5", is_buy=False, tif="Ioc", reduce_only=True))

    assert status["filled"]["totalSz"] == "2.0"
    assert trader.state()["assetPositions"] == []


def test_a_closing_order_may_be_worth_less_than_the_minimum():
    trader = desk()
    trader.place(order("3100", "0.0034", tif="Ioc"))

    (status,) = trader.place(order("2900", "0.0034", is_buy=False, tif="Ioc", reduce_only=True))

    assert status["filled"]["totalSz"] == "0.0034"


def test_a_resting_reducer_is_cancelled_once_there_is_nothing_to_reduce():
    trader = desk()
    trader.place(order("3100", "1", tif="Ioc"))
    reducer = trader.place(order("3200", "1", is_buy=False, reduce_only=True))[0]["resting"]["oid"]

    trader.place(order("2900", "1", is_buy=False, tif="Ioc"))

    assert trader.status(reducer) == "reduceOnlyCanceled"


def test_a_partly_filled_immediate_order_reports_what_it_got():
    trader = desk()
    best = trader.ask("l2Book", coin="ETH")["levels"][1][0]

    (status,) = trader.place(order(best["px"].removesuffix(".0"), "100", tif="Ioc"))

    assert status["filled"]["totalSz"] == best["sz"]
    assert trader.status(status["filled"]["oid"]) == "canceled"


def test_resting_orders_hold_margin_back():
    # 2 000 000 USD at leverage 20 carry 40 000 000 of notional, counted at the mark of 3000.
    trader = desk()

    (first,) = trader.place(order("2999", "13000"))
    (second,) = trader.place(order("2998", "400"))
    (opposite,) = trader.place(order("3001", "13000", is_buy=False, tif="Alo"))

    assert "resting" in first
    assert second == {"error": "Insufficient margin to place order. asset=1"}
    assert "resting" in opposite


def test_an_order_cancelled_by_a_later_one_of_its_batch_is_answered_as_it_was():
    client = desk()

    answers = client.place(order("2999.9", "0.1"), order("2999.8", "0.1", is_buy=False, tif="Ioc"))

    (resting, filled) = answers
    assert client.status(resting["resting"]["oid"]) == "selfTradeCanceled"
    assert filled["filled"]["totalSz"] == "0.1"
