"""The venue on the prepared chain: its configuration, children to sign, events to wait for."""

import asyncio
import contextlib
import time

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.market import (
    HeadAdvanced,
    PoolLiquidityChanged,
    PoolSnapshot,
    PoolSwapped,
    StreamLost,
)
from router.domain.order import ChildOrder
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import Amount, Side
from router.liquidity import concentrated
from venues.sandbox.chain import abi
from venues.sandbox.chain.sender import wait_for_receipt
from venues.uniswap_v3.adapter import UniswapV3
from venues.uniswap_v3.spec import TokenContract, UniswapV3Config

S = 10**9
OFF, ON = False, True
NO_BODIES = False
FUNDS_PER_MINT = {"USDC": 1_000 * 10**6, "WETH": 10**18, "WBTC": 10**6}
ACCOUNT = "uniswap_v3:trader"
ASSETS = {"USDC": Asset("USDC", 6), "WETH": Asset("WETH", 18), "WBTC": Asset("WBTC", 8)}
BASE_FIRST = {frozenset(("WETH", "USDC")): "WETH", frozenset(("WBTC", "USDC")): "WBTC"}


class SystemClock:
    def now(self):
        return time.time_ns()

    async def sleep(self, duration):
        await asyncio.sleep(duration / S)


class FastClock(SystemClock):
    """Waits a hundredth, so that reconnecting does not hold up a test."""

    async def sleep(self, duration):
        await asyncio.sleep(duration / S / 100)


def instruments(manifest):
    symbols = {token.address: token.symbol for token in manifest.tokens}
    done = []
    for pool in manifest.pools:
        first, second = symbols[pool.token0], symbols[pool.token1]
        base = BASE_FIRST.get(frozenset((first, second)), "WETH")
        quote = second if base == first else first
        done.append(
            Instrument(
                id=f"uniswap_v3:{base}/{quote}:{pool.fee_pips}",
                venue="uniswap_v3",
                symbol=pool.address,
                kind=InstrumentKind.SPOT_POOL,
                base=ASSETS[base],
                quote=ASSETS[quote],
                account=ACCOUNT,
                lot_atoms=1,
                notional_min_atoms=0,
                fee_pips=pool.fee_pips,
                base_is_token0=base == first,
            )
        )
    return tuple(done)


def config(manifest, **changes):
    trader = manifest.account("trader")
    fields = {
        "chain_id": manifest.chain_id,
        "ws_url": manifest.ws_url,
        "account": ACCOUNT,
        "address": trader.address,
        "signing_key": trader.private_key,
        "universal_router": manifest.contracts["universal_router"],
        "permit2": manifest.contracts["permit2"],
        "multicall": manifest.contracts["multicall3"],
        "tokens": {t.symbol: TokenContract(t.address, t.decimals) for t in manifest.tokens},
        "pools": instruments(manifest),
        "fee_cap_wei": 500 * S,
        "request_timeout": 5 * S,
        "receipt_timeout": 2 * S,
        "silence_max": 20 * S,
    }
    return UniswapV3Config(**(fields | changes))


@contextlib.asynccontextmanager
async def started(manifest, **changes):
    venue = UniswapV3(config(manifest, **changes), FastClock())
    await venue.start()
    try:
        yield venue
    finally:
        await venue.close()


class Recorder:
    """Keeps what was emitted and lets a test wait until something has been."""

    def __init__(self):
        self.events = []
        self._changed = asyncio.Event()

    def emit(self, event):
        self.events.append(event)
        self._changed.set()

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition(self.events):
                self._changed.clear()
                await self._changed.wait()

    async def until_block(self, number):
        await self.until(lambda events: head_number(events) >= number)

    async def until_snapshots_after(self, index, count):
        await self.until(
            lambda events: sum(isinstance(e, PoolSnapshot) for e in events[index:]) >= count
        )


def head_number(events):
    """Return the last head since the stream was last lost; -1 where there is none."""
    for event in reversed(events):
        if isinstance(event, HeadAdvanced):
            return event.block.number
        if isinstance(event, StreamLost):
            return -1
    return -1


@contextlib.asynccontextmanager
async def streaming(venue):
    recorder = Recorder()
    task = asyncio.create_task(venue.stream(recorder.emit))
    try:
        await recorder.until(lambda events: head_number(events) >= 0)
        yield recorder
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def present(venue):
    """Take fresh snapshots and bring them up to the head: every pool, by instrument."""
    async with streaming(venue) as recorder:
        return folded(recorder.events)


def folded(events):
    """Return the pools after all events, by instrument."""
    pools = {}
    for event in events:
        match event:
            case PoolSnapshot():
                pools[event.instrument] = pool_of(event)
            case PoolSwapped():
                pools[event.instrument] = replayed(pools[event.instrument], event)
            case PoolLiquidityChanged():
                pools[event.instrument] = concentrated.modify_liquidity(
                    pools[event.instrument],
                    lower=event.tick_lower,
                    upper=event.tick_upper,
                    delta=event.liquidity_delta,
                )
    return pools


def replayed(pool, swap):
    """Make the swap on our own pool; it must come out exactly as the chain says."""
    zero_for_one = swap.amount0 > 0
    specified = swap.amount0 if zero_for_one else swap.amount1
    done = concentrated.swap(pool, zero_for_one=zero_for_one, amount_specified=specified)
    assert (done.amount0, done.amount1) == (swap.amount0, swap.amount1)
    told = (swap.sqrt_price_x96, swap.liquidity, swap.tick)
    assert (done.pool.sqrt_price_x96, done.pool.liquidity, done.pool.tick) == told
    return done.pool


def pool_of(snapshot):
    return concentrated.Pool(
        fee_pips=snapshot.fee_pips,
        tick_spacing=snapshot.tick_spacing,
        sqrt_price_x96=snapshot.sqrt_price_x96,
        tick=snapshot.tick,
        liquidity=snapshot.liquidity,
        ticks=snapshot.ticks,
    )


def leg(instrument, side, kind, *, quantity, notional, bound):
    bound_asset = instrument.quote if kind is QuantityKind.BASE else instrument.base
    return Leg(
        instrument=instrument,
        side=side,
        quantity_kind=kind,
        quantity=Amount(instrument.base.id, quantity),
        notional=Amount(instrument.quote.id, notional),
        bound=Amount(bound_asset.id, bound),
        limit_ticks=None,
        cost=CostSplit(0, 0, 0, 0),
        slippage=0,
    )


def planned_leg(instrument, pool, side, kind, exact, *, tolerance_atoms=0):
    """Return a leg as the optimiser plans one: quoted exactly on the pool as it is."""
    pays_base = side is Side.SELL
    zero_for_one = pays_base == instrument.base_is_token0
    is_exact_in = pays_base == (kind is QuantityKind.BASE)
    if is_exact_in:
        quote = concentrated.quote_exact_input(pool, exact, zero_for_one=zero_for_one)
    else:
        quote = concentrated.quote_exact_output(pool, exact, zero_for_one=zero_for_one)
    paid, received = quote.amount_in, quote.amount_out
    quantity, notional = (paid, received) if pays_base else (received, paid)
    bound = received - tolerance_atoms if is_exact_in else paid + tolerance_atoms
    return leg(instrument, side, kind, quantity=quantity, notional=notional, bound=bound)


def child(legs, *, nonce, deadline_s, name="c-1"):
    return ChildOrder(
        id=name,
        parent="p-1",
        venue="uniswap_v3",
        account=ACCOUNT,
        side=legs[0].side,
        legs=tuple(legs),
        nonce=nonce,
        deadline_at=deadline_s * S,
        round=1,
        stage=1,
    )


def chain_time_s(chain):
    """Return the time that a block would carry now; the newest one may be old."""
    block = chain.client.rpc.request("eth_getBlockByNumber", "pending", NO_BODIES)
    return int(block["timestamp"], 16)


@contextlib.contextmanager
def blocks_held(chain):
    """Collect transactions, and put all of them into one block at the end."""
    chain.client.rpc.request("evm_setAutomine", OFF)
    try:
        yield
        chain.client.mine()
    finally:
        chain.client.rpc.request("evm_setAutomine", ON)


class LiquidityProvider:
    """Mints, burns and collects as the account `other`, through the real position manager."""

    def __init__(self, chain):
        self._chain = chain
        self._manager = chain.manifest.contracts["position_manager"]
        self._account = chain.manifest.account("other")
        self._positions = []
        for token in chain.manifest.tokens:
            self._do(token.address, abi.call("approve(address,uint256)", self._manager, 1 << 255))

    def mint(self, rng):
        client, pool = self._chain.client, rng.choice(self._chain.manifest.pools)
        centre = client.pool_state(pool).tick // pool.tick_spacing
        lower = centre - rng.randint(0, 30)
        upper = lower + rng.randint(1, 40)
        signature = (
            "mint((address,address,uint24,int24,int24,uint256,uint256,uint256,uint256,address,"
            "uint256))"
        )
        tokens = self._chain.manifest.tokens
        funds = {token.address: FUNDS_PER_MINT[token.symbol] for token in tokens}
        data = abi.call(
            signature,
            *(pool.token0, pool.token1, pool.fee_pips),
            *(lower * pool.tick_spacing, upper * pool.tick_spacing),
            *(funds[pool.token0], funds[pool.token1], 0, 0),
            *(self._account.address, 1 << 63),
        )
        receipt = self._do(self._manager, data)
        increased = next(
            log for log in receipt["logs"] if log["topics"][0].startswith("0x3067048b")
        )
        self._positions.append(int(increased["topics"][1], 16))

    def burn_and_collect(self, rng):
        position = rng.choice(self._positions)
        words = self._chain.client.call(self._manager, abi.call("positions(uint256)", position))
        liquidity = words[7]
        if liquidity:
            signature = "decreaseLiquidity((uint256,uint128,uint256,uint256,uint256))"
            part = max(1, liquidity * rng.randint(1, 10) // 10)
            self._do(self._manager, abi.call(signature, position, part, 0, 0, 1 << 63))
        most = (1 << 128) - 1
        collect = "collect((uint256,address,uint128,uint128))"
        self._do(self._manager, abi.call(collect, position, self._account.address, most, most))

    def _do(self, to, data):
        client = self._chain.client
        receipt = wait_for_receipt(client.rpc, client.submit(self._account, to, data))
        assert int(receipt["status"], 16) == 1
        return receipt


class Proxy:
    """A TCP relay that can be cut, or told to swallow what comes back."""

    def __init__(self, url):
        host, port = url.removeprefix("ws://").split(":")
        self._upstream = (host, int(port))
        self._writers = set()
        self._tasks = set()
        self._server = None
        self.swallow_answers = False
        self.url = ""

    async def serve(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self):
        for writer in self._writers:
            writer.transport.abort()

    async def stop(self):
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        self._writers |= {writer, upstream_writer}
        forth = asyncio.create_task(self._relay(reader, upstream_writer, is_answer=False))
        await self._relay(upstream_reader, writer, is_answer=True)
        await forth
        for each in (writer, upstream_writer):
            self._writers.discard(each)
            with contextlib.suppress(OSError):
                each.close()
                await each.wait_closed()

    async def _relay(self, reader, writer, *, is_answer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if not (is_answer and self.swallow_answers):
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def proxied(url):
    proxy = Proxy(url)
    await proxy.serve()
    try:
        yield proxy
    finally:
        await proxy.stop()
