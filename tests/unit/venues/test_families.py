"""What all pool families have in common: the protocol, and words that must be right to the bit."""

import inspect

import pytest

from tests.unit.venues.pool_words import selector_of, topic_of
from venues.evm.pools import concentrated_pool, fee_tiers, tokens
from venues.evm.pools.family import Family
from venues.evm.words import erc20
from venues.pancakeswap_v3 import family as pancakeswap_v3
from venues.pancakeswap_v3 import wire as pancakeswap_v3_wire
from venues.registry import FAMILIES as REGISTERED
from venues.slipstream import family as slipstream
from venues.slipstream import wire as slipstream_wire
from venues.uniswap_v2 import family as uniswap_v2
from venues.uniswap_v2 import wire as uniswap_v2_wire
from venues.uniswap_v3 import family as uniswap_v3
from venues.uniswap_v3 import wire as uniswap_v3_wire
from venues.uniswap_v4 import family as uniswap_v4
from venues.uniswap_v4 import wire as uniswap_v4_wire

# mypy proves the same of the types when it is run on this file.
FAMILIES: dict[str, Family] = {
    "pancakeswap_v3": pancakeswap_v3,
    "slipstream": slipstream,
    "uniswap_v2": uniswap_v2,
    "uniswap_v3": uniswap_v3,
    "uniswap_v4": uniswap_v4,
}

V3_SWAP = "Swap(address,address,int256,int256,uint160,uint128,int24)"
TOPICS = {
    concentrated_pool.MINT: "Mint(address,address,int24,int24,uint128,uint256,uint256)",
    concentrated_pool.BURN: "Burn(address,int24,int24,uint128,uint256,uint256)",
    fee_tiers.POOL_CREATED: "PoolCreated(address,address,uint24,int24,address)",
    pancakeswap_v3_wire.SWAP: f"{V3_SWAP[:-1]},uint128,uint128)",
    slipstream_wire.POOL_CREATED: "PoolCreated(address,address,int24,address)",
    slipstream_wire.SWAP: V3_SWAP,
    uniswap_v2_wire.PAIR_CREATED: "PairCreated(address,address,address,uint256)",
    uniswap_v2_wire.SWAP: "Swap(address,uint256,uint256,uint256,uint256,address)",
    uniswap_v2_wire.SYNC: "Sync(uint112,uint112)",
    uniswap_v3_wire.SWAP: V3_SWAP,
    uniswap_v4_wire.INITIALIZE: (
        "Initialize(bytes32,address,address,uint24,int24,address,uint160,int24)"
    ),
    uniswap_v4_wire.MODIFY_LIQUIDITY: "ModifyLiquidity(bytes32,address,int24,int24,int256,bytes32)",
    uniswap_v4_wire.PROTOCOL_FEE_UPDATED: "ProtocolFeeUpdated(bytes32,uint24)",
    uniswap_v4_wire.SWAP: "Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24)",
}
SELECTORS = {
    concentrated_pool.FACTORY: "factory()",
    concentrated_pool.FEE: "fee()",
    concentrated_pool.LIQUIDITY: "liquidity()",
    concentrated_pool.SLOT0: "slot0()",
    concentrated_pool.TICKS: "ticks(int24)",
    concentrated_pool.TICK_BITMAP: "tickBitmap(int16)",
    concentrated_pool.TICK_SPACING: "tickSpacing()",
    concentrated_pool.TOKEN0: "token0()",
    concentrated_pool.TOKEN1: "token1()",
    erc20.BALANCE_OF: "balanceOf(address)",
    erc20.DECIMALS: "decimals()",
    pancakeswap_v3_wire.CONTRACT.get_pool: "getPool(address,address,uint24)",
    slipstream_wire.CONTRACT.get_pool: "getPool(address,address,int24)",
    tokens.TRANSFER: "transfer(address,uint256)",
    uniswap_v2_wire.FACTORY: "factory()",
    uniswap_v2_wire.GET_PAIR: "getPair(address,address)",
    uniswap_v2_wire.GET_RESERVES: "getReserves()",
    uniswap_v2_wire.TOKEN0: "token0()",
    uniswap_v2_wire.TOKEN1: "token1()",
    uniswap_v3_wire.CONTRACT.get_pool: "getPool(address,address,uint24)",
    uniswap_v4_wire.GET_LIQUIDITY: "getLiquidity(bytes32)",
    uniswap_v4_wire.GET_SLOT0: "getSlot0(bytes32)",
    uniswap_v4_wire.GET_TICK_BITMAP: "getTickBitmap(bytes32,int16)",
    uniswap_v4_wire.GET_TICK_LIQUIDITY: "getTickLiquidity(bytes32,int24)",
    uniswap_v4_wire.POOL_MANAGER: "poolManager()",
}


def protocol_functions():
    return {name: found for name, found in vars(Family).items() if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_family_has_every_function_with_the_parameters_that_are_promised(name):
    for function, promised in protocol_functions().items():
        own = inspect.signature(getattr(FAMILIES[name], function)).parameters
        wanted = dict(inspect.signature(promised).parameters)
        del wanted["self"]

        assert [(each.name, each.kind) for each in own.values()] == [
            (each.name, each.kind) for each in wanted.values()
        ]


def test_the_registry_has_these_families():
    assert set(REGISTERED) == set(FAMILIES)


@pytest.mark.parametrize(("topic", "signature"), TOPICS.items())
def test_a_topic_is_the_hash_of_its_event(topic, signature):
    assert topic == topic_of(signature)


@pytest.mark.parametrize(("selector", "signature"), SELECTORS.items())
def test_a_selector_is_that_of_its_function(selector, signature):
    assert selector == selector_of(signature)


def test_a_family_reads_the_topics_that_it_names():
    assert {name: len(family.log_topics()) for name, family in FAMILIES.items()} == {
        "pancakeswap_v3": 3,
        "slipstream": 3,
        "uniswap_v2": 2,
        "uniswap_v3": 3,
        "uniswap_v4": 3,
    }
