"""How the venue shows accounts, fills, orders and trades, against its documented examples."""

from dataclasses import replace

import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, desk, order
from venues.sandbox.hyperliquid.answers import clearinghouse
from venues.sandbox.hyperliquid.answers import fill as fills
from venues.sandbox.hyperliquid.config import (
    DEV_MASTER_ADDRESS,
    ETH,
    HOUSE_ADDRESS,
    VAULT_ADDRESS,
    SandboxConfig,
    flat_table,
)
from venues.sandbox.hyperliquid.ledger.account import Account, Leverage, Position
from venues.sandbox.hyperliquid.market.tape import bounds
from venues.sandbox.hyperliquid.order import LiquidationMark
from venues.sandbox.hyperliquid.state import opened

ETH_50X = replace(ETH, max_leverage=50, margin_table=flat_table(50), oracle_price="2985.9")
MINUTE_MS = 60_000


def held(coin, mark, position, *, leverage, cash):
    """Return the state of an account that holds just this; the money is not the venue's."""
    state = opened(replace(SandboxConfig(), coins=(coin,)), OPENED_MS)
    state.markets["ETH"].marked = mark
    account = Account(DEV_MASTER_ADDRESS)
    account.usd[""] = cash
    account.positions["ETH"] = position
    account.leverage["ETH"] = leverage
    return clearinghouse.view(state, account, "")


def test_an_isolated_position_is_shown_as_in_the_documented_example():
    # 0.0335 ETH bought at 2986.3, marked at 2985.9, of a market of 50x; the venue's documentation.
    position = Position(size=335, cost=100_041_050, isolated_usd=-95_059_824)
    state = held(
        ETH_50X, 298_590, position, leverage=Leverage(20, is_cross=False), cash=13_104_514_502
    )

    assert state["marginSummary"] == {
        "accountValue": "13109.482328",
        "totalNtlPos": "100.02765",
        "totalRawUsd": "13009.454678",
        "totalMarginUsed": "4.967826",
    }
    assert state["crossMarginSummary"] == {
        "accountValue": "13104.514502",
        "totalNtlPos": "0.0",
        "totalRawUsd": "13104.514502",
        "totalMarginUsed": "0.0",
    }
    assert (state["crossMaintenanceMarginUsed"], state["withdrawable"]) == ("0.0", "13104.514502")
    (shown,) = state["assetPositions"]
    assert shown["type"] == "oneWay"
    # The example's cash leg is itself rounded, by up to half a micro-dollar on 0.033165 ETH.
    assert float(shown["position"].pop("liquidationPx")) == pytest.approx(2866.26936529, abs=1.6e-5)
    assert shown["position"] == {
        "coin": "ETH",
        "szi": "0.0335",
        "leverage": {"type": "isolated", "value": 20, "rawUsd": "-95.059824"},
        "entryPx": "2986.3",
        "positionValue": "100.02765",
        "unrealizedPnl": "-0.0134",
        "returnOnEquity": "-0.0026789",
        "marginUsed": "4.967826",
        "maxLeverage": 50,
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }


def test_a_margin_is_shown_rounded_down_as_in_recorded_answers():
    # Worth 227.675114 at 20x: the recorded margin is 11.383755.
    position = Position(size=1334, cost=227_556_388)
    state = held(ETH, 170_671, position, leverage=Leverage(20), cash=1_000_000_000)

    shown = state["assetPositions"][0]["position"]

    assert (shown["positionValue"], shown["marginUsed"]) == ("227.675114", "11.383755")
    assert shown["leverage"] == {"type": "cross", "value": 20}
    assert shown["unrealizedPnl"] == "0.118726"


@pytest.mark.parametrize(
    ("size", "price"),
    # Account value 10,000, two coins at 60,000, 40x: the venue's formula solved by hand.
    [(20_000, "55696.20253165"), (-20_000, "64197.5308642")],
)
def test_a_cross_liquidation_price_follows_the_formula(size, price):
    coin = replace(ETH, max_leverage=40, margin_table=flat_table(40))
    worth = size * 6_000_000
    position = Position(size=size, cost=worth)
    state = held(coin, 6_000_000, position, leverage=Leverage(20), cash=10_000_000_000 - worth)

    assert state["assetPositions"][0]["position"]["liquidationPx"] == price


def test_what_can_be_traded_is_what_the_venue_lets_pass():
    trader = desk()
    data = trader.ask("activeAssetData", user=DEV_MASTER_ADDRESS, coin="ETH")
    largest = data["maxTradeSzs"][0]
    above = f"{float(largest) + 0.0001:.4f}"

    (refused,) = trader.place(order("2900", above))
    (taken,) = trader.place(order("2900", largest))

    assert refused["error"].startswith("Insufficient margin")
    assert "resting" in taken
    assert data["leverage"] == {"type": "cross", "value": 20}


def test_fills_of_one_crossing_order_are_joined_by_their_average():
    trader = desk()
    trader.place(order("3010", "60", tif="Ioc"))
    account = trader.venue.state.accounts[DEV_MASTER_ADDRESS]
    single = fills.newest(trader.venue.state, account)

    (joined,) = trader.ask("userFills", user=DEV_MASTER_ADDRESS, aggregateByTime=True)

    assert len(single) > 3
    assert float(joined["sz"]) == pytest.approx(60)
    assert joined["startPosition"] == "0.0"
    average = sum(float(f["px"]) * float(f["sz"]) for f in single) / 60
    assert float(joined["px"]) == pytest.approx(average, abs=0.01)
    assert float(joined["fee"]) == pytest.approx(sum(float(f["fee"]) for f in single))


def test_resting_orders_hit_by_several_keep_their_rows():
    trader = desk()
    trader.place(order("3000.2", "1", tif="Ioc"), order("3000.2", "1", tif="Ioc"))

    rows = trader.ask("userFills", user=HOUSE_ADDRESS, aggregateByTime=True)

    assert [row["crossed"] for row in rows] == [False, False]


def test_fills_by_time_run_forward_and_backward_within_the_window():
    trader = desk()
    for _ in range(4):
        trader.now_ms += 10
        trader.place(order("3000.2", "0.1", tif="Ioc"))
    window = {"user": DEV_MASTER_ADDRESS, "startTime": OPENED_MS + 20, "endTime": OPENED_MS + 30}

    forward = trader.ask("userFillsByTime", **window)
    backward = trader.ask("userFillsByTime", **window, reversed=True)

    assert [row["time"] - OPENED_MS for row in forward] == [20, 30]
    assert backward == forward[::-1]


def test_two_thousand_fills_make_a_page():
    trader = desk()
    trader.place(order("3000.2", "0.1", tif="Ioc"))
    account = trader.venue.state.accounts[DEV_MASTER_ADDRESS]
    (first,) = account.fills
    account.fills = [replace(first, time_ms=OPENED_MS + i, trade_id=i) for i in range(12_500)]
    trader.now_ms += 20_000

    page = trader.ask("userFillsByTime", user=DEV_MASTER_ADDRESS, startTime=0)

    assert len(page) == 2000
    assert page[0]["tid"] == 2_500, "older ones than the latest ten thousand are out of reach"
    following = trader.ask(
        "userFillsByTime", user=DEV_MASTER_ADDRESS, startTime=page[-1]["time"] + 1
    )
    assert following[0]["tid"] == page[-1]["tid"] + 1
    assert len(trader.ask("userFills", user=DEV_MASTER_ADDRESS)) == 2000


def test_recent_trades_are_newest_first_and_name_both_sides():
    trader = desk()
    for i in range(12):
        trader.now_ms += 1
        buys = i % 2 == 0
        trader.place(order("3100" if buys else "2900", "0.1", is_buy=buys, tif="Ioc"))

    trades = trader.ask("recentTrades", coin="ETH")

    assert len(trades) == 10
    assert [trade["side"] for trade in trades] == ["A", "B"] * 5
    assert trades[0]["users"] == [HOUSE_ADDRESS, DEV_MASTER_ADDRESS]
    assert trades[1]["users"] == [DEV_MASTER_ADDRESS, HOUSE_ADDRESS]
    assert trader.ask("recentTrades", coin="NOPE") == []


def test_what_the_venue_books_without_a_book_is_a_fill_and_no_print():
    trader = desk()
    trader.place(order("3000.2", "0.1", tif="Ioc"))
    account = trader.venue.state.accounts[DEV_MASTER_ADDRESS]
    mark = LiquidationMark(HOUSE_ADDRESS, 220_250, "backstop")
    booked = replace(
        account.fills[0],
        direction="Auto-Deleveraging",
        price=220_750,
        fee=0,
        trade_id=1,
        liquidation=mark,
    )
    account.fills.append(booked)

    shown = trader.ask("userFills", user=DEV_MASTER_ADDRESS)[0]

    assert (shown["dir"], shown["fee"], shown["px"]) == ("Auto-Deleveraging", "0.0", "2207.5")
    assert shown["liquidation"] == {
        "liquidatedUser": HOUSE_ADDRESS,
        "markPx": "2202.5",
        "method": "backstop",
    }
    assert [trade["px"] for trade in trader.ask("recentTrades", coin="ETH")] == ["3000.2"]


def test_candles_gather_trades_and_carry_the_close_over_silence():
    trader = desk()
    start = OPENED_MS // MINUTE_MS * MINUTE_MS
    trader.place(order("3100", "1", tif="Ioc"))
    trader.place(order("2900", "2", is_buy=False, tif="Ioc"))
    trader.now_ms = start + 3 * MINUTE_MS
    trader.place(order("3100", "3", tif="Ioc"))

    rows = trader.ask(
        "candleSnapshot", req={"coin": "ETH", "interval": "1m", "startTime": 0, "endTime": None}
    )

    assert [row["t"] for row in rows] == [start + i * MINUTE_MS for i in range(4)]
    first, second, _, last = rows
    assert first["T"] == start + MINUTE_MS - 1
    assert (first["o"], first["c"]) == ("3000.2", "2999.8")
    assert (first["h"], first["l"], first["v"]) == ("3000.2", "2999.8", "3.0")
    assert (second["o"], second["v"], second["n"]) == ("2999.8", "0.0", 0)
    assert (last["o"], last["l"]) == ("3000.2", "3000.2")
    assert (last["s"], last["i"]) == ("ETH", "1m")


@pytest.mark.parametrize(
    ("interval", "first", "last"),
    [
        # 14 Nov 2023 was a Tuesday.
        ("1d", "2023-11-14T00:00", "2023-11-14T23:59"),
        ("1w", "2023-11-13T00:00", "2023-11-19T23:59"),
        ("1M", "2023-11-01T00:00", "2023-11-30T23:59"),
        ("4h", "2023-11-14T20:00", "2023-11-14T23:59"),
    ],
)
def test_intervals_start_where_the_calendar_says(interval, first, last):
    from_ms, to_ms = bounds(OPENED_MS, interval)

    assert [shown(from_ms), shown(to_ms)] == [first, last]


def shown(time_ms):
    seconds, _ = divmod(time_ms, 1000)
    days, rest = divmod(seconds, 86_400)
    # 14 November 2023 is the 19,675th day.
    day = days - 19_675 + 14
    return f"2023-11-{day:02}T{rest // 3600:02}:{rest % 3600 // 60:02}"


def test_history_tells_every_order_newest_first_with_its_end():
    trader = desk()
    trader.place(order("2900", "1"), order("2900", "0.001"), order("3010", "1", tif="Ioc"))

    rows = trader.ask("historicalOrders", user=DEV_MASTER_ADDRESS)

    assert [row["status"] for row in rows] == ["filled", "minTradeNtlRejected", "open"]
    oids = [row["order"]["oid"] for row in rows]
    assert oids == sorted(oids, reverse=True)


def test_an_order_is_found_by_its_name_and_by_nobody_else():
    trader = desk()
    cloid = "0x" + "ab" * 16
    trader.place(order("2900", "1", cloid=cloid))

    assert trader.status(cloid) == "open"
    assert trader.status(cloid, HOUSE_ADDRESS) == "unknownOid"
    assert trader.status("0x" + "cd" * 16) == "unknownOid"


def test_a_vault_and_what_is_owned_of_it():
    trader = desk()

    details = trader.ask("vaultDetails", vaultAddress=VAULT_ADDRESS, user=DEV_MASTER_ADDRESS)
    (equity,) = trader.ask("userVaultEquities", user=DEV_MASTER_ADDRESS)

    assert details["leader"] == DEV_MASTER_ADDRESS
    assert details["followerState"]["vaultEquity"] == equity["equity"] == "100000.0"
    assert details["leaderFraction"] == 1
    assert trader.ask("vaultDetails", vaultAddress=HOUSE_ADDRESS) is None
    assert trader.ask("userRole", user=VAULT_ADDRESS) == {"role": "vault"}
    assert VAULT_ADDRESS in {row["vaultAddress"] for row in trader.ask("vaultSummaries")}
    assert [row["address"] for row in trader.ask("leadingVaults", user=DEV_MASTER_ADDRESS)] == [
        VAULT_ADDRESS
    ]


def test_a_portfolio_counts_fees_and_open_profit():
    trader = desk()
    trader.place(order("3000.2", "10", tif="Ioc"))

    periods = dict(trader.ask("portfolio", user=DEV_MASTER_ADDRESS))

    mark = trader.venue.markets["ETH"].marked / 100
    profit = 10 * (mark - 3000.2) - 30_002 * 0.00045
    assert float(periods["day"]["pnlHistory"][-1][1]) == pytest.approx(profit, abs=1e-5)
    assert float(periods["perpDay"]["vlm"]) == 30_002
    value = float(periods["allTime"]["accountValueHistory"][-1][1])
    assert value == pytest.approx(2_000_000 + profit, abs=1e-5)
