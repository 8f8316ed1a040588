"""Streams that contradict themselves start over, alone, and old ones are not listened to."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from router.domain.error import BrokenPoolError
from router.domain.market import BlockRef, ChainReorganised, PoolSwapped, StreamLost
from router.shell.streams import follow
from tests.unit.engine.scene import PERP, POOL, T0
from tests.unit.shell.floor import HEAD, SNAPSHOT, Floor, run

# Further back than the snapshot: nothing is remembered of the pool there.
GAP = ChainReorganised(POOL.venue, BlockRef(1, "0x01", "0x00", T0), T0)
# It says that liquidity is one more than the pool's ticks add up to.
WRONG_SWAP = PoolSwapped(POOL.id, 8, "0x08", 0, 1, -1, SNAPSHOT.sqrt_price_x96, 10**15 + 1, 0)


@asynccontextmanager
async def following(floor):
    venues = floor.reader.venues
    async with asyncio.TaskGroup() as group:
        task = group.create_task(follow(venues, floor.market, floor.clock))
        await floor.chain.streamed(1)
        await floor.perp.streamed(1)
        try:
            yield
        finally:
            task.cancel()


def test_everything_told_is_known():
    async def main():
        floor = Floor()
        async with following(floor):
            return floor.market.missing(T0)

    assert run(main()) is None


def test_a_gap_starts_that_stream_over_after_a_pause_and_no_other():
    async def main():
        floor = Floor()
        async with following(floor):
            floor.chain.emit(GAP)
            missing = floor.market.missing(T0)
            await floor.chain.streamed(2)
            return missing, floor.market.missing(T0), floor.clock.now(), floor.perp.streams_count

    missing, afterwards, now, perp_streams = run(main())

    assert POOL.id in missing
    assert afterwards is None
    assert now > T0
    assert perp_streams == 1


def test_a_broken_pool_is_told_to_the_stream_which_goes_on():
    async def main():
        floor = Floor()
        async with following(floor):
            with pytest.raises(BrokenPoolError, match="the swap does not follow"):
                floor.chain.emit(WRONG_SWAP)
            missing = floor.market.missing(T0)
            floor.chain.emit(SNAPSHOT)
            return missing, floor.market.missing(T0), floor.chain.streams_count

    missing, afterwards, streams = run(main())

    assert "in quarantine" in missing
    assert (afterwards, streams) == (None, 1)


def test_what_an_old_stream_still_says_does_not_count():
    async def main():
        floor = Floor()
        async with following(floor):
            old = floor.chain.emit
            old(GAP)
            old(SNAPSHOT)
            old(HEAD)
            return floor.market.missing(T0)

    assert POOL.id in run(main())


def test_a_lost_stream_makes_its_venue_stale_until_it_tells_again():
    async def main():
        floor = Floor()
        async with following(floor):
            floor.perp.emit(StreamLost(PERP.venue, "cut", T0))
            lost = floor.market.missing(T0)
            for event in floor.perp.opening:
                floor.perp.emit(event)
            return lost, floor.market.missing(T0)

    lost, again = run(main())

    assert PERP.id in lost
    assert again is None


def test_a_stream_that_fails_ends_all_of_them():
    async def main():
        floor = Floor()

        async def fail(_emit):
            raise ZeroDivisionError

        floor.perp.stream = fail
        await follow(floor.reader.venues, floor.market, floor.clock)

    with pytest.raises(ExceptionGroup) as failure:
        run(main())

    assert failure.group_contains(ZeroDivisionError)
