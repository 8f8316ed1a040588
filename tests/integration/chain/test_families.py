"""The pools of every family: which there are, where, and that they are what they should be."""

import eth_abi
import pytest
from eth_utils import keccak, to_checksum_address

from tests.integration.chain.family_scene import FAMILIES, WITH_TICKS, filled, pools_of
from venues.sandbox.chain import ChainManifest, abi, plan, start, with_families
from venues.sandbox.chain.contracts import pool_init_code_hash
from venues.sandbox.chain.family_plan import (
    V4_DYNAMIC,
    V4_DYNAMIC_IN_SWAP,
    V4_NATIVE,
    V4_TAKING,
)
from venues.sandbox.chain.uniswap_v2 import pair_init_code_hash
from venues.sandbox.chain.uniswap_v4 import NATIVE

# The constants of the public chains: where pools are follows from them.
V2_INIT_CODE_HASH = "96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f"
PANCAKE_INIT_CODE_HASH = "6ce8eb472fa82df5469c6ab6d485f17c3ad13c8cd7af59b3d4a8026c5ce0f7e2"


def address_in(word):
    return to_checksum_address(word.to_bytes(20, "big"))


def test_the_market_is_the_same_with_the_families_and_without(chain, family_chain):
    assert len(family_chain.manifest.pools) == len(chain.manifest.pools)
    for with_them, without in zip(family_chain.manifest.pools, chain.manifest.pools, strict=True):
        assert (with_them.token0, with_them.token1) == (without.token0, without.token1)
        states = family_chain.client.full_state(with_them), chain.client.full_state(without)
        assert states[0] == states[1]


def test_every_family_is_there(family_chain):
    assert {pool.family for pool in family_chain.manifest.extra_pools} == set(FAMILIES)
    assert {pool.family for pool in family_chain.manifest.pools} == {"uniswap_v3"}
    stand_ins = {pool.family for pool in family_chain.manifest.extra_pools if pool.is_stand_in}
    assert stand_ins == {"slipstream"}


def test_a_manifest_with_families_survives_its_file(family_chain, tmp_path):
    path = tmp_path / "chain.json"

    family_chain.manifest.write(path)

    assert ChainManifest.read(path) == family_chain.manifest


def test_v2_pairs_are_where_the_public_constant_says(family_chain):
    factory = family_chain.manifest.contracts["v2_factory"]
    assert pair_init_code_hash().hex() == V2_INIT_CODE_HASH
    for pool in pools_of(family_chain, "uniswap_v2"):
        data = abi.call("getPair(address,address)", pool.token1, pool.token0)

        assert family_chain.client.call(factory, data) == [int(pool.address, 16)]


def test_pancake_pools_are_where_the_public_constant_says(family_chain):
    contracts = family_chain.manifest.contracts
    for pool in pools_of(family_chain, "pancakeswap_v3"):
        data = abi.call("getPool(address,address,uint24)", pool.token1, pool.token0, pool.fee_pips)
        salt = keccak(
            eth_abi.encode(
                ["address", "address", "uint24"], [pool.token0, pool.token1, pool.fee_pips]
            )
        )
        deployer = bytes.fromhex(contracts["pancake_deployer"][2:])
        where = keccak(b"\xff" + deployer + salt + bytes.fromhex(PANCAKE_INIT_CODE_HASH))[12:]

        assert family_chain.client.call(contracts["pancake_factory"], data) == [
            int(pool.address, 16)
        ]
        assert pool.address == to_checksum_address(where)


def test_slipstream_pools_are_known_by_their_tick_spacing(family_chain):
    factory = family_chain.manifest.contracts["slipstream_factory"]
    assert pool_init_code_hash()  # its pools are Uniswap's
    for pool in pools_of(family_chain, "slipstream"):
        known = abi.call(
            "getPool(address,address,int24)", pool.token1, pool.token0, pool.tick_spacing
        )

        client = family_chain.client
        assert client.call(factory, known) == [int(pool.address, 16)]
        assert client.call(pool.address, abi.call("tickSpacing()")) == [pool.tick_spacing]
        assert client.call(pool.address, abi.call("factory()")) == [int(factory, 16)]
        assert client.call(factory, abi.call("isPool(address)", pool.address)) == [1]


def test_slipstream_answers_have_its_own_layout(family_chain):
    client = family_chain.client
    for pool in pools_of(family_chain, "slipstream"):
        state = client.full_state(pool)

        slot0 = client.call(pool.address, abi.call("slot0()"))
        tick = client.call(pool.address, abi.call("ticks(int24)", state.ticks[0].index))

        # price, tick, three words on observations, unlocked; no protocol fee in between
        assert len(slot0) == 6
        assert slot0[5] == 1
        # gross, net, staked, two fee growths, reward growth, three words on time, initialised
        assert len(tick) == 10
        assert (tick[2], tick[5], tick[9]) == (0, 0, 1)


def test_slipstream_pools_announce_themselves_by_their_tick_spacing(family_chain):
    topic = "0x" + keccak(text="PoolCreated(address,address,int24,address)").hex()
    factory = family_chain.manifest.contracts["slipstream_factory"]
    logs = family_chain.client.rpc.request(
        "eth_getLogs", {"address": factory, "topics": [topic], "fromBlock": "0x0"}
    )

    told = {
        (int(log["topics"][3], 16), address_in(int(log["data"], 16))): log["topics"] for log in logs
    }

    assert topic == "0xab0d57f0df537bb25e80245ef7748fa62353808c54d6e528a9dd20887aed9ac2"
    assert set(told) == {
        (pool.tick_spacing, pool.address) for pool in pools_of(family_chain, "slipstream")
    }


def test_a_v4_pool_is_known_by_the_hash_of_its_key(family_chain):
    types = ["address", "address", "uint24", "int24", "address"]
    for pool in pools_of(family_chain, "uniswap_v4"):
        fields = [pool.token0, pool.token1, pool.key_fee, pool.tick_spacing, pool.hooks]

        assert pool.pool_id == "0x" + keccak(eth_abi.encode(types, fields)).hex()
        assert family_chain.client.pool_state(pool).liquidity > 0
        assert (pool.token0 == NATIVE) == (pool.label == V4_NATIVE)


def test_hooks_may_do_what_their_address_says(family_chain):
    bits = {
        pool.label: int(pool.hooks, 16) & 0x3FFF
        for pool in pools_of(family_chain, "uniswap_v4")
        if int(pool.hooks, 16)
    }

    # after-initialise; that and before-swap; after-swap with its own amounts
    assert bits == {V4_DYNAMIC: 1 << 12, V4_DYNAMIC_IN_SWAP: 1 << 12 | 1 << 7, V4_TAKING: 0x44}


@pytest.mark.parametrize("family", WITH_TICKS)
def test_net_liquidity_of_every_family_sums_to_zero_and_gives_the_liquidity(family_chain, family):
    for pool in filled(family_chain, family):
        full = family_chain.client.full_state(pool)

        assert len(full.ticks) > 8
        assert full.fee_pips == pool.fee_pips
        assert sum(tick.liquidity_net for tick in full.ticks) == 0
        below = sum(tick.liquidity_net for tick in full.ticks if tick.index <= full.state.tick)
        assert below == full.state.liquidity


def test_families_come_with_a_block_time_too():
    with start(families=True, block_time_s=30.0) as running:
        states = [
            running.client.full_state(pool)
            for pool in running.manifest.extra_pools
            if pool.family in WITH_TICKS
        ]

    assert all(state.ticks for state in states[:2])


@pytest.mark.parametrize("seed", range(8))
def test_no_seed_puts_a_family_pool_outside_its_fee(seed):
    market = with_families(plan(seed))
    for pool in (*market.extra_pools, *market.pairs):
        fee = getattr(pool, "fee_pips", 3000)
        assert abs(pool.offset_pips) < fee
