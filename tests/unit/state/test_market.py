from dataclasses import replace

import pytest

from router.domain.error import BrokenPoolError, SequenceGapError, StaleDataError
from router.domain.market import (
    BlockRef,
    BookSnapshot,
    ChainReorganised,
    HeadAdvanced,
    PerpContext,
    PoolLiquidityChanged,
    PoolQuarantined,
    PoolSwapped,
    PoolTick,
    StreamLost,
)
from router.domain.units import DurationNs, InstrumentId, TimestampNs, VenueId
from router.liquidity import concentrated
from router.liquidity.pool import pool_of
from router.state.market import MarketView, Staleness
from tests.unit.engine.scene import PERP, POOL, T0, observation

HEAD_AGE_MAX, BOOK_AGE_MAX = DurationNs(5 * 10**9), DurationNs(3 * 10**9)
OTHER_POOL = replace(POOL, id=InstrumentId("uniswap_v3:ETH/USDC:3000"))
SNAPSHOT = replace(observation().pools[0], tick=-196_257)
BOOK, CONTEXT = observation().books[0], observation().contexts[0]


def view():
    return MarketView((POOL, OTHER_POOL, PERP), Staleness(HEAD_AGE_MAX, BOOK_AGE_MAX))


def head(number=8, *, at=T0, venue=POOL.venue):
    block = BlockRef(number, f"0x{number:02x}", f"0x{number - 1:02x}", TimestampNs(at))
    return HeadAdvanced(venue, block, 10**9, 10**8, TimestampNs(at))


def pool_view(number=7):
    market = view()
    market.fold(SNAPSHOT)
    market.fold(head(number))
    return market


def swapped(**changes):
    """Return the log of a real swap of the snapshot's pool, so that its numbers agree."""
    before = pool_of(SNAPSHOT)
    done = concentrated.swap(before, zero_for_one=True, amount_specified=10**15)
    log = PoolSwapped(
        instrument=POOL.id,
        block_number=8,
        block_hash="0x08",
        log_index=0,
        amount0=done.amount0,
        amount1=done.amount1,
        sqrt_price_x96=done.pool.sqrt_price_x96,
        liquidity=done.pool.liquidity,
        tick=done.pool.tick,
    )
    return replace(log, **changes)


def liquidity_changed(lower, upper, delta):
    return PoolLiquidityChanged(POOL.id, 8, "0x08", 0, lower, upper, delta)


def test_a_pool_is_known_once_its_snapshot_and_a_head_have_come():
    market = view()
    with pytest.raises(StaleDataError, match="no complete state of the pool yet"):
        market.pool(POOL.id, T0)
    market.fold(SNAPSHOT)
    with pytest.raises(StaleDataError, match="no complete state"):
        market.pool(POOL.id, T0)

    market.fold(head(7))

    known = market.pool(POOL.id, T0)
    assert replace(known, block=SNAPSHOT.block) == SNAPSHOT
    assert market.head(POOL.venue) == head(7)
    assert market.head(PERP.venue) is None


def test_a_swap_counts_from_the_head_of_its_block_and_until_then_nothing_is_answered():
    market = pool_view()

    market.fold(swapped())
    with pytest.raises(StaleDataError, match="no complete state"):
        market.pool(POOL.id, T0)
    market.fold(head(8))

    known, log = market.pool(POOL.id, T0), swapped()
    assert (known.sqrt_price_x96, known.tick) == (log.sqrt_price_x96, log.tick)
    assert known.sqrt_price_x96 < SNAPSHOT.sqrt_price_x96
    assert known.block.number == 8


@pytest.mark.parametrize(
    "changes",
    [
        {"liquidity": SNAPSHOT.liquidity + 1},
        {"liquidity": SNAPSHOT.liquidity - 1},
        {"tick": SNAPSHOT.tick + 1_000},
        {"sqrt_price_x96": 0},
        {"sqrt_price_x96": swapped().sqrt_price_x96 + 10**17},
        {"amount0": swapped().amount0 + 10**10},
        {"amount1": swapped().amount1 - 1},
        {"amount1": swapped().amount1 + 1},
        {"fee_pips": SNAPSHOT.fee_pips + 1},
    ],
    ids=lambda changes: next(iter(changes)) + str(next(iter(changes.values())))[-3:],
)
def test_a_swap_that_does_not_follow_from_the_state_breaks_its_pool_until_a_snapshot(changes):
    market = pool_view()
    market.fold(replace(SNAPSHOT, instrument=OTHER_POOL.id))

    with pytest.raises(BrokenPoolError, match="block 8") as caught:
        market.fold(swapped(**changes))

    assert caught.value.instrument == POOL.id
    market.fold(head(8))
    with pytest.raises(StaleDataError, match="is in quarantine: block 8"):
        market.pool(POOL.id, T0)
    assert market.pool(OTHER_POOL.id, T0).block.number == 8, "the others go on"
    market.fold(swapped())
    assert set(market.quarantined) == {POOL.id}, "what it does meanwhile is passed over"
    market.fold(replace(SNAPSHOT, block=head(8).block))
    assert market.pool(POOL.id, T0).sqrt_price_x96 == SNAPSHOT.sqrt_price_x96
    assert not market.quarantined


@pytest.mark.parametrize("change", [swapped(), liquidity_changed(-100, 100, 5)], ids=type)
def test_a_change_before_any_snapshot_asks_for_one(change):
    with pytest.raises(BrokenPoolError, match="a change came before any snapshot"):
        view().fold(change)


@pytest.mark.parametrize(
    "changes",
    [
        {"liquidity": SNAPSHOT.liquidity + 1},
        {"ticks": SNAPSHOT.ticks[:1]},
        {"tick": SNAPSHOT.tick + 1},
        {"fee_pips": 10**6 + 1},
        {"tick_spacing": 0},
        {"sqrt_price_x96": 0},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_snapshot_that_contradicts_itself_is_not_used(changes):
    market = pool_view()

    with pytest.raises(BrokenPoolError, match=POOL.id):
        market.fold(replace(SNAPSHOT, **changes))

    market.fold(head(8))
    with pytest.raises(StaleDataError, match="is in quarantine"):
        market.pool(POOL.id, T0)


def test_liquidity_minted_around_the_price_is_in_range_and_burning_it_restores_the_pool():
    market = pool_view()
    lower, upper = -196_300, -196_200

    market.fold(liquidity_changed(lower, upper, 10**14))
    market.fold(head(8))
    minted = market.pool(POOL.id, T0)
    market.fold(liquidity_changed(lower, upper, -(10**14)))
    market.fold(head(9))

    assert minted.liquidity == SNAPSHOT.liquidity + 10**14
    assert PoolTick(lower, 10**14, 10**14) in minted.ticks
    assert PoolTick(upper, -(10**14), 10**14) in minted.ticks
    burned = market.pool(POOL.id, T0)
    assert (burned.liquidity, burned.ticks) == (SNAPSHOT.liquidity, SNAPSHOT.ticks)


def test_liquidity_minted_beside_the_price_is_not_in_range():
    market = pool_view()

    market.fold(liquidity_changed(-196_200, -196_100, 10**14))
    market.fold(head(8))

    assert market.pool(POOL.id, T0).liquidity == SNAPSHOT.liquidity
    assert len(market.pool(POOL.id, T0).ticks) == len(SNAPSHOT.ticks) + 2


def test_burning_what_was_never_minted_breaks_the_pool():
    market = pool_view()

    with pytest.raises(BrokenPoolError, match=POOL.id):
        market.fold(liquidity_changed(-196_300, -196_200, -1))


def test_a_head_stamps_every_pool_of_its_venue_and_no_other():
    market = pool_view()
    market.fold(replace(SNAPSHOT, instrument=OTHER_POOL.id))

    market.fold(head(9, at=T0 + 5))
    market.fold(head(30, venue=VenueId("elsewhere")))

    for instrument in (POOL, OTHER_POOL):
        known = market.pool(instrument.id, T0)
        assert (known.block.number, known.received_at) == (9, T0 + 5)


def test_a_head_older_than_the_snapshot_does_not_take_it_back():
    market = view()
    market.fold(replace(SNAPSHOT, block=head(20).block))

    market.fold(head(19))

    assert market.pool(POOL.id, T0).block.number == 20


def test_a_pool_is_as_fresh_as_the_last_head_to_the_nanosecond():
    market = pool_view()

    market.pool(POOL.id, TimestampNs(T0 + HEAD_AGE_MAX))

    with pytest.raises(StaleDataError, match=r"is 5\.0 s old, the limit is 5\.0 s"):
        market.pool(POOL.id, TimestampNs(T0 + HEAD_AGE_MAX + 1))


def test_a_book_needs_its_context_and_is_as_fresh_as_its_last_word():
    market = view()
    market.fold(BOOK)
    with pytest.raises(StaleDataError, match="no book or no mark price yet"):
        market.book(PERP.id, T0)

    market.fold(CONTEXT)

    assert market.book(PERP.id, TimestampNs(T0 + BOOK_AGE_MAX)) == (BOOK, CONTEXT)
    with pytest.raises(StaleDataError, match=r"is 3\.0 s old, the limit is 3\.0 s"):
        market.book(PERP.id, TimestampNs(T0 + BOOK_AGE_MAX + 1))


def test_the_newest_book_and_context_count():
    market = view()
    newer = BookSnapshot(PERP.id, ((1, 2),), ((3, 4),), T0, TimestampNs(T0 + 1))
    context = PerpContext(PERP.id, 2, 2, CONTEXT.funding_rate_per_hour, T0)

    for event in (BOOK, CONTEXT, newer, context):
        market.fold(event)

    assert market.book(PERP.id, T0) == (newer, context)


def test_a_lost_stream_makes_its_venue_stale_and_keeps_its_pools_but_no_books():
    market = pool_view()
    market.fold(BOOK)
    market.fold(CONTEXT)

    market.fold(StreamLost(POOL.venue, "gone", T0))

    with pytest.raises(StaleDataError, match="no complete state"):
        market.pool(POOL.id, T0)
    assert market.head(POOL.venue) is None
    assert [known.block.number for _, known in market.pools()] == [7]
    assert market.book(PERP.id, T0) == (BOOK, CONTEXT)
    market.fold(swapped())
    market.fold(head(8))
    assert market.pool(POOL.id, T0).tick == swapped().tick, "it goes on where it was"
    market.fold(StreamLost(PERP.venue, "gone", T0))
    with pytest.raises(StaleDataError):
        market.book(PERP.id, T0)


def test_what_is_missing_is_named_until_everything_is_there_and_again_when_it_is_old():
    market = view()

    first = market.missing(T0)
    for event in (SNAPSHOT, replace(SNAPSHOT, instrument=OTHER_POOL.id), head(7), BOOK):
        market.fold(event)
    second = market.missing(T0)
    market.fold(CONTEXT)
    complete = market.missing(T0)
    late = market.missing(TimestampNs(T0 + BOOK_AGE_MAX + 1))

    assert first.startswith(POOL.id)
    assert second.startswith(PERP.id)
    assert complete is None
    assert late.startswith(PERP.id)


def test_known_pools_are_listed_however_old():
    market = pool_view()

    ((instrument, known),) = market.pools()

    assert instrument == POOL
    assert known.instrument == POOL.id


def test_every_event_is_counted():
    market = pool_view()

    with pytest.raises(BrokenPoolError):
        market.fold(replace(swapped(), instrument=OTHER_POOL.id))

    assert market.events_folded_count == 3


def reorganised(number):
    return ChainReorganised(POOL.venue, head(number).block, T0)


def test_a_reorganisation_takes_every_pool_back_and_nothing_is_answered_until_the_next_head():
    market = pool_view()
    market.fold(replace(SNAPSHOT, instrument=OTHER_POOL.id))
    market.fold(swapped())
    market.fold(head(8))
    market.fold(replace(liquidity_changed(-196_300, -196_200, 10**14), block_number=9))
    market.fold(head(9))

    market.fold(reorganised(8))

    with pytest.raises(StaleDataError, match="no complete state"):
        market.pool(POOL.id, T0)
    assert market.head(POOL.venue) is None
    market.fold(head(9))
    known = market.pool(POOL.id, T0)
    assert (known.liquidity, known.tick) == (swapped().liquidity, swapped().tick)
    market.fold(reorganised(7))
    market.fold(head(8))
    first = replace(market.pool(POOL.id, T0), block=SNAPSHOT.block)
    assert replace(first, received_at=SNAPSHOT.received_at) == SNAPSHOT


def test_the_same_block_may_change_a_pool_again_on_the_other_branch():
    market = pool_view()
    market.fold(swapped())
    market.fold(head(8))

    market.fold(reorganised(7))
    market.fold(liquidity_changed(-196_300, -196_200, 10**14))
    market.fold(head(8))

    known = market.pool(POOL.id, T0)
    assert known.sqrt_price_x96 == SNAPSHOT.sqrt_price_x96
    assert known.liquidity == SNAPSHOT.liquidity + 10**14


def test_a_reorganisation_to_before_a_snapshot_is_a_gap():
    market = pool_view()
    market.fold(replace(SNAPSHOT, block=head(20).block))
    market.fold(replace(SNAPSHOT, instrument=OTHER_POOL.id))

    with pytest.raises(SequenceGapError, match=f"{POOL.id} cannot be taken back to block 19"):
        market.fold(reorganised(19))

    market.fold(head(20))
    with pytest.raises(StaleDataError, match="is in quarantine"):
        market.pool(POOL.id, T0)
    assert market.pool(OTHER_POOL.id, T0).block.number == 20


def test_a_pool_in_quarantine_is_not_missed_unless_it_is_all_its_chain_has():
    market = view()
    for event in (replace(SNAPSHOT, instrument=OTHER_POOL.id), head(7), BOOK, CONTEXT):
        market.fold(event)

    market.fold(PoolQuarantined(POOL.id, "not the factory's", T0))

    assert market.missing(T0) is None
    assert market.quarantined == {POOL.id: "not the factory's"}
    assert [instrument for instrument, _ in market.pools()] == [OTHER_POOL]
    with pytest.raises(StaleDataError, match=f"{POOL.id}: is in quarantine: not the factory's"):
        market.pool(POOL.id, T0)
    market.fold(PoolQuarantined(OTHER_POOL.id, "nor this", T0))
    assert market.missing(T0) == f"{POOL.id}: is in quarantine: not the factory's"
