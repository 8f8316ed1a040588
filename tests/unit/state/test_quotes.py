"""A pool that is known by quotes only, as it is followed: from block to block, and back again."""

from dataclasses import replace

import pytest

from router.domain.error import BrokenPoolError, SequenceGapError, StaleDataError
from router.domain.market import (
    BlockRef,
    ChainReorganised,
    HeadAdvanced,
    PoolFeeChanged,
    PoolLiquidityChanged,
    PoolSwapped,
    QuotedSnapshot,
)
from router.domain.units import DurationNs, TimestampNs
from router.liquidity.pool import pool_of
from router.state.market import MarketView, Staleness
from tests.unit.engine.scene import POOL

HOUR = DurationNs(3600 * 10**9)
NOW = TimestampNs(1)


def block(number, fork=0):
    return BlockRef(number, f"0x{fork}{number:02x}", f"0x{fork}{number - 1:02x}", NOW)


def quotes(number, received, *, fork=0):
    return QuotedSnapshot(POOL.id, block(number, fork), NOW, ((10, received),), ((received, 10),))


def head(number, fork=0):
    return HeadAdvanced(POOL.venue, block(number, fork), 1, 1, NOW)


def folded(*events):
    market = MarketView((POOL,), Staleness(HOUR, HOUR))
    for event in events:
        market.fold(event)
    return market


def test_quotes_count_from_the_head_of_their_block():
    market = folded(quotes(7, 100), head(7), quotes(8, 90))

    with pytest.raises(StaleDataError, match="no complete state"):
        market.pool(POOL.id, NOW)
    market.fold(head(8))

    assert market.pool(POOL.id, NOW) == quotes(8, 90)
    assert pool_of(market.pool(POOL.id, NOW)) == pool_of(quotes(8, 90))


def test_quotes_that_are_not_told_anew_are_those_of_the_head():
    market = folded(quotes(7, 100), head(7), head(8))

    assert market.pool(POOL.id, NOW) == replace(quotes(7, 100), block=block(8))


def test_a_reorganisation_brings_back_the_quotes_of_its_ancestor():
    market = folded(quotes(7, 100), head(7), quotes(8, 90), head(8), quotes(9, 80), head(9))

    market.fold(ChainReorganised(POOL.venue, block(8), NOW))
    market.fold(head(8))
    assert market.pool(POOL.id, NOW) == quotes(8, 90)
    market.fold(quotes(9, 70, fork=1))
    market.fold(head(9, fork=1))

    assert market.pool(POOL.id, NOW) == quotes(9, 70, fork=1)


def test_quotes_of_a_block_that_was_quoted_already_take_the_place_of_the_others():
    market = folded(quotes(6, 100), quotes(7, 90), quotes(7, 80), head(7))

    market.fold(ChainReorganised(POOL.venue, block(6), NOW))
    market.fold(head(6))

    assert market.pool(POOL.id, NOW) == quotes(6, 100)


def test_a_snapshot_of_an_earlier_block_than_the_first_begins_anew():
    market = folded(quotes(7, 100), quotes(9, 90), quotes(5, 80), head(5))

    assert market.pool(POOL.id, NOW) == quotes(5, 80)
    with pytest.raises(SequenceGapError):
        market.fold(ChainReorganised(POOL.venue, block(4), NOW))


@pytest.mark.parametrize(
    "change",
    [
        PoolSwapped(POOL.id, 8, "0x08", 0, 1, -1, 1 << 96, 1, 0),
        PoolLiquidityChanged(POOL.id, 8, "0x08", 0, -10, 10, 5),
        PoolFeeChanged(POOL.id, 8, "0x08", 3_000, (0, 0)),
    ],
    ids=lambda change: type(change).__name__,
)
def test_no_other_change_is_taken_by_a_pool_of_quotes(change):
    market = folded(quotes(7, 100), head(7))

    with pytest.raises(BrokenPoolError, match="is of another kind of pool than its snapshot"):
        market.fold(change)

    market.fold(quotes(8, 90))
    market.fold(head(8))
    assert market.pool(POOL.id, NOW) == quotes(8, 90)


@pytest.mark.parametrize("number", [7, 8])
def test_quotes_that_contradict_themselves_break_the_pool(number):
    market = folded(quotes(7, 100), head(7))

    with pytest.raises(BrokenPoolError, match="must have ascending inputs"):
        market.fold(replace(quotes(number, 90), zero_for_one=((5, 5), (4, 6))))

    assert set(market.quarantined) == {POOL.id}
