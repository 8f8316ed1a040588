"""Pool contracts made after Uniswap V3's, against a general encoder."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from router.domain.error import ConfigError, MalformedDataError
from router.domain.market import PoolFeeChanged, PoolLiquidityChanged, PoolSwapped, PoolTick
from tests.unit.venues import pool_words
from tests.unit.venues.pool_words import BLOCK, POOL, PRICE, SENDER, USDC, WETH, ZERO
from venues.evm.pools.family import SwapSeen
from venues.pancakeswap_v3 import family as pancakeswap_v3
from venues.slipstream import family as slipstream
from venues.uniswap_v3 import family as uniswap_v3

YES = True
V3_SWAP = "Swap(address,address,int256,int256,uint160,uint128,int24)"
PANCAKE_SWAP = "Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)"
V3_DATA = ("int256", "int256", "uint160", "uint128", "int24")
FAMILIES = {
    "pancakeswap_v3": (pancakeswap_v3, PANCAKE_SWAP, (*V3_DATA, "uint128", "uint128")),
    "slipstream": (slipstream, V3_SWAP, V3_DATA),
    "uniswap_v3": (uniswap_v3, V3_SWAP, V3_DATA),
}
OTHERS = (
    "Collect(address,address,int24,int24,uint128,uint128)",
    "CollectFees(address,uint128,uint128)",
    "Flash(address,address,uint256,uint256,uint256,uint256)",
    "Initialize(uint160,int24)",
    "SetFeeProtocol(uint8,uint8,uint8,uint8)",
    "SetFeeProtocol(uint32,uint32,uint32,uint32)",
)
names = some.sampled_from(sorted(FAMILIES))


def pool_of(name):
    key = {"tick_spacing": 10} if name == "slipstream" else {"fee_pips": 500}
    table = {
        "factory": pool_words.FACTORY,
        "pools": [{"address": POOL, "base": "ETH", "quote": "USDC", **key}],
    }
    (pool,) = FAMILIES[name][0].configured(table, pool_words.facts())
    return pool


POOLS = {name: pool_of(name) for name in FAMILIES}


def swap_log(name, *values):
    _, signature, types = FAMILIES[name]
    rest = (5, 6)[: len(types) - len(V3_DATA)]
    indexed = (("address", SENDER), ("address", USDC))
    return pool_words.log(signature, indexed, tuple(zip(types, (*values, *rest), strict=True)))


def mint_log(lower, upper, liquidity):
    return pool_words.log(
        "Mint(address,address,int24,int24,uint128,uint256,uint256)",
        (("address", USDC), ("int24", lower), ("int24", upper)),
        (("address", SENDER), ("uint128", liquidity), ("uint256", 1), ("uint256", 2)),
    )


def burn_log(lower, upper, liquidity):
    return pool_words.log(
        "Burn(address,int24,int24,uint128,uint256,uint256)",
        (("address", USDC), ("int24", lower), ("int24", upper)),
        (("uint128", liquidity), ("uint256", 1), ("uint256", 2)),
    )


@given(
    names,
    pool_words.int256,
    pool_words.int256,
    pool_words.uint160,
    pool_words.uint128,
    pool_words.tick,
)
def test_a_swap_reads_as_it_was_written(name, amount0, amount1, price, liquidity, tick):
    family, pool = FAMILIES[name][0], POOLS[name]
    log = swap_log(name, amount0, amount1, price, liquidity, tick)

    assert family.read_log(pool, log) == PoolSwapped(
        instrument=pool.instrument.id,
        block_number=BLOCK.number,
        block_hash=BLOCK.hash,
        log_index=3,
        amount0=amount0,
        amount1=amount1,
        sqrt_price_x96=price,
        liquidity=liquidity,
        tick=tick,
    )
    assert family.swap_seen(pool, log) == SwapSeen(SENDER, amount0, amount1)
    elsewhere = replace(log, address=USDC)
    assert family.swap_seen(pool, elsewhere) is None


@given(names, some.integers(-88_727, 88_726), some.integers(1, 1000), some.integers(0, 2**127 - 1))
def test_positions_read_as_they_were_written(name, lower, width, liquidity):
    family, pool = FAMILIES[name][0], POOLS[name]
    ends = (lower * 10, min(lower + width, 88_727) * 10)

    minted = family.read_log(pool, mint_log(*ends, liquidity))
    burnt = family.read_log(pool, burn_log(*ends, liquidity))

    if liquidity == 0:
        assert minted is None
        assert burnt is None
    else:
        assert minted == PoolLiquidityChanged(
            instrument=pool.instrument.id,
            block_number=BLOCK.number,
            block_hash=BLOCK.hash,
            log_index=3,
            tick_lower=ends[0],
            tick_upper=ends[1],
            liquidity_delta=liquidity,
        )
        assert burnt == replace(minted, liquidity_delta=-liquidity)
    assert family.swap_seen(pool, mint_log(*ends, liquidity)) is None


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_log_of_another_form_is_malformed_and_named(name):
    family, pool = FAMILIES[name][0], POOLS[name]
    whole = (swap_log(name, 1, -1, PRICE, 1, 0), mint_log(0, 10, 1), burn_log(0, 10, 1))
    for log in (cut for each in whole for cut in pool_words.cut_forms(each)):
        with pytest.raises(MalformedDataError, match=rf"log 3 of {POOL} in block 9"):
            family.read_log(pool, log)


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("place", [2, 3, 4])
def test_a_price_liquidity_or_tick_that_cannot_be_is_malformed(name, place):
    family, pool = FAMILIES[name][0], POOLS[name]
    log = swap_log(name, 1, -1, PRICE, 1, 0)
    data = bytearray(log.data)
    data[place * 32 : place * 32 + 32] = bytes.fromhex("0f" * 32)

    with pytest.raises(MalformedDataError, match=r"log 3 of .* is none"):
        family.read_log(pool, replace(log, data=bytes(data)))


@pytest.mark.parametrize(
    ("lower", "upper"), [(10, 10), (20, 10), (1, 10), (0, 11), (-887_280, 0), (0, 887_280)]
)
def test_a_position_that_cannot_be_is_malformed(lower, upper):
    for log in (mint_log(lower, upper, 1), burn_log(lower, upper, 1)):
        with pytest.raises(MalformedDataError, match="log 3 of"):
            uniswap_v3.read_log(POOLS["uniswap_v3"], log)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_what_changes_nothing_is_passed_over(name):
    family, pool = FAMILIES[name][0], POOLS[name]
    for signature in OTHERS:
        assert family.read_log(pool, pool_words.log(signature)) is None
    assert family.read_log(pool, replace(pool_words.log(OTHERS[0]), topics=())) is None


def test_pancakeswap_and_uniswap_do_not_read_each_others_swaps():
    ours, theirs = (swap_log(name, 1, -1, PRICE, 1, 0) for name in ("uniswap_v3", "pancakeswap_v3"))

    assert uniswap_v3.read_log(POOLS["uniswap_v3"], theirs) is None
    assert pancakeswap_v3.read_log(POOLS["pancakeswap_v3"], ours) is None


SLOT0 = {
    "pancakeswap_v3": ["uint160", "int24", "uint16", "uint16", "uint16", "uint32", "bool"],
    "slipstream": ["uint160", "int24", "uint16", "uint16", "uint16", "bool"],
    "uniswap_v3": ["uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"],
}
V3_TICK = ["uint128", "int128", "uint256", "uint256", "int56", "uint160", "uint32", "bool"]
SLIPSTREAM_TICK = [
    *("uint128", "int128", "int128", "uint256", "uint256", "uint256"),
    *("int56", "uint160", "uint32", "bool"),
]


def slot0(name, price=PRICE, tick=5):
    rest = [1] * (len(SLOT0[name]) - 3)
    return pool_words.words(SLOT0[name], price, tick, *rest, YES)


def tick_answer(name, gross, net):
    types = SLIPSTREAM_TICK if name == "slipstream" else V3_TICK
    return pool_words.words(types, gross, net, *[9] * (len(types) - 3), YES)


def first_answers(name, *, ticks, price=PRICE, liquidity=70, fee=500):
    """Return answers as a contract would give to `first_calls`, of spacing 10."""
    asked = FAMILIES[name][0].first_calls(POOLS[name])
    answers = [
        slot0(name, price),
        pool_words.words(["uint128"], liquidity),
        pool_words.words(["uint24"], fee),
    ]
    for call in asked[3:]:
        index = int.from_bytes(call.data[4:], "big", signed=True)
        bits = (tick // 10 - index * 256 for tick in ticks)
        word = sum(1 << bit for bit in bits if 0 <= bit < 256)
        answers.append(pool_words.words(["uint256"], word))
    return answers


def shown(name, first, second):
    return FAMILIES[name][0].snapshot(POOLS[name], first, second, block=BLOCK, received_at=4)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_snapshot_is_what_the_contract_answers(name):
    ticks = (-887_270, -10, 0, 2560, 887_270)
    nets = (40, -20, 50, -30, -40)
    first = first_answers(name, ticks=ticks)

    calls = FAMILIES[name][0].second_calls(POOLS[name], first)
    state = shown(name, first, [tick_answer(name, 100, net) for net in nets])

    asked = [int.from_bytes(call.data[4:], "big", signed=True) for call in calls]
    assert asked == list(ticks)
    assert (state.sqrt_price_x96, state.tick, state.liquidity) == (PRICE, 5, 70)
    assert (state.fee_pips, state.tick_spacing, state.protocol_fees_pips) == (500, 10, (0, 0))
    assert state.ticks == tuple(PoolTick(*each, 100) for each in zip(ticks, nets, strict=True))
    assert (state.block, state.received_at) == (BLOCK, 4)


@pytest.mark.parametrize(
    ("changes", "seconds", "reason"),
    [
        ({"liquidity": 71}, [(100, 70), (100, -70)], "contradict"),
        ({}, [(100, 70), (100, -60)], "contradict"),
        ({}, [(100, 70), (0, -70)], "no liquidity"),
        ({}, [(100, 70)], "must be 2 ticks"),
        ({"price": 0}, [(100, 70), (100, -70)], "no price"),
    ],
)
def test_answers_that_are_not_of_one_state_are_malformed(changes, seconds, reason):
    first = first_answers("uniswap_v3", ticks=(0, 10), **changes)

    with pytest.raises(MalformedDataError, match=reason):
        shown("uniswap_v3", first, [tick_answer("uniswap_v3", *each) for each in seconds])


def test_a_slot0_that_is_too_short_is_malformed():
    first = first_answers("uniswap_v3", ticks=())
    first[0] = slot0("slipstream")

    with pytest.raises(MalformedDataError, match="slot0 has 192 bytes"):
        shown("uniswap_v3", first, [])


def test_a_bitmap_that_is_not_whole_is_malformed():
    first = first_answers("uniswap_v3", ticks=())

    with pytest.raises(MalformedDataError, match="bitmap words"):
        uniswap_v3.second_calls(POOLS["uniswap_v3"], first[:-1])


def test_only_slipstreams_fee_is_read_after_each_block():
    answers = [pool_words.words(["uint24"], 640)]

    assert uniswap_v3.refresh_calls(POOLS["uniswap_v3"]) == []
    assert uniswap_v3.refreshed(POOLS["uniswap_v3"], [], block=BLOCK) is None
    (call,) = slipstream.refresh_calls(POOLS["slipstream"])
    assert (call.target, call.data) == (POOL, pool_words.selector_of("fee()"))
    changed = slipstream.refreshed(POOLS["slipstream"], answers, block=BLOCK)
    name = POOLS["slipstream"].instrument.id
    assert changed == PoolFeeChanged(name, BLOCK.number, BLOCK.hash, 640, (0, 0))


def test_the_token_of_the_lower_address_is_token0():
    pool = POOLS["uniswap_v3"]

    assert (pool.token0, pool.token1) == (USDC, WETH)
    assert not pool.instrument.base_is_token0
    assert pool.hooks == ZERO


def identity(name, *, factory=pool_words.FACTORY, known=POOL, price=PRICE):
    words = pool_words.words
    return [
        *(words(["address"], token) for token in (USDC, WETH)),
        words(["address"], factory),
        words(["uint24"], 500),
        words(["int24"], 10),
        slot0(name, price),
        words(["address"], known),
    ]


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"factory": SENDER}, f"factory: the chain says {SENDER}"),
        ({"known": ZERO}, f"address: the chain says {ZERO}"),
        ({"known": SENDER}, f"address: the chain says {SENDER}"),
        ({"price": 0}, "never given a price"),
    ],
)
def test_a_pool_that_its_factory_does_not_know_or_that_has_no_price_is_refused(
    name, change, reason
):
    family = FAMILIES[name][0]
    pool = replace(POOLS[name], contracts={"factory": pool_words.FACTORY})

    family.check_identity(pool, identity(name))

    with pytest.raises(ConfigError, match=reason):
        family.check_identity(pool, identity(name, **change))
    with pytest.raises(MalformedDataError, match="must be 7 answers"):
        family.check_identity(pool, identity(name)[:-1])
