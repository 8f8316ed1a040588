"""Every pool of every family, configured and read, against the contracts themselves."""

from dataclasses import replace

import pytest

from router.domain.error import ConfigError
from tests.integration.families import scene
from venues.sandbox.chain import abi
from venues.sandbox.chain.sender import wait_for_receipt

NAMES = sorted(scene.FAMILIES)
OTHER = "0x" + "ab" * 20


@pytest.mark.parametrize("name", NAMES)
def test_the_chain_agrees_with_every_configured_pool(families_chain, name):
    family = scene.FAMILIES[name]
    pools = scene.setups(families_chain.manifest, name)

    for pool, _ in pools:
        family.check_identity(pool, scene.read(families_chain, family.identity_calls(pool)))

    assert len(pools) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_a_snapshot_is_the_contracts_state(families_chain, name):
    for pool, entry in scene.setups(families_chain.manifest, name):
        shown = scene.snapshot(families_chain, scene.FAMILIES[name], pool)

        assert shown.instrument == pool.instrument.id
        scene.assert_is_the_contracts(families_chain, shown, entry)


def identity(chain, name, pool):
    family = scene.FAMILIES[name]
    family.check_identity(pool, scene.read(chain, family.identity_calls(pool)))


@pytest.mark.parametrize("name", ["pancakeswap_v3", "slipstream", "uniswap_v2", "uniswap_v3"])
def test_another_factory_or_pair_is_refused_by_name(families_chain, name):
    pools = scene.setups(families_chain.manifest, name)
    pool = pools[0][0]
    family = scene.FAMILIES[name]
    answers = scene.read(families_chain, family.identity_calls(pool))
    swapped = replace(pool, token0=pool.token1, token1=pool.token0)
    elsewhere = replace(pool, contracts={**pool.contracts, "create2": OTHER})
    of_another = replace(pool, contracts={**pool.contracts, "factory": OTHER})

    with pytest.raises(ConfigError, match=r"base, quote: the tokens of"):
        identity(families_chain, name, swapped)
    with pytest.raises(ConfigError, match=rf"address: .*{OTHER}"):
        identity(families_chain, name, elsewhere)
    with pytest.raises(ConfigError, match="factory: the chain says"):
        family.check_identity(of_another, answers)


@pytest.mark.parametrize("name", ["pancakeswap_v3", "slipstream", "uniswap_v3"])
def test_another_tick_spacing_is_refused(families_chain, name):
    family = scene.FAMILIES[name]
    pool = scene.setups(families_chain.manifest, name)[0][0]
    answers = scene.read(families_chain, family.identity_calls(pool))

    with pytest.raises(ConfigError, match="tick_spacing: the chain says"):
        family.check_identity(replace(pool, tick_spacing=pool.tick_spacing + 1), answers)


@pytest.mark.parametrize("name", ["pancakeswap_v3", "uniswap_v3"])
def test_another_fee_is_refused(families_chain, name):
    family = scene.FAMILIES[name]
    pool = scene.setups(families_chain.manifest, name)[0][0]
    answers = scene.read(families_chain, family.identity_calls(pool))

    with pytest.raises(ConfigError, match="fee_pips: the chain says"):
        family.check_identity(replace(pool, fee_pips=pool.fee_pips + 1), answers)


def test_a_v4_key_that_nobody_initialised_is_refused(families_chain):
    table = scene.tables(families_chain.manifest)["uniswap_v4"]
    first = table["pools"][0] | {"fee_pips": 501}
    (pool,) = scene.FAMILIES["uniswap_v4"].configured(
        table | {"pools": [first]}, scene.facts(families_chain.manifest)
    )

    with pytest.raises(ConfigError, match="there is no pool"):
        identity(families_chain, "uniswap_v4", pool)


def test_a_state_view_of_another_manager_is_refused(families_chain):
    pool = scene.setups(families_chain.manifest, "uniswap_v4")[0][0]

    with pytest.raises(ConfigError, match="state_view"):
        identity(families_chain, "uniswap_v4", replace(pool, emitter=OTHER))


def test_a_pool_without_a_price_is_refused(chain):
    manifest = chain.manifest
    factory, deployer = manifest.contracts["v3_factory"], manifest.account("other")
    pair = (manifest.token("USDT").address, manifest.token("WBTC").address)
    made = abi.call("createPool(address,address,uint24)", *pair, 3000)
    wait_for_receipt(chain.client.rpc, chain.client.submit(deployer, factory, made))
    lookup = abi.call("getPool(address,address,uint24)", *pair, 3000)
    address = f"0x{chain.client.call(factory, lookup)[0]:040x}"
    table = {"address": address, "base": "WBTC", "quote": "USDT", "fee_pips": 3000}
    (pool,) = scene.FAMILIES["uniswap_v3"].configured(
        {"factory": factory, "pools": [table]}, scene.facts(manifest)
    )

    with pytest.raises(ConfigError, match="never given a price"):
        identity(chain, "uniswap_v3", pool)
