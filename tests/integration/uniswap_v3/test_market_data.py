"""What the venue tells of pools, against what the chain itself says."""

import asyncio
import random

from router.domain.market import (
    HeadAdvanced,
    PoolLiquidityChanged,
    PoolSnapshot,
    PoolSwapped,
    StreamLost,
)
from router.liquidity import concentrated
from tests.integration.uniswap_v3 import scene
from venues.sandbox.chain import SwapPath, abi

SWAP_WEI = 10**16
ETHER_FOR_USDC = SwapPath(("WETH", "USDC"), (500,))


def ticks_by_tick_lens(client, pool):
    """Read every populated tick through Uniswap's own TickLens contract."""
    lens = client.manifest.contracts["tick_lens"]
    last = 887_272 // pool.tick_spacing
    found = []
    for word in range(-last // 256, last // 256 + 1):
        data = abi.call("getPopulatedTicksInWord(address,int16)", pool.address, word)
        _, count, *fields = client.call(lens, data)
        assert len(fields) == 3 * count
        for tick, net, gross in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
            found.append((abi.signed(tick), abi.signed(net), gross))
    return sorted(found)


def test_a_snapshot_is_what_the_chain_says_of_every_pool(chain_snapshot):
    chain = chain_snapshot
    chain.client.random_swap_as_other(random.Random(2))
    chain.client.mine()  # the snapshot is of the block before the newest

    async def scenario():
        async with scene.started(chain.manifest) as venue, scene.streaming(venue) as recorder:
            return {e.instrument: e for e in recorder.events if isinstance(e, PoolSnapshot)}

    taken = asyncio.run(scenario())

    assert len(taken) == len(chain.manifest.pools)
    for instrument, pool in zip(
        scene.instruments(chain.manifest), chain.manifest.pools, strict=True
    ):
        snapshot, state = taken[instrument.id], chain.client.pool_state(pool)
        assert snapshot.sqrt_price_x96 == state.sqrt_price_x96
        assert (snapshot.tick, snapshot.liquidity) == (state.tick, state.liquidity)
        assert (snapshot.fee_pips, snapshot.tick_spacing) == (pool.fee_pips, pool.tick_spacing)
        assert snapshot.block.number == chain.client.block_number() - 1
        concentrated.check(scene.pool_of(snapshot))
        if pool.tick_spacing >= 60:
            read = [(t.index, t.liquidity_net, t.liquidity_gross) for t in snapshot.ticks]
            assert read == ticks_by_tick_lens(chain.client, pool)


def test_snapshots_taken_while_blocks_are_made_are_of_the_block_they_name(chain_snapshot):
    chain, rng = chain_snapshot, random.Random(12)
    provider = scene.LiquidityProvider(chain)

    async def scenario():
        async with scene.started(chain.manifest) as venue:
            taken = []
            for _ in range(5):
                making = asyncio.create_task(asyncio.to_thread(make_blocks, provider, rng))
                async with scene.streaming(venue) as recorder:
                    await making
                    await recorder.until_block(chain.client.block_number())
                    taken.append((scene.folded(recorder.events), await scene.present(venue)))
            return taken

    for followed, fresh in asyncio.run(scenario()):
        assert followed == fresh


def make_blocks(provider, rng):
    for _ in range(4):
        provider.mint(rng)
        provider.burn_and_collect(rng)


def test_the_streamed_state_stays_equal_to_a_fresh_snapshot(chain_snapshot):
    chain, rng = chain_snapshot, random.Random(11)
    provider = scene.LiquidityProvider(chain)
    provider.mint(rng)

    async def scenario():
        async with scene.started(chain.manifest) as venue, scene.streaming(venue) as recorder:
            for _ in range(40):
                doing = rng.choice(("swap", "swap", "mint", "burn"))
                if doing == "swap":
                    chain.client.random_swap_as_other(rng)
                elif doing == "mint":
                    provider.mint(rng)
                else:
                    provider.burn_and_collect(rng)
                await asyncio.sleep(0)
            await recorder.until_block(chain.client.block_number())
            return recorder.events, await scene.present(venue)

    events, fresh = asyncio.run(scenario())

    assert not [e for e in events if isinstance(e, StreamLost)]
    assert sum(isinstance(e, PoolSwapped) for e in events) >= 10
    assert {e.liquidity_delta > 0 for e in events if isinstance(e, PoolLiquidityChanged)} == {
        True,
        False,
    }
    assert scene.folded(events) == fresh


def test_every_log_of_a_block_with_many_comes_once_and_before_its_head(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with scene.started(chain.manifest) as venue, scene.streaming(venue) as recorder:
            begin = len(recorder.events)
            with scene.blocks_held(chain):
                for size in range(20):
                    chain.client.submit_swap_as_other(
                        ETHER_FOR_USDC, amount_in_atoms=SWAP_WEI + size
                    )
            await recorder.until_block(chain.client.block_number())
            return recorder.events[begin:], await scene.present(venue), recorder.events

    new, fresh, events = asyncio.run(scenario())

    swaps = [e for e in new if isinstance(e, PoolSwapped)]
    assert [e.log_index for e in swaps] == sorted({e.log_index for e in swaps})
    assert len(swaps) == 20
    heads = [index for index, e in enumerate(new) if isinstance(e, HeadAdvanced)]
    assert new.index(swaps[-1]) < heads[-1]
    assert scene.folded(events) == fresh


def test_a_reorganisation_ends_in_snapshots_of_the_new_chain(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with scene.started(chain.manifest) as venue, scene.streaming(venue) as recorder:
            for _ in range(3):
                chain.client.swap_as_other(ETHER_FOR_USDC, amount_in_atoms=10**18)
            await recorder.until_block(chain.client.block_number())
            begin = len(recorder.events)
            chain.client.reorg(2)
            chain.client.mine()
            await recorder.until(
                lambda events: any(isinstance(e, StreamLost) for e in events[begin:])
            )
            await recorder.until_block(chain.client.block_number())
            return recorder.events[begin:], await scene.present(venue)

    events, fresh = asyncio.run(scenario())

    lost = next(e for e in events if isinstance(e, StreamLost))
    assert "reorganised" in lost.reason
    assert scene.folded(events) == fresh
    weth = next(i for i in scene.instruments(chain.manifest) if i.id == "uniswap_v3:WETH/USDC:500")
    state = chain.client.pool_state(chain.manifest.pool("WETH", "USDC", 500))
    assert fresh[weth.id].sqrt_price_x96 == state.sqrt_price_x96


def test_local_quotes_equal_the_quoter_contract_to_the_atom(chain):
    rng = random.Random(5)
    symbols = {token.address: token.symbol for token in chain.manifest.tokens}

    async def scenario():
        async with scene.started(chain.manifest) as venue:
            return await scene.present(venue)

    pools = asyncio.run(scenario())

    for instrument, entry in zip(
        scene.instruments(chain.manifest), chain.manifest.pools, strict=True
    ):
        pool = pools[instrument.id]
        for zero_for_one in (True, False):
            order = (entry.token0, entry.token1) if zero_for_one else (entry.token1, entry.token0)
            path = SwapPath(tuple(symbols[token] for token in order), (entry.fee_pips,))
            for _ in range(4):
                decimals = chain.manifest.token(path.symbols[0]).decimals
                exact_in = rng.randint(1, 10 ** (decimals + rng.randint(-4, 2)))
                local = concentrated.quote_exact_input(pool, exact_in, zero_for_one=zero_for_one)
                assert local.amount_out == chain.client.quote_exact_input(path, exact_in)
                exact_out = local.amount_out
                if exact_out:
                    local = concentrated.quote_exact_output(
                        pool, exact_out, zero_for_one=zero_for_one
                    )
                    assert local.amount_in == chain.client.quote_exact_output(path, exact_out)
