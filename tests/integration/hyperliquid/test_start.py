"""What stops a start, against a running venue."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.error import ConfigError
from venues.sandbox.hyperliquid.config import DEV_MASTER_KEY, HOUSE_ADDRESS

STRANGER_KEY = "0x" + "11" * 32


def test_a_start_sets_the_configured_leverage_and_the_account_tells_it(rehearse):
    async def scenario(desk):
        snapshot = await desk.venue.read_account()

        held = {coin: told.value for coin, told in desk.truth.leverage.items()}
        assert held == {"ETH": 10, "BTC": 5}
        assert snapshot.leverage("eth-perp") == 10
        assert snapshot.leverage("btc-perp") == 5
        assert snapshot.equity_atoms == 2_000_000_000_000
        assert snapshot.account == desk.venue.account

    rehearse(scenario)


async def nothing(_desk):
    pass


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "http://127.0.0.1:1"}, "url http://127.0.0.1:1"),
        ({"agent_key": STRANGER_KEY}, "is not an agent of"),
        ({"agent_key": DEV_MASTER_KEY}, "own key"),
        ({"is_mainnet": True}, "does not exist"),
        ({"set_leverage": False}, "set set_leverage"),
    ],
)
def test_a_wrong_configuration_stops_the_start(changes, words, rehearse):
    with pytest.raises(ConfigError, match=words):
        rehearse(nothing, **changes)


def with_address(config, address):
    account = f"hyperliquid:{address}"
    instruments = tuple(replace(i, account=account) for i in config["instruments"])
    return {"address": address, "instruments": instruments}


@pytest.mark.parametrize(
    ("address", "words"),
    [("0x" + "12" * 20, "deposit"), (HOUSE_ADDRESS, "is an agent of")],
)
def test_another_account_stops_the_start(address, words, rehearse, instruments):
    with pytest.raises(ConfigError, match=words):
        rehearse(nothing, **with_address({"instruments": instruments}, address))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"symbol": "DOGE"}, "not traded here"),
        ({"tick_decimals": 1, "lot_atoms": 10**13}, "size_decimals of ETH are 4"),
        ({"fee_pips": 449}, "set it to 450"),
    ],
)
def test_an_instrument_that_differs_from_the_venues_stops_the_start(
    change, words, rehearse, instruments
):
    eth, btc = instruments

    with pytest.raises(ConfigError, match=words):
        rehearse(nothing, instruments=(replace(eth, **change), btc))


def test_a_leverage_above_the_venues_stops_the_start(rehearse):
    with pytest.raises(ConfigError, match="leverage must be 1 to 25, was 26"):
        rehearse(nothing, leverage=(("eth-perp", 26), ("btc-perp", 5)))


def test_closing_twice_is_closing_once(rehearse):
    async def scenario(desk):
        async with asyncio.timeout(5):
            await desk.venue.close()
            await desk.venue.close()

    rehearse(scenario)
