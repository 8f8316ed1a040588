"""Orders, fills, and what the venue says to actions: one answer for every item."""

from functools import partial

import pytest

from router.domain.error import MalformedDataError
from tests.unit.venues.hyperliquid import wire_examples as told
from venues.hyperliquid import wire

BASIC = wire.OpenOrder(
    coin="BTC",
    is_buy=False,
    limit_price="29792.0",
    size_left="5.0",
    oid=91490942,
    placed_ms=1681247412573,
    size="5.5",
    cloid=told.CLOID,
    is_reduce_only=True,
)


def test_an_open_order_has_details_only_where_the_answer_has():
    (basic,) = wire.read_open_orders([told.OPEN_ORDER])
    (detailed,) = wire.read_open_orders([told.DETAILED_ORDER])

    assert basic == BASIC
    assert detailed.limit_price == BASIC.limit_price
    assert detailed.details.order_type == "Limit"
    assert detailed.details.time_in_force == "Gtc"
    assert not detailed.details.is_trigger
    (child,) = detailed.details.children
    assert child.details == wire.OrderDetails(
        order_type="Take Profit Market",
        time_in_force=None,
        is_trigger=True,
        trigger_price="31000.0",
        trigger_condition="Price above 31000",
        is_position_tpsl=False,
    )


def test_an_order_comes_with_what_became_of_it():
    found = wire.read_found_order({"status": "order", "order": told.UPDATE})
    (pushed,) = wire.read_order_updates([told.PUSHED_UPDATE])

    assert (found.status, found.status_ms, found.order.oid) == ("filled", 1724361546645, 91490942)
    assert pushed == wire.OrderUpdate(BASIC, "open", 1724361546645)
    assert wire.read_found_order({"status": "unknownOid"}) is None


def test_an_order_of_2023_may_lack_what_it_was_for_at_first():
    early = {key: told.OPEN_ORDER[key] for key in ("coin", "side", "limitPx", "sz", "oid")}

    (order,) = wire.read_open_orders([early | {"timestamp": 1}])

    assert (order.size, order.cloid, order.is_reduce_only) == (None, None, False)


def test_a_fill_tells_where_it_came_from():
    assert wire.read_executions([told.FILL]) == (
        wire.Execution(
            coin="AVAX",
            price="18.435",
            size="93.53",
            is_buy=True,
            time_ms=1681222254710,
            oid=90542681,
            trade_id=118906512037719,
            fee="0.01",
            fee_currency="USDC",
            start_position="26.86",
            direction="Open Long",
            closed_pnl="0.0",
            hash=told.HASH,
            is_taker=False,
            builder_fee="0.01",
            cloid=told.CLOID,
            twap_id=3156,
            liquidation=wire.Liquidation(told.OTHER, "22.025", "backstop"),
        ),
    )


def test_a_fill_without_a_trade_id_is_malformed_because_it_could_be_counted_twice():
    early = {key: value for key, value in told.FILL.items() if key != "tid"}

    with pytest.raises(MalformedDataError, match="tid"):
        wire.read_executions([early])


def test_answers_of_2023_are_read_apart():
    (fill,) = wire.read_early_executions([told.FILL])
    position = told.ACCOUNT["assetPositions"][0]["position"] | {"maxTradeSzs": ["1.0", "2.0"]}
    account = told.ACCOUNT | {"assetPositions": [{"type": "oneWay", "position": position}]}

    assert (fill.oid, fill.direction, fill.is_taker) == (90542681, "Open Long", False)
    assert wire.read_early_account(account).trade_sizes_max == (("1.0", "2.0"),)


def answered(statuses):
    return {"status": "ok", "response": {"type": "order", "data": {"statuses": statuses}}}


def test_every_order_of_a_batch_has_its_own_answer_in_order():
    answer = answered(
        [
            {"resting": {"oid": 1, "cloid": told.CLOID}},
            {"filled": {"totalSz": "0.02", "avgPx": "1891.4", "oid": 2}},
            {"error": "Order must have minimum value of $10."},
            "waitingForFill",
            "waitingForTrigger",
        ]
    )

    assert wire.read_order_statuses(answer, count=5) == (
        wire.Accepted(1, None, cloid=told.CLOID),
        wire.Accepted(2, "0.02", "1891.4"),
        wire.OrderError("Order must have minimum value of $10."),
        wire.Waiting(for_trigger=False),
        wire.Waiting(for_trigger=True),
    )


@pytest.mark.parametrize("read", [wire.read_order_statuses, wire.read_cancel_statuses])
def test_one_error_for_a_batch_is_the_answer_to_every_item(read):
    refused = {"status": "err", "response": "Invalid nonce: duplicate nonce"}

    assert read(answered([{"error": "No."}]), count=3) == (wire.OrderError("No."),) * 3
    assert read(refused, count=2) == (wire.RequestError("Invalid nonce: duplicate nonce"),) * 2


@pytest.mark.parametrize("count", [1, 3])
def test_answers_that_are_not_as_many_as_the_orders_are_malformed(count):
    two = answered([{"resting": {"oid": 1}}, {"resting": {"oid": 2}}])

    with pytest.raises(MalformedDataError, match=f"2 statuses for {count}"):
        wire.read_order_statuses(two, count=count)


def test_a_cancel_is_done_or_says_why_not():
    gone = "Order was never placed, already canceled, or filled."

    assert wire.read_cancel_statuses(answered(["success", {"error": gone}]), count=2) == (
        wire.Done(),
        wire.OrderError(gone),
    )
    with pytest.raises(MalformedDataError, match="status must be success"):
        wire.read_cancel_statuses(answered(["resting"]), count=1)


def test_a_modify_names_the_new_order_or_does_not():
    assert wire.read_modified({"status": "ok", "response": {"type": "default"}}) == wire.Done()
    assert wire.read_modified(answered([{"resting": {"oid": 3}}])) == wire.Accepted(3, None)
    assert wire.read_modified({"status": "err", "response": "No."}) == wire.RequestError("No.")


def twap(status):
    return {"status": "ok", "response": {"type": "twapOrder", "data": {"status": status}}}


def test_a_twap_runs_under_a_number_or_is_refused():
    error = {"error": "Invalid TWAP duration: 1 min(s)"}

    assert wire.read_twap_started(twap({"running": {"twapId": 77738308}})) == wire.TwapStarted(
        77738308
    )
    assert wire.read_twap_started(twap(error)) == wire.OrderError(error["error"])
    assert wire.read_twap_canceled(twap("success")) == wire.Done()
    assert wire.read_twap_canceled(twap(error)) == wire.OrderError(error["error"])
    refused = {"status": "err", "response": "No."}
    assert wire.read_twap_started(refused) == wire.RequestError("No.")
    assert wire.read_twap_canceled(refused) == wire.RequestError("No.")


def test_a_new_sub_account_is_told_by_its_address():
    created = {"status": "ok", "response": {"type": "createSubAccount", "data": told.OTHER}}

    assert wire.read_created(created) == told.OTHER
    assert wire.read_created({"status": "err", "response": "No."}) == wire.RequestError("No.")


@pytest.mark.parametrize(
    "read",
    [
        partial(wire.read_order_statuses, count=1),
        partial(wire.read_cancel_statuses, count=1),
        wire.read_modified,
        wire.read_twap_started,
        wire.read_twap_canceled,
        wire.read_created,
        wire.read_done,
    ],
    ids=["orders", "cancels", "modify", "twap", "twap cancel", "created", "done"],
)
@pytest.mark.parametrize(
    "value", [None, {}, {"status": "ok"}, {"status": "what", "response": {}}, {"status": "err"}]
)
def test_what_is_no_answer_is_malformed(read, value):
    with pytest.raises(MalformedDataError):
        read(value)
