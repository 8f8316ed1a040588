"""A pool's state through changes and back again, of either kind."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.market import (
    BlockRef,
    PoolFeeChanged,
    PoolLiquidityChanged,
    PoolSwapped,
    ReservesSnapshot,
    ReservesSwapped,
    ReservesSynced,
)
from router.domain.units import InstrumentId, TimestampNs
from router.liquidity import concentrated, constant_product
from router.liquidity.oracle import InconsistentPoolError, LiquidityError
from router.liquidity.pool import pool_of, swap
from router.state.pool_memory import BLOCKS_REMEMBERED_MAX, PoolMemory
from tests.unit.engine.scene import observation

SNAPSHOT = replace(observation().pools[0], tick=-196_257)
FIRST = SNAPSHOT.block.number
PAIR = ReservesSnapshot(
    instrument=InstrumentId("uniswap_v2:ETH/USDC:3000"),
    block=SNAPSHOT.block,
    fee_pips=3_000,
    reserve0=10**21,
    reserve1=3 * 10**12,
    received_at=SNAPSHOT.received_at,
)


def block(number):
    return BlockRef(number, f"0x{number:064x}", f"0x{number - 1:064x}", TimestampNs(number))


def swap_told(pool, number, *, zero_for_one, amount, **changes):
    """Return the event of a real swap."""
    done = swap(pool, zero_for_one=zero_for_one, amount_specified=amount)
    event = PoolSwapped(
        instrument=SNAPSHOT.instrument,
        block_number=number,
        block_hash=f"0x{number:064x}",
        log_index=0,
        amount0=done.amount0,
        amount1=done.amount1,
        sqrt_price_x96=done.pool.sqrt_price_x96,
        liquidity=done.pool.liquidity,
        tick=done.pool.tick,
    )
    return replace(event, **changes)


def pair_told(pair, number, *, zero_for_one, amount, log_index=0):
    """Return both events of a real swap in a pair."""
    done = swap(pair, zero_for_one=zero_for_one, amount_specified=amount)
    where = {
        "instrument": PAIR.instrument,
        "block_number": number,
        "block_hash": f"0x{number:064x}",
    }
    synced = ReservesSynced(
        **where, log_index=log_index, reserve0=done.pool.reserve0, reserve1=done.pool.reserve1
    )
    swapped = ReservesSwapped(
        **where,
        log_index=log_index + 1,
        amount0_in=max(done.amount0, 0),
        amount1_in=max(done.amount1, 0),
        amount0_out=max(-done.amount0, 0),
        amount1_out=max(-done.amount1, 0),
    )
    return synced, swapped


def position_told(number, *, lower=-196_300, upper=-196_200, delta=10**14):
    return PoolLiquidityChanged(
        SNAPSHOT.instrument, number, f"0x{number:064x}", 0, lower, upper, delta
    )


def fee_told(number, fee_pips, *, protocol=(0, 0), instrument=SNAPSHOT.instrument):
    return PoolFeeChanged(instrument, number, f"0x{number:064x}", fee_pips, protocol)


def test_the_state_is_the_snapshots_until_something_changes():
    for snapshot in (SNAPSHOT, PAIR):
        memory = PoolMemory(snapshot)

        assert memory.pool == pool_of(snapshot)
        assert memory.state(snapshot.block, snapshot.received_at) == snapshot
        assert memory.changed_in < FIRST


def test_a_swap_at_the_fee_of_its_event_leaves_the_pools_own_fee_alone():
    memory = PoolMemory(SNAPSHOT)
    charged = replace(memory.pool, fee_pips=777)

    memory.apply(swap_told(charged, FIRST + 1, zero_for_one=True, amount=10**15, fee_pips=777))

    assert memory.pool.fee_pips == SNAPSHOT.fee_pips
    assert memory.pool.sqrt_price_x96 < SNAPSHOT.sqrt_price_x96


def test_a_swap_at_a_fee_nobody_told_follows_by_price_alone_where_that_may_be():
    memory = PoolMemory(SNAPSHOT)
    charged = replace(memory.pool, fee_pips=9_999)
    told = swap_told(charged, FIRST + 1, zero_for_one=True, amount=10**15)

    with pytest.raises(InconsistentPoolError):
        memory.apply(told)
    memory.apply(replace(told, is_exact=False))

    assert memory.pool.sqrt_price_x96 == told.sqrt_price_x96
    with pytest.raises(InconsistentPoolError):
        memory.apply(replace(told, is_exact=False, liquidity=told.liquidity + 1))


def test_a_fee_counts_for_the_swaps_after_it():
    memory = PoolMemory(SNAPSHOT)

    memory.apply(fee_told(FIRST + 1, 9_999, protocol=(100, 200)))
    memory.apply(swap_told(memory.pool, FIRST + 2, zero_for_one=True, amount=10**15))

    state = memory.state(block(FIRST + 2), SNAPSHOT.received_at)
    assert (state.fee_pips, state.protocol_fees_pips) == (9_999, (100, 200))
    assert state.block == block(FIRST + 2)


def test_a_pairs_swap_follows_from_the_reserves_before_its_sync():
    memory = PoolMemory(PAIR)
    synced, swapped = pair_told(memory.pool, FIRST + 1, zero_for_one=False, amount=10**9)

    memory.apply(synced)
    memory.apply(swapped)

    state = memory.state(block(FIRST + 1), PAIR.received_at)
    assert (state.reserve0, state.reserve1) == (synced.reserve0, synced.reserve1)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("amount1_in", 1),
        ("amount1_in", -1),
        ("amount0_out", 1),
        ("amount0_in", 1),
        ("log_index", 1),
    ],
)
def test_a_pairs_swap_that_the_reserves_contradict_is_refused(field, change):
    memory = PoolMemory(PAIR)
    synced, swapped = pair_told(memory.pool, FIRST + 1, zero_for_one=False, amount=10**9)

    memory.apply(synced)
    with pytest.raises(InconsistentPoolError):
        memory.apply(replace(swapped, **{field: getattr(swapped, field) + change}))


def test_a_pairs_swap_that_paid_too_little_a_fee_is_refused():
    memory = PoolMemory(PAIR)
    cheap = constant_product.Pool(PAIR.reserve0, PAIR.reserve1, 2_000)
    synced, swapped = pair_told(cheap, FIRST + 1, zero_for_one=False, amount=10**9)

    memory.apply(synced)
    with pytest.raises(InconsistentPoolError, match="paid less than the fee of 3000 pips"):
        memory.apply(swapped)


def test_a_pairs_swap_without_its_reserves_is_refused():
    memory = PoolMemory(PAIR)
    synced, swapped = pair_told(memory.pool, FIRST + 1, zero_for_one=False, amount=10**9)

    with pytest.raises(InconsistentPoolError, match="without the reserves"):
        memory.apply(swapped)
    memory.apply(synced)
    memory.apply(swapped)
    with pytest.raises(InconsistentPoolError, match="without the reserves"):
        memory.apply(swapped)


def test_a_gift_or_a_deposit_moves_a_pairs_reserves_without_a_swap():
    memory = PoolMemory(PAIR)

    memory.apply(
        ReservesSynced(PAIR.instrument, FIRST + 1, "0x1", 4, PAIR.reserve0 + 5, PAIR.reserve1)
    )

    assert memory.pool.reserve0 == PAIR.reserve0 + 5


def test_reserves_that_no_pair_can_have_are_refused():
    with pytest.raises(LiquidityError):
        PoolMemory(PAIR).apply(ReservesSynced(PAIR.instrument, FIRST + 1, "0x1", 0, 1 << 112, 1))


@pytest.mark.parametrize(
    ("snapshot", "event"),
    [
        (PAIR, position_told(FIRST + 1)),
        (PAIR, swap_told(pool_of(SNAPSHOT), FIRST + 1, zero_for_one=True, amount=10**15)),
        (SNAPSHOT, ReservesSynced(PAIR.instrument, FIRST + 1, "0x1", 0, 1, 1)),
    ],
    ids=["position", "swap", "reserves"],
)
def test_a_change_of_the_other_kind_of_pool_is_refused(snapshot, event):
    with pytest.raises(InconsistentPoolError, match="another kind of pool"):
        PoolMemory(snapshot).apply(event)


@st.composite
def histories(draw):
    """Draw changes block by block, some blocks without any, some with several."""
    numbers = sorted(draw(st.lists(st.integers(FIRST + 1, FIRST + 40), min_size=1, max_size=30)))
    return [
        (number, draw(st.sampled_from(["up", "down", "mint", "fee"])), draw(st.integers(1, 50)))
        for number in numbers
    ]


def event_of(pool, number, kind, size):
    match kind:
        case "mint":
            return position_told(number, delta=size * 10**12)
        case "fee":
            return fee_told(number, size)
        case _:
            down = kind == "down"
            amount = size * (10**13 if down else 10**5)
            return swap_told(pool, number, zero_for_one=down, amount=amount)


@given(histories(), st.lists(st.integers(FIRST, FIRST + 41), min_size=1, max_size=6))
def test_going_back_to_any_block_gives_the_state_after_it(history, targets):
    memory = PoolMemory(SNAPSHOT)
    after = {FIRST: memory.pool}
    for number, kind, size in history:
        memory.apply(event_of(memory.pool, number, kind, size))
        after[number] = memory.pool

    for target in sorted(targets, reverse=True):
        assert memory.rewind(target)
        expected = after[max(number for number in after if number <= target)]
        assert memory.pool == expected
        concentrated.check(memory.pool)


def test_a_pair_goes_back_too_and_forgets_the_reserves_a_swap_might_have_followed():
    memory = PoolMemory(PAIR)
    synced, swapped = pair_told(memory.pool, FIRST + 2, zero_for_one=True, amount=10**15)
    memory.apply(synced)

    assert memory.rewind(FIRST + 1)

    assert memory.pool == pool_of(PAIR)
    with pytest.raises(InconsistentPoolError, match="without the reserves"):
        memory.apply(swapped)


def test_as_many_changed_blocks_as_are_remembered_can_be_undone_and_no_more():
    memory = PoolMemory(SNAPSHOT)
    before = []
    for number in range(FIRST + 1, FIRST + BLOCKS_REMEMBERED_MAX + 11):
        before.append(memory.pool)
        memory.apply(position_told(number, delta=1))

    assert memory.rewind(FIRST + 10)
    assert memory.pool == before[10]
    assert not memory.rewind(FIRST + 9)


def test_a_block_before_the_snapshot_is_not_remembered():
    assert PoolMemory(SNAPSHOT).rewind(FIRST)
    assert not PoolMemory(SNAPSHOT).rewind(FIRST - 1)
