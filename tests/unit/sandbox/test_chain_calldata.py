"""Arrays of addresses, and errands of each family, against an independent encoder."""

import eth_abi
import pytest
from eth_utils import keccak, to_checksum_address

from router.domain.error import ConfigError
from venues.sandbox.chain import Counter, PoolEntry, abi
from venues.sandbox.chain.manifest import ChainManifest
from venues.sandbox.chain.uniswap_v4 import NATIVE, PoolKey, change_dynamic_fee

ONE, TWO, HOOKS = (to_checksum_address(bytes([n]) * 20) for n in (0x11, 0x22, 0x33))
NAMES = ("v2_router", "v4_swap_test", "v4_liquidity_test", "hand")
CONTRACTS = {name: to_checksum_address(bytes([n]) * 20) for n, name in enumerate(NAMES, start=0x40)}
ME = to_checksum_address(b"\x55" * 20)
MANIFEST = ChainManifest(
    chain_id=1,
    http_url="",
    ws_url="",
    pid=1,
    seed=1,
    deployment_block=1,
    tokens=(),
    contracts=CONTRACTS,
    pools=(),
    accounts=(),
)
COUNTER = Counter(MANIFEST, ME)
V2 = PoolEntry(TWO, ONE, TWO, 3000, None, "uniswap_v2")
V3 = PoolEntry(TWO, ONE, TWO, 3000, 60)
V4 = PoolEntry(
    *(TWO, NATIVE, TWO, 3000, 60, "uniswap_v4"), pool_id="0x00", key_fee=3000, hooks=HOOKS
)
KEY_TYPE = "(address,address,uint24,int24,address)"


def decoded(errand, name, types):
    """Return the arguments, once the selector is the signature's."""
    assert errand.data[:4] == keccak(text=f"{name}({','.join(types)})")[:4]
    return eth_abi.decode(types, errand.data[4:])


def test_an_array_is_encoded_as_an_independent_encoder_does():
    ours = abi.encode(7, [ONE, TWO], ME, b"end")

    types = ["uint256", "address[]", "address", "bytes"]
    assert ours == eth_abi.encode(types, [7, [ONE, TWO], ME, b"end"])


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_a_pair_is_swapped_in_through_its_router(zero_for_one):
    types = ["uint256", "uint256", "address[]", "address", "uint256"]
    path = (ONE, TWO) if zero_for_one else (TWO, ONE)
    lower = tuple(each.lower() for each in path)

    sold = COUNTER.swap(V2, zero_for_one=zero_for_one, amount_specified=5)
    bought = COUNTER.swap(V2, zero_for_one=zero_for_one, amount_specified=-5)

    assert sold.to == bought.to == CONTRACTS["v2_router"]
    said = decoded(sold, "swapExactTokensForTokens", types)
    assert said[:4] == (5, 0, lower, ME.lower())
    said = decoded(bought, "swapTokensForExactTokens", types)
    assert said[:4] == (5, (1 << 256) - 1, lower, ME.lower())


def test_a_v4_swap_has_the_opposite_sign_and_carries_ether():
    types = [KEY_TYPE, "(bool,int256,uint160)", "(bool,bool)", "bytes"]

    errand = COUNTER.swap(V4, zero_for_one=True, amount_specified=9, sqrt_price_limit_x96=8)
    other_way = COUNTER.swap(V4, zero_for_one=False, amount_specified=-9)

    assert errand.to == CONTRACTS["v4_swap_test"]
    key, request, settings, data = decoded(errand, "swap", types)
    assert key == (NATIVE, TWO.lower(), 3000, 60, HOOKS.lower())
    assert (request, settings, data) == ((True, -9, 8), (False, False), b"")
    assert errand.value_wei == 9
    assert decoded(other_way, "swap", types)[1][1] == 9
    assert other_way.value_wei == 0


def test_positions_are_changed_by_hand_and_in_v4_by_the_test_router():
    ticks = {"lower": -60, "upper": 120}
    by_hand = ["address", "int24", "int24", "uint128"]

    mint = COUNTER.change_position(V3, **ticks, liquidity_delta=4)
    burn = COUNTER.change_position(V3, **ticks, liquidity_delta=-4)
    in_v4 = COUNTER.change_position(V4, **ticks, liquidity_delta=-4)
    poke = COUNTER.collect(V4, **ticks)

    assert decoded(mint, "mint", by_hand) == (TWO.lower(), -60, 120, 4)
    assert decoded(burn, "burn", by_hand) == (TWO.lower(), -60, 120, 4)
    types = [KEY_TYPE, "(int24,int24,int256,bytes32)", "bytes"]
    assert decoded(in_v4, "modifyLiquidity", types)[1] == (-60, 120, -4, bytes(32))
    assert decoded(poke, "modifyLiquidity", types)[1] == (-60, 120, 0, bytes(32))
    assert poke.value_wei == in_v4.value_wei == 0


def test_a_pool_id_is_the_hash_of_the_encoded_key():
    key = PoolKey(NATIVE, TWO, 0x800000, -60, HOOKS)

    expected = keccak(eth_abi.encode([KEY_TYPE], [(NATIVE, TWO, 0x800000, -60, HOOKS)]))
    assert key.pool_id() == "0x" + expected.hex()


def test_only_a_dynamic_fee_can_be_changed():
    with pytest.raises(ConfigError, match="cannot change"):
        change_dynamic_fee(V4, 1)
    with pytest.raises(ConfigError, match="cannot change"):
        change_dynamic_fee(V3, 1)
