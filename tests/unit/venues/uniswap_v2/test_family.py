"""Uniswap V2 pairs: configuration, logs and answers, against a general encoder."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from router.domain.error import ConfigError, MalformedDataError
from router.domain.market import ReservesSnapshot, ReservesSwapped, ReservesSynced
from tests.unit.venues import pool_words
from tests.unit.venues.pool_words import BLOCK, FACTORY, POOL, SENDER, USDC, WETH
from venues.evm.pools.family import Dialect, SwapSeen
from venues.uniswap_v2 import family

SYNC = "Sync(uint112,uint112)"
SWAP = "Swap(address,uint256,uint256,uint256,uint256,address)"
CREATED = "PairCreated(address,address,address,uint256)"
TABLE = {"factory": FACTORY, "pools": [{"address": POOL, "base": "ETH", "quote": "USDC"}]}
(PAIR,) = family.configured(TABLE, pool_words.facts())
uint112 = some.integers(0, (1 << 112) - 1)
uint256 = some.integers(0, (1 << 256) - 1)


def sync_log(reserve0, reserve1):
    return pool_words.log(SYNC, (), (("uint112", reserve0), ("uint112", reserve1)))


def swap_log(*amounts):
    indexed = (("address", SENDER), ("address", USDC))
    return pool_words.log(SWAP, indexed, tuple(("uint256", amount) for amount in amounts))


def test_a_pair_is_configured_with_the_usual_fee():
    assert PAIR.instrument.id == "uniswap_v2:ETH/USDC:3000@local"
    assert PAIR.instrument.symbol == PAIR.emitter == POOL
    assert (PAIR.token0, PAIR.token1, PAIR.topic) == (USDC, WETH, None)
    assert (PAIR.fee_pips, PAIR.instrument.fee_pips, PAIR.tick_spacing) == (3000, 3000, 0)
    assert (PAIR.dialect, PAIR.instrument.router) == (Dialect.V2, "universal_router")


@pytest.mark.parametrize("fee_pips", [0, 2_500, 2_999, 3_001])
def test_a_fork_with_another_fee_is_refused_since_its_router_cannot_trade_it(fee_pips):
    pools = [TABLE["pools"][0] | {"fee_pips": fee_pips}]

    with pytest.raises(ConfigError, match=f"must be 3000, was {fee_pips}; .* remove it"):
        family.configured(TABLE | {"pools": pools}, pool_words.facts())


def test_the_usual_fee_may_be_written_down():
    pools = [TABLE["pools"][0] | {"fee_pips": 3_000}]

    assert family.configured(TABLE | {"pools": pools}, pool_words.facts()) == (PAIR,)


@given(uint112, uint112)
def test_a_sync_reads_as_it_was_written(reserve0, reserve1):
    log = sync_log(reserve0, reserve1)

    assert family.read_log(PAIR, log) == ReservesSynced(
        PAIR.instrument.id, BLOCK.number, BLOCK.hash, 3, reserve0, reserve1
    )
    assert family.swap_seen(PAIR, log) is None


@given(uint256, uint256, uint256, uint256)
def test_a_swap_reads_as_it_was_written(in0, in1, out0, out1):
    log = swap_log(in0, in1, out0, out1)

    assert family.read_log(PAIR, log) == ReservesSwapped(
        PAIR.instrument.id, BLOCK.number, BLOCK.hash, 3, in0, in1, out0, out1
    )
    assert family.swap_seen(PAIR, log) == SwapSeen(SENDER, in0 - out0, in1 - out1)
    assert family.swap_seen(PAIR, replace(log, address=USDC)) is None


def test_a_log_of_another_form_is_malformed_and_named():
    for log in (swap_log(1, 0, 0, 2), sync_log(1, 2)):
        for cut in pool_words.cut_forms(log):
            with pytest.raises(MalformedDataError, match=f"log 3 of {POOL} in block 9"):
                family.read_log(PAIR, cut)
    with pytest.raises(MalformedDataError, match=r"log 3 of .* must fit 112 bits"):
        family.read_log(PAIR, replace(sync_log(1, 2), data=bytes.fromhex("0f" * 64)))


def test_mints_and_burns_are_told_by_their_sync():
    for signature in (
        "Mint(address,uint256,uint256)",
        "Burn(address,uint256,uint256,address)",
        "Transfer(address,address,uint256)",
    ):
        assert family.read_log(PAIR, pool_words.log(signature)) is None


def reserves(reserve0, reserve1):
    return pool_words.words(["uint112", "uint112", "uint32"], reserve0, reserve1, 1_700_000_000)


def test_a_snapshot_is_the_reserves():
    shown = family.snapshot(PAIR, [reserves(5, 6)], [], block=BLOCK, received_at=4)

    assert shown == ReservesSnapshot(PAIR.instrument.id, BLOCK, 3000, 5, 6, 4)
    assert family.second_calls(PAIR, [reserves(5, 6)]) == []
    with pytest.raises(MalformedDataError, match="3 words"):
        family.snapshot(PAIR, [reserves(5, 6)[:-1]], [], block=BLOCK, received_at=4)


def addresses(*found):
    return [pool_words.words(["address"], each) for each in found]


def identity(*, tokens=(USDC, WETH), factory=FACTORY, known=POOL, amounts=(5, 6)):
    return [*addresses(*tokens, factory), reserves(*amounts), *addresses(known)]


def test_a_pair_that_is_another_on_the_chain_is_refused_by_field():
    pair = replace(PAIR, contracts={"factory": FACTORY, "create2": POOL})

    family.check_identity(pair, identity())

    for answers, field in (
        (identity(tokens=(WETH, USDC)), "base, quote"),
        (identity(factory=USDC), "factory"),
        (identity(known=USDC), "address"),
        (identity(amounts=(0, 6)), "empty"),
    ):
        with pytest.raises(ConfigError, match=field):
            family.check_identity(pair, answers)
    with pytest.raises(ConfigError, match="init_code_hash"):
        family.check_identity(PAIR, identity())  # at no address that its factory's code makes


def test_a_new_pair_of_configured_tokens_is_found():
    def created(token0, token1):
        indexed = (("address", token0), ("address", token1))
        return pool_words.log(CREATED, indexed, (("address", POOL), ("uint256", 1)))

    log = created(USDC, WETH)
    assert log.topics[0] == family.discovery_topic()
    assert family.discovered(log, pool_words.facts()) == TABLE["pools"][0]
    assert family.discovered(created(USDC, SENDER), pool_words.facts()) is None
    with pytest.raises(MalformedDataError, match="log 3 of"):
        family.discovered(replace(log, data=log.data[:-1]), pool_words.facts())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"base": "BTC"}, r"'BTC' is not in \[assets\]"),
        ({"base": "USDC"}, "must differ"),
    ],
)
def test_a_pair_of_what_is_not_configured_is_refused(change, reason):
    pools = [TABLE["pools"][0] | change]

    with pytest.raises(ConfigError, match=reason):
        family.configured(TABLE | {"pools": pools}, pool_words.facts())


def test_an_asset_without_a_token_and_an_account_without_a_router_are_refused():
    tokens = {k: v for k, v in pool_words.facts().tokens.items() if k != "ETH"}

    with pytest.raises(ConfigError, match="'ETH' has no address in tokens"):
        family.configured(TABLE, pool_words.facts(tokens=tokens))
    with pytest.raises(ConfigError, match=r"routers\.universal_router: must be given"):
        family.configured(TABLE, pool_words.facts(routers={}))


def test_a_pair_that_is_there_twice_is_refused():
    again = TABLE["pools"][0] | {"address": FACTORY}

    with pytest.raises(ConfigError, match="is there already"):
        family.configured(TABLE | {"pools": [TABLE["pools"][0], again]}, pool_words.facts())


@pytest.mark.parametrize("table", [{}, TABLE | {"pools": []}, TABLE | {"router": FACTORY}])
def test_a_table_of_another_form_is_refused(table):
    with pytest.raises(ValidationError):
        family.configured(table, pool_words.facts())
