"""What comes over the WebSocket, and settlements of funding in their three forms."""

import orjson
import pytest

from router.domain.error import MalformedDataError
from tests.unit.venues.hyperliquid import wire_examples as told
from venues.hyperliquid import wire


def test_a_frame_is_a_channel_with_data_or_a_pong_without():
    assert wire.read_frame(b'{"channel":"pong"}') == wire.Frame("pong", None)
    assert wire.read_frame(b'{"channel":"trades","data":[]}') == wire.Frame("trades", [])
    with pytest.raises(MalformedDataError, match="channel"):
        wire.read_frame(b"{}")


def test_a_subscription_is_acknowledged_with_its_defaults():
    subscription = {"type": "l2Book", "coin": "BTC", "nSigFigs": None}

    read = wire.read_subscribed({"method": "subscribe", "subscription": subscription})

    assert read == wire.Subscribed("subscribe", subscription)


def test_a_posted_request_is_answered_by_its_number():
    action = {"status": "ok", "response": {"type": "default"}}
    posted = wire.read_posted({"id": 256, "response": {"type": "action", "payload": action}})

    assert posted == wire.Posted(256, "action", action)
    assert wire.read_done(posted.payload) is None


def test_a_posted_question_has_its_answer_within():
    payload = {"type": "l2Book", "data": told.BOOK}
    posted = wire.read_posted({"id": 1, "response": {"type": "info", "payload": payload}})

    assert wire.read_book(wire.read_posted_info(posted, "l2Book")).coin == "BTC"
    with pytest.raises(MalformedDataError, match="the answer to meta is one to l2Book"):
        wire.read_posted_info(posted, "meta")


def test_a_posted_request_may_be_refused_and_nothing_else():
    refused = {"id": 1, "response": {"type": "error", "payload": "429: Too Many Requests"}}

    assert wire.read_posted(refused) == wire.Posted(1, "error", "429: Too Many Requests")
    with pytest.raises(MalformedDataError, match="type of a response"):
        wire.read_posted({"id": 1, "response": {"type": "other", "payload": None}})


SETTLED = wire.Funding(
    time_ms=1,
    coin="ETH",
    amount="-3.625312",
    size="49.1477",
    rate="0.0000417",
    samples=24,
    hash=None,
)


def test_a_settlement_is_the_same_asked_for_and_pushed():
    asked = [{"time": 1, "hash": told.HASH, "delta": {"type": "funding", **told.SETTLEMENT}}]
    pushed = {"user": told.USER, "fundings": [{"time": 1, **told.SETTLEMENT}]}

    (row,) = wire.read_fundings(asked)

    assert row.hash == told.HASH
    assert wire.read_user_fundings(pushed) == wire.PushedFundings(
        told.USER, is_snapshot=False, fundings=(SETTLED,)
    )
    assert (row.time_ms, row.amount, row.samples) == (1, "-3.625312", 24)


def test_a_delta_that_is_no_funding_is_malformed():
    delta = {"type": "deposit", **told.SETTLEMENT}

    with pytest.raises(MalformedDataError, match="must be funding"):
        wire.read_fundings([{"time": 1, "hash": told.HASH, "delta": delta}])


def test_a_snapshot_of_fills_says_that_it_is_one():
    fills = {"isSnapshot": True, "user": told.USER, "fills": [told.FILL]}

    read = wire.read_pushed_fills(fills)

    assert (read.address, read.is_snapshot) == (told.USER, True)
    assert read.executions == wire.read_executions([told.FILL])
    assert not wire.read_pushed_fills({"user": told.USER, "fills": []}).is_snapshot


def test_a_pushed_account_is_that_of_a_dex():
    pushed = {"dex": "xyz", "user": told.USER, "clearinghouseState": told.ACCOUNT}

    assert wire.read_pushed_account(pushed) == wire.PushedAccount(
        "xyz", told.USER, wire.read_account(told.ACCOUNT)
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"fills": [told.FILL]},
            wire.UserEvent(executions=wire.read_executions([told.FILL])),
        ),
        (
            {"twapSliceFills": [{"twapId": 5, "fill": told.FILL}]},
            wire.UserEvent(twap_slices=(wire.TwapSlice(5, wire.read_executions([told.FILL])[0]),)),
        ),
        (
            {"funding": told.SETTLEMENT},
            wire.UserEvent(
                funding=wire.EventFunding("ETH", "-3.625312", "49.1477", "0.0000417", 24, None)
            ),
        ),
        (
            {"liquidation": told.LIQUIDATION},
            wire.UserEvent(
                liquidation=wire.LiquidationNotice(1, told.USER, told.OTHER, "100.0", "1.0")
            ),
        ),
        (
            {"nonUserCancel": [{"coin": "BTC", "oid": 5}]},
            wire.UserEvent(cancels=(wire.NonUserCancel("BTC", 5),)),
        ),
        ({"somethingNew": []}, wire.UserEvent()),
    ],
    ids=["fills", "twap", "funding", "liquidation", "cancel", "unheard of"],
)
def test_a_user_event_is_one_of_its_kinds(event, expected):
    assert wire.read_user_event(orjson.loads(orjson.dumps(event))) == expected
