"""The example files say what the code understands; nothing is connected to."""

import tomllib
from pathlib import Path

import pytest
from eth_account import Account

from router.compose.assembly import assemble
from router.domain.error import ConfigError
from router.shell.clock import SystemClock
from venues.registry import REGISTRY
from venues.sandbox.chain.market import pool_address

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
FACTORY = "0x1F98431c8aD98523631AE4a59f267346ea31F984"  # Uniswap V3 on Ethereum
KEY = "0x" + "11" * 32
ENVIRONMENT = {
    "HEADRACE_ETHEREUM_WS_URL": "ws://127.0.0.1:1",
    "HEADRACE_ETHEREUM_ACCOUNT": Account.from_key(KEY).address,
    "HEADRACE_ETHEREUM_KEY": KEY,
    "HEADRACE_HYPERLIQUID_ACCOUNT": "0x" + "22" * 20,
    "HEADRACE_HYPERLIQUID_AGENT_KEY": KEY,
}
MAINNET = CONFIGS / "mainnet.example.toml"


def table(venue):
    return tomllib.loads((CONFIGS / f"venues/{venue}.toml").read_text())


def assembled(path):
    return assemble(path, ENVIRONMENT, SystemClock())


@pytest.mark.parametrize("venue", sorted(REGISTRY))
def test_a_venues_example_makes_that_venue_beside_the_demo_settings(venue, tmp_path):
    path = tmp_path / "one.toml"
    demo = (CONFIGS / "demo.toml").read_text()
    path.write_text(demo + (CONFIGS / f"venues/{venue}.toml").read_text())

    assembly = assembled(path)

    assert list(assembly.venues) == [venue]
    markets = [v for v in table(venue)["venues"][venue].values() if isinstance(v, list)]
    assert [len(assembly.instruments)] == [len(listed) for listed in markets]


def test_the_mainnet_example_combines_the_venues_examples():
    venues = tomllib.loads(MAINNET.read_text())["venues"]

    assert venues == {name: table(name)["venues"][name] for name in REGISTRY}
    assert set(assembled(MAINNET).venues) == set(REGISTRY)


def test_the_mainnet_example_needs_a_second_permission():
    assembly = assembled(MAINNET)

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


def test_the_pools_of_the_example_are_those_of_uniswaps_factory():
    settings = table("uniswap_v3")["venues"]["uniswap_v3"]

    for pool in settings["pools"]:
        pair = (settings["tokens"][pool[side]] for side in ("base", "quote"))
        token0, token1 = sorted(pair, key=lambda address: int(address, 16))
        expected = pool_address(FACTORY, token0, token1, fee_pips=pool["fee_pips"])
        assert pool["address"].lower() == expected.lower()
