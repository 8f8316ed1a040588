"""Trading in the pools of every family, by each family's own contracts."""

import dataclasses

import eth_abi
import pytest
from eth_utils import keccak

from router.domain.error import ConfigError
from tests.integration.chain.family_scene import (
    FAMILIES,
    SWAP_TOPICS,
    WITH_TICKS,
    filled,
    pools_of,
    swap_log,
    symbol_of,
)
from venues.sandbox.chain import ChainError, abi
from venues.sandbox.chain.contracts import MULTICALL3
from venues.sandbox.chain.family_plan import DYNAMIC_LABELS, V4_TAKING
from venues.sandbox.chain.sender import wait_for_receipt
from venues.sandbox.chain.uniswap_v4 import KEY, key_of


def gas_wei(receipt):
    return int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)


def gains_of_other(chain, symbols, errand):
    """Run an errand and return what each balance gained, gas aside."""
    client, holder = chain.client, chain.manifest.account("other").address
    before = [client.balance_of(symbol, holder) for symbol in symbols]
    receipt = client.run_as_other(errand)
    after = [client.balance_of(symbol, holder) for symbol in symbols]
    gas = [gas_wei(receipt) if symbol == "ETH" else 0 for symbol in symbols]
    return [b - a + g for a, b, g in zip(before, after, gas, strict=True)]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("zero_for_one", [True, False])
def test_other_can_swap_exactly_in_and_exactly_out(family_snapshot, family, zero_for_one):
    one = {"ETH": 10**18, "WETH": 10**18, "USDC": 3_000 * 10**6, "USDT": 3_000 * 10**6}
    for pool in filled(family_snapshot, family):
        symbols = [symbol_of(family_snapshot, each) for each in (pool.token0, pool.token1)]
        if "DTT" in symbols or pool.label == V4_TAKING:
            continue
        paid, received = symbols if zero_for_one else symbols[::-1]
        for amount in (one[paid], -one[received]):
            errand = family_snapshot.client.other.swap(
                pool, zero_for_one=zero_for_one, amount_specified=amount
            )

            gained = dict(
                zip(symbols, gains_of_other(family_snapshot, symbols, errand), strict=True)
            )

            assert gained[paid] == -amount if amount > 0 else gained[received] == -amount
            assert 0.98 * one[paid] < -gained[paid] < 1.02 * one[paid]
            assert 0.98 * one[received] < gained[received] < 1.02 * one[received]


def test_the_v4_quoter_says_what_a_swap_then_pays(family_snapshot):
    client, manifest = family_snapshot.client, family_snapshot.manifest
    quoter = manifest.contracts["v4_quoter"]
    signature = f"quoteExactInputSingle(({KEY},bool,uint128,bytes))"
    types = ["((address,address,uint24,int24,address),bool,uint128,bytes)"]
    for pool in pools_of(family_snapshot, "uniswap_v4"):
        symbols = [symbol_of(family_snapshot, each) for each in (pool.token0, pool.token1)]
        amount = 10**18 if symbols[1] == "WETH" else 5_000 * 10**6
        request = eth_abi.encode(types, [(key_of(pool).words(), False, amount, b"")])
        quoted = client.call(quoter, keccak(text=signature)[:4] + request)[0]
        errand = client.other.swap(pool, zero_for_one=False, amount_specified=amount)

        gained = gains_of_other(family_snapshot, symbols, errand)

        assert gained == [quoted, -amount]


def test_a_taking_hook_pays_less_than_the_pool_says(family_snapshot):
    client, holder = family_snapshot.client, family_snapshot.manifest.account("other").address
    pool = family_snapshot.manifest.labelled(V4_TAKING)
    before = client.balance_of("WETH", holder)
    is_weth0 = symbol_of(family_snapshot, pool.token0) == "WETH"
    errand = client.other.swap(pool, zero_for_one=not is_weth0, amount_specified=10_000 * 10**6)

    receipt = client.run_as_other(errand)

    data = eth_abi.decode(["int128", "int128"], bytes.fromhex(swap_log(receipt, pool)["data"][2:]))
    told = data[0 if is_weth0 else 1]
    assert client.balance_of("WETH", holder) - before == told - told * 123 // 10_000


@pytest.mark.parametrize("label", DYNAMIC_LABELS)
def test_a_dynamic_fee_changes_when_told_and_swaps_pay_it(family_snapshot, label):
    client, pool = family_snapshot.client, family_snapshot.manifest.labelled(label)

    client.set_fee(pool, 12_345)

    assert client.full_state(pool).fee_pips == 12_345
    errand = client.other.swap(pool, zero_for_one=True, amount_specified=10**6)
    log = swap_log(client.run_as_other(errand), pool)
    assert int(log["data"][-64:], 16) == 12_345


def test_a_slipstream_fee_changes_without_a_log_and_swaps_pay_it(family_snapshot):
    client, manifest = family_snapshot.client, family_snapshot.manifest
    pool = manifest.pool("WETH", "USDC", 500, family="slipstream")
    amount = 10_000 * 10**6
    outputs = []
    for fee in (100, 500, 20_000, 500):
        client.set_fee(pool, fee)
        height = client.block_number()
        taken = family_snapshot.snapshot()
        receipt = client.run_as_other(
            client.other.swap(pool, zero_for_one=True, amount_specified=amount)
        )
        family_snapshot.revert(taken)

        data = swap_log(receipt, pool)["data"]
        outputs.append(-eth_abi.decode(["int256", "int256"], bytes.fromhex(data[2:]))[1])
        fee_now = abi.call("getSwapFee(address)", pool.address)
        assert client.call(manifest.contracts["slipstream_factory"], fee_now) == [fee]
        assert client.block_number() == height

    assert outputs[0] > outputs[1] > outputs[2]
    assert outputs[3] == outputs[1]


def test_a_fixed_fee_cannot_be_changed(family_chain):
    with pytest.raises(ConfigError, match="cannot change"):
        family_chain.client.set_fee(family_chain.manifest.pools[0], 1)
    pancake = pools_of(family_chain, "pancakeswap_v3")[0]
    not_one_of_its_own = dataclasses.replace(pancake, family="slipstream")
    with pytest.raises(ChainError, match="no Slipstream stand-in"):
        family_chain.client.set_fee(not_one_of_its_own, 1)


@pytest.mark.parametrize("family", WITH_TICKS)
def test_other_can_mint_burn_and_collect_in_every_family(family_snapshot, family):
    client = family_snapshot.client
    pool = filled(family_snapshot, family)[0]
    before = client.full_state(pool)
    centre = before.state.tick // pool.tick_spacing * pool.tick_spacing
    where = {"lower": centre - 10 * pool.tick_spacing, "upper": centre + 7 * pool.tick_spacing}

    client.run_as_other(client.other.change_position(pool, **where, liquidity_delta=10**12))
    minted = client.full_state(pool)
    receipt = client.run_as_other(client.other.collect(pool, **where))
    client.run_as_other(client.other.change_position(pool, **where, liquidity_delta=-(10**12)))

    assert minted.state.liquidity == before.state.liquidity + 10**12
    assert {tick.index for tick in minted.ticks} >= set(where.values())
    assert client.full_state(pool) == before
    assert receipt["logs"]


def test_other_can_enter_and_leave_a_pair(family_snapshot):
    client, holder = family_snapshot.client, family_snapshot.manifest.account("other").address
    pool = family_snapshot.manifest.pool("USDC", "USDT", 3000, family="uniswap_v2")
    before = client.reserves(pool)

    client.run_as_other(client.other.add_to_pair(pool, amount0=10**9, amount1=2 * 10**9))
    inside = client.reserves(pool)
    shares = client.call(pool.address, abi.call("balanceOf(address)", holder))[0]
    for errand in client.other.take_from_pair(pool, shares=shares):
        client.run_as_other(errand)

    assert inside[0] == before[0] + 10**9
    assert shares > 0
    assert client.reserves(pool)[0] - before[0] in (0, 1)  # what a rounding leaves


def test_the_fee_token_keeps_a_hundredth(family_snapshot):
    client, manifest = family_snapshot.client, family_snapshot.manifest
    holder = manifest.account("other").address
    before = client.balance_of("DTT", holder)
    data = abi.call("transfer(address,uint256)", MULTICALL3, 10**18)

    sent = client.submit(manifest.account("other"), manifest.token("DTT").address, data)
    wait_for_receipt(client.rpc, sent)

    assert before - client.balance_of("DTT", holder) == 10**18
    assert client.balance_of("DTT", MULTICALL3) == 99 * 10**16


def test_one_transaction_splits_over_three_families(family_snapshot):
    client, manifest = family_snapshot.client, family_snapshot.manifest
    usdc, weth = manifest.token("USDC").address, manifest.token("WETH").address
    holder = manifest.account("other").address
    amount, me, v4 = 20_000 * 10**6, 1, manifest.pool("WETH", "USDC", 500, family="uniswap_v4")
    path = bytes.fromhex(usdc[2:]) + (500).to_bytes(3, "big") + bytes.fromhex(weth[2:])
    v3_types = ["address", "uint256", "uint256", "bytes", "bool"]
    v2_types = ["address", "uint256", "uint256", "address[]", "bool"]
    sender = f"0x{me:040x}"
    single = "((address,address,uint24,int24,address),bool,uint128,uint128,bytes)"
    actions = bytes([0x06, 0x0C, 0x0F])  # swap exact in single, settle all, take all
    inputs = [
        eth_abi.encode([single], [(key_of(v4).words(), v4.token0 == usdc, amount, 0, b"")]),
        eth_abi.encode(["address", "uint256"], [usdc, amount]),
        eth_abi.encode(["address", "uint256"], [weth, 0]),
    ]
    plan_inputs = [
        eth_abi.encode(v3_types, [sender, amount, 0, path, True]),
        eth_abi.encode(v2_types, [sender, amount, 0, [usdc, weth], True]),
        eth_abi.encode(["bytes", "bytes[]"], [actions, inputs]),
    ]
    arguments = [bytes([0x00, 0x08, 0x10]), plan_inputs, (1 << 48) - 1]
    data = keccak(text="execute(bytes,bytes[],uint256)")[:4]
    data += eth_abi.encode(["bytes", "bytes[]", "uint256"], arguments)
    before = client.balance_of("USDC", holder), client.balance_of("WETH", holder)

    sent = client.submit(manifest.account("other"), manifest.contracts["universal_router"], data)
    receipt = wait_for_receipt(client.rpc, sent)

    topics = {log["topics"][0] for log in receipt["logs"]}
    for family in ("uniswap_v2", "uniswap_v3", "uniswap_v4"):
        assert "0x" + keccak(text=SWAP_TOPICS[family]).hex() in topics
    assert before[0] - client.balance_of("USDC", holder) == 3 * amount
    assert client.balance_of("WETH", holder) - before[1] > 19 * 10**18
