"""The session on scripted heads and logs: once, in order, or the stream is lost."""

import random
from dataclasses import replace

import pytest
from eth_abi import encode

from router.domain.error import MalformedDataError, SequenceGapError
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.market import HeadAdvanced, PoolLiquidityChanged, PoolSwapped
from venues.evm.key import keccak256
from venues.evm.node import Header, Log
from venues.uniswap_v3 import wire
from venues.uniswap_v3.session import BLOCKS_REMEMBERED_MAX, Session

POOL = "0x" + "aa" * 20
OTHER = "0x" + "bb" * 20
WORD = "0x" + "00" * 32


def instrument(address):
    return Instrument(
        id=f"pool-{address[2:4]}",
        venue="uniswap_v3",
        symbol=address,
        kind=InstrumentKind.SPOT_POOL,
        base=Asset("WETH", 18),
        quote=Asset("USDC", 6),
        account="a",
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=500,
    )


POOLS = {POOL: instrument(POOL), OTHER: instrument(OTHER)}


def header(number, *, fork=0, parent_fork=None):
    parent_fork = fork if parent_fork is None else parent_fork
    return Header(
        number=number,
        hash=f"0x{fork:02x}{number:062x}",
        parent_hash=f"0x{parent_fork:02x}{number - 1:062x}",
        timestamp_s=1_000 + number,
        base_fee_wei=7,
    )


def topic(number):
    return f"0x{number % 2**256:064x}"


def swap_log(at, index, *, address=POOL, amount0=5):
    data = encode(["int256", "int256", "uint160", "uint128", "int24"], [amount0, -3, 2**96, 99, -7])
    return Log(address, (wire.SWAP, WORD, WORD), data, at.number, at.hash, index, removed=False)


def mint_log(at, index, lower, upper, *, liquidity):
    data = encode(["address"] + ["uint256"] * 3, [POOL, liquidity, 1, 2])
    topics = (wire.MINT, WORD, topic(lower), topic(upper))
    return Log(POOL, topics, data, at.number, at.hash, index, removed=False)


def burn_log(at, index, lower, upper, *, liquidity):
    data = encode(["uint256"] * 3, [liquidity, 1, 2])
    topics = (wire.BURN, WORD, topic(lower), topic(upper))
    return Log(POOL, topics, data, at.number, at.hash, index, removed=False)


def session(start=10):
    return Session("uniswap_v3", POOLS, header(start).ref)


def advance(session, head, logs=()):
    assert session.accept_head(head.ref)
    return session.complete_block(head, tuple(logs), priority_fee_wei=3, received_at=42)


def test_topics_are_the_hashes_of_the_events():
    for name, signature in (
        (wire.SWAP, "Swap(address,address,int256,int256,uint160,uint128,int24)"),
        (wire.MINT, "Mint(address,address,int24,int24,uint128,uint256,uint256)"),
        (wire.BURN, "Burn(address,int24,int24,uint128,uint256,uint256)"),
    ):
        assert name == f"0x{keccak256(signature.encode()).hex()}"


def test_selectors_are_the_hashes_of_the_signatures():
    for selector, signature in (
        (wire.TOKEN0, "token0()"),
        (wire.TOKEN1, "token1()"),
        (wire.FEE, "fee()"),
        (wire.TICK_SPACING, "tickSpacing()"),
        (wire.SLOT0, "slot0()"),
        (wire.LIQUIDITY, "liquidity()"),
        (wire.TICKS, "ticks(int24)"),
        (wire.TICK_BITMAP, "tickBitmap(int16)"),
        (wire.DECIMALS, "decimals()"),
        (wire.BALANCE_OF, "balanceOf(address)"),
        (wire.ALLOWANCE, "allowance(address,address)"),
    ):
        assert selector == keccak256(signature.encode())[:4]


def test_logs_come_in_their_order_and_before_the_head():
    head = header(11)
    logs = [
        swap_log(head, 3),
        mint_log(head, 1, -20, 20, liquidity=8),
        burn_log(head, 2, -20, 20, liquidity=8),
        swap_log(head, 0, address=OTHER),
    ]
    random.Random(1).shuffle(logs)

    events = advance(session(), head, logs)

    assert events == (
        PoolSwapped("pool-bb", 11, head.hash, 0, 5, -3, 2**96, 99, -7),
        PoolLiquidityChanged("pool-aa", 11, head.hash, 1, -20, 20, 8),
        PoolLiquidityChanged("pool-aa", 11, head.hash, 2, -20, 20, -8),
        PoolSwapped("pool-aa", 11, head.hash, 3, 5, -3, 2**96, 99, -7),
        HeadAdvanced("uniswap_v3", head.ref, 7, 3, 42),
    )


def test_events_that_change_nothing_are_left_out():
    head = header(11)
    collect = replace(swap_log(head, 0), topics=(WORD, WORD))
    poke = burn_log(head, 1, -20, 20, liquidity=0)

    events = advance(session(), head, [collect, poke])

    assert [type(e) for e in events] == [HeadAdvanced]


def test_a_log_that_was_streamed_and_fetched_comes_once():
    following, head = session(), header(11)
    log = swap_log(head, 0)

    following.note_log(log)
    following.note_log(log)
    events = advance(following, head, [log, log])
    following.note_log(log)

    assert sum(isinstance(e, PoolSwapped) for e in events) == 1


def test_a_head_that_is_repeated_is_not_fetched_again():
    following = session()
    advance(following, header(11))

    assert not following.accept_head(header(11).ref)
    assert not following.accept_head(header(10).ref)


def test_logs_of_the_snapshot_itself_are_passed_over():
    following = session()

    following.note_log(swap_log(header(10), 0))
    following.note_log(swap_log(header(9), 0))
    events = advance(following, header(11))

    assert [type(e) for e in events] == [HeadAdvanced]


def test_a_streamed_log_that_the_block_does_not_have_is_a_gap():
    following, head = session(), header(11)
    following.note_log(swap_log(head, 4))
    assert following.accept_head(head.ref)

    with pytest.raises(SequenceGapError, match=r"does not have them"):
        following.complete_block(head, (swap_log(head, 3),), priority_fee_wei=3, received_at=42)


def test_a_log_that_comes_after_its_block_was_complete_is_a_gap():
    following, head = session(), header(11)
    advance(following, head, [swap_log(head, 0)])

    with pytest.raises(SequenceGapError, match="after its block 11 was complete"):
        following.note_log(swap_log(head, 1))


def test_a_withdrawn_log_is_a_reorganisation():
    with pytest.raises(SequenceGapError, match="reorganised"):
        session().note_log(replace(swap_log(header(11), 0), removed=True))


def test_a_reorganisation_is_a_gap_at_every_depth():
    for depth in range(1, 4):
        following = session()
        for number in (11, 12, 13):
            advance(following, header(number))
        with pytest.raises(SequenceGapError, match="reorganised"):
            following.accept_head(header(14 - depth, fork=1, parent_fork=0).ref)


def test_a_missing_head_is_a_gap():
    following = session()
    advance(following, header(11))

    with pytest.raises(SequenceGapError, match="block 13 came after block 11"):
        following.accept_head(header(13).ref)


@pytest.mark.parametrize(
    "changes",
    [
        {"block_hash": header(12).hash},
        {"address": "0x" + "cc" * 20},
        {"removed": True},
        {"data": bytes(159)},
        {"topics": (wire.SWAP, WORD)},
        {"data": b"\xff" * 160},
    ],
    ids=["another block", "another contract", "removed", "short", "few topics", "out of range"],
)
def test_logs_that_do_not_fit_are_refused(changes):
    following, head = session(), header(11)
    assert following.accept_head(head.ref)

    with pytest.raises(MalformedDataError):
        following.complete_block(
            head, (replace(swap_log(head, 0), **changes),), priority_fee_wei=3, received_at=42
        )


def test_what_is_remembered_of_blocks_is_bounded():
    following = session()
    last = 10 + 3 * BLOCKS_REMEMBERED_MAX
    for number in range(11, last + 1):
        head = header(number)
        following.note_log(swap_log(head, 0))
        advance(following, head, [swap_log(head, 0)])

    assert len(following._delivered) == BLOCKS_REMEMBERED_MAX  # noqa: SLF001 (the bound is the point)
    assert not following._streamed  # noqa: SLF001
