"""A start with the wrong venue, account, agent or grid stops with one line that says what to do."""

from dataclasses import replace

import pytest

from router.domain.error import ConfigError
from router.domain.units import Pips
from venues.hyperliquid import wire
from venues.hyperliquid.account import identity
from venues.hyperliquid.spec import MAINNET_URL, TESTNET_URL

AGENT = "0x" + "cd" * 20


def coin(**changes):
    meta = wire.CoinMeta("ETH", 1, 4, 25, is_delisted=False, is_isolated_only=False)
    return replace(meta, **changes)


def test_instruments_get_the_venues_numbers(config, eth):
    btc = wire.CoinMeta("BTC", 0, 5, 40, is_delisted=False, is_isolated_only=False)

    assert identity.assets([btc, coin()], config) == {eth.id: 1}


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        (coin(coin="DOGE"), "coin ETH is not traded"),
        (coin(size_decimals=3), "size_decimals of ETH are 3"),
        (coin(leverage_max=9), "leverage must be 1 to 9, was 10"),
        (coin(is_delisted=True), "delisted"),
        (coin(is_isolated_only=True), "isolated-only"),
    ],
)
def test_an_instrument_the_venue_does_not_have_stops_the_start(meta, words, config):
    with pytest.raises(ConfigError, match=words):
        identity.assets([meta], config)


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("missing", "deposit"),
        ("agent", "master account's"),
        ("vault", "only a user's"),
        ("subAccount", "as sub_account"),
    ],
)
def test_an_address_that_is_no_master_account_stops_the_start(role, words, config):
    identity.check_account(wire.Role("user", None), config)

    with pytest.raises(ConfigError, match=words):
        identity.check_account(wire.Role(role, None), config)


def test_a_sub_account_of_the_master_and_a_vault_may_be_traded_for(config):
    config = replace_sub_account(config)

    identity.check_sub_account(wire.Role("subAccount", config.address), config)
    identity.check_sub_account(wire.Role("vault", None), config)


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (wire.Role("user", None), "is 'user' to the venue"),
        (wire.Role("subAccount", "0x" + "11" * 20), "belongs to 0x1111"),
    ],
)
def test_another_sub_account_stops_the_start(role, words, config):
    with pytest.raises(ConfigError, match=words):
        identity.check_sub_account(role, replace_sub_account(config))


def replace_sub_account(config):
    sub = "0x" + "51" * 20
    instruments = tuple(replace(i, account=f"hyperliquid:{sub}") for i in config.instruments)
    return replace(config, sub_account=sub, instruments=instruments)


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin"])
def test_an_account_whose_perp_balances_mean_nothing_stops_the_start(mode):
    identity.check_abstraction("disabled")

    with pytest.raises(ConfigError, match=mode):
        identity.check_abstraction(mode)


def test_an_agent_of_the_account_may_trade(config):
    owner = config.address.upper().replace("0X", "0x")

    identity.check_agent(wire.Role("agent", owner), config, agent=AGENT)


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (wire.Role("missing", None), "approve it"),
        (wire.Role("user", None), "approve it"),
        (wire.Role("agent", "0x" + "11" * 20), "is an agent of 0x1111"),
    ],
)
def test_a_key_that_is_no_agent_of_the_account_stops_the_start(role, words, config):
    with pytest.raises(ConfigError, match=words):
        identity.check_agent(role, config, agent=AGENT)


def test_the_accounts_own_key_is_no_agents_key(config):
    with pytest.raises(ConfigError, match="own key"):
        identity.check_agent(wire.Role("user", None), config, agent=config.address)


def test_a_fee_below_what_the_account_is_charged_stops_the_start(config):
    identity.check_fee("0.00045", config)

    with pytest.raises(ConfigError, match="set it to 451"):
        identity.check_fee("0.0004501", config)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"address": "0xABC"}, "address must be"),
        ({"sub_account": "0xABC"}, "sub_account must be"),
        ({"base_url": MAINNET_URL}, "is_mainnet"),
        ({"base_url": TESTNET_URL, "is_mainnet": True}, "is_mainnet"),
        ({"instruments": ()}, "instruments is empty"),
        ({"leverage": ()}, "leverage must be given"),
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(changes, words, config):
    with pytest.raises(ConfigError, match=words):
        replace(config, **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"venue": "elsewhere"}, "perp_book at hyperliquid"),
        ({"account": "hyperliquid:0x"}, "account must be"),
        ({"lot_atoms": 10**13}, "lot_atoms must be 100000000000000"),
        ({"tick_decimals": 7}, "tick_decimals must be 0 to 6"),
    ],
)
def test_an_instrument_off_the_venues_grid_is_refused(changes, words, config, eth):
    with pytest.raises(ConfigError, match=words):
        replace(config, instruments=(replace(eth, fee_pips=Pips(450), **changes),))
