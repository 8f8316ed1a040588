"""The example files say what the code understands; nothing is connected to."""

import tomllib
from pathlib import Path

import pytest
from eth_account import Account

from router.compose.assembly import assemble
from router.domain.error import ConfigError
from router.shell.clock import SystemClock
from venues.evm.pools.fee_tiers import pool_salt
from venues.evm.words.hashing import create2_address
from venues.registry import FAMILIES, REGISTRY, VENUES

# Of the published creation code; the pools' addresses on the public chains contain them.
INIT_CODE_HASHES = {
    "uniswap_v3": "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54",
    "pancakeswap_v3": "0x6ce8eb472fa82df5469c6ab6d485f17c3ad13c8cd7af59b3d4a8026c5ce0f7e2",
}
CONFIGS = Path(__file__).resolve().parents[2] / "configs"
KEY = "0x" + "11" * 32
ENVIRONMENT = {
    "HEADRACE_ETHEREUM_WS_URL": "ws://127.0.0.1:1",
    "HEADRACE_ETHEREUM_ACCOUNT": Account.from_key(KEY).address,
    "HEADRACE_ETHEREUM_KEY": KEY,
    "HEADRACE_HYPERLIQUID_ACCOUNT": "0x" + "22" * 20,
    "HEADRACE_HYPERLIQUID_AGENT_KEY": KEY,
}
BASE = {
    name.replace("ETHEREUM", "BASE"): value
    for name, value in ENVIRONMENT.items()
    if "ETHEREUM" in name
}
MAINNET = CONFIGS / "mainnet.example.toml"
DEMO = (CONFIGS / "demo.toml").read_text()
CHAINS = sorted(path.stem for path in (CONFIGS / "chains").glob("*.toml"))


def read(path):
    return tomllib.loads((CONFIGS / path).read_text())


def chain_of(family):
    (chain,) = read(f"venues/{family}.toml")["chains"]
    return chain


def assembled(path, environment=ENVIRONMENT | BASE):
    return assemble(path, environment, SystemClock())


def test_every_venue_and_every_family_has_an_example_and_nothing_else_has():
    assert {path.stem for path in (CONFIGS / "venues").glob("*.toml")} == set(REGISTRY)


@pytest.mark.parametrize("venue", sorted(VENUES))
def test_a_venues_example_makes_that_venue_beside_the_demo_settings(venue, tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(DEMO + (CONFIGS / f"venues/{venue}.toml").read_text())

    assembly = assembled(path)

    assert list(assembly.venues) == [venue]
    listed = read(f"venues/{venue}.toml")["venues"][venue]["markets"]
    assert len(assembly.instruments) == len(listed)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_familys_example_makes_its_pools_on_the_chain_it_is_written_for(family, tmp_path):
    path, chain = tmp_path / "one.toml", chain_of(family)
    own = (CONFIGS / f"venues/{family}.toml").read_text()
    path.write_text(DEMO + (CONFIGS / f"chains/{chain}.toml").read_text() + own)

    assembly = assembled(path)

    assert list(assembly.venues) == [chain]
    listed = read(f"venues/{family}.toml")["chains"][chain][family]["pools"]
    assert len(assembly.instruments) == len(listed)
    assert {i.protocol for i in assembly.instruments} == {family}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_without_pools_is_refused(chain, tmp_path):
    path = tmp_path / "none.toml"
    path.write_text(DEMO + (CONFIGS / f"chains/{chain}.toml").read_text())

    with pytest.raises(ConfigError, match=f"chains.{chain}: has no pools; add a table of one of"):
        assembled(path)


def test_the_mainnet_example_combines_the_examples():
    example = read("mainnet.example.toml")
    ((chain, table),) = example["chains"].items()
    families = {name for name in FAMILIES if chain_of(name) == chain}

    own = {key: value for key, value in table.items() if key not in FAMILIES}
    assert own == read(f"chains/{chain}.toml")["chains"][chain]
    assert {name: table[name] for name in table.keys() & FAMILIES.keys()} == {
        name: read(f"venues/{name}.toml")["chains"][chain][name] for name in families
    }
    assert example["venues"] == {
        name: read(f"venues/{name}.toml")["venues"][name] for name in VENUES
    }
    assert set(assembled(MAINNET, ENVIRONMENT).venues) == {chain, *VENUES}


def test_the_mainnet_example_needs_a_second_permission():
    assembly = assembled(MAINNET, ENVIRONMENT)

    assembly.require_permission(live=True)
    with pytest.raises(ConfigError, match="--live"):
        assembly.require_permission(live=False)
    assert all(setup.real_money for setup in assembly.setups)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_variable_that_is_not_set_stops_the_start_and_is_named(name):
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}

    with pytest.raises(ConfigError, match=name):
        assemble(MAINNET, environment, SystemClock())


def test_no_example_holds_a_key():
    for path in CONFIGS.rglob("*.toml"):
        words = path.read_text().replace('"', " ").split()
        assert not [word for word in words if len(word.removeprefix("0x")) >= 64], path


@pytest.mark.parametrize(
    ("family", "deployer"), [("uniswap_v3", "factory"), ("pancakeswap_v3", "pool_deployer")]
)
def test_the_pools_of_the_examples_are_where_their_makers_put_them(family, deployer):
    chain = chain_of(family)
    table = read(f"venues/{family}.toml")["chains"][chain][family]
    tokens = read(f"chains/{chain}.toml")["chains"][chain]["tokens"]

    for pool in table["pools"]:
        pair = (tokens[pool[side]].lower() for side in ("base", "quote"))
        token0, token1 = sorted(pair, key=lambda address: int(address, 16))
        expected = create2_address(
            table[deployer],
            salt=pool_salt(token0, token1, pool["fee_pips"]),
            init_code_hash=INIT_CODE_HASHES[family],
        )
        assert pool["address"].lower() == expected.lower()
