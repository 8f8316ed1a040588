"""Answers that do not mean what the protocol says are refused, naming the field."""

import pytest

from router.domain.error import MalformedDataError
from venues.hyperliquid import wire


def answer(status):
    response = {"type": "order", "data": {"statuses": [status]}}
    return {"status": "ok", "response": response}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            answer({"filled": {"totalSz": "0.02", "avgPx": "1891.4", "oid": 77747314}}),
            wire.Accepted(77747314, "0.02", "1891.4"),
        ),
        (answer({"resting": {"oid": 77738308}}), wire.Accepted(77738308, None)),
        (answer({"error": "No."}), wire.OrderError("No.")),
        ({"status": "err", "response": "Never."}, wire.RequestError("Never.")),
    ],
)
def test_the_answers_to_an_order_are_told_apart(value, expected):
    assert wire.read_answer(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"status": "ok"},
        {"status": "ok", "response": {"type": "order", "data": {"statuses": []}}},
        {"status": "ok", "response": {"type": "order", "data": {"statuses": [{}, {}]}}},
        {"status": "what", "response": {"type": "order", "data": {"statuses": [{}]}}},
        {"status": "err", "response": {}},
        answer("waitingForFill"),
        answer({"filled": {"totalSz": 0.02, "oid": 1}}),
        answer({"filled": {"totalSz": "0.02", "oid": True}}),
        answer({"resting": {"oid": -1}}),
    ],
)
def test_an_unreadable_answer_to_an_order_is_malformed(value):
    with pytest.raises(MalformedDataError):
        wire.read_answer(value)


def test_an_order_the_venue_does_not_know_is_none():
    assert wire.read_order_status({"status": "unknownOid"}) is None


@pytest.mark.parametrize(
    ("read", "value", "field"),
    [
        (wire.read_meta, {"universe": [{"name": "ETH", "szDecimals": "4"}]}, "szDecimals"),
        (wire.read_book, {"coin": "ETH", "time": 1, "levels": [[]]}, "levels"),
        (wire.read_book, {"coin": "ETH", "time": 1, "levels": [[{"px": 1.0}], []]}, "px"),
        (wire.read_book, {"coin": "ETH", "time": "1", "levels": [[], []]}, "time"),
        (wire.read_order_status, {"status": "lost"}, "status"),
        (wire.read_order_status, {"status": "order", "order": {"order": {}}}, "coin"),
        (wire.read_executions, [{"side": "S"}], "side"),
        (wire.read_executions, {}, "fills"),
        (wire.read_account, {"crossMarginSummary": []}, "crossMarginSummary"),
    ],
)
def test_an_unreadable_field_is_named(read, value, field):
    with pytest.raises(MalformedDataError, match=field):
        read(value)


def test_bytes_that_are_no_json_are_malformed():
    with pytest.raises(MalformedDataError):
        wire.decode(b"<html>")


def test_contexts_of_other_coins_are_not_read():
    meta = {
        "universe": [{"name": coin, "szDecimals": 4, "maxLeverage": 25} for coin in ("OLD", "ETH")]
    }
    context = {"markPx": "3000.0", "oraclePx": "3001.0", "funding": "0.0000125"}

    contexts = wire.read_contexts([meta, [{"markPx": None}, context]], frozenset({"ETH"}))

    assert contexts == (wire.Context("ETH", "3000.0", "3001.0", "0.0000125"),)


def test_what_the_router_does_not_use_cannot_keep_an_order_in_doubt():
    order = {"coin": "ETH", "oid": 7, "cloid": "0xc", "origSz": "1.0", "sz": "0.0", "timestamp": 1}
    odd = {"triggerCondition": 5, "children": None, "isTrigger": "no", "orderType": []}

    told = wire.read_order_status(
        {"status": "order", "order": {"order": {**order, **odd}, "status": "filled"}}
    )

    assert told == wire.Order("ETH", 7, "0xc", "1.0", "0.0", "filled", 1)
