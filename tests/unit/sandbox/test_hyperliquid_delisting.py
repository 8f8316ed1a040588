"""A coin stops trading for good: orders, TWAPs and positions end, and the metadata says so."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import desk, order
from venues.sandbox.hyperliquid.config import DEV_MASTER_ADDRESS
from venues.sandbox.hyperliquid.ledger import equity
from venues.sandbox.hyperliquid.number import MICRO


@pytest.mark.parametrize("is_cross", [True, False])
def test_delisting_settles_positions_at_the_hours_average_oracle_price(is_cross):
    client = desk()
    leverage = {"type": "updateLeverage", "asset": 1, "isCross": is_cross, "leverage": 10}
    assert client.send(leverage)["status"] == "ok"
    (placed,) = client.place(order("3100", "1", tif="Ioc"))
    assert placed["filled"]["totalSz"] == "1.0"
    account = client.venue.accounts[DEV_MASTER_ADDRESS]
    position = account.position("ETH")
    legs = account.cash + (position.isolated_usd or 0)

    client.venue.delist("ETH")

    assert position.size == 0
    assert account.cash == legs + 3_000 * MICRO
    assert equity.account_value(account, client.venue.markets) == account.cash
    assert client.venue.markets["ETH"].open_interest == 0
    shown = {coin["name"]: coin for coin in client.ask("meta")["universe"]}
    assert shown["ETH"]["isDelisted"] is True
    assert "isDelisted" not in shown["BTC"]


def test_delisting_ends_the_twaps_of_the_coin_and_no_others():
    client = desk()
    for asset, size in ((0, "0.05"), (1, "1")):
        twap = {"a": asset, "b": True, "s": size, "r": False, "m": 5, "t": False}
        assert client.send({"type": "twapOrder", "twap": twap})["status"] == "ok"

    client.venue.delist("ETH")

    of_btc, of_eth = client.venue.state.twaps.values()
    assert (of_btc.status, of_eth.status) == ("activated", "terminated")
    assert client.venue.accounts[DEV_MASTER_ADDRESS].position("ETH").size == 0
