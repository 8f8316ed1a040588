"""Pools found by the logs that made them, against the pools that were made."""

from dataclasses import replace

import pytest

from tests.integration.families import scene

FACTORIES = {
    "pancakeswap_v3": "pancake_factory",
    "slipstream": "slipstream_factory",
    "uniswap_v2": "v2_factory",
    "uniswap_v3": "v3_factory",
    "uniswap_v4": "v4_pool_manager",
}
NEED_LEAVE = {"v4_dynamic", "v4_dynamic_in_swap", "v4_taking"}


def found(chain, name, facts):
    family = scene.FAMILIES[name]
    logs = scene.logs_of(chain, since=0, address=chain.manifest.contracts[FACTORIES[name]])
    made = [log for log in logs if log.topics[0] == family.discovery_topic()]
    tables = [family.discovered(log, facts) for log in made]
    return [table for table in tables if table is not None]


@pytest.mark.parametrize("name", sorted(scene.FAMILIES))
def test_every_pool_of_configured_tokens_is_found_as_it_would_be_configured(families_chain, name):
    manifest, family = families_chain.manifest, scene.FAMILIES[name]
    facts = scene.facts(manifest)
    wanted = {
        pool.instrument.symbol: pool
        for pool, entry in scene.setups(manifest, name)
        if entry.label not in NEED_LEAVE
    }

    tables = found(families_chain, name, facts)

    pools = family.configured(scene.tables(manifest)[name] | {"pools": tables}, facts)
    assert {pool.instrument.symbol for pool in pools} == set(wanted)
    for pool in pools:
        like = wanted[pool.instrument.symbol]
        assert replace(pool, instrument=like.instrument) == like
        assert pool.instrument in {like.instrument, sides_swapped(like.instrument)}


def sides_swapped(instrument):
    pair = f"{instrument.base.id}/{instrument.quote.id}"
    turned = f"{instrument.quote.id}/{instrument.base.id}"
    return replace(instrument.reversed(), id=instrument.id.replace(pair, turned))


@pytest.mark.parametrize("name", sorted(scene.FAMILIES))
def test_a_pool_of_a_token_that_is_not_configured_is_passed_over(families_chain, name):
    facts = scene.facts(families_chain.manifest)
    without = replace(facts, tokens={k: v for k, v in facts.tokens.items() if k != "USDT"})

    tables = found(families_chain, name, without)

    assert all("USDT" not in {table["base"], table["quote"]} for table in tables)
    assert 0 < len(tables) < len(found(families_chain, name, facts))
