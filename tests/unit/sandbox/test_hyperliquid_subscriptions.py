"""Every kind of subscription: what it echoes, starts with, and tells."""

import zlib
from base64 import b64decode

import orjson
import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, desk, order
from tests.unit.sandbox.hyperliquid_listener import Listener
from venues.sandbox.hyperliquid.config import DEV_MASTER_ADDRESS, HOUSE_ADDRESS
from venues.sandbox.hyperliquid.order import AccountLiquidated, LedgerUpdated, Stamp
from venues.sandbox.hyperliquid.service import present

USER = {"user": DEV_MASTER_ADDRESS}
XYZ100_ASSET = 110_001
STAMP = Stamp(OPENED_MS, "0x" + "ab" * 32)


def unpacked(data):
    return orjson.loads(zlib.decompress(b64decode(data), wbits=-15))


@pytest.mark.parametrize(
    ("asked", "echoed"),
    [
        ({"type": "allMids"}, {"type": "allMids"}),
        ({"type": "allMids", "dex": ""}, {"type": "allMids"}),
        ({"type": "allMids", "dex": "xyz"}, {"type": "allMids", "dex": "xyz"}),
        ({"type": "allMids", "dex": "ALL_DEXS"}, {"type": "allMids", "dex": "ALL_DEXS"}),
        ({"type": "assetCtxs"}, {"type": "assetCtxs", "dex": ""}),
        (
            {"type": "clearinghouseState", **USER},
            {"type": "clearinghouseState", **USER, "dex": ""},
        ),
        (
            {"type": "userFills", **USER},
            {"type": "userFills", **USER, "aggregateByTime": False},
        ),
        (
            {"type": "spotState", **USER, "isPortfolioMargin": False},
            {"type": "spotState", **USER, "isPortfolioMargin": False},
        ),
        ({"coin": "ETH", "type": "bbo", "extra": 1}, {"type": "bbo", "coin": "ETH"}),
    ],
)
def test_a_subscription_is_echoed_with_its_defaults(asked, echoed):
    (acknowledgement, *_) = Listener().subscribe(**{"kind": asked.pop("type"), **asked})

    assert acknowledgement["data"] == {"method": "subscribe", "subscription": echoed}


@pytest.mark.parametrize(
    ("kind", "fields", "channel", "keys"),
    [
        ("allMids", {"dex": "xyz"}, "allMids", "mids dex"),
        ("activeAssetCtx", {"coin": "@1"}, "activeSpotAssetCtx", "coin ctx"),
        ("activeAssetCtx", {"coin": "xyz:NVDA"}, "activeAssetCtx", "coin ctx"),
        ("bbo", {"coin": "PURR/USDC"}, "bbo", "coin time bbo"),
        (
            "activeAssetData",
            {**USER, "coin": "ETH"},
            "activeAssetData",
            "user coin leverage maxTradeSzs availableToTrade markPx",
        ),
        ("assetCtxs", {"dex": "xyz"}, "assetCtxs", "dex ctxs"),
        ("allDexsAssetCtxs", {}, "allDexsAssetCtxs", "ctxs"),
        ("clearinghouseState", USER, "clearinghouseState", "dex user clearinghouseState"),
        (
            "allDexsClearinghouseState",
            USER,
            "allDexsClearinghouseState",
            "user clearinghouseStates",
        ),
        ("spotState", USER, "spotState", "user spotState"),
        ("openOrders", USER, "openOrders", "dex user orders"),
        ("twapStates", USER, "twapStates", "dex user states"),
        ("userFills", USER, "userFills", "isSnapshot user fills"),
        ("userFundings", USER, "userFundings", "isSnapshot user fundings"),
        (
            "userHistoricalOrders",
            USER,
            "userHistoricalOrders",
            "isSnapshot user orderHistory",
        ),
        (
            "userNonFundingLedgerUpdates",
            USER,
            "userNonFundingLedgerUpdates",
            "isSnapshot user nonFundingLedgerUpdates",
        ),
        ("userTwapHistory", USER, "userTwapHistory", "isSnapshot user history"),
        (
            "userTwapSliceFills",
            USER,
            "userTwapSliceFills",
            "isSnapshot user twapSliceFills",
        ),
        (
            "webData2",
            USER,
            "webData2",
            (
                "clearinghouseState leadingVaults totalVaultEquity openOrders agentAddress "
                "agentValidUntil cumLedger meta assetCtxs serverTime isVault user twapStates "
                "spotState spotAssetCtxs perpsAtOpenInterestCap"
            ),
        ),
        ("webData3", USER, "webData3", "userState perpDexStates"),
    ],
)
def test_a_state_is_told_at_once(kind, fields, channel, keys):
    _, first = Listener().subscribe(kind, **fields)

    assert first["channel"] == channel
    assert set(first["data"]) == set(keys.split())


@pytest.mark.parametrize("kind", ["trades", "candle", "orderUpdates", "userEvents", "notification"])
def test_what_only_tells_events_starts_in_silence(kind):
    fields = {"coin": "ETH", "interval": "1m"} if kind in {"trades", "candle"} else USER
    listener = Listener()

    assert len(listener.subscribe(kind, **fields)) == 1
    assert listener.hear() == []


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("clearinghouseState", {**USER, "dex": "nope"}),
        ("clearinghouseState", {**USER, "dex": "ALL_DEXS"}),
        ("candle", {"coin": "ETH", "interval": "7m"}),
        ("l2Book", {"coin": "ETH", "nSigFigs": 9}),
        ("activeAssetData", {**USER, "coin": "PURR/USDC"}),
    ],
)
def test_what_does_not_exist_cannot_be_subscribed_to(kind, fields):
    (error,) = Listener().subscribe(kind, **fields)

    text = orjson.dumps({"type": kind, **fields}).decode()
    assert error == {"channel": "error", "data": f"Invalid subscription {text}"}


def test_fast_contexts_tell_everything_once_and_then_changes():
    listener = Listener()
    _, first = listener.subscribe("fastAssetCtxs")
    silence = listener.hear()

    listener.desk.venue.shift_mid("ETH", 10)
    (second,) = listener.hear()

    everything, changes = unpacked(first["data"]), unpacked(second["data"])
    assert set(everything) == {"BTC", "ETH", "xyz:NVDA", "xyz:XYZ100", "PURR/USDC", "@1"}
    assert everything["ETH"]["midPx"] == "3000.0"
    assert "midPx" not in everything["PURR/USDC"]
    assert silence == []
    assert changes == {"ETH": {"midPx": "3003.0"}}


def test_compression_is_the_venues():
    # The documented test payload holds this object.
    documented = (
        "q1ZyCnFWsqpWyk0syg6oULJSsjQ3NTDQM1Wq1VFyDfFAkTI2MzXQMwJLVVRWWfmFuTiiyBuamOoZKdXWAgA="
    )

    assert unpacked(present.packed(unpacked(documented))) == {
        "BTC": {"markPx": "97500.5"},
        "ETH": {"markPx": "3650.25"},
        "xyz:NVDA": {"markPx": "145.2"},
    }


def test_states_of_a_user_follow_what_the_user_does():
    listener = Listener()
    for kind in ("openOrders", "clearinghouseState", "activeAssetData"):
        listener.subscribe(kind, **USER, **({"coin": "ETH"} if kind == "activeAssetData" else {}))

    listener.desk.place(order("2900", "1"))
    told = {frame["channel"]: frame["data"] for frame in listener.hear()}

    assert [shown["limitPx"] for shown in told["openOrders"]["orders"]] == ["2900.0"]
    assert float(told["clearinghouseState"]["clearinghouseState"]["withdrawable"]) < 2_000_000
    assert float(told["activeAssetData"]["maxTradeSzs"][0]) < 13_333
    assert listener.hear() == []


def test_all_dexs_together_are_told_under_the_name_they_are_asked_by():
    listener = Listener()
    state = listener.desk.venue.state
    state.account(DEV_MASTER_ADDRESS).usd["xyz"] = 10_000_000_000
    state.till.paid_in += 10_000_000_000
    listener.desk.send(
        {"type": "twapOrder", "twap": {"a": 1, "b": True, "s": "1", "r": False, "m": 5, "t": False}}
    )
    listener.desk.place(order("2900", "1"))
    listener.desk.place(order("20000", "0.01", asset=XYZ100_ASSET))

    _, mids = listener.subscribe("allMids", dex="ALL_DEXS")
    _, orders = listener.subscribe("openOrders", **USER, dex="ALL_DEXS")
    _, twaps = listener.subscribe("twapStates", **USER, dex="ALL_DEXS")

    assert {"BTC", "PURR/USDC", "xyz:NVDA"} <= mids["data"]["mids"].keys()
    assert {frame["data"]["dex"] for frame in (mids, orders, twaps)} == {"ALL_DEXS"}
    assert [row["coin"] for row in orders["data"]["orders"]] == ["xyz:XYZ100", "ETH"]
    shown = listener.desk.ask("openOrders", **USER, dex="ALL_DEXS")
    assert [row["oid"] for row in shown] == [row["oid"] for row in orders["data"]["orders"]]
    assert [state["coin"] for _, state in twaps["data"]["states"]] == ["ETH"]


def test_a_state_is_looked_at_again_because_marks_move_it():
    listener = Listener()
    listener.desk.place(order("3000.2", "1", tif="Ioc"))
    listener.subscribe("clearinghouseState", **USER)
    listener.hear()
    listener.desk.venue.markets["ETH"].marked += 100

    listener.desk.now_ms += 100
    early = listener.hear()
    listener.desk.now_ms += 400
    late = listener.hear()

    assert early == []
    assert [frame["channel"] for frame in late] == ["clearinghouseState"]


def test_a_candle_grows_with_every_trade():
    listener = Listener()
    listener.subscribe("candle", coin="ETH", interval="1m")

    listener.desk.place(order("3000.2", "1", tif="Ioc"))
    (first,) = listener.hear()
    listener.desk.place(order("2999.8", "2", is_buy=False, tif="Ioc"))
    (second,) = listener.hear()

    assert (first["data"]["v"], first["data"]["n"]) == ("1.0", 1)
    fills = listener.desk.ask("userFills", user=DEV_MASTER_ADDRESS)
    assert (second["data"]["v"], second["data"]["n"]) == ("3.0", len(fills))
    assert (second["data"]["h"], second["data"]["l"]) == ("3000.2", "2999.8")


def test_a_candle_counts_a_trade_once_and_rolls_on_in_silence():
    listener = Listener()
    listener.desk.place(order("3000.2", "1", tif="Ioc"))
    _, first = listener.subscribe("candle", coin="ETH", interval="1m")
    listener.hear()

    listener.desk.now_ms += 60_000
    (silent,) = listener.hear()
    listener.desk.place(order("2999.8", "1", is_buy=False, tif="Ioc"))
    (traded,) = listener.hear()

    assert (first["data"]["v"], first["data"]["n"]) == ("1.0", 1)
    assert (silent["data"]["o"], silent["data"]["n"]) == ("3000.2", 0)
    assert silent["data"]["t"] == first["data"]["t"] + 60_000
    assert (traded["data"]["o"], traded["data"]["v"]) == ("2999.8", "1.0")
    shown = listener.desk.ask(
        "candleSnapshot", req={"coin": "ETH", "interval": "1m", "startTime": 0}
    )
    assert shown == [first["data"], traded["data"]]


def test_a_modified_order_is_told_as_two():
    listener = Listener()
    listener.subscribe("orderUpdates", **USER)
    cloid = "0x" + "ab" * 16
    (status,) = listener.desk.place(order("2900", "1", cloid=cloid))
    oid = status["resting"]["oid"]
    listener.hear()

    change = {"oid": oid, "order": order("2910", "1", cloid=cloid)}
    listener.desk.send({"type": "batchModify", "modifies": [change]})
    (frame,) = listener.hear()

    told = {update["status"]: update["order"] for update in frame["data"]}
    assert set(told) == {"open", "canceled"}
    assert told["canceled"]["oid"] == oid != told["open"]["oid"]
    assert told["canceled"]["cloid"] == told["open"]["cloid"] == cloid


def test_joined_fills_are_told_as_one_row():
    listener = Listener()
    listener.subscribe("userFills", **USER, aggregateByTime=True)

    listener.desk.place(order("3010", "60", tif="Ioc"))
    (frame,) = listener.hear()

    assert [row["sz"] for row in frame["data"]["fills"]] == ["60.0"]
    assert "isSnapshot" not in frame["data"]


def test_history_of_orders_goes_on_with_every_change():
    listener = Listener()
    listener.subscribe("userHistoricalOrders", **USER)

    listener.desk.place(order("2900", "1"))
    (frame,) = listener.hear()

    (row,) = frame["data"]["orderHistory"]
    assert (row["status"], row["order"]["tif"]) == ("open", "Gtc")


def test_a_liquidation_is_an_event_of_its_user_only():
    mine, others = Listener(), Listener()
    mine.subscribe("userEvents", **USER)
    others.subscribe("userEvents", user=HOUSE_ADDRESS)
    event = AccountLiquidated(
        account=DEV_MASTER_ADDRESS,
        liquidation_id=3,
        liquidator=HOUSE_ADDRESS,
        notional=123_450_000,
        account_value=-1_500_000,
        is_cross=True,
        positions=(("ETH", 5),),
        time_ms=OPENED_MS,
    )

    assert mine.happen(event) == [
        {
            "channel": "user",
            "data": {
                "liquidation": {
                    "lid": 3,
                    "liquidator": HOUSE_ADDRESS,
                    "liquidated_user": DEV_MASTER_ADDRESS,
                    "liquidated_ntl_pos": "123.45",
                    "liquidated_account_value": "-1.5",
                }
            },
        }
    ]
    assert others.happen(event) == []


def test_money_that_moved_is_told_as_it_is_kept():
    listener = Listener()
    listener.subscribe("userNonFundingLedgerUpdates", **USER)
    delta = {"type": "deposit", "usdc": "5.0"}

    (frame,) = listener.happen(
        LedgerUpdated(DEV_MASTER_ADDRESS, delta, STAMP.time_ms, STAMP.action_hash)
    )

    assert frame["data"] == {
        "user": DEV_MASTER_ADDRESS,
        "nonFundingLedgerUpdates": [{"time": OPENED_MS, "hash": STAMP.action_hash, "delta": delta}],
    }


def test_a_twap_is_told_by_state_history_slices_and_events():
    listener = Listener()
    for kind in ("twapStates", "userTwapHistory", "userTwapSliceFills", "userEvents"):
        listener.subscribe(kind, **USER)
    twap = {"a": 1, "b": True, "s": "1", "r": False, "m": 5, "t": False}

    listener.desk.send({"type": "twapOrder", "twap": twap})
    listener.desk.now_ms += 60_000
    frames = listener.hear()
    by_channel = {frame["channel"]: frame["data"] for frame in frames}
    events = [frame["data"] for frame in frames if frame["channel"] == "user"]

    ((number, state),) = by_channel["twapStates"]["states"]
    assert (state["stopPx"], state["trigger"]) == (None, None)
    assert (state["sz"], state["minutes"], state["side"]) == ("1.0", 5, "B")
    assert {row["twapId"] for row in by_channel["userTwapHistory"]["history"]} == {number}
    slices = by_channel["userTwapSliceFills"]["twapSliceFills"]
    assert len(slices) == 3
    executed = sum(float(row["fill"]["sz"]) for row in slices)
    assert executed == pytest.approx(float(state["executedSz"]))
    assert any("twapSliceFills" in data for data in events)
    assert any("twapHistory" in data for data in events)


def test_a_fast_book_does_not_wait_for_the_slow_cadence():
    trader = desk(book_interval_ms=5_000)
    listener = Listener(trader)
    listener.subscribe("l2Book", coin="ETH")
    listener.subscribe("l2Book", coin="ETH", fast=True)

    trader.place(order("3000", "1"))
    trader.now_ms += 500
    early = listener.hear()
    trader.now_ms += 4_500
    late = listener.hear()

    assert [len(frame["data"]["levels"][0]) for frame in early] == [5]
    assert sorted(len(frame["data"]["levels"][0]) for frame in late) == [5, 20]
