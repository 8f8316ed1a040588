"""The PoolManager's logs and StateView's answers, against a general encoder."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from router.domain.error import MalformedDataError
from router.domain.market import PoolFeeChanged, PoolLiquidityChanged, PoolSwapped
from tests.unit.venues import pool_words
from tests.unit.venues.pool_words import BLOCK, POOL, PRICE, SENDER, USDC, WETH, ZERO
from venues.evm.pools.family import SwapSeen
from venues.uniswap_v4 import family, wire

SWAP = "Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24)"
SWAP_DATA = ("int128", "int128", "uint160", "uint128", "int24", "uint24")
MODIFY = "ModifyLiquidity(bytes32,address,int24,int24,int256,bytes32)"
PROTOCOL = "ProtocolFeeUpdated(bytes32,uint24)"
INITIALIZE = "Initialize(bytes32,address,address,uint24,int24,address,uint160,int24)"
HOOK = "0x" + "ab" * 17 + "801000"
VIEW = "0x" + "77" * 20


def pools():
    same = {"base": "ETH", "quote": "USDC", "tick_spacing": 10}
    table = {
        "pool_manager": POOL,
        "state_view": VIEW,
        "quoter": SENDER,
        "hooks_allowed": [HOOK],
        "pools": [same | {"fee_pips": 500}, same | {"dynamic_fee": True, "hooks": HOOK}],
    }
    return family.configured(table, pool_words.facts())


FIXED, DYNAMIC = pools()


def of(pool):
    return ("bytes32", bytes.fromhex(pool.topic[2:]))


def swap_log(pool, *values):
    data = tuple(zip(SWAP_DATA, values, strict=True))
    return pool_words.log(SWAP, (of(pool), ("address", SENDER)), data)


def modify_log(pool, lower, upper, delta):
    data = (("int24", lower), ("int24", upper), ("int256", delta), ("bytes32", bytes(32)))
    return pool_words.log(MODIFY, (of(pool), ("address", SENDER)), data)


def protocol_log(pool, packed):
    return pool_words.log(PROTOCOL, (of(pool),), (("uint24", packed),))


@given(
    pool_words.int128,
    pool_words.int128,
    pool_words.uint160,
    pool_words.uint128,
    pool_words.tick,
    some.integers(0, 1_000_000),
)
def test_a_swap_is_turned_to_the_pools_side(amount0, amount1, price, liquidity, tick, fee):
    log = swap_log(FIXED, amount0, amount1, price, liquidity, tick, fee)

    assert family.read_log(FIXED, log) == PoolSwapped(
        instrument=FIXED.instrument.id,
        block_number=BLOCK.number,
        block_hash=BLOCK.hash,
        log_index=3,
        amount0=-amount0,
        amount1=-amount1,
        sqrt_price_x96=price,
        liquidity=liquidity,
        tick=tick,
        fee_pips=fee,
    )
    assert family.swap_seen(FIXED, log) == SwapSeen(SENDER, -amount0, -amount1)


@given(some.integers(-88_727, 88_726), some.integers(1, 1000), pool_words.int128)
def test_a_change_of_a_position_reads_as_it_was_written(lower, width, delta):
    ends = (lower * 10, min(lower + width, 88_727) * 10)

    event = family.read_log(FIXED, modify_log(FIXED, *ends, delta))

    if delta == 0:
        assert event is None
    else:
        assert event == PoolLiquidityChanged(
            FIXED.instrument.id, BLOCK.number, BLOCK.hash, 3, *ends, delta
        )


@given(some.integers(0, 1000), some.integers(0, 1000))
def test_the_protocols_fee_has_a_half_for_each_direction(zero_for_one, one_for_zero):
    log = protocol_log(FIXED, one_for_zero << 12 | zero_for_one)

    assert family.read_log(FIXED, log) == PoolFeeChanged(
        FIXED.instrument.id, BLOCK.number, BLOCK.hash, 500, (zero_for_one, one_for_zero)
    )


def test_a_dynamic_pools_protocol_fee_is_left_to_the_read_after_the_block():
    assert family.read_log(DYNAMIC, protocol_log(DYNAMIC, 1)) is None
    with pytest.raises(MalformedDataError):
        family.read_log(DYNAMIC, replace(protocol_log(DYNAMIC, 1), data=b""))


@pytest.mark.parametrize(
    "log",
    [
        swap_log(FIXED, 1, -1, PRICE, 1, 0, 500),
        modify_log(FIXED, 0, 10, 1),
        protocol_log(FIXED, 1),
    ],
)
def test_a_log_of_another_form_or_pool_is_malformed_and_named(log):
    cuts = [cut for cut in pool_words.cut_forms(log) if cut.topics[1:]]
    for wrong in (*cuts, replace(log, topics=log.topics[:1])):
        with pytest.raises(MalformedDataError, match=f"log 3 of {POOL} in block 9"):
            family.read_log(FIXED, wrong)
    with pytest.raises(MalformedDataError, match="must be of pool"):
        family.read_log(DYNAMIC, log)
    assert family.swap_seen(DYNAMIC, log) is None


@pytest.mark.parametrize("place", range(6))
def test_a_number_that_cannot_be_is_malformed(place):
    log = swap_log(FIXED, 1, -1, PRICE, 1, 0, 500)
    data = bytearray(log.data)
    data[place * 32 : place * 32 + 32] = bytes.fromhex("0f" * 32)

    with pytest.raises(MalformedDataError, match=r"log 3 of .* none"):
        family.read_log(FIXED, replace(log, data=bytes(data)))


@pytest.mark.parametrize(
    ("lower", "upper", "delta"),
    [(10, 10, 1), (1, 10, 1), (0, 11, 1), (0, 887_280, 1), (0, 10, 1 << 127)],
)
def test_a_position_that_cannot_be_is_malformed(lower, upper, delta):
    with pytest.raises(MalformedDataError, match="log 3 of"):
        family.read_log(FIXED, modify_log(FIXED, lower, upper, delta))


def test_other_logs_of_the_pool_manager_change_nothing():
    for signature in ("Donate(bytes32,address,uint256,uint256)", INITIALIZE, "Transfer(address)"):
        assert family.read_log(FIXED, pool_words.log(signature, (of(FIXED),))) is None


def test_an_id_that_is_not_of_its_key_is_malformed():
    data = (("uint24", 1), ("int24", 1), ("address", ZERO), ("uint160", PRICE), ("int24", 0))
    log = pool_words.log(
        INITIALIZE, (("bytes32", bytes(32)), ("address", USDC), ("address", WETH)), data
    )

    with pytest.raises(MalformedDataError, match="is not the id of its key"):
        wire.read_key(log)


SLOT0 = ["uint160", "int24", "uint24", "uint24"]


def test_a_snapshot_is_what_the_state_view_answers():
    ticks, nets = (-20, 10), (90, -90)
    asked = family.first_calls(FIXED)
    answers = [
        pool_words.words(SLOT0, PRICE, -7, 1000 << 12 | 250, 500),
        pool_words.words(["uint128"], 90),
    ]
    for call in asked[2:]:
        index = int.from_bytes(call.data[36:], "big", signed=True)
        bits = (tick // 10 - index * 256 for tick in ticks)
        word = sum(1 << bit for bit in bits if 0 <= bit < 256)
        answers.append(pool_words.words(["uint256"], word))
    seconds = family.second_calls(FIXED, answers)

    state = family.snapshot(
        FIXED,
        answers,
        [pool_words.words(["uint128", "int128"], 90, net) for net in nets],
        block=BLOCK,
        received_at=4,
    )

    assert {call.target for call in (*asked, *seconds)} == {VIEW}
    identity = bytes.fromhex(FIXED.topic[2:])
    assert {call.data[4:36] for call in (*asked, *seconds)} == {identity}
    assert (state.sqrt_price_x96, state.tick, state.liquidity) == (PRICE, -7, 90)
    assert (state.fee_pips, state.protocol_fees_pips) == (500, (250, 1000))
    assert [(each.index, each.liquidity_net) for each in state.ticks] == [(-20, 90), (10, -90)]


def test_only_a_dynamic_fee_is_read_after_each_block():
    answer = pool_words.words(SLOT0, PRICE, -7, 4 << 12 | 3, 777)

    assert family.refresh_calls(FIXED) == []
    assert family.refreshed(FIXED, [], block=BLOCK) is None
    assert len(family.refresh_calls(DYNAMIC)) == 1
    assert family.refreshed(DYNAMIC, [answer], block=BLOCK) == PoolFeeChanged(
        DYNAMIC.instrument.id, BLOCK.number, BLOCK.hash, 777, (3, 4)
    )
