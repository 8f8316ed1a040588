"""Orders as calls, against a venue that answers from a script and loses what it is told to."""

import asyncio

import pytest

from router.domain.account import ForcedKind
from router.domain.error import InDoubtError, NotSentError, RejectedError, VenueError
from router.domain.units import NS_PER_S, Side, TimestampNs
from tests.unit.venues.hyperliquid.scripted_venue import HandClock, ScriptedVenue, ok
from venues.hyperliquid.actions.market import perpetual
from venues.hyperliquid.actions.order import Order, TimeInForce
from venues.hyperliquid.actions.twap import Twap
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.exchange import ExchangeClient
from venues.hyperliquid.clients.info import InfoClient
from venues.hyperliquid.clients.nonces import NonceSource
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.trading import news
from venues.hyperliquid.trading.facts import FillReport, FundingReport, OrderState
from venues.hyperliquid.trading.orders import Orders
from venues.hyperliquid.trading.trader import Account, Trader

ADDRESS = "0x" + "ab" * 20
KEY = "0x" + "01" * 32
ETH = perpetual(1, size_decimals=4, leverage_max=25)
LONG = 60 * NS_PER_S
A, B = ("0x" + digit * 32 for digit in "ab")


@pytest.fixture
def venue():
    return ScriptedVenue(HandClock())


@pytest.fixture
def trader(venue):
    clock = venue.clock
    exchange = ExchangeClient(
        venue.channel,
        signer=AgentSigner(KEY, is_mainnet=False),
        nonces=NonceSource(clock),
        budget=Budget(clock),
        clock=clock,
    )
    return Trader(
        Account(ADDRESS, {1: "ETH"}, since_ms=0),
        exchange=exchange,
        info=InfoClient(venue, within=NS_PER_S),
        orders=Orders(),
        clock=clock,
    )


def order(cloid=A, *, lots=100, ticks=300_000):
    return Order(ETH, Side.BUY, ticks, lots, TimeInForce.RESTING, cloid=cloid)


def test_a_placed_order_works(trader):
    (view,) = asyncio.run(trader.place([order()]))

    assert (view.state, view.oids, view.coin) == (OrderState.WORKING, (101,), "ETH")
    assert view.size_e8 == 100 * 10**4


def test_an_order_whose_answer_was_lost_is_found_and_not_sent_again(trader, venue):
    venue.fates = ["lost"]

    async def scenario():
        (view,) = await trader.place([order()])
        assert view.state is OrderState.IN_DOUBT
        assert await trader.settle(within=LONG) == ()

    asyncio.run(scenario())

    assert trader.orders.view(A).state is OrderState.WORKING
    assert venue.actions.count("order") == 1


def test_orders_that_never_arrived_end_when_their_nonce_is_used_up(trader, venue):
    venue.fates = ["missed"]

    async def scenario():
        await trader.place([order(A), order(B)])
        return await trader.settle(within=LONG)

    assert asyncio.run(scenario()) == ()
    assert [view.word for view in trader.orders.views()] == ["never arrived"] * 2
    assert venue.actions == ["order", "noop"]


def test_a_noop_without_an_answer_is_repeated(trader, venue):
    venue.fates = ["missed", "missed", "lost"]

    async def scenario():
        await trader.place([order()])
        return await trader.settle(within=LONG)

    assert asyncio.run(scenario()) == ()
    assert venue.actions == ["order", "noop", "noop", "noop"]


def test_a_doubt_outlives_a_venue_that_does_not_answer(trader, venue):
    venue.fates = ["missed"] * 1_000

    async def scenario():
        await trader.place([order()])
        return await trader.settle(within=3 * NS_PER_S)

    assert [view.cloid for view in asyncio.run(scenario())] == [A]


@pytest.mark.parametrize("fate", ["answered", "lost"])
def test_a_modified_order_is_followed_under_its_new_id(fate, trader, venue):
    async def scenario():
        await trader.place([order()])
        venue.fates = [fate]
        await trader.modify(order(lots=200))
        return await trader.settle(within=LONG)

    assert asyncio.run(scenario()) == ()
    view = trader.orders.view(A)
    assert (view.state, view.oids, view.size_e8) == (OrderState.WORKING, (101, 102), 200 * 10**4)


def test_an_order_in_doubt_is_not_modified(trader, venue):
    venue.fates = ["missed"]

    async def scenario():
        await trader.place([order()])
        await trader.modify(order())

    with pytest.raises(NotSentError, match="in doubt"):
        asyncio.run(scenario())
    assert venue.actions == ["order"]


def test_a_cancelled_order_ends_when_the_venue_shows_it(trader):
    async def scenario():
        await trader.place([order()])
        await trader.cancel([A])
        assert trader.orders.view(A).state is OrderState.WORKING
        await trader.settle(within=LONG)

    asyncio.run(scenario())

    assert trader.orders.view(A).word == "canceled"


def test_a_cancel_without_an_answer_is_looked_into(trader, venue):
    async def scenario():
        await trader.place([order()])
        venue.fates = ["lost"]
        with pytest.raises(InDoubtError):
            await trader.cancel([A])
        await trader.settle(within=LONG)

    asyncio.run(scenario())

    assert trader.orders.view(A).word == "canceled"


@pytest.mark.parametrize("orders", [[order(A), order(B)], [order(B), order(B)]])
def test_an_id_in_use_sends_nothing_and_notes_nothing(orders, trader, venue):
    async def scenario():
        await trader.place([order(A)])
        await trader.place(orders)

    with pytest.raises(NotSentError, match="in use"):
        asyncio.run(scenario())
    assert venue.actions == ["order"]
    assert B not in trader.orders


def test_an_order_without_an_id_of_ours_is_not_sent(trader):
    with pytest.raises(NotSentError, match="needs an id"):
        asyncio.run(trader.place([order(None)]))


def test_an_order_that_breaks_a_rule_ends_unsent(trader, venue):
    (view,) = asyncio.run(trader.place([order(ticks=300_015)]))

    assert view.state is OrderState.ENDED
    assert "5 significant figures" in view.word
    assert venue.actions == []


def test_a_sliced_order_has_the_venues_number(trader):
    twap = Twap(ETH, Side.BUY, lots=10_000, minutes=5, randomise=False)

    assert asyncio.run(trader.start_twap(twap)) == 7


@pytest.mark.parametrize(("fate", "error"), [("missed", NotSentError), ("lost", InDoubtError)])
def test_a_sliced_order_in_doubt_is_told_from_one_that_never_was(fate, error, trader, venue):
    venue.fates = [fate]
    twap = Twap(ETH, Side.BUY, lots=10_000, minutes=5, randomise=False)

    with pytest.raises(error):
        asyncio.run(trader.start_twap(twap))
    assert venue.actions == ["twapOrder", "noop"]


def test_a_sliced_order_that_was_refused_is_rejected(trader, venue):
    error = {"error": "Invalid TWAP duration: 1 min(s)"}
    venue.take = lambda *_: ok("twapOrder", {"status": error})
    twap = Twap(ETH, Side.BUY, lots=10_000, minutes=5, randomise=False)

    with pytest.raises(RejectedError, match="Invalid TWAP duration"):
        asyncio.run(trader.start_twap(twap))


def fill_row(**changes):
    return {
        "coin": "ETH",
        "px": "3000.0",
        "sz": "0.01",
        "side": "B",
        "time": 5,
        "oid": 101,
        "tid": 9,
        "fee": "0.0135",
        "feeToken": "USDC",
        **changes,
    }


def test_what_was_missed_is_read_and_counts_once(trader, venue):
    delta = {"type": "funding", "coin": "ETH", "usdc": "-0.5", "szi": "0.01", "fundingRate": "0"}
    venue.fundings = [{"time": 6, "hash": "0x0", "delta": delta}]
    venue.fills = [fill_row(), fill_row(time=7, tid=10, oid=55, dir="Auto-Deleveraging")]

    async def scenario():
        await trader.place([order()])
        for _ in range(2):
            await trader.catch_up()

    asyncio.run(scenario())

    assert trader.orders.view(A).filled_e8 == 10**6
    assert trader.ledger.positions_e8() == {"ETH": 2 * 10**6}
    assert trader.ledger.fees_e8() == {"USDC": 2_700_000}
    assert trader.ledger.funding_e8() == -50_000_000
    assert [(f.trade_id, kind) for f, kind in trader.ledger.forced()] == [
        (10, ForcedKind.DELEVERAGING)
    ]


def test_an_order_that_is_no_longer_open_is_looked_into(trader, venue):
    async def scenario():
        await trader.place([order()])
        venue.orders[A][-1]["status"] = "scheduledCancel"
        await trader.catch_up()
        await trader.settle(within=LONG)

    asyncio.run(scenario())

    assert trader.orders.view(A).word == "scheduledCancel"


def test_an_answer_that_cannot_be_read_leaves_an_order_in_doubt_and_it_is_found(trader, venue):
    rest = venue.rest
    venue.rest = lambda order: {"filled": {**rest(order)["resting"], "totalSz": "much"}}

    async def scenario():
        (view,) = await trader.place([order()])
        assert view.state is OrderState.IN_DOUBT
        return await trader.settle(within=LONG)

    assert asyncio.run(scenario()) == ()
    assert trader.orders.view(A).state is OrderState.WORKING


def test_what_is_read_and_means_nothing_is_no_answer(trader, venue):
    venue.fills = [fill_row(px="high")]

    with pytest.raises(VenueError, match="cannot read the answer: px"):
        asyncio.run(trader.catch_up())


def test_news_is_folded_whatever_its_kind(trader, venue):
    fill = FillReport(
        oid=55,
        cloid=None,
        coin="ETH",
        is_buy=False,
        price_e8=1,
        size_e8=3,
        fee_e8=1,
        fee_token="USDC",  # noqa: S106 - a currency
        time_ms=5,
        trade_id=1,
        liquidated=ADDRESS,
    )
    asyncio.run(trader.place([order()]))

    for _ in range(2):
        trader.hear(news.FillsTold((fill,), is_snapshot=False))
        trader.hear(news.FundingsTold((FundingReport("ETH", -7, 6),), is_snapshot=True))
    trader.hear(news.CancelsTold((101, 999)))

    assert trader.ledger.positions_e8() == {"ETH": -3}
    assert trader.ledger.funding_e8() == -7
    assert [kind for _, kind in trader.ledger.forced()] == [ForcedKind.LIQUIDATION]
    assert trader.orders.questions(now=venue.clock.now()) != ()
    trader.hear(news.LiquidationTold(ADDRESS))
    trader.lost()


def test_what_ended_long_ago_is_forgotten_and_what_works_is_not(trader):
    async def scenario():
        await trader.place([order(A), order(B)])
        await trader.cancel([A])
        await trader.settle(within=LONG)

    asyncio.run(scenario())
    now = trader.orders.view(A).state, trader.orders.view(B).state
    assert now == (OrderState.ENDED, OrderState.WORKING)

    trader.forget(before=TimestampNs(2**62))

    assert A not in trader.orders
    assert trader.orders.view(B).state is OrderState.WORKING
    assert asyncio.run(trader.cancel([B]))
