"""After any number of blocks, void or not, every pool is what the chain says, to the last unit."""

import asyncio
import random
import sys
from collections import Counter

import pytest

from router.domain.market import (
    ChainReorganised,
    HeadAdvanced,
    PoolEvent,
    PoolQuarantined,
    PoolSnapshot,
    ReservesSnapshot,
    StreamLost,
)
from tests.integration.sync import scene
from tests.integration.sync.crowd import Crowd
from tests.integration.sync.relay import FaultyRelay
from venues.sandbox.chain import start

SEED = 20_261_122
BLOCKS, LIVES = 2_000, 5
BURST_MAX = 6  # blocks that are made without waiting for the stream
PATIENCE, REORGANISATIONS = 0.7, 0.4  # how often after a burst
DEPTH_MAX = 10
FAULTS = {"cut": 0.02, "stall": 0.02, "double": 0.3, "stall_s": (0.01, 1.5)}


async def live_through(chain, following, followed, *, seed, blocks, checkpoints):
    """Let the crowd live for so many blocks while the stream follows, and compare in between."""
    rng = random.Random(seed)
    crowd = Crowd(chain, [entry for _, entry in followed], rng)
    await following.reached(chain.client.header()["hash"])

    for checkpoint in range(1, checkpoints + 1):
        while crowd.done["blocks"] < blocks * checkpoint // checkpoints:
            await asyncio.to_thread(burst, crowd, rng)
            if rng.random() < PATIENCE:
                await following.reached(chain.client.header()["hash"])
        # A fee that changed in no block is known after the next one.
        chain.client.mine()
        await following.reached(chain.client.header()["hash"])
        assert not following.broken
        assert scene.differences(chain, followed, following) == []
    return crowd


def burst(crowd, rng):
    """Make a few blocks, and now and then replace some, told or not."""
    for _ in range(rng.randint(1, BURST_MAX)):
        crowd.block()
    if rng.random() < REORGANISATIONS and crowd.done["blocks"] > DEPTH_MAX:
        crowd.reorganise(rng.randint(1, DEPTH_MAX))


def figures(crowd, following):
    told = following.told
    return {
        **crowd.done,
        "logs folded": len(told(*PoolEvent.__args__)),
        "heads told": len(told(HeadAdvanced)),
        "reorganisations told": len(told(ChainReorganised)),
        "snapshots": len(told(PoolSnapshot, ReservesSnapshot)),
        "connections lost": len(told(StreamLost)),
        "connections": following.endpoints.opened_count,
        "quarantined": len(told(PoolQuarantined)),
    }


async def soaked(chain, *, blocks, checkpoints, seed=SEED, quick=False, url=None):
    followed = scene.pools(chain.manifest, quick=quick)
    setups = [pool for pool, _ in followed]
    async with scene.following(chain.manifest, setups, url=url) as following:
        crowd = await live_through(
            chain, following, followed, seed=seed, blocks=blocks, checkpoints=checkpoints
        )
    found = figures(crowd, following)
    # Those that are known by quotes alone are read after every block.
    logged = [pool for pool in setups if pool.is_replayable]
    assert found["snapshots"] == len(logged), "every change came as a log"
    assert found["quarantined"] == 0
    return found


def soak(chain, **options):
    return asyncio.run(soaked(chain, **options))


def faulty_soak(chain, *, seed=SEED, **options):
    async def run():
        relay = FaultyRelay(chain.manifest.ws_url, random.Random(seed), **FAULTS)
        async with relay:
            found = await soaked(chain, seed=seed, url=relay.url, **options)
        return found | relay.done

    return asyncio.run(run())


def many_lives(live, capsys, *, name):
    """Live through the blocks on several chains, since the node forgets states after a while.

    Beyond a thousand blocks, void ones counted, anvil has states on disk only, and a
    reorganisation back to one of them loses the code of all contracts.
    """
    total = Counter()
    for seed in range(LIVES):
        with start(families=True, seed=seed) as chain:
            total.update(live(chain, seed=seed, blocks=BLOCKS // LIVES, checkpoints=4))
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: 0 differences at {4 * LIVES} checkpoints: {dict(total)}\n")
    return total


def test_every_pool_is_the_chains_after_blocks_and_reorganisations(chain):
    found = soak(chain, blocks=60, checkpoints=2, quick=True)

    assert found["connections lost"] == 0
    assert found["logs folded"] > found["reorganisations told"] > 0


def test_every_pool_is_the_chains_through_a_faulty_connection(chain):
    found = faulty_soak(chain, blocks=60, checkpoints=2, quick=True)

    assert min(found[each] for each in ("cut", "doubled", "connections lost")) > 0
    assert found["reorganisations told"] > 0


@pytest.mark.soak
def test_every_pool_is_the_chains_after_two_thousand_blocks(capsys):
    found = many_lives(soak, capsys, name="sound connection")

    assert found["blocks"] >= BLOCKS
    assert found["connections lost"] == 0


@pytest.mark.soak
def test_every_pool_is_the_chains_after_two_thousand_blocks_of_faults(capsys):
    found = many_lives(faulty_soak, capsys, name="faulty connection")

    assert found["blocks"] >= BLOCKS
    assert min(found[each] for each in ("cut", "stalled", "doubled", "connections lost")) > 0
