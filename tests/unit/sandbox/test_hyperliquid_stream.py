"""One client's WebSocket conversation, frame by frame."""

import orjson
import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, desk, order
from venues.sandbox.hyperliquid.config import DEV_MASTER_ADDRESS
from venues.sandbox.hyperliquid.service.stream import Stream, UnknownCoinError


class Listener:
    """A stream and the desk it listens to."""

    def __init__(self, **changes):
        self.desk = desk(**changes)
        self.stream = Stream(self.desk.venue)

    def say(self, message):
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        return [orjson.loads(frame) for frame in self.stream.receive(text)]

    def subscribe(self, kind, **fields):
        return self.say({"method": "subscribe", "subscription": {"type": kind, **fields}})

    def hear(self):
        self.desk.venue.advance()
        frames = self.stream.observe(self.desk.venue.drain())
        frames += self.stream.flush(now_ms=self.desk.now_ms)
        return [orjson.loads(frame) for frame in frames]

    def channels(self):
        return [frame["channel"] for frame in self.hear()]


def test_a_subscription_is_acknowledged_in_normal_form_and_followed_by_a_snapshot():
    listener = Listener()

    acknowledgement, snapshot = listener.subscribe("l2Book", coin="ETH")

    assert acknowledgement == {
        "channel": "subscriptionResponse",
        "data": {
            "method": "subscribe",
            "subscription": {
                "type": "l2Book",
                "coin": "ETH",
                "nSigFigs": None,
                "mantissa": None,
            },
        },
    }
    assert snapshot["channel"] == "l2Book"
    assert snapshot["data"] == listener.desk.ask("l2Book", coin="ETH")


def test_a_fast_book_has_five_levels_and_says_so():
    acknowledgement, snapshot = Listener().subscribe("l2Book", coin="ETH", fast=True)

    assert acknowledgement["data"]["subscription"]["fast"] is True
    assert snapshot["data"]["fast"] is True
    assert [len(side) for side in snapshot["data"]["levels"]] == [5, 5]


def test_subscribing_or_unsubscribing_twice_is_an_error():
    listener = Listener()
    subscription = {"type": "trades", "coin": "ETH"}
    listener.subscribe(kind="trades", coin="ETH")

    again = listener.subscribe("trades", coin="ETH")
    away = listener.say({"method": "unsubscribe", "subscription": subscription})
    away_again = listener.say({"method": "unsubscribe", "subscription": subscription})

    text = '{"type":"trades","coin":"ETH"}'
    assert again == [{"channel": "error", "data": f"Already subscribed: {text}"}]
    assert away[0]["data"] == {"method": "unsubscribe", "subscription": subscription}
    assert away_again == [{"channel": "error", "data": f"Already unsubscribed: {text}"}]


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "[]",
        '{"method":"shout"}',
        '{"method":"subscribe","subscription":{"type":"noSuchType"}}',
        '{"method":"subscribe","subscription":{"type":"l2Book","coin":["ETH"]}}',
        '{"method":"subscribe","subscription":{"type":"userFills","user":"0x1"}}',
    ],
)
def test_a_frame_that_makes_no_sense_is_echoed_as_an_error(text):
    assert Listener().say(text) == [
        {
            "channel": "error",
            "data": f"Error parsing JSON into valid websocket request: {text}",
        }
    ]


def test_an_unknown_coin_ends_the_conversation():
    with pytest.raises(UnknownCoinError):
        Listener().subscribe("bbo", coin="NOPE")


def test_a_ping_is_answered():
    assert Listener().say({"method": "ping"}) == [{"channel": "pong"}]


def test_the_touch_speaks_only_when_it_changed():
    listener = Listener()
    listener.subscribe("bbo", coin="ETH")

    listener.desk.place(order("2900", "1"))
    deep = listener.hear()
    listener.desk.place(order("3000", "1"))
    improved = listener.hear()

    assert deep == []
    assert improved[0]["data"]["bbo"][0] == {"px": "3000.0", "sz": "1.0", "n": 1}


def test_books_follow_every_change_and_only_of_their_coin():
    listener = Listener()
    listener.subscribe("l2Book", coin="ETH")

    listener.desk.place(order("3000", "1"))
    changed = listener.hear()
    listener.desk.place(order("90000", "0.1", asset=0))
    other_coin = listener.hear()

    assert changed[0]["data"]["levels"][0][0]["px"] == "3000.0"
    assert other_coin == []


def test_a_throttled_book_waits_and_then_shows_the_latest_state():
    listener = Listener(book_interval_ms=100)
    listener.subscribe("l2Book", coin="ETH")

    listener.desk.place(order("3000", "1"))
    listener.desk.place(order("3000.1", "1"))
    early = listener.hear()
    listener.desk.now_ms += 100
    late = listener.hear()

    assert early == []
    assert [frame["data"]["levels"][0][0]["px"] for frame in late] == ["3000.1"]


def test_a_quiet_book_is_repeated_with_a_newer_time():
    listener = Listener()
    listener.subscribe("l2Book", coin="ETH")
    listener.subscribe("bbo", coin="ETH")

    listener.desk.now_ms += 500
    frames = listener.hear()

    assert [frame["channel"] for frame in frames] == ["l2Book"]
    assert frames[0]["data"]["time"] == OPENED_MS + 500


def test_an_order_that_rests_and_is_cancelled_is_told_twice():
    listener = Listener()
    listener.subscribe("orderUpdates", user=DEV_MASTER_ADDRESS)

    (status,) = listener.desk.place(order("2900", "1"))
    oid = status["resting"]["oid"]
    opened = listener.hear()
    listener.desk.send({"type": "cancel", "cancels": [{"a": 1, "o": oid}]})
    cancelled = listener.hear()

    assert opened == [
        {
            "channel": "orderUpdates",
            "data": [
                {
                    "order": {
                        "coin": "ETH",
                        "side": "B",
                        "limitPx": "2900.0",
                        "sz": "1.0",
                        "oid": oid,
                        "timestamp": OPENED_MS,
                        "origSz": "1.0",
                    },
                    "status": "open",
                    "statusTimestamp": OPENED_MS,
                }
            ],
        }
    ]
    assert cancelled[0]["data"][0]["status"] == "canceled"


def test_fills_start_with_a_snapshot_and_go_on_with_what_is_new():
    listener = Listener()
    listener.desk.place(order("3100", "1", tif="Ioc"))
    listener.hear()

    _, snapshot = listener.subscribe("userFills", user=DEV_MASTER_ADDRESS.upper().replace("X", "x"))
    listener.desk.place(order("2900", "1", is_buy=False, tif="Ioc"))
    (update,) = listener.hear()

    assert snapshot["data"]["isSnapshot"] is True
    assert [fill["side"] for fill in snapshot["data"]["fills"]] == ["B"]
    assert "isSnapshot" not in update["data"]
    assert [fill["side"] for fill in update["data"]["fills"]] == ["A"]
    assert update["data"]["user"] == DEV_MASTER_ADDRESS


def test_trades_name_the_aggressor_and_both_parties():
    listener = Listener()
    listener.subscribe("trades", coin="ETH")

    listener.desk.place(order("3000.2", "1", tif="Ioc"))
    (frame,) = listener.hear()

    (trade,) = frame["data"]
    assert (trade["side"], trade["px"], trade["sz"]) == ("B", "3000.2", "1.0")
    assert trade["users"][0] == DEV_MASTER_ADDRESS


def test_user_events_carry_fills_funding_and_cancels_by_the_venue():
    listener = Listener()
    listener.subscribe("userEvents", user=DEV_MASTER_ADDRESS)
    (status,) = listener.desk.place(order("2900", "1"))
    listener.desk.place(order("3100", "1", tif="Ioc"))
    fills = listener.hear()

    listener.desk.send({"type": "scheduleCancel", "time": OPENED_MS + 5_000})
    listener.desk.now_ms += 3_600_000
    listener.desk.venue.advance()
    later = {next(iter(frame["data"])): frame["data"] for frame in listener.hear()}

    assert [frame["channel"] for frame in fills] == ["user"]
    assert fills[0]["data"]["fills"][0]["sz"] == "1.0"
    assert later["nonUserCancel"] == {
        "nonUserCancel": [{"coin": "ETH", "oid": status["resting"]["oid"]}]
    }
    assert later["funding"]["funding"]["usdc"] == "-0.0375"
    assert later["funding"]["funding"]["szi"] == "1.0"


def test_mids_and_contexts_move_with_the_market():
    listener = Listener()
    listener.subscribe("allMids")
    listener.subscribe("activeAssetCtx", coin="ETH")

    listener.desk.venue.shift_mid("ETH", 10)
    frames = {frame["channel"]: frame["data"] for frame in listener.hear()}

    assert frames["allMids"]["mids"]["ETH"] == "3003.0"
    assert frames["activeAssetCtx"]["ctx"]["midPx"] == "3003.0"
    assert frames["activeAssetCtx"]["coin"] == "ETH"


def test_nothing_is_heard_after_unsubscribing():
    listener = Listener()
    subscription = {"type": "trades", "coin": "ETH"}
    listener.say({"method": "subscribe", "subscription": subscription})
    listener.say({"method": "unsubscribe", "subscription": subscription})

    listener.desk.place(order("3100", "1", tif="Ioc"))

    assert listener.hear() == []
