"""Questions over HTTP to a server with a script: what is sent, what is read, what it costs."""

import asyncio
from dataclasses import dataclass, field

import orjson
import pytest
from aiohttp import web

from router.domain.error import NotSentError, VenueError
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from tests.unit.venues.hyperliquid import wire_examples as told
from tests.unit.venues.hyperliquid.wire_examples import OTHER, USER
from venues.hyperliquid import wire
from venues.hyperliquid.clients.budget import QUESTION_RESERVE, WEIGHT_PER_WINDOW, Budget
from venues.hyperliquid.clients.info import FILLS_A_PAGE, ROWS_A_PAGE, InfoClient, weight
from venues.hyperliquid.spec import VENUE
from venues.transport.http import HttpClient

DEADLINE_S = 30
WITHIN = DurationNs(5 * NS_PER_S)


class SetClock:
    def now(self):
        return TimestampNs(1_700_000_000 * NS_PER_S)


@dataclass(slots=True)
class Script:
    """Answers a request with what `answer` makes of it, and keeps what was asked."""

    answer: object
    asked: list = field(default_factory=list)

    async def __call__(self, request):
        body = orjson.loads(await request.read())
        self.asked.append(body)
        answer = self.answer(body) if callable(self.answer) else self.answer
        if isinstance(answer, web.Response):
            return answer
        return web.Response(body=orjson.dumps(answer))


def ask(script, question, *, spend=None, owe=None, within=WITHIN):
    """Return what a question put to a client of the script's server comes to."""

    async def answer(request):
        return await script(request)

    async def main():
        app = web.Application()
        app.router.add_post("/info", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        http = HttpClient(f"http://127.0.0.1:{port}")
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await question(InfoClient(http, within=within, spend=spend, owe=owe))
        finally:
            await http.close()
            await runner.cleanup()

    return asyncio.run(main())


BY_USER = {"user": USER}
QUESTIONS = {
    "meta": (lambda c: c.meta(), {}, told.META, wire.read_metadata),
    "meta of a dex": (lambda c: c.meta(dex="xyz"), {"dex": "xyz"}, told.META, wire.read_metadata),
    "metaAndAssetCtxs": (
        lambda c: c.meta_and_contexts(),
        {},
        [told.META, [told.CONTEXT, told.CONTEXT]],
        wire.read_metadata_and_contexts,
    ),
    "spotMeta": (lambda c: c.spot_meta(), {}, told.SPOT_META, wire.read_spot_metadata),
    "perpDexs": (lambda c: c.perp_dexs(), {}, [None, told.PERP_DEX], wire.read_perp_dexs),
    "l2Book": (lambda c: c.book("BTC"), {"coin": "BTC"}, told.BOOK, wire.read_book),
    "allMids": (lambda c: c.mids(), {}, {"BTC": "1.0"}, wire.read_mids),
    "recentTrades": (lambda c: c.trades("BTC"), {"coin": "BTC"}, [told.TRADE], wire.read_trades),
    "candleSnapshot": (
        lambda c: c.candles("BTC", "1h", start_ms=1, end_ms=2),
        {"req": {"coin": "BTC", "interval": "1h", "startTime": 1, "endTime": 2}},
        [told.CANDLE],
        wire.read_candles,
    ),
    "predictedFundings": (
        lambda c: c.predicted_fundings(),
        {},
        told.PREDICTED,
        wire.read_predicted_fundings,
    ),
    "maxMarketOrderNtls": (
        lambda c: c.order_limits(),
        {},
        [[50, "15000000.0"]],
        wire.read_order_limits,
    ),
    "clearinghouseState": (
        lambda c: c.account(USER, dex="xyz"),
        {"user": USER, "dex": "xyz"},
        told.ACCOUNT,
        wire.read_account,
    ),
    "spotClearinghouseState": (
        lambda c: c.spot_account(USER),
        BY_USER,
        told.SPOT_ACCOUNT,
        wire.read_spot_account,
    ),
    "subAccounts": (
        lambda c: c.sub_accounts(USER),
        BY_USER,
        [told.SUB_ACCOUNT],
        wire.read_sub_accounts,
    ),
    "userAbstraction": (lambda c: c.abstraction(USER), BY_USER, "default", wire.read_abstraction),
    "userRole": (lambda c: c.role(USER), BY_USER, {"role": "user"}, wire.read_role),
    "extraAgents": (
        lambda c: c.agents(USER),
        BY_USER,
        [{"name": "a", "address": OTHER, "validUntil": 5}],
        wire.read_agents,
    ),
    "userFees": (lambda c: c.fees(USER), BY_USER, told.FEES, wire.read_fees),
    "userRateLimit": (
        lambda c: c.rate_limit(USER),
        BY_USER,
        {"cumVlm": "0.0", "nRequestsUsed": 1, "nRequestsCap": 10_000},
        wire.read_rate_limit,
    ),
    "activeAssetData": (
        lambda c: c.trade_limits(USER, "APT"),
        {"user": USER, "coin": "APT"},
        told.LIMITS,
        wire.read_trade_limits,
    ),
    "portfolio": (lambda c: c.portfolio(USER), BY_USER, [], wire.read_portfolio),
    "userVaultEquities": (
        lambda c: c.vault_equities(USER),
        BY_USER,
        [{"vaultAddress": OTHER, "equity": "1.0"}],
        wire.read_vault_equities,
    ),
    "delegatorHistory": (
        lambda c: c.delegations(USER),
        BY_USER,
        [{"time": 1, "hash": "0x1", "delta": {"cDeposit": {"amount": "1.0"}}}],
        wire.read_delegations,
    ),
    "openOrders": (
        lambda c: c.open_orders(USER),
        BY_USER,
        [told.OPEN_ORDER],
        wire.read_open_orders,
    ),
    "frontendOpenOrders": (
        lambda c: c.detailed_open_orders(USER),
        BY_USER,
        [told.DETAILED_ORDER],
        wire.read_open_orders,
    ),
    "orderStatus": (
        lambda c: c.order(USER, told.CLOID),
        {"user": USER, "oid": told.CLOID},
        {"status": "order", "order": told.UPDATE},
        wire.read_found_order,
    ),
    "historicalOrders": (
        lambda c: c.historical_orders(USER),
        BY_USER,
        [told.UPDATE],
        wire.read_order_updates,
    ),
    "userFills": (lambda c: c.latest_fills(USER), BY_USER, [told.FILL], wire.read_executions),
    "userTwapSliceFills": (
        lambda c: c.twap_slices(USER),
        BY_USER,
        [{"fill": told.FILL, "twapId": 1}],
        wire.read_twap_slices,
    ),
    "userFillsByTime": (
        lambda c: c.fills(USER, start_ms=1, end_ms=2),
        {"user": USER, "startTime": 1, "endTime": 2},
        [told.FILL],
        wire.read_executions,
    ),
    "userFunding": (
        lambda c: c.fundings(USER, start_ms=1),
        {"user": USER, "startTime": 1},
        [{"time": 1, "hash": "0x1", "delta": {"type": "funding", **told.SETTLEMENT}}],
        wire.read_fundings,
    ),
    "fundingHistory": (
        lambda c: c.funding_history("ETH", start_ms=1, end_ms=9),
        {"coin": "ETH", "startTime": 1, "endTime": 9},
        [{"coin": "ETH", "fundingRate": "0.1", "premium": "0.2", "time": 5}],
        wire.read_funding_history,
    ),
    "userNonFundingLedgerUpdates": (
        lambda c: c.ledger_updates(USER, start_ms=1),
        {"user": USER, "startTime": 1},
        [{"time": 1, "hash": "0x1", "delta": {"type": "deposit", "usdc": "1.0"}}],
        wire.read_ledger_updates,
    ),
}


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_a_question_is_sent_as_documented_and_its_answer_read(name):
    question, fields, answer, read = QUESTIONS[name]
    script = Script(answer)

    assert ask(script, question) == read(answer)
    assert script.asked == [{"type": name.split(" ")[0], **fields}]


def cut(rows, request, limit, time_of):
    """Return what a venue that cuts at `limit` rows answers to a window."""
    end = request.get("endTime", float("inf"))
    within = [row for row in rows if request["startTime"] <= time_of(row) <= end]
    return within[:limit]


def test_fills_are_paged_through_the_millisecond_they_share():
    # Three fills a millisecond: every page of 2000 ends within one.
    rows = [told.FILL | {"time": 1_000 + n // 3, "tid": n} for n in range(2 * FILLS_A_PAGE + 500)]
    script = Script(lambda request: cut(rows, request, FILLS_A_PAGE, lambda row: row["time"]))

    fills = ask(script, lambda client: client.fills(USER, start_ms=0))

    assert [fill.trade_id for fill in fills] == list(range(len(rows)))


def test_fills_of_one_match_in_two_coins_or_at_two_times_are_two():
    rows = [
        told.FILL | {"time": time, "coin": coin, "tid": 7} for time in (1, 2) for coin in ("A", "B")
    ]

    fills = ask(Script([*rows, *rows]), lambda client: client.fills(USER, start_ms=0))

    assert [(fill.time_ms, fill.coin) for fill in fills] == [(1, "A"), (1, "B"), (2, "A"), (2, "B")]


@pytest.mark.parametrize("kind", ["userFunding", "fundingHistory"])
def test_settlements_are_paged_by_five_hundred(kind):
    def row(hour, coin):
        rate = {"coin": coin, "fundingRate": "0.1", "premium": "0.0", "time": hour}
        delta = {"type": "funding", **told.SETTLEMENT, "coin": coin}
        return rate if kind == "fundingHistory" else {"time": hour, "hash": "0x1", "delta": delta}

    coins = ("ETH",) if kind == "fundingHistory" else ("A", "B", "C")
    rows = [row(hour, coin) for hour in range(600) for coin in coins]
    script = Script(lambda request: cut(rows, request, ROWS_A_PAGE, lambda one: one["time"]))

    def question(client):
        if kind == "fundingHistory":
            return client.funding_history("ETH", start_ms=0, end_ms=1_000)
        return client.fundings(USER, start_ms=0, end_ms=1_000)

    settled = ask(script, question)

    assert [(one.time_ms, one.coin) for one in settled] == [
        (hour, coin) for hour in range(600) for coin in coins
    ]


# Weights of the venue's documentation of rate limits.


@pytest.mark.parametrize(
    ("kind", "rows", "expected"),
    [
        ("l2Book", 0, 2),
        ("allMids", 300, 2),
        ("orderStatus", 0, 2),
        ("clearinghouseState", 0, 2),
        ("spotClearinghouseState", 0, 2),
        ("userRole", 0, 60),
        ("meta", 0, 20),
        ("openOrders", 1_000, 20),
        ("userFillsByTime", 2_000, 120),
        ("userFunding", 500, 45),
        ("candleSnapshot", 5_000, 104),
    ],
)
def test_a_question_weighs_what_is_documented_and_the_rows_of_its_answer(kind, rows, expected):
    assert weight(kind, rows) == expected


def test_a_budget_is_told_before_the_question_and_after_a_long_answer():
    spent = []
    rows = [told.FILL | {"tid": n} for n in range(100)]

    def spend(units):
        spent.append((units, len(script.asked)))

    script = Script(rows)
    ask(script, lambda client: client.latest_fills(USER), spend=spend, owe=spend)

    assert spent == [(20, 0), (5, 1)]


def test_an_answer_that_cuts_into_the_reserve_is_paid_for_and_kept():
    budget = Budget(SetClock())
    budget.ask(WEIGHT_PER_WINDOW - QUESTION_RESERVE - 25)
    script = Script([told.FILL | {"tid": n} for n in range(400)])

    fills = ask(script, lambda client: client.latest_fills(USER), spend=budget.ask, owe=budget.owe)

    assert len(fills) == 400
    assert budget.weight_left() == QUESTION_RESERVE + 25 - 20 - 20


def test_a_question_waits_for_a_budget_that_waits():
    script = Script({"role": "user"})
    order = []

    async def spend(_units):
        order.append("asks the budget")
        await asyncio.sleep(0)
        order.append(f"sent {len(script.asked)}")

    ask(script, lambda client: client.role(USER), spend=spend)

    assert order == ["asks the budget", "sent 0"]
    assert len(script.asked) == 1


def test_a_budget_that_refuses_keeps_the_question_from_being_sent():
    script = Script({})

    def spend(_units):
        raise NotSentError(VENUE, "no weight left this minute: wait")

    with pytest.raises(NotSentError):
        ask(script, lambda client: client.meta(), spend=spend)
    assert script.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        web.Response,
        lambda: web.Response(status=429, text="slow down"),
        lambda: web.Response(status=500),
        lambda: web.Response(body=b"<html>"),
        lambda: web.Response(body=b"[]"),
    ],
    ids=["nothing", "too many", "broken", "no JSON", "another shape"],
)
def test_what_is_no_answer_is_an_error_of_the_venue(answer):
    with pytest.raises(VenueError, match=r"clearinghouseState|cannot read"):
        ask(Script(lambda _: answer()), lambda client: client.account(USER))


def test_a_server_that_says_nothing_in_time_is_an_error_of_the_venue():
    never = asyncio.Event

    async def silent(_request):
        await never().wait()

    with pytest.raises(VenueError, match="no answer"):
        ask(silent, lambda client: client.spot_meta(), within=DurationNs(NS_PER_S // 10))
