"""The info endpoint: shapes, aggregation, and what it refuses."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, desk, order
from venues.sandbox.hyperliquid.actions.wire import MalformedError
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_ADDRESS,
    DEV_MASTER_ADDRESS,
    HOUSE_ADDRESS,
)

HOUR_MS = 3_600_000


def levels(book):
    return [
        [(float(row["px"]), float(row["sz"]), row["n"]) for row in side] for side in book["levels"]
    ]


def test_meta_lists_both_coins_with_the_documented_tiers():
    meta = desk().ask("meta")

    assert meta["universe"] == [
        {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 56},
        {"szDecimals": 4, "name": "ETH", "maxLeverage": 25, "marginTableId": 55},
    ]
    tables = {number: table["marginTiers"] for number, table in meta["marginTables"]}
    assert tables[56] == [
        {"lowerBound": "0.0", "maxLeverage": 40},
        {"lowerBound": "150000000.0", "maxLeverage": 20},
    ]
    assert tables[55] == [
        {"lowerBound": "0.0", "maxLeverage": 25},
        {"lowerBound": "100000000.0", "maxLeverage": 15},
    ]
    assert meta["collateralToken"] == 0


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_the_opening_book_is_deep_enough_to_rehearse_on(coin):
    trader = desk()
    market = trader.venue.markets[coin]

    for is_buy in (True, False):
        depth = list(market.depth(is_buy=is_buy))
        near = [row for row in depth if abs(row[0] - market.oracle) * 1_000 <= market.oracle]
        assert len(depth) >= 40
        assert all(count >= 2 for _, _, count in depth)
        assert 1e6 < sum(price * size for price, size, _ in near) / 1e6 < 3e6
    bid, ask = market.touch()
    assert 0 < (ask - bid) / market.oracle < 0.00015


def test_a_book_shows_twenty_sorted_levels_a_side():
    bids, asks = levels(desk().ask("l2Book", coin="ETH"))

    assert len(bids) == len(asks) == 20
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0][0] < asks[0][0]


@pytest.mark.parametrize(
    ("figures", "mantissa", "step"),
    [(5, None, 0.1), (5, 2, 0.2), (5, 5, 0.5), (4, None, 1.0), (3, None, 10.0), (2, None, 100.0)],
)
def test_a_grouped_book_keeps_every_coin_and_never_looks_better(figures, mantissa, step):
    trader = desk()
    grouped = trader.ask("l2Book", coin="ETH", nSigFigs=figures, mantissa=mantissa)
    bids, asks = levels(grouped)
    market = trader.venue.markets["ETH"]

    for side, is_buy in ((bids, True), (asks, False)):
        exact = list(market.depth(is_buy=is_buy))
        for price, size, count in side:
            near, far = (price, price + step) if is_buy else (price - step, price)
            members = [
                row
                for row in exact
                if (near <= row[0] / 100 < far if is_buy else near < row[0] / 100 <= far)
            ]
            assert size == pytest.approx(sum(row[1] for row in members) / 10_000, rel=1e-12)
            assert count == sum(row[2] for row in members)
            assert round(price / step) == pytest.approx(price / step)
    assert float(grouped["spread"]) == pytest.approx(asks[0][0] - bids[0][0])


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "noSuchType"},
        {},
        {"type": "l2Book", "coin": "ETH", "nSigFigs": 6},
        {"type": "l2Book", "coin": "ETH", "mantissa": 2},
        {"type": "l2Book", "coin": "ETH", "nSigFigs": 5, "mantissa": 3},
        {"type": "clearinghouseState"},
        {"type": "clearinghouseState", "user": "0x12"},
        {"type": "orderStatus", "user": DEV_MASTER_ADDRESS},
        {"type": "meta", "dex": "xyz"},
    ],
)
def test_a_request_the_venue_cannot_read_is_malformed(fields):
    trader = desk()
    kind = fields.get("type")
    rest = {key: value for key, value in fields.items() if key != "type"}

    with pytest.raises(MalformedError):
        trader.ask(kind, **rest)


def test_an_unknown_coin_has_no_book():
    assert desk().ask("l2Book", coin="NOPE") is None


def test_order_status_shows_what_was_asked_and_what_is_left():
    trader = desk()
    (status,) = trader.place(order("2900", "1", tif="Alo"))
    oid = status["resting"]["oid"]
    trader.now_ms += 7
    trader.send({"type": "cancel", "cancels": [{"a": 1, "o": oid}]})

    answer = trader.ask("orderStatus", user=DEV_MASTER_ADDRESS, oid=oid)

    assert answer == {
        "status": "order",
        "order": {
            "order": {
                "coin": "ETH",
                "side": "B",
                "limitPx": "2900.0",
                "sz": "1.0",
                "oid": oid,
                "timestamp": OPENED_MS,
                "origSz": "1.0",
                "triggerCondition": "N/A",
                "isTrigger": False,
                "triggerPx": "0.0",
                "children": [],
                "isPositionTpsl": False,
                "reduceOnly": False,
                "orderType": "Limit",
                "tif": "Alo",
                "cloid": None,
            },
            "status": "canceled",
            "statusTimestamp": OPENED_MS + 7,
        },
    }


def test_frontend_open_orders_are_the_open_ones():
    trader = desk()
    trader.place(order("2900", "1"), order("3100", "1", tif="Ioc"))

    (shown,) = trader.ask("frontendOpenOrders", user=DEV_MASTER_ADDRESS)

    assert (shown["tif"], shown["limitPx"], shown["isTrigger"]) == ("Gtc", "2900.0", False)


def test_fills_come_newest_first_and_name_both_sides_once():
    trader = desk()
    trader.place(order("3100", "1", tif="Ioc"))
    trader.now_ms += 1
    trader.place(order("2900", "1", is_buy=False, tif="Ioc"))

    mine = trader.ask("userFills", user=DEV_MASTER_ADDRESS)
    house = trader.ask("userFills", user=HOUSE_ADDRESS)

    assert [fill["dir"] for fill in mine] == ["Close Long", "Open Long"]
    assert [fill["tid"] for fill in mine] == [fill["tid"] for fill in house]
    assert len({fill["tid"] for fill in mine}) == 2
    assert mine[0]["hash"].startswith("0x")
    assert len(mine[0]["hash"]) == 66
    assert all(fill["tid"] < 2**50 for fill in mine)


def test_the_account_of_a_stranger_or_an_agent_is_empty():
    state = desk().state(DEV_AGENT_ADDRESS)

    assert state["assetPositions"] == []
    assert state["marginSummary"]["accountValue"] == "0.0"
    assert state["withdrawable"] == "0.0"


def test_account_value_is_cash_plus_size_times_mark():
    trader = desk()
    trader.place(order("3100", "12.3456", tif="Ioc"), order("89000", "0.5", asset=0, is_buy=False))
    trader.venue.shift_mid("ETH", 150)

    state = trader.state()

    contexts = trader.ask("metaAndAssetCtxs")
    marks = {
        entry["name"]: float(context["markPx"])
        for entry, context in zip(contexts[0]["universe"], contexts[1], strict=True)
    }
    positions = [entry["position"] for entry in state["assetPositions"]]
    held = sum(float(p["szi"]) * marks[p["coin"]] for p in positions)
    summary = state["marginSummary"]
    cents = 1e-6 * len(positions)
    assert float(summary["accountValue"]) == pytest.approx(
        float(summary["totalRawUsd"]) + held, abs=cents
    )
    used = sum(float(p["marginUsed"]) for p in positions)
    assert float(summary["totalMarginUsed"]) == pytest.approx(used, abs=cents)
    notional = sum(float(p["positionValue"]) for p in positions)
    assert float(summary["totalNtlPos"]) == pytest.approx(notional, abs=cents)
    assert float(state["withdrawable"]) == pytest.approx(
        float(summary["accountValue"]) - max(used, 0.1 * notional), abs=cents
    )
    by_coin = {p["coin"]: p for p in positions}
    maintenance = 0.0125 * float(by_coin["BTC"]["positionValue"]) + 0.02 * float(
        by_coin["ETH"]["positionValue"]
    )
    assert float(state["crossMaintenanceMarginUsed"]) == pytest.approx(maintenance, abs=cents)


def test_contexts_count_open_interest_and_volume():
    trader = desk()
    trader.place(order("3000.2", "2", tif="Ioc"))

    context = trader.ask("metaAndAssetCtxs")[1][1]

    assert context["openInterest"] == "2.0"
    assert context["dayBaseVlm"] == "2.0"
    assert context["dayNtlVlm"] == "6000.4"
    assert context["funding"] == "0.0000125"


def test_funding_history_shows_one_row_an_hour():
    trader = desk()
    first = (OPENED_MS // HOUR_MS - 3) * HOUR_MS

    rows = trader.ask("fundingHistory", coin="ETH", startTime=first)

    assert [row["time"] for row in rows] == [first + i * HOUR_MS for i in range(4)]
    assert {row["fundingRate"] for row in rows} == {"0.0000125"}
    assert len(trader.ask("fundingHistory", coin="ETH", startTime=0)) == 500


def test_fees_are_what_is_charged():
    fees = desk().ask("userFees", user=DEV_MASTER_ADDRESS)

    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.00045", "0.00015")


def test_roles_and_agents_are_told():
    trader = desk()

    assert trader.ask("userRole", user=DEV_MASTER_ADDRESS) == {"role": "user"}
    assert trader.ask("userRole", user="0x" + "9" * 40) == {"role": "missing"}
    assert trader.ask("userRole", user=DEV_AGENT_ADDRESS) == {
        "role": "agent",
        "data": {"user": DEV_MASTER_ADDRESS},
    }
    (agent,) = trader.ask("extraAgents", user=DEV_MASTER_ADDRESS)
    assert agent["address"] == DEV_AGENT_ADDRESS


def test_spot_and_builder_markets_are_empty():
    trader = desk()

    assert trader.ask("perpDexs") == [None]
    assert trader.ask("spotMeta")["universe"] == []
