"""The venue of a whole chain, made of the tables that describe it: legs to trade, events to await.

Legs are planned as the optimiser plans them: quoted exactly on the state that the venue streams.
"""

import asyncio
import contextlib
import time
import tomllib
from dataclasses import dataclass, field
from types import SimpleNamespace

from router.compose.sandbox_tables import CHAIN, CHAIN_KEY_ENV, chain_table
from router.domain.error import InDoubtError
from router.domain.instrument import Asset
from router.domain.market import HeadAdvanced, StreamLost
from router.domain.order import TERMINAL, ChildOrder
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import NS_PER_S, Amount, DurationNs, Side
from router.liquidity.pool import pool_of, swap
from router.state.market import MarketView, Staleness
from venues import registry
from venues.evm import settings

S = NS_PER_S
DEADLINE_S = 10
ROUNDS_MAX = 20
DECIMALS = {"ETH": 18, "BTC": 8, "USDC": 6, "USDT": 6}
SYMBOLS = {"ETH": "WETH", "BTC": "WBTC", "USDC": "USDC", "USDT": "USDT"}
NEVER = DurationNs(3600 * NS_PER_S)

ETHER, DOLLAR = 10**18, 10**6
V2, V3, V4 = (
    f"{name}@{CHAIN}"
    for name in (
        "uniswap_v2:ETH/USDC:3000",
        "uniswap_v3:ETH/USDC:500",
        "uniswap_v4:ETH/USDC:500/10",
    )
)
V4_COIN = f"uniswap_v4:ETH/USDC:3000/60/native@{CHAIN}"


class FastClock:
    """Waits a hundredth, so that connecting again does not hold up a test."""

    def now(self):
        return time.time_ns()

    async def sleep(self, duration):
        await asyncio.sleep(duration / S / 100)


def setup_of(manifest, *, key=None, **changes):
    """Return the chain's venue as a configuration makes it; changes are keys of its table."""
    table = tomllib.loads(chain_table(manifest))["chains"][CHAIN] | changes
    tables = registry.chain_tables(table)
    assets = {name: Asset(name, decimals) for name, decimals in DECIMALS.items()}
    chain = settings.read_table(CHAIN, tables.own, assets=assets)
    families = {name: registry.family(name) for name in tables.families}
    pools = tuple(
        pool
        for name, own in tables.families.items()
        for pool in families[name].configured(own, chain.facts)
    )
    return settings.build(
        chain,
        pools,
        families=families,
        environment={CHAIN_KEY_ENV: key or manifest.account("trader").private_key},
        clock=FastClock(),
    )


@contextlib.asynccontextmanager
async def started(manifest, **changes):
    setup = setup_of(manifest, **changes)
    try:
        await setup.venue.start()
        yield setup
    finally:
        await setup.venue.close()


@dataclass
class Recorder:
    """Keeps what was emitted, with the market that follows from it."""

    view: MarketView
    events: list = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, event):
        self.events.append(event)
        self.view.fold(event)
        self._changed.set()

    async def until(self, condition):
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_block(self, number):
        await self.until(lambda: self.head() >= number)

    def head(self):
        """Return the last head since the stream was last lost; -1 where there is none."""
        for event in reversed(self.events):
            if isinstance(event, HeadAdvanced):
                return event.block.number
            if isinstance(event, StreamLost):
                return -1
        return -1


@contextlib.asynccontextmanager
async def streaming(setup):
    recorder = Recorder(MarketView(setup.instruments, Staleness(NEVER, NEVER)))
    task = asyncio.create_task(setup.venue.stream(recorder.emit))
    try:
        await recorder.until(lambda: recorder.head() >= 0)
        yield recorder
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), task.exception()


async def present(setup):
    """Return every pool after the newest block, from snapshots taken now."""
    async with streaming(setup) as recorder:
        return states(recorder.view)


def states(view):
    return {instrument.id: pool_of(snapshot) for instrument, snapshot in view.pools()}


class Scene:
    """The trader on the chain, and somebody else."""

    def __init__(self, chain):
        self.chain = chain
        self.client = chain.client
        self.manifest = chain.manifest
        self.trader = chain.manifest.account("trader")
        entries = (*self.manifest.pools, *self.manifest.extra_pools)
        self._entries = {(entry.pool_id or entry.address).lower(): entry for entry in entries}

    @contextlib.asynccontextmanager
    async def trading(self, **changes):
        """Give a started venue, and a way to plan legs on the present state of its pools."""
        async with started(self.manifest, **changes) as setup:
            pools = await present(setup)
            by_name = {instrument.id: instrument for instrument in setup.instruments}

            def plan(name, side, kind, exact, *, tolerance=0):
                return _leg(by_name[name], pools[name], (side, kind, exact), tolerance=tolerance)

            yield SimpleNamespace(venue=setup.venue, plan=plan, setup=setup)

    async def child(self, venue, *legs, name="c-1", lifetime_s=60):
        account = await venue.read_account()
        block = self.client.header("pending")
        return ChildOrder(
            id=name,
            parent="p-1",
            venue=venue.id,
            account=venue.account,
            side=legs[0].side,
            legs=legs,
            nonce=account.next_nonce,
            deadline_at=(int(block["timestamp"], 16) + lifetime_s) * S,
            round=1,
            stage=1,
        )

    def balances(self):
        address = self.trader.address
        found = {name: self.client.balance_of(sym, address) for name, sym in SYMBOLS.items()}
        return found | {"coin": self.client.balance_of("ETH", address)}

    def sell_as_other(self, instrument, atoms):
        """Return an errand by which somebody else sells base into a pool."""
        return self.client.other.swap(
            self._entries[instrument.symbol],
            zero_for_one=instrument.base_is_token0,
            amount_specified=atoms,
        )

    @contextlib.contextmanager
    def one_block(self):
        """Collect transactions, and put all of them into one block at the end."""
        self.client.set_automine(on=False)
        try:
            yield
            self.client.mine()
        finally:
            self.client.set_automine(on=True)


async def done(venue, child):
    signed = await venue.sign(child)
    await venue.submit(child, signed)
    return signed, await ended(venue, child, signed)


async def ended(venue, child, *attempts):
    """Ask until a child has ended; a node may be unable to tell while it makes a block."""
    resolution = None
    for _ in range(ROUNDS_MAX):
        with contextlib.suppress(InDoubtError):
            resolution = await venue.resolve(child, attempts)
            if resolution.status in TERMINAL:
                return resolution
    raise AssertionError(f"{child.id} has not ended: {resolution}")


def _leg(instrument, pool, wanted, *, tolerance):
    side, kind, exact = wanted
    pays_base = side is Side.SELL
    is_exact_in = pays_base == (kind is QuantityKind.BASE)
    swapped = swap(
        pool,
        zero_for_one=pays_base == instrument.base_is_token0,
        amount_specified=exact if is_exact_in else -exact,
    )
    base, quote = abs(swapped.amount0), abs(swapped.amount1)
    if not instrument.base_is_token0:
        base, quote = quote, base
    bound = quote if kind is QuantityKind.BASE else base
    bound_asset = instrument.quote if kind is QuantityKind.BASE else instrument.base
    return Leg(
        instrument=instrument,
        side=side,
        quantity_kind=kind,
        quantity=Amount(instrument.base.id, base),
        notional=Amount(instrument.quote.id, quote),
        bound=Amount(bound_asset.id, bound - tolerance if is_exact_in else bound + tolerance),
        limit_ticks=None,
        cost=CostSplit(0, 0, 0, 0),
        slippage=0,
    )
