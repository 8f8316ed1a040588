"""A stream that follows a scripted node, and what its pairs should be."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace

from router.domain.market import ReservesSnapshot
from router.domain.units import DurationNs, TimestampNs
from router.state.market import MarketView
from tests.integration.sync import node as scripted
from tests.integration.sync import scene
from tests.integration.sync.node import ScriptedNode
from venues.evm.spec import ChainConfig, DataFee, RouterVersion
from venues.evm.state.stream import ChainStream
from venues.uniswap_v2 import family as uniswap_v2

MS = 1_000_000
DEADLINE_S = 10


def config(node, **changes):
    base = ChainConfig(
        venue="local",
        chain_id=1,
        ws_urls=(node.url,),
        relay_urls=(),
        account="evm:1:0xaa",
        address=scripted.ANYWHERE,
        signing_key="",
        routers=scripted.FACTS.routers,
        router_version=RouterVersion.V2_0,
        permit2=scripted.ROUTER,
        multicall=scripted.MULTICALL,
        tokens=scripted.FACTS.tokens,
        native="ETH",
        pools=node.pools,
        fee_cap_wei=10**12,
        confirmations=1,
        replace_after_blocks=3,
        replacements_max=3,
        in_flight_max=16,
        data_fee=DataFee.NONE,
        request_timeout=DurationNs(1000 * MS),
        receipt_timeout=DurationNs(1000 * MS),
        silence_max=DurationNs(5000 * MS),
        head_lag_max=4,
        unverified_tokens=frozenset(scripted.TOKENS),  # the node does not simulate
    )
    return replace(base, **changes)


@asynccontextmanager
async def following(node, **changes):
    set_up = config(node, **changes)
    endpoints = scene.Direct(node.url, set_up)
    stream = ChainStream(set_up, {"uniswap_v2": uniswap_v2}, endpoints, scene.HastyClock())
    view = MarketView(tuple(pool.instrument for pool in node.pools), scene.NEVER_STALE)
    followed = scene.Following(set_up, stream, view, endpoints)
    task = asyncio.create_task(stream.run(followed.emit))
    try:
        yield followed
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), f"a stream ends by cancelling only: {task.exception()!r}"


def scenario(run):
    """Run a coroutine with a node, and a stream that follows it and has come to its head."""

    async def whole():
        async with ScriptedNode() as node, following(node) as followed:
            await reached(followed, node)
            await run(node, followed)

    asyncio.run(whole())


async def reached(followed, node):
    await followed.until(lambda: is_at(followed, node.tip), deadline_s=DEADLINE_S)


def is_at(followed, block):
    head = followed.view.head("local")
    return head is not None and head.block.hash == block.hash


def reserves(followed, pool):
    known = followed.view.pool(pool.instrument.id, TimestampNs(time.time_ns()))
    return known.reserve0, known.reserve1


def assert_is_the_nodes(followed, node, *, but=()):
    for pool in node.pools:
        if pool not in but:
            assert reserves(followed, pool) == node.tip.reserves[pool.emitter]


def snapshots(followed, pool):
    return [e for e in followed.told(ReservesSnapshot) if e.instrument == pool.instrument.id]
