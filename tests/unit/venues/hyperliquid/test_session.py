"""A connection as a script of frames and times."""

import orjson
import pytest

from router.domain.market import BookSnapshot, PerpContext, StreamLost
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid.session import GREETING, OrderTouched, Session

START = 1_000 * NS_PER_S


def at(seconds):
    return TimestampNs(START + int(seconds * NS_PER_S))


def frame(channel, data):
    return orjson.dumps({"channel": channel, "data": data})


def book_data(time_ms, *, bid="3000.0", coin="ETH"):
    levels = [[{"px": bid, "sz": "1.5", "n": 2}], [{"px": "3001.0", "sz": "2.0", "n": 1}]]
    return {"coin": coin, "time": time_ms, "levels": levels}


def book(time_ms, **changes):
    return frame("l2Book", book_data(time_ms, **changes))


CONTEXT = {"funding": "0.0000125", "markPx": "3000.5", "oraclePx": "3000.0"}
CONTEXT_FRAME = frame("activeAssetCtx", {"coin": "ETH", "ctx": CONTEXT})


def answered(kind, data):
    payload = {"type": kind, "data": data}
    return frame("post", {"id": 1, "response": {"type": "info", "payload": payload}})


@pytest.fixture
def session(config):
    return Session(config, opened_at=at(0))


def lost(events):
    assert len(events) == 1
    assert isinstance(events[0], StreamLost)
    return events[0].reason


def test_a_session_subscribes_to_every_book_context_and_to_its_own_orders(session, config):
    subscriptions = [orjson.loads(f) for f in session.opening_frames()]

    assert all(s["method"] == "subscribe" for s in subscriptions)
    assert [s["subscription"] for s in subscriptions] == [
        {"type": "l2Book", "coin": "ETH"},
        {"type": "activeAssetCtx", "coin": "ETH"},
        {"type": "orderUpdates", "user": config.address},
        {"type": "userFills", "user": config.address},
    ]


def test_a_session_is_complete_once_everything_was_told(session):
    assert session.receive(GREETING, now=at(0.1)) == ()
    assert not session.is_complete

    (snapshot,) = session.receive(book(100), now=at(0.2))
    assert isinstance(snapshot, BookSnapshot)
    assert not session.is_complete

    (context,) = session.receive(CONTEXT_FRAME, now=at(0.3))
    assert isinstance(context, PerpContext)
    assert session.is_complete


def test_the_same_book_told_twice_is_told_once(session):
    assert len(session.receive(book(100), now=at(0.1))) == 1
    assert session.receive(book(100), now=at(0.2)) == ()
    assert len(session.receive(book(100, bid="2999.0"), now=at(0.3))) == 1


def test_a_book_that_goes_back_in_time_ends_the_session(session):
    session.receive(book(100), now=at(0.1))

    events = session.receive(book(99), now=at(0.2))

    assert "back in time by 1 ms" in lost(events)
    assert session.lost == events[0]


def test_silence_beyond_the_limit_ends_the_session_although_pongs_arrive(session):
    session.receive(book(100), now=at(0))
    session.receive(CONTEXT_FRAME, now=at(0))
    for second in range(1, 10):
        session.receive(orjson.dumps({"channel": "pong"}), now=at(second))
        assert session.tick(at(second))[1] == ()

    _, events = session.tick(at(10.1))

    assert "no l2Book of ETH for 10.1 s" in lost(events)


def test_a_book_never_told_at_all_ends_the_session_too(session):
    session.receive(CONTEXT_FRAME, now=at(9))

    assert "no l2Book of ETH" in lost(session.tick(at(10.1))[1])


def test_what_is_quiet_is_asked_for_once_in_a_while_and_the_answer_is_fresh(session):
    session.receive(book(100), now=at(0))
    session.receive(CONTEXT_FRAME, now=at(0))

    assert session.tick(at(0.9)) == ((), ())
    frames, events = session.tick(at(1.0))
    assert session.tick(at(1.5)) == ((), ())

    assert events == ()
    assert [orjson.loads(f)["request"]["payload"] for f in frames] == [
        {"type": "l2Book", "coin": "ETH"},
        {"type": "metaAndAssetCtxs"},
    ]
    (snapshot,) = session.receive(answered("l2Book", book_data(100)), now=at(1.6))
    assert snapshot.received_at == at(1.6)
    meta = {"universe": [{"name": "ETH", "szDecimals": 4, "maxLeverage": 25}]}
    (context,) = session.receive(answered("metaAndAssetCtxs", [meta, [CONTEXT]]), now=at(1.7))
    assert context.received_at == at(1.7)
    assert session.tick(at(2.5)) == ((), ())


def test_an_answer_older_than_what_was_pushed_meanwhile_is_ignored(session):
    session.receive(book(100), now=at(0))

    assert session.receive(answered("l2Book", book_data(99)), now=at(1)) == ()
    assert session.lost is None


def test_a_refused_question_is_no_news(session):
    refusal = {"id": 1, "response": {"type": "error", "payload": "429"}}

    assert session.receive(frame("post", refusal), now=at(1)) == ()


def test_a_ping_is_due_every_so_often(session):
    session.receive(book(100), now=at(14.9))
    session.receive(CONTEXT_FRAME, now=at(14.9))

    frames, _ = session.tick(at(15))

    assert [orjson.loads(f) for f in frames] == [{"method": "ping"}]
    assert session.tick(at(15.1)) == ((), ())


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe",
        b"[]",
        b"{}",
        book(1, bid="3000.001"),
        book(1, bid="3001.0"),
        book(1, coin="DOGE"),
        frame("l2Book", {"coin": "ETH", "time": 1, "levels": [[], [], []]}),
        frame("activeAssetCtx", {"coin": "ETH", "ctx": {**CONTEXT, "markPx": None}}),
        frame("activeAssetCtx", {"coin": "ETH", "ctx": {**CONTEXT, "oraclePx": "0"}}),
        frame("orderUpdates", {}),
        frame("userFills", {"fills": [{}]}),
    ],
)
def test_a_frame_that_means_nothing_ends_the_session(raw, session):
    assert "malformed frame" in lost(session.receive(raw, now=at(1)))


def test_a_complaint_of_the_venue_ends_the_session_with_its_words(session):
    assert "Invalid subscription" in lost(
        session.receive(frame("error", "Invalid subscription"), now=at(1))
    )


@pytest.mark.parametrize("channel", ["subscriptionResponse", "pong", "somethingNew"])
def test_what_is_no_market_data_says_nothing(channel, session):
    assert session.receive(frame(channel, {}), now=at(1)) == ()


def test_news_of_an_order_names_it(session):
    order = {
        "coin": "ETH",
        "side": "B",
        "limitPx": "3000.0",
        "sz": "0.0",
        "oid": 3,
        "timestamp": 1,
        "origSz": "1.0",
        "cloid": "0x" + "cd" * 16,
    }
    update = {"order": order, "status": "filled", "statusTimestamp": 2}

    events = session.receive(frame("orderUpdates", [update]), now=at(1))

    assert events == (OrderTouched("0x" + "cd" * 16),)


def test_fills_are_news_unless_they_are_the_snapshot_after_subscribing(session, config):
    fill = {
        "coin": "ETH",
        "px": "3000.0",
        "sz": "1.0",
        "side": "B",
        "time": 1,
        "oid": 3,
        "tid": 4,
        "fee": "0.1",
        "feeToken": "USDC",
    }
    data = {"user": config.address, "fills": [fill]}

    assert session.receive(frame("userFills", {**data, "isSnapshot": True}), now=at(1)) == ()
    assert session.receive(frame("userFills", data), now=at(1)) == (OrderTouched(None),)
