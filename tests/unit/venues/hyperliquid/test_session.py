"""A connection as a script of frames and times."""

from dataclasses import replace

import orjson
import pytest

from router.domain.market import BookSnapshot, MarketTraded, PerpContext, StreamLost
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid import wire
from venues.hyperliquid.feed.session import GREETING, POSTS_MAX, Session
from venues.hyperliquid.trading.news import CancelsTold, FillsTold, OrdersTold

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
    user = config.address
    assert [s["subscription"] for s in subscriptions] == [
        {"type": "l2Book", "coin": "ETH"},
        {"type": "bbo", "coin": "ETH"},
        {"type": "activeAssetCtx", "coin": "ETH"},
        {"type": "orderUpdates", "user": user},
        {"type": "userFills", "user": user},
        {"type": "userEvents", "user": user},
        {"type": "userFundings", "user": user},
        {"type": "userNonFundingLedgerUpdates", "user": user},
        {"type": "clearinghouseState", "user": user, "dex": ""},
    ]


def test_public_trades_are_watched_where_the_configuration_says_so(config):
    session = Session(replace(config, watch_trades=True), opened_at=at(0))
    trade = {
        "coin": "ETH",
        "side": "B",
        "px": "3000.0",
        "sz": "1.0",
        "hash": "0x0",
        "time": 5,
        "tid": 7,
        "users": ["0x" + "01" * 20, "0x" + "02" * 20],
    }

    wanted = [orjson.loads(f)["subscription"] for f in session.opening_frames()]
    (told,) = session.receive(frame("trades", [trade]), now=at(1))

    assert {"type": "trades", "coin": "ETH"} in wanted
    assert told == MarketTraded("eth-perp", 10_000, 7, 5_000_000)


def test_trades_of_a_coin_that_was_not_asked_for_end_the_session(session):
    trade = {"coin": "DOGE", "side": "B", "px": "1.0", "sz": "1", "hash": "0x0", "time": 5}

    (lost,) = session.receive(frame("trades", [{**trade, "tid": 7}]), now=at(1))

    assert "DOGE" in lost.reason


def test_a_sub_account_hears_its_own_news_and_not_its_masters(config):
    sub_account = "0x" + "cd" * 20
    (eth,) = config.instruments
    theirs = replace(
        config,
        sub_account=sub_account,
        instruments=(replace(eth, account=f"hyperliquid:{sub_account}"),),
    )
    session = Session(theirs, opened_at=at(0))

    wanted = [orjson.loads(f)["subscription"] for f in session.opening_frames()]

    assert {w["user"] for w in wanted if "user" in w} == {sub_account}


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


def test_a_book_overtaken_by_a_newer_one_says_nothing(session):
    session.receive(book(100), now=at(0.1))

    assert session.receive(book(99, bid="2999.0"), now=at(0.2)) == ()
    assert session.lost is None


def test_venue_time_that_stands_still_ends_the_session_although_books_arrive(session):
    session.receive(CONTEXT_FRAME, now=at(0))
    for second in range(10):
        session.receive(book(100, bid=f"{2990 + second}.0"), now=at(second))
        session.receive(CONTEXT_FRAME, now=at(second))
        assert session.tick(at(second))[1] == ()

    _, events = session.tick(at(10.1))

    assert "time of ETH has stood still for 10.1 s" in lost(events)


def best(time_ms, bid, ask):
    levels = [None if px is None else {"px": px, "sz": "0.5", "n": 1} for px in (bid, ask)]
    return frame("bbo", {"coin": "ETH", "time": time_ms, "bbo": levels})


def test_newer_best_prices_are_laid_over_the_book(session):
    session.receive(book(100), now=at(0))

    (snapshot,) = session.receive(best(101, "3000.5", "3001.0"), now=at(0.2))

    assert snapshot.bids == ((300_050, 5_000), (300_000, 15_000))
    assert snapshot.asks == ((300_100, 5_000),)
    assert snapshot.at_venue == 101_000_000
    assert snapshot.received_at == at(0)  # so old is its depth


def test_levels_better_than_newer_best_prices_are_gone(session):
    session.receive(book(100), now=at(0))

    (snapshot,) = session.receive(best(101, "2999.0", None), now=at(0.2))

    assert snapshot.bids == ((299_900, 5_000),)
    assert snapshot.asks == ()


@pytest.mark.parametrize("time_ms", [99, 100])
def test_best_prices_that_are_not_newer_say_nothing(time_ms, session):
    session.receive(book(100), now=at(0))

    assert session.receive(best(time_ms, "2999.0", "3001.0"), now=at(0.2)) == ()


def test_a_book_older_than_the_best_prices_does_not_contradict_them(session):
    session.receive(best(101, "3000.5", "3001.0"), now=at(0))

    (snapshot,) = session.receive(book(100), now=at(0.1))

    assert snapshot.bids[0] == (300_050, 5_000)
    assert session.receive(book(102), now=at(0.2))[0].bids == ((300_000, 15_000),)


def test_a_posted_action_is_answered_by_its_id(session):
    number, raw = session.post({"type": "action", "payload": {"nonce": 1}})
    sent = orjson.loads(raw)
    payload = {"status": "ok", "response": {"type": "default"}}

    (answered_action,) = session.receive(
        frame("post", {"id": number, "response": {"type": "action", "payload": payload}}),
        now=at(1),
    )

    assert (sent["method"], sent["id"], sent["request"]["type"]) == ("post", number, "action")
    assert sent["request"]["payload"] == {"nonce": 1}
    assert answered_action == wire.Posted(number, "action", payload)


def test_no_more_actions_are_posted_than_the_venue_allows_at_once(session):
    numbers = [session.post({})[0] for _ in range(POSTS_MAX)]
    assert session.post({}) is None

    refusal = {"id": numbers[0], "response": {"type": "error", "payload": "429 Too Many"}}
    assert session.receive(frame("post", refusal), now=at(1)) == (
        wire.Posted(numbers[0], "error", "429 Too Many"),
    )

    assert session.post({}) is not None
    session.given_up(numbers[1])
    assert session.post({}) is not None


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


def asked(session, second):
    """Return what a session asks for at a second, and check that it says nothing."""
    frames, events = session.tick(at(second))
    assert events == ()
    return [orjson.loads(f)["request"]["payload"]["type"] for f in frames]


def test_what_is_quiet_is_asked_for_once_in_a_while_and_the_answer_is_fresh(session):
    session.receive(book(100), now=at(0))
    session.receive(CONTEXT_FRAME, now=at(0))

    assert [asked(session, s) for s in (0.9, 1.0, 1.5)] == [[], ["l2Book"], []]
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

    (told,) = session.receive(frame("orderUpdates", [update]), now=at(1))

    assert isinstance(told, OrdersTold)
    assert [(r.oid, r.cloid, r.status) for r in told.reports] == [(3, "0x" + "cd" * 16, "filled")]


FILL = {
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


@pytest.mark.parametrize("is_snapshot", [True, False])
def test_fills_are_told_with_whether_they_are_the_snapshot(is_snapshot, session, config):
    data = {"user": config.address, "fills": [FILL], "isSnapshot": is_snapshot}

    (told,) = session.receive(frame("userFills", data), now=at(1))

    assert isinstance(told, FillsTold)
    assert told.is_snapshot is is_snapshot
    assert [(fill.key, fill.fee_e8) for fill in told.fills] == [((1, "ETH", 4), 10_000_000)]


def test_news_of_another_account_ends_the_session(session):
    data = {"user": "0x" + "ee" * 20, "fills": []}

    assert "not asked for" in lost(session.receive(frame("userFills", data), now=at(1)))


def test_orders_the_venue_cancelled_by_itself_are_told(session):
    data = {"nonUserCancel": [{"coin": "ETH", "oid": 3}]}

    assert session.receive(frame("user", data), now=at(1)) == (CancelsTold((3,)),)


def test_the_dear_question_for_contexts_is_put_more_rarely(session):
    session.receive(book(100), now=at(0))
    session.receive(CONTEXT_FRAME, now=at(0))

    kinds = [kind for second in range(1, 10) for kind in asked(session, second)]

    assert kinds.count("metaAndAssetCtxs") == 1
    assert kinds.count("l2Book") == 9
