"""What goes on beside orders: actions over the stream, the dead man's switch, a sub-account."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.error import ConfigError, InDoubtError
from router.domain.market import BookSnapshot, StreamLost, VenueWarned
from router.domain.units import Side
from tests.integration.hyperliquid.conftest import BTC, ETH, Tape, WallClock, make_config
from venues.hyperliquid.actions.order import Order, TimeInForce
from venues.hyperliquid.adapter import Hyperliquid
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.exchange import ExchangeClient, over_http
from venues.hyperliquid.clients.nonces import NonceSource
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.trading.facts import OrderState
from venues.hyperliquid.upkeep import UPKEEP_EVERY
from venues.sandbox.hyperliquid.config import DEV_AGENT_KEY, DEV_MASTER_ADDRESS, SandboxConfig
from venues.sandbox.hyperliquid.service.faults import Failure, Place, Rule
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox
from venues.transport.http import HttpClient

CLOID = "0x" + "5c" * 16
DEADLINE_S = 30
S = 10**9
APART = S // 20


class Ear:
    """Hears every action that the venue has processed."""

    def __init__(self, sandbox):
        self.actions = []
        self._more = asyncio.Event()
        self._process = sandbox.blocks.exchange
        sandbox.blocks.exchange = self._exchange

    async def _exchange(self, body):
        answer = await self._process(body)
        self.actions.append(body["action"])
        self._more.set()
        return answer

    @property
    def kinds(self):
        return [action["type"] for action in self.actions]

    async def until(self, kind, *, count=1):
        async with asyncio.timeout(DEADLINE_S):
            while self.kinds.count(kind) < count:
                self._more.clear()
                await self._more.wait()


def resting(desk, *, lots=1_000, ticks=290_000):
    return Order(
        desk.venue.markets[ETH.id], Side.BUY, ticks, lots, TimeInForce.RESTING, cloid=CLOID
    )


def test_actions_go_over_the_stream_while_it_is_there(rehearse, record):
    async def scenario(desk):
        async def trade(tape):
            await tape.until(BookSnapshot)
            (view,) = await desk.venue.trader.place([resting(desk)])
            assert view.state is OrderState.WORKING
            desk.sandbox.faults.streams_muted = True  # what is posted now is not answered
            with pytest.raises(InDoubtError):
                await desk.venue.trader.cancel([CLOID])
            desk.sandbox.drop_connections()
            await tape.until(StreamLost)
            await desk.venue.trader.cancel([CLOID])  # by the other way

        await record(desk.venue, trade)

    rehearse(scenario, actions_over_stream=True)


def test_an_action_posted_on_a_stream_that_broke_is_found_and_not_sent_again(rehearse, record):
    async def scenario(desk):
        async def trade(tape):
            await tape.until(BookSnapshot)
            desk.sandbox.faults.streams_muted = True
            # Or the upkeep's question would end the doubt before the answer is given up.
            desk.sandbox.faults.requests[Failure.ERROR, Place.INFO] = Rule()
            (view,) = await desk.venue.trader.place([resting(desk)])
            desk.sandbox.faults.clear()
            assert view.state is OrderState.IN_DOUBT
            assert await desk.venue.trader.settle(within=10 * 10**9) == ()
            assert desk.venue.trader.orders.view(CLOID).state is OrderState.WORKING

        await record(desk.venue, trade)
        mine = [o for o in desk.sandbox.venue.state.orders.values() if o.cloid == CLOID]
        assert len(mine) == 1

    rehearse(scenario, actions_over_stream=True)


def test_the_dead_mans_switch_is_armed_while_the_stream_runs_and_disarmed_at_the_end(
    rehearse, record
):
    async def scenario(desk):
        ear = Ear(desk.sandbox)

        async def watch(tape):
            await tape.until(BookSnapshot)
            await ear.until("scheduleCancel")
            desk.clock.ahead_ns += 5 * S + UPKEEP_EVERY
            await ear.until("scheduleCancel", count=2)

        await record(desk.venue, watch)
        first, second = (action["time"] for action in ear.actions)
        assert first < second == desk.truth.cancel_all_at_ms
        await desk.venue.close()
        assert desk.truth.cancel_all_at_ms is None

    rehearse(scenario, dead_mans_switch_s=10)


def test_a_switch_that_the_account_may_not_have_is_warned_of_once():
    async def main():
        config = SandboxConfig(schedule_cancel_volume_min_usd=1_000_000)
        async with asyncio.timeout(DEADLINE_S), HyperliquidSandbox.start(config) as sandbox:
            clock, ear = WallClock(), Ear(sandbox)
            venue = Hyperliquid(make_config(sandbox, dead_mans_switch_s=10), clock)
            await venue.start()
            told = Tape()
            stream = asyncio.create_task(venue.stream(told.emit))
            try:
                await ear.until("scheduleCancel")
                clock.ahead_ns += 60 * 10**9
                await told.until(BookSnapshot, matching=lambda b: b.received_at > clock.now() - S)
            finally:
                stream.cancel()
                await asyncio.wait([stream])
                await venue.close()
            warned = [event.message for event in told.events if isinstance(event, VenueWarned)]
            assert ["cannot be armed" in message for message in warned] == [True]
            assert ear.kinds.count("scheduleCancel") == 1

    asyncio.run(main())


def client(http, clock):
    return ExchangeClient(
        over_http(http, within=5 * S),
        signer=AgentSigner(DEV_AGENT_KEY, is_mainnet=False),
        nonces=NonceSource(clock),
        budget=Budget(clock),
        clock=clock,
    )


def with_sub_account(sub):
    instruments = tuple(replace(i, account=f"hyperliquid:{sub}") for i in (ETH, BTC))
    return {"sub_account": sub, "instruments": instruments}


def test_orders_for_a_sub_account_trade_its_own_margin(rehearse):
    async def scenario(desk):
        http = HttpClient(desk.sandbox.url)
        # Three clients of one key: a nonce is a millisecond, and none knows those of the others.
        await desk.clock.sleep(APART)
        try:
            sub = await client(http, desk.clock).create_sub_account("desk two")
        finally:
            await http.close()
        await desk.clock.sleep(APART)
        desk.sandbox.venue.deposit(sub, 50_000_000_000)
        config = make_config(desk.sandbox, **with_sub_account(sub))
        venue = Hyperliquid(config, desk.clock)
        try:
            await venue.start()
            buy = replace(resting(desk, ticks=301_000), when=TimeInForce.IMMEDIATE)
            (view,) = await venue.trader.place([buy])
            await venue.trader.settle(within=5 * 10**9)
            view = venue.trader.orders.view(CLOID)
            snapshot = await venue.read_account()
        finally:
            await venue.close()

        assert view.filled_e8 == 10**7
        assert snapshot.account == f"hyperliquid:{sub}"
        assert snapshot.position_lots(ETH.id) == 1_000
        assert "ETH" not in desk.truth.positions or desk.truth.positions["ETH"].size == 0

    rehearse(scenario)


@pytest.mark.parametrize(
    ("sub", "words"),
    [(DEV_MASTER_ADDRESS, "is 'user'"), ("0x" + "12" * 20, "is 'missing'")],
)
def test_another_account_as_sub_account_stops_the_start(sub, words, rehearse):
    async def nothing(_desk):
        pass

    with pytest.raises(ConfigError, match=words):
        rehearse(nothing, **with_sub_account(sub))
