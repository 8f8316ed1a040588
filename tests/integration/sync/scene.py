"""A stream that follows the pools of every family, and a comparison with what the chain says."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from router.domain.error import BrokenPoolError
from router.domain.market import HeadAdvanced, MarketEvent
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.state.market import MarketView, Staleness
from tests.integration.families import scene as families
from venues.evm.nodes.chain import Chain
from venues.evm.spec import ChainConfig, DataFee, RouterVersion
from venues.evm.state.stream import ChainStream
from venues.transport.json_rpc import JsonRpc

VENUE = "local"
SECOND = DurationNs(NS_PER_S)
NEVER_STALE = Staleness(DurationNs(3600 * NS_PER_S), DurationNs(3600 * NS_PER_S))
HASTE = 20  # pauses between attempts to connect are shortened, deadlines are not
DEADLINE_S = 60
FEE_TOKEN = "DTT"  # noqa: S105 - a token that keeps a part of each transfer


class HastyClock:
    """The real clock, impatient."""

    def now(self):
        return TimestampNs(time.time_ns())

    async def sleep(self, duration):
        await asyncio.sleep(duration / NS_PER_S / HASTE)


class Direct:
    """The endpoints of one node, each connection of its own."""

    def __init__(self, url, config):
        self._url = url
        self._config = config
        self.opened_count = 0
        self.failures_count = 0

    async def open(self):
        within = self._config.request_timeout
        rpc = await JsonRpc.connect(self._url, within=within, heartbeat=within)
        self.opened_count += 1
        return Chain(rpc, multicall=self._config.multicall, within=within)

    def note_failure(self, _chain, _reason):
        self.failures_count += 1


def pools(manifest, *, quick=False, with_fee_token=False):
    """Return (pool, the manifest's entry) for every pool of every family.

    Quick leaves out those with a tick spacing of one, which have ten times as much to read.
    """
    fee_token = manifest.token(FEE_TOKEN).address
    return [
        (pool, entry)
        for name in sorted(families.FAMILIES)
        for pool, entry in families.setups(manifest, name)
        if with_fee_token or fee_token not in {entry.token0, entry.token1}
        if not (quick and entry.tick_spacing == 1)
    ]


def config(manifest, setups, *, url=None, **changes):
    facts = families.facts(manifest)
    trader = manifest.account("trader")
    base = ChainConfig(
        venue=facts.venue,
        chain_id=manifest.chain_id,
        ws_urls=(url or manifest.ws_url,),
        relay_urls=(),
        account=facts.account,
        address=trader.address.lower(),
        signing_key=trader.private_key,
        routers=facts.routers,
        router_version=RouterVersion.V2_0,
        permit2=manifest.contracts["permit2"].lower(),
        multicall=manifest.contracts["multicall3"].lower(),
        tokens=facts.tokens,
        native=facts.native,
        pools=tuple(setups),
        fee_cap_wei=10**12,
        confirmations=1,
        replace_after_blocks=3,
        replacements_max=3,
        in_flight_max=16,
        data_fee=DataFee.NONE,
        request_timeout=SECOND,
        receipt_timeout=SECOND,
        silence_max=DurationNs(5 * NS_PER_S),
        head_lag_max=4,
    )
    return replace(base, **changes)


@dataclass(slots=True)
class Following:
    """A stream on its way, the market that follows from it, and what it told."""

    config: ChainConfig
    stream: ChainStream
    view: MarketView
    endpoints: Direct
    events: list[MarketEvent] = field(default_factory=list)
    broken: list[BrokenPoolError] = field(default_factory=list)
    keeps_events: bool = True
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, event):
        if self.keeps_events or not isinstance(event, HeadAdvanced):
            self.events.append(event)
        self._more.set()
        try:
            self.view.fold(event)
        except BrokenPoolError as error:
            self.broken.append(error)
            raise

    async def until(self, condition, *, deadline_s=DEADLINE_S):
        async with asyncio.timeout(deadline_s):
            while not condition():
                self._more.clear()
                await self._more.wait()

    async def reached(self, block_hash):
        """Wait until the newest block is this one, and every pool is known that is not wrong."""
        await self.until(lambda: self._is_at(block_hash))

    def told(self, *kinds):
        return [event for event in self.events if isinstance(event, kinds)]

    def _is_at(self, block_hash):
        head = self.view.head(VENUE)
        return head is not None and head.block.hash == block_hash


@asynccontextmanager
async def following(manifest, setups, *, url=None, **changes):
    """Follow pools; nothing but cancelling ends it."""
    set_up = config(manifest, setups, url=url, **changes)
    endpoints = Direct(set_up.ws_urls[0], set_up)
    stream = ChainStream(set_up, families.FAMILIES, endpoints, HastyClock())
    view = MarketView(tuple(pool.instrument for pool in setups), NEVER_STALE)
    follower = Following(set_up, stream, view, endpoints)
    task = asyncio.create_task(stream.run(follower.emit))
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), f"a stream ends by cancelling only: {task.exception()!r}"


def differences(chain, followed, following):
    """Compare every pool with a fresh snapshot from the chain; returns the names of the wrong."""
    wrong = []
    for pool, entry in followed:
        fresh = families.snapshot(chain, families.FAMILIES[entry.family], pool)
        known = following.view.pool(pool.instrument.id, TimestampNs(time.time_ns()))
        if replace(known, received_at=fresh.received_at) != fresh:
            wrong.append(pool.instrument.id)
    return wrong
