"""Configured V4 pools: keys, native coin, and hooks that need leave."""

import eth_abi
import pytest
from eth_utils import keccak
from pydantic import ValidationError

from router.domain.error import ConfigError
from tests.unit.venues import pool_words
from tests.unit.venues.pool_words import USDC, WETH, ZERO
from venues.evm.pools.family import Dialect
from venues.uniswap_v4.family import configured, discovered, discovery_topic
from venues.uniswap_v4.settings import refusal
from venues.uniswap_v4.spec import swap_permissions

MANAGER, VIEW, QUOTER = "0x" + "Aa" * 20, "0x" + "Bb" * 20, "0x" + "Cc" * 20
INITIALIZE = "Initialize(bytes32,address,address,uint24,int24,address,uint160,int24)"
DYNAMIC = 0x800000
PLAIN = {"base": "ETH", "quote": "USDC", "fee_pips": 500, "tick_spacing": 10}


def hook(*bits, prefix="ab" * 17):
    return f"0x{prefix}{0x800000 + sum(1 << bit for bit in bits):06x}"


def setup(pool, *, allowed=()):
    table = {"pool_manager": MANAGER, "state_view": VIEW, "quoter": QUOTER, "pools": [pool]}
    (made,) = configured(table | {"hooks_allowed": list(allowed)}, pool_words.facts())
    return made


def pool_id(*key):
    types = ["address", "address", "uint24", "int24", "address"]
    return "0x" + keccak(eth_abi.encode(types, key)).hex()


def test_a_pool_is_known_by_the_hash_of_its_key():
    pool = setup(PLAIN)

    assert pool.topic == pool.instrument.symbol == pool_id(USDC, WETH, 500, 10, ZERO)
    assert pool.emitter == MANAGER.lower()
    assert pool.contracts == {"state_view": VIEW.lower(), "quoter": QUOTER.lower()}
    assert pool.instrument.id == "uniswap_v4:ETH/USDC:500/10@local"
    assert pool.instrument.router == "universal_router"
    assert (pool.dialect, pool.instrument.protocol) == (Dialect.V4, "uniswap_v4")
    assert (pool.fee_pips, pool.instrument.fee_pips, pool.is_replayable) == (500, 500, True)


def test_the_pool_id_of_the_main_ether_pool_on_ethereum():
    facts = pool_words.facts()
    token = type(facts.tokens["USDC"])("0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", 6)
    table = {"pool_manager": MANAGER, "state_view": VIEW, "quoter": QUOTER}
    table["pools"] = [PLAIN | {"native": True}]

    (pool,) = configured(table, pool_words.facts(tokens={**facts.tokens, "USDC": token}))

    # app.uniswap.org calls ETH/USDC 0.05 % by this id.
    assert pool.topic == "0x21c67e77068de97969ba93d4aab21826d33ca12bb9f565d8496e8fda8a82ca27"


def test_the_coin_is_currency_zero_and_stands_for_the_native_asset():
    pool = setup(PLAIN | {"native": True})

    assert (pool.token0, pool.token1) == (ZERO, USDC)
    assert pool.instrument.base_is_token0
    assert pool.topic == pool_id(ZERO, USDC, 500, 10, ZERO)
    assert pool.instrument.id == "uniswap_v4:ETH/USDC:500/10/native@local"
    assert pool.instrument.base.id == "ETH"


def test_a_pair_without_the_native_asset_cannot_be_native():
    with pytest.raises(ConfigError, match="native = true needs 'ETH'"):
        setup({**PLAIN, "base": "DAI", "native": True})


@pytest.mark.parametrize("bits", [(7,), (6,), (7, 3), (6, 2), (13, 7, 6, 3, 2)])
def test_a_hook_with_a_hand_in_swaps_is_refused_and_its_bits_named(bits):
    address = hook(*bits)

    with pytest.raises(ConfigError, match="add it to hooks_allowed or remove the pool") as refused:
        setup(PLAIN | {"hooks": address})

    for bit in swap_permissions(address):
        assert f"{bit} (" in str(refused.value)
    assert set(swap_permissions(address)) == set(bits) & {7, 6, 3, 2}


@pytest.mark.parametrize("bits", [(), (13, 12), (11, 10, 9, 8), (5, 4), (1, 0)])
def test_a_hook_without_a_hand_in_swaps_needs_no_leave(bits):
    pool = setup(PLAIN | {"hooks": hook(*bits)})

    assert pool.is_replayable
    assert pool.instrument.id == f"uniswap_v4:ETH/USDC:500/10/{hook(*bits)[-8:]}@local"


@pytest.mark.parametrize(
    ("bits", "is_replayable"), [((7,), True), ((6,), True), ((7, 3), False), ((6, 2), False)]
)
def test_leave_makes_a_pool_tradable_but_not_replayable_where_the_hook_sets_amounts(
    bits, is_replayable
):
    address = hook(*bits)

    pool = setup(PLAIN | {"hooks": address.upper().replace("0X", "0x")}, allowed=[address])

    assert pool.hooks == address
    assert pool.is_replayable == is_replayable


def test_a_dynamic_fee_needs_leave_for_the_hook_that_sets_it():
    pool = {"base": "ETH", "quote": "USDC", "dynamic_fee": True, "tick_spacing": 60}
    address = hook(12)

    with pytest.raises(ConfigError, match="sets the fee; add it to hooks_allowed"):
        setup(pool | {"hooks": address})
    with pytest.raises(ConfigError, match="needs hooks"):
        setup(pool)
    made = setup(pool | {"hooks": address}, allowed=[address])

    assert made.topic == pool_id(USDC, WETH, DYNAMIC, 60, address)
    assert (made.fee_pips, made.instrument.fee_pips) == (DYNAMIC, 0)
    assert made.instrument.id == f"uniswap_v4:ETH/USDC:dyn/60/{address[-8:]}@local"


@pytest.mark.parametrize("fee", [{}, {"fee_pips": 500, "dynamic_fee": True}])
def test_a_pool_has_one_fee_and_not_two(fee):
    pool = {"base": "ETH", "quote": "USDC", "tick_spacing": 10, "hooks": hook(12)}

    with pytest.raises(ConfigError, match="either fee_pips or dynamic_fee"):
        setup(pool | fee)


@pytest.mark.parametrize(
    "change",
    [{"fee_pips": 1_000_001}, {"tick_spacing": 0}, {"tick_spacing": 32_768}, {"spread": 1}],
)
def test_what_no_key_can_hold_is_refused(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        setup(PLAIN | change)


def test_the_same_pool_twice_is_refused():
    table = {"pool_manager": MANAGER, "state_view": VIEW, "quoter": QUOTER, "pools": [PLAIN, PLAIN]}

    with pytest.raises(ConfigError, match="is there already"):
        configured(table, pool_words.facts())


def initialized(currency0, currency1, *, fee=500, hooks=ZERO, identity=None):
    key = (currency0, currency1, fee, 10, hooks)
    identity = identity or pool_id(*key)
    indexed = (
        ("bytes32", bytes.fromhex(identity[2:])),
        ("address", currency0),
        ("address", currency1),
    )
    data = (("uint24", fee), ("int24", 10), ("address", hooks), ("uint160", 1 << 96), ("int24", 0))
    return pool_words.log(INITIALIZE, indexed, data, address=MANAGER.lower())


@pytest.mark.parametrize(("pair", "is_native"), [((USDC, WETH), False), ((ZERO, USDC), True)])
def test_a_new_pool_of_configured_tokens_is_found_with_its_key(pair, is_native):
    log = initialized(*pair)

    table = discovered(log, pool_words.facts())

    assert log.topics[0] == discovery_topic()
    assert table == PLAIN | {"native": is_native}
    assert setup(table).topic == log.topics[1]


def test_a_new_pool_with_a_harmless_hook_keeps_it():
    table = discovered(initialized(USDC, WETH, hooks=hook(11)), pool_words.facts())

    assert setup(table).hooks == hook(11)


def test_a_new_pool_that_needs_leave_or_another_token_is_passed_over():
    logs = (
        initialized(USDC, WETH, hooks=hook(7)),
        initialized(USDC, WETH, fee=DYNAMIC, hooks=hook(12)),
        initialized(USDC, pool_words.SENDER),
        initialized(ZERO, WETH),
    )

    assert [discovered(log, pool_words.facts()) for log in logs] == [None] * len(logs)


def test_no_hook_needs_no_leave():
    assert refusal(ZERO, has_dynamic_fee=False) is None
