"""The pools of every family on the local chain: deep reorganisations, silent fees, wrong pools."""

import asyncio
import random
import time
from dataclasses import replace

from router.domain.market import (
    ChainReorganised,
    PoolFeeChanged,
    PoolQuarantined,
    PoolSwapped,
    StreamLost,
)
from router.domain.units import TimestampNs
from router.state.market import MarketView
from tests.integration.families import scene as families
from tests.integration.sync import scene
from tests.integration.sync.crowd import Crowd
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.state.stream import ChainStream

DEPTH = 64
AMOUNT = 10**8


def scenario(chain, run, *, followed=None, **changes):
    """Follow pools of the chain, and run a coroutine once the stream has come to its head."""
    followed = scene.pools(chain.manifest, quick=True) if followed is None else followed

    async def whole():
        setups = [pool for pool, _ in followed]
        async with scene.following(chain.manifest, setups, **changes) as following:
            await at_head(chain, following)
            await run(following, followed)

    asyncio.run(whole())


async def at_head(chain, following):
    await following.reached(chain.client.header()["hash"])


def of_family(followed, name, label=None):
    return next(
        (pool, entry) for pool, entry in followed if (entry.family, entry.label) == (name, label)
    )


def test_a_reorganisation_of_depth_64_leaves_every_pool_as_the_chain_has_it(chain):
    async def run(following, followed):
        crowd = Crowd(chain, [entry for _, entry in followed], random.Random(64))
        for _ in range(DEPTH + 1):
            crowd.block()
            await at_head(chain, following)
        before = chain.client.block_number()

        chain.client.reorg(DEPTH)
        await at_head(chain, following)

        assert scene.differences(chain, followed, following) == []
        ancestors = {event.ancestor.number for event in following.told(ChainReorganised)}
        assert ancestors == {before - DEPTH}
        assert not following.told(StreamLost, PoolQuarantined)
        crowd.block()
        await at_head(chain, following)
        assert scene.differences(chain, followed, following) == []

    scenario(chain, run)


def test_a_chain_that_was_rolled_back_in_silence_is_found_out_with_its_next_block(chain):
    async def run(following, followed):
        crowd = Crowd(chain, [entry for _, entry in followed], random.Random(5))
        for _ in range(8):
            crowd.block()
        await at_head(chain, following)

        chain.client.rpc.request("anvil_rollback", 5)
        crowd.block()
        await at_head(chain, following)

        assert scene.differences(chain, followed, following) == []
        assert not following.told(StreamLost, PoolQuarantined)

    scenario(chain, run)


def test_a_fee_that_changes_without_a_log_is_known_after_the_block(chain):
    async def run(following, followed):
        silent = [
            of_family(followed, "slipstream"),
            of_family(followed, "uniswap_v4", "v4_dynamic"),
        ]
        for pool, entry in silent:
            chain.client.set_fee(entry, 1_234)
            chain.client.mine()
            await at_head(chain, following)
            known = following.view.pool(pool.instrument.id, TimestampNs(time.time_ns()))
            assert known.fee_pips == 1_234

            swap = chain.client.other.swap(entry, zero_for_one=True, amount_specified=AMOUNT)
            chain.client.run_as_other(swap)
            await at_head(chain, following)

        assert scene.differences(chain, followed, following) == []
        told = [event.instrument for event in following.told(PoolFeeChanged)]
        assert set(told) >= {pool.instrument.id for pool, _ in silent}
        assert not following.broken

    scenario(chain, run)


def test_swaps_of_a_pool_whose_fee_changes_within_their_block_are_followed(chain):
    async def run(following, followed):
        pool, entry = of_family(followed, "slipstream")
        chain.client.set_fee(entry, 9_000)  # in no block: the one before the swap had another
        swap = chain.client.other.swap(entry, zero_for_one=True, amount_specified=AMOUNT)
        chain.client.run_as_other(swap)
        await at_head(chain, following)

        assert [event.is_exact for event in following.told(PoolSwapped)] == [False]
        assert scene.differences(chain, followed, following) == []
        assert pool.instrument.id not in following.view.quarantined

    scenario(chain, run)


def test_pools_of_another_factory_and_tokens_with_a_fee_are_left_out_and_the_rest_goes_on(chain):
    true = scene.pools(chain.manifest, quick=True, with_fee_token=True)
    (pool, entry), ours = true[0], true[1:]
    elsewhere = dict.fromkeys(pool.contracts, families.ROUTER)
    wrong = replace(pool, contracts=elsewhere)

    async def run(following, followed):
        reasons = following.stream.quarantined
        fee_token = chain.manifest.token(scene.FEE_TOKEN).address
        taxed = {p.instrument.id for p, e in followed if fee_token in {e.token0, e.token1}}
        assert set(reasons) == taxed | {pool.instrument.id}
        assert "factory" in reasons[pool.instrument.id]
        assert all("arrive; remove the pools of this token" in reasons[each] for each in taxed)
        assert following.view.missing(TimestampNs(time.time_ns())) is None

        sound = [(p, e) for p, e in followed if p.instrument.id not in reasons]
        crowd = Crowd(chain, [e for _, e in sound], random.Random(2))
        for _ in range(5):
            crowd.block()
        await at_head(chain, following)
        assert scene.differences(chain, sound, following) == []

    scenario(chain, run, followed=[(wrong, entry), *ours])


def test_the_stream_goes_on_through_the_endpoints_a_chain_account_uses(chain):
    followed = scene.pools(chain.manifest, quick=True)
    setups = [pool for pool, _ in followed]

    async def whole():
        config = scene.config(chain.manifest, setups)
        endpoints = Endpoints(config, scene.HastyClock())
        stream = ChainStream(config, families.FAMILIES, endpoints, scene.HastyClock())
        view = MarketView(tuple(pool.instrument for pool in setups), scene.NEVER_STALE)
        following = scene.Following(config, stream, view, endpoints)
        task = asyncio.create_task(stream.run(following.emit))
        await at_head(chain, following)
        crowd = Crowd(chain, [entry for _, entry in followed], random.Random(9))
        crowd.block()
        await at_head(chain, following)
        assert scene.differences(chain, followed, following) == []
        task.cancel()
        await asyncio.wait([task])
        await endpoints.close()

    asyncio.run(whole())
