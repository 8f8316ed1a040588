"""When an order has ended, and when that cannot be told yet."""

import pytest

from router.domain.error import MalformedDataError
from router.domain.order import OrderStatus
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from venues.hyperliquid import wire
from venues.hyperliquid.trading import outcome


def order(status="filled", *, coin="ETH", left="0.0"):
    return wire.Order(coin, 7, None, "1.0", left, status, 1)


def execution(trade_id, *, size, oid=7, coin="ETH", time_ms=5):
    return wire.Execution(
        coin=coin,
        price="3000.0",
        size=size,
        is_buy=True,
        time_ms=time_ms,
        oid=oid,
        trade_id=trade_id,
        fee="0.1",
        fee_currency="USDC",
    )


@pytest.fixture
def child(eth, make_child):
    return make_child(eth, lots=10_000, ticks=300_000)


def test_only_fills_of_the_order_count_each_once_and_in_order(child):
    told = [
        execution(2, size="0.6", time_ms=6),
        execution(1, size="0.4"),
        execution(1, size="0.4"),
        execution(3, size="1.0", oid=8),
        execution(4, size="1.0", coin="BTC"),
    ]

    fills = outcome.read_fills(told, order(), child)

    assert [fill.id for fill in fills] == ["ETH:5:1", "ETH:6:2"]
    assert {fill.child for fill in fills} == {child.id}


def test_an_order_whose_fills_add_up_has_ended(child):
    fills = outcome.read_fills([execution(1, size="1.0")], order(), child)

    resolution = outcome.resolution(order(), fills, child, expected_lots=10_000)

    assert resolution.status is OrderStatus.FILLED
    assert resolution.fills == fills


def test_an_order_with_a_fill_missing_stays_in_doubt(child):
    fills = outcome.read_fills([execution(1, size="0.4")], order(), child)

    resolution = outcome.resolution(order(), fills, child, expected_lots=10_000)

    assert resolution.status is OrderStatus.IN_DOUBT
    assert resolution.fills == fills
    assert "4000 of 10000 lots" in resolution.reason


def test_a_partly_filled_order_whose_rest_was_cancelled_is_canceled(child):
    told = order("canceled", left="0.6")
    fills = outcome.read_fills([execution(1, size="0.4")], told, child)

    resolution = outcome.resolution(told, fills, child, expected_lots=4_000)

    assert resolution.status is OrderStatus.CANCELED
    assert resolution.reason == "canceled"


def test_a_refused_order_keeps_the_venues_word_for_it(child):
    told = order("iocCancelRejected", left="1.0")

    resolution = outcome.resolution(told, (), child, expected_lots=0)

    assert (resolution.status, resolution.reason) == (OrderStatus.REJECTED, "iocCancelRejected")


def test_a_working_order_is_new(child):
    resolution = outcome.resolution(order("open", left="1.0"), (), child, expected_lots=0)

    assert resolution.status is OrderStatus.NEW


def test_an_order_in_another_coin_is_malformed(child):
    with pytest.raises(MalformedDataError):
        outcome.resolution(order(coin="BTC"), (), child, expected_lots=0)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (wire.Accepted(1, "1.0"), OrderStatus.IN_DOUBT),
        (wire.OrderError("no"), OrderStatus.REJECTED),
        (wire.RequestError("Invalid nonce: duplicate nonce 5"), OrderStatus.IN_DOUBT),
        (wire.RequestError("Too many cumulative requests sent"), OrderStatus.IN_DOUBT),
    ],
)
def test_only_a_refusal_of_the_order_itself_ends_one_that_was_sent_again(answer, status):
    assert outcome.sent_again(answer).status is status


def at(seconds):
    return TimestampNs(int((1_000 + seconds) * NS_PER_S))


@pytest.mark.parametrize(
    ("asked_at", "used_up_at", "status"),
    [
        (9.9, None, None),  # it may be sent again
        (10, None, OrderStatus.IN_DOUBT),
        (15, None, OrderStatus.IN_DOUBT),
        (15.1, None, OrderStatus.EXPIRED),
        (3, 1, OrderStatus.IN_DOUBT),  # the answer may be older than the using up
        (3.1, 1, OrderStatus.EXPIRED),
    ],
)
def test_an_unknown_order_never_was_once_it_cannot_arrive_any_more(asked_at, used_up_at, status):
    told = outcome.unfound(
        asked_at=at(asked_at),
        deadline_at=at(10),
        expiry_margin=DurationNs(5 * NS_PER_S),
        used_up_at=None if used_up_at is None else at(used_up_at),
    )

    assert (None if told is None else told.status) is status
