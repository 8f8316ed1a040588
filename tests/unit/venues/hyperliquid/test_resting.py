"""What is known of orders that wait, and when each has to be asked about."""

from dataclasses import replace

import pytest

from router.domain.error import MalformedDataError
from router.domain.order import OrderStatus, TimeInForce
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid.trading import resting
from venues.hyperliquid.trading.facts import FillReport, OrderReport
from venues.hyperliquid.trading.resting import Resting, due_at, resolution

CLOID = "0x" + "11" * 16
UNIT = 10_000  # of 1e-8 in a lot: sizes have four decimals
LOTS = 10_000


def at(seconds):
    return TimestampNs(int((1_000 + seconds) * NS_PER_S))


@pytest.fixture
def child(eth, make_child):
    waits = make_child(eth, lots=LOTS, ticks=300_000)
    return replace(waits, time_in_force=TimeInForce.POST_ONLY)


@pytest.fixture
def known():
    return Resting()


@pytest.fixture
def waiting(known, child):
    return known.follow(child, CLOID)


def report(status, *, left=LOTS, oid=7, cloid=CLOID, coin="ETH"):
    return OrderReport(
        oid=oid,
        cloid=cloid,
        coin=coin,
        is_buy=True,
        size_e8=LOTS * UNIT,
        left_e8=left * UNIT,
        status=status,
    )


def fill(trade, *, lots, **changes):
    return FillReport(
        **{
            "oid": 7,
            "cloid": None,
            "coin": "ETH",
            "is_buy": True,
            "price_e8": 300_000_000_000,
            "size_e8": lots * UNIT,
            "fee_e8": 1,
            "fee_token": "USDC",
            "time_ms": 5 + trade,
            "trade_id": trade,
            **changes,
        }
    )


def looked(known, waiting, told, *, asked_at):
    known.looked(waiting, told, placed_ms=1, asked_at=asked_at)


def test_what_was_never_asked_about_is_due_and_nothing_is_known_of_it(waiting):
    assert resolution(waiting) is None
    assert due_at(waiting, is_live=True) == 0


def test_an_order_that_rests_is_new_and_not_due_for_a_while(known, waiting):
    known.accept(waiting, 7, filled=None, at=at(0), is_live=True)

    assert resolution(waiting).status is OrderStatus.NEW
    assert due_at(waiting, is_live=True) == at(30)
    assert due_at(waiting, is_live=False) == at(5)


def test_an_order_that_may_have_traded_in_part_is_asked_about_where_no_stream_tells(known, child):
    waiting = known.follow(replace(child, time_in_force=TimeInForce.RESTING), CLOID)

    known.accept(waiting, 7, filled=None, at=at(0), is_live=False)

    assert due_at(waiting, is_live=False) == 0


def test_fills_make_it_partially_filled_and_then_filled_whatever_the_word_is(known, waiting):
    known.accept(waiting, 7, filled=None, at=at(0), is_live=True)

    assert known.fill(fill(1, lots=4_000)) == CLOID
    partly = resolution(waiting)
    known.fill(fill(1, lots=4_000))
    known.fill(fill(2, lots=6_000))
    whole = resolution(waiting)

    assert partly.status is OrderStatus.PARTIALLY_FILLED
    assert [f.id for f in partly.fills] == ["ETH:6:1"]
    assert whole.status is OrderStatus.FILLED
    assert sum(f.quantity.atoms for f in whole.fills) == LOTS * 10**14
    assert due_at(waiting, is_live=True) is None


def test_an_end_with_a_fill_missing_is_in_doubt_and_due_again_soon(known, waiting):
    looked(known, waiting, report("canceled", left=6_000), asked_at=at(0))

    early = resolution(waiting)
    assert early.status is OrderStatus.IN_DOUBT
    assert known.short() == (waiting,)
    assert due_at(waiting, is_live=True) == at(1)

    known.fill(fill(1, lots=4_000))
    late = resolution(waiting)
    assert (late.status, late.reason) == (OrderStatus.CANCELED, "canceled")
    assert known.short() == ()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("canceled", OrderStatus.CANCELED),
        ("marginCanceled", OrderStatus.CANCELED),
        ("badAloPxRejected", OrderStatus.REJECTED),
        ("a word of tomorrow", OrderStatus.CANCELED),
    ],
)
def test_an_end_without_a_trade_is_what_the_venue_calls_it(known, waiting, status, expected):
    known.report(report(status))

    told = resolution(waiting)

    assert (told.status, told.reason, told.fills) == (expected, status, ())


def test_an_older_word_changes_nothing(known, waiting):
    known.report(report("canceled"))
    known.report(report("open"))

    assert resolution(waiting).status is OrderStatus.CANCELED


def test_news_that_may_have_been_missed_makes_all_due_until_the_venue_has_caught_up(known, waiting):
    known.accept(waiting, 7, filled=None, at=at(0), is_live=True)
    known.suspect_all(at=at(10))
    assert known.due(at(10), is_live=True) == (waiting,)

    looked(known, waiting, report("open"), asked_at=at(10.5))
    assert due_at(waiting, is_live=True) == at(11.5)  # the answer may be older than the loss

    looked(known, waiting, report("open"), asked_at=at(12))
    assert due_at(waiting, is_live=True) == at(42)


def test_orders_and_fills_of_others_are_not_taken(known, waiting):
    stranger = "0x" + "22" * 16

    assert known.report(report("open", oid=9, cloid=stranger)) is None
    assert known.fill(fill(1, lots=5, oid=9)) is None
    assert waiting.fills == {}


def test_an_order_in_another_coin_is_malformed(known, waiting):
    assert waiting.word is None
    with pytest.raises(MalformedDataError, match="BTC"):
        known.report(report("open", coin="BTC"))


def test_the_fills_are_what_translating_the_venues_words_makes_of_them(known, waiting, eth):
    known.accept(waiting, 7, filled=None, at=at(0), is_live=True)
    known.fill(replace(fill(1, lots=5), fee_e8=101))

    (told,) = resting.fills_of(waiting)

    assert told.id == "ETH:6:1"
    assert told.notional.atoms == 5 * 300_000
    assert told.fee.atoms == 2  # a millionth and a bit, rounded up
    assert told.quantity.atoms == 5 * eth.lot_atoms
