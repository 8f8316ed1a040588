"""The info endpoint: shapes, aggregation, and what it refuses."""

from dataclasses import replace

import orjson
import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, desk, order
from venues.sandbox.hyperliquid.actions import MalformedError
from venues.sandbox.hyperliquid.answers import book as books
from venues.sandbox.hyperliquid.config import (
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
    HOUSE_ADDRESS,
    XYZ_DEX,
)

HOUR_MS = 3_600_000
KINDS = """
activeAssetData allMids allPerpMetas approvedBuilders candleSnapshot clearinghouseState delegations
delegatorHistory delegatorRewards delegatorSummary exchangeStatus extraAgents frontendOpenOrders
fundingHistory historicalOrders l2Book leadingVaults marginTable maxBuilderFee maxMarketOrderNtls
meta metaAndAssetCtxs openOrders orderStatus perpDeployAuctionStatus perpDexLimits perpDexStatus
perpDexs perpsAtOpenInterestCap portfolio predictedFundings recentTrades referral
spotClearinghouseState spotDeployState spotMeta spotMetaAndAssetCtxs spotPairDeployAuctionStatus
subAccounts subAccounts2 tokenDetails twapHistory userAbstraction userDexAbstraction userFees
userFills userFillsByTime userFunding userNonFundingLedgerUpdates userRateLimit userRole
userToMultiSigSigners userTwapSliceFills userTwapSliceFillsByTime userVaultEquities vaultDetails
vaultSummaries webData2 isVip legalCheck preTransferCheck outcomeMeta outcomeTemplates
settledOutcome perpAnnotation perpCategories perpConciseAnnotations allBorrowLendReserveStates
borrowLendUserState userBorrowLendInterest validatorL1Votes validatorSummaries
"""


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
        depth = list(books.levels(market, is_buy=is_buy))
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
        exact = list(books.levels(market, is_buy=is_buy))
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
        {"type": "meta", "dex": "nope"},
        {"type": "meta", "dex": 7},
        {"type": "candleSnapshot", "req": {"coin": "ETH", "interval": "7m", "startTime": 0}},
        {"type": "userFillsByTime", "user": DEV_MASTER_ADDRESS},
        {"type": "userFills", "user": DEV_MASTER_ADDRESS, "aggregateByTime": 1},
        {"type": "fundingHistory", "coin": "ETH", "startTime": -1},
        {"type": "maxBuilderFee", "user": DEV_MASTER_ADDRESS},
        {"type": "marginTable", "id": 77},
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


def test_a_builders_dex_has_a_universe_of_its_own():
    trader = desk()

    dexs = trader.ask("perpDexs")
    meta = trader.ask("meta", dex="xyz")

    assert dexs[0] is None
    assert dexs[1]["name"] == "xyz"
    assert [coin["name"] for coin in meta["universe"]] == ["xyz:NVDA", "xyz:XYZ100"]
    assert meta["universe"][0]["marginMode"] == "strictIsolated"
    assert meta["universe"][0]["onlyIsolated"] is True
    assert "onlyIsolated" not in meta["universe"][1]
    assert trader.ask("allPerpMetas")[1] == meta
    assert set(trader.ask("allMids", dex="xyz")) == {"xyz:NVDA", "xyz:XYZ100"}
    assert "xyz:NVDA" not in trader.ask("allMids")


def test_spot_pairs_are_named_by_their_number_unless_canonical():
    meta = desk().ask("spotMeta")

    assert [pair["name"] for pair in meta["universe"]] == ["PURR/USDC", "@1"]
    assert [pair["tokens"] for pair in meta["universe"]] == [[1, 0], [150, 0]]
    assert meta["tokens"][0]["name"] == "USDC"


@pytest.mark.parametrize("number", [3, 49])
def test_a_small_table_number_is_its_leverage(number):
    assert desk().ask("marginTable", id=number)["marginTiers"] == [
        {"lowerBound": "0.0", "maxLeverage": number}
    ]


def test_a_coin_at_its_cap_is_told():
    trader = desk()
    trader.venue.state.modes.capped.add("ETH")

    assert trader.ask("perpsAtOpenInterestCap") == ["ETH"]
    assert trader.ask("perpsAtOpenInterestCap", dex="xyz") == []


def test_predicted_rates_are_those_of_the_first_dex_and_of_this_venue():
    rows = dict(desk().ask("predictedFundings"))

    assert set(rows) == {"BTC", "ETH"}
    rates = dict(rows["ETH"])
    assert rates["HlPerp"] == {
        "fundingRate": "0.0000125",
        "nextFundingTime": (OPENED_MS // HOUR_MS + 1) * HOUR_MS,
        "fundingIntervalHours": 1,
    }
    assert rates["BinPerp"] is None


@pytest.mark.parametrize("start", [{}, {"startTime": None}, {"startTime": 0}])
def test_what_an_account_paid_and_moved_is_told_from_the_first_when_no_start_is_given(start):
    trader = desk()
    trader.place(order("3000.2", "2", tif="Ioc"))
    made = trader.send({"type": "createSubAccount", "name": "one"}, key=DEV_MASTER_KEY)
    moving = {"subAccountUser": made["response"]["data"], "isDeposit": True, "usd": 5_000_000}
    trader.send({"type": "subAccountTransfer", **moving}, key=DEV_MASTER_KEY)
    trader.now_ms += HOUR_MS
    trader.venue.advance()

    (paid,) = trader.ask("userFunding", user=DEV_MASTER_ADDRESS, **start)
    (moved,) = trader.ask("userNonFundingLedgerUpdates", user=DEV_MASTER_ADDRESS, **start)

    assert (paid["delta"]["coin"], paid["delta"]["szi"]) == ("ETH", "2.0")
    assert (moved["delta"]["type"], moved["delta"]["usdc"]) == ("subAccountTransfer", "5.0")


def test_growth_is_shown_with_every_coin_of_a_dex_that_has_it():
    trader = desk(builder_dexs=(replace(XYZ_DEX, is_growth_mode=True),))

    assert {coin.get("growthMode") for coin in trader.ask("meta")["universe"]} == {None}
    grown = trader.ask("meta", dex="xyz")["universe"]
    assert [coin["growthMode"] for coin in grown] == ["enabled", "enabled"]


def test_nobody_is_restricted():
    assert desk().ask("legalCheck", user=DEV_MASTER_ADDRESS) == {
        "acceptedTerms": True,
        "userAllowed": True,
        "restrictions": "n",
    }


@pytest.mark.parametrize("kind", ["delegations", "delegatorHistory", "delegatorRewards"])
def test_nobody_stakes(kind):
    assert desk().ask(kind, user=DEV_MASTER_ADDRESS) == []


@pytest.mark.parametrize("user", [DEV_MASTER_ADDRESS, HOUSE_ADDRESS, "0x" + "9" * 40])
def test_every_question_is_answered_for_anybody(user):
    trader = desk()
    trader.place(order("3000.2", "2", tif="Ioc"), order("2900", "1"))
    fields = {
        "user": user,
        "coin": "ETH",
        "builder": HOUSE_ADDRESS,
        "source": HOUSE_ADDRESS,
        "vaultAddress": user,
        "startTime": 0,
        "oid": 1,
        "id": 56,
        "outcome": 0,
        "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
        "req": {"coin": "ETH", "interval": "1h", "startTime": 0},
    }

    answers = {kind: orjson.dumps(trader.ask(kind, **fields)) for kind in KINDS.split()}

    nothing = {kind for kind, answer in answers.items() if answer == b"null"}
    assert nothing == {
        "perpAnnotation",
        "perpDexLimits",
        "settledOutcome",
        "subAccounts",
        "subAccounts2",
        "userDexAbstraction",
        "userToMultiSigSigners",
        "vaultDetails",
    }
