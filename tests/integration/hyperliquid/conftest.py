"""A sandbox and an adapter that talk over real sockets, and orders to send."""

import asyncio
import time
from dataclasses import dataclass, field, replace

import pytest

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.order import ChildOrder
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import (
    NS_PER_S,
    AccountId,
    Amount,
    AssetId,
    ChildId,
    DurationNs,
    InstrumentId,
    ParentId,
    Pips,
    Side,
    TimestampNs,
)
from venues.hyperliquid.adapter import Hyperliquid
from venues.hyperliquid.spec import VENUE, HyperliquidConfig, Timing
from venues.sandbox.hyperliquid.config import DEV_AGENT_KEY, DEV_MASTER_ADDRESS
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox

DEADLINE_S = 30
ACCOUNT = AccountId(f"{VENUE}:{DEV_MASTER_ADDRESS}")
ETH = Instrument(
    id=InstrumentId("eth-perp"),
    venue=VENUE,
    symbol="ETH",
    kind=InstrumentKind.PERP_BOOK,
    base=Asset(AssetId("ETH"), 18),
    quote=Asset(AssetId("USDC"), 6),
    account=ACCOUNT,
    lot_atoms=10**14,
    notional_min_atoms=10_000_000,
    fee_pips=Pips(450),
    tick_decimals=2,
)
BTC = replace(
    ETH,
    id=InstrumentId("btc-perp"),
    symbol="BTC",
    base=Asset(AssetId("BTC"), 8),
    lot_atoms=1_000,
    tick_decimals=1,
)
QUICK = Timing(
    request_timeout=DurationNs(2 * NS_PER_S),
    ping_every=DurationNs(5 * NS_PER_S),
    refresh_after=DurationNs(NS_PER_S // 5),
    context_refresh_after=DurationNs(NS_PER_S // 5),
    silence_max=DurationNs(NS_PER_S),
    resolve_wait=DurationNs(NS_PER_S),
    resolve_poll=DurationNs(NS_PER_S // 20),
    expiry_margin=DurationNs(5 * NS_PER_S),
    reconnect_first=DurationNs(NS_PER_S // 50),
    reconnect_longest=DurationNs(NS_PER_S // 10),
)


@dataclass(slots=True)
class WallClock:
    """The machine's time, which a test may put forward."""

    ahead_ns: int = 0

    def now(self):
        return TimestampNs(time.time_ns() + self.ahead_ns)

    async def sleep(self, duration):
        await asyncio.sleep(duration / NS_PER_S)


@dataclass(slots=True)
class Tape:
    """What a stream emitted; `until` waits for something in it."""

    events: list = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, event):
        self.events.append(event)
        self._more.set()

    async def until(self, kind, *, since=0, matching=lambda _: True):
        while True:
            for event in self.events[since:]:
                if isinstance(event, kind) and matching(event):
                    return event
            self._more.clear()
            await self._more.wait()


def make_config(sandbox, **changes):
    config = HyperliquidConfig(
        base_url=sandbox.url,
        ws_url=sandbox.ws_url,
        is_mainnet=False,
        address=DEV_MASTER_ADDRESS,
        agent_key=DEV_AGENT_KEY,
        instruments=(ETH, BTC),
        leverage=((ETH.id, 10), (BTC.id, 5)),
        set_leverage=True,
        timing=QUICK,
    )
    return replace(config, **changes)


@dataclass(slots=True)
class Desk:
    """A started adapter, the sandbox it talks to, and the clock both run on."""

    sandbox: HyperliquidSandbox
    venue: Hyperliquid
    clock: WallClock
    orders: int = 0

    @property
    def truth(self):
        """The account as the venue itself has it."""
        return self.sandbox.venue.accounts[DEV_MASTER_ADDRESS]

    def child(self, *, lots, ticks, side=Side.BUY, instrument=ETH):
        self.orders += 1
        quantity = Amount(instrument.base.id, lots * instrument.lot_atoms)
        bound = Amount(instrument.quote.id, lots * ticks)
        leg = Leg(
            instrument=instrument,
            side=side,
            quantity_kind=QuantityKind.BASE,
            quantity=quantity,
            notional=bound,
            bound=bound,
            limit_ticks=ticks,
            cost=CostSplit(0, 0, 0, 0),
            slippage=Pips(0),
        )
        now = self.clock.now()
        return ChildOrder(
            id=ChildId(f"child-{self.orders}"),
            parent=ParentId("parent-1"),
            venue=VENUE,
            account=ACCOUNT,
            side=side,
            legs=(leg,),
            nonce=now // 1_000_000 + self.orders,
            deadline_at=TimestampNs(now + 10 * NS_PER_S),
            round=0,
            stage=0,
        )


@pytest.fixture
def quick():
    return QUICK


@pytest.fixture
def instruments():
    return (ETH, BTC)


@pytest.fixture
def rehearse():
    """Run a scenario against a fresh sandbox with a started adapter."""

    def run(scenario, **changes):
        async def main():
            async with asyncio.timeout(DEADLINE_S), HyperliquidSandbox.start() as sandbox:
                clock = WallClock()
                venue = Hyperliquid(make_config(sandbox, **changes), clock)
                try:
                    await venue.start()
                    await scenario(Desk(sandbox, venue, clock))
                finally:
                    await venue.close()

        asyncio.run(main())

    return run


@pytest.fixture
def close_venue():
    """Run a scenario with an adapter that was started against a sandbox which is gone."""

    def run(scenario):
        async def main():
            async with asyncio.timeout(DEADLINE_S):
                async with HyperliquidSandbox.start() as sandbox:
                    clock = WallClock()
                    venue = Hyperliquid(make_config(sandbox), clock)
                    await venue.start()
                try:
                    await scenario(Desk(sandbox, venue, clock))
                finally:
                    await venue.close()

        asyncio.run(main())

    return run


@pytest.fixture
def record():
    """Run a scenario beside the stream of an adapter, on tape."""

    async def beside(venue, scenario):
        tape = Tape()
        stream = asyncio.create_task(venue.stream(tape.emit))
        try:
            await scenario(tape)
        finally:
            stream.cancel()
            await asyncio.wait([stream])

    return beside
