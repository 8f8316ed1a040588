"""The table of the venue: what it becomes, and what it refuses."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from router.domain.error import ConfigError
from router.domain.instrument import Asset
from router.domain.units import AssetId, TimestampNs
from venues.hyperliquid.settings import build
from venues.hyperliquid.signing import AgentSigner

MASTER, SUB = "0x" + "AB" * 20, "0x" + "CD" * 20
ASSETS = {name: Asset(AssetId(name), decimals) for name, decimals in (("ETH", 18), ("USDC", 6))}


class NoClock:
    def now(self):
        return TimestampNs(0)

    async def sleep(self, duration):
        raise AssertionError(f"nothing waits {duration} here")


def table(**changes):
    market = {
        "coin": "ETH",
        "base": "ETH",
        "quote": "USDC",
        "size_decimals": 4,
        "taker_fee_pips": 450,
        "leverage": 3,
    }
    return {
        "url": "http://127.0.0.1:1",
        "ws_url": "ws://127.0.0.1:1/ws",
        "network": "testnet",
        "account": MASTER,
        "agent_key_env": "KEY",
        "set_leverage": False,
        "markets": [{**market, **changes.pop("market", {})}],
        **changes,
    }


KEYS = {"KEY": "0x" + "01" * 32}


def made(*, state_dir=Path("nowhere"), environment=KEYS, **changes):
    return build(
        table(**changes),
        assets=ASSETS,
        environment=environment,
        clock=NoClock(),
        state_dir=state_dir,
    )


def test_the_account_that_trades_is_the_master_or_its_sub_account():
    assert made().venue.account == f"hyperliquid:{MASTER.lower()}"

    setup = made(sub_account=SUB)

    assert setup.venue.account == f"hyperliquid:{SUB.lower()}"
    assert {i.account for i in setup.instruments} == {setup.venue.account}


@pytest.mark.parametrize("coin", ["xyz:NVDA", "PURR/USDC", "@107", "#10"])
def test_a_market_of_another_kind_is_refused_by_name(coin):
    with pytest.raises(ConfigError, match="only perpetuals of the venue's own dex") as caught:
        made(market={"coin": coin})

    assert coin in str(caught.value)


def test_a_switch_too_short_to_renew_is_refused():
    with pytest.raises(ConfigError, match="dead_mans_switch_s must be 0"):
        made(dead_mans_switch_s=9)


def test_a_damaged_nonce_file_stops_the_start(tmp_path):
    agent = AgentSigner(KEYS["KEY"], is_mainnet=False).address
    (tmp_path / f"hyperliquid-{agent}.nonce").write_text("much")

    with pytest.raises(ConfigError, match=f"nonce file hyperliquid-{agent}"):
        made(state_dir=tmp_path)


@pytest.mark.parametrize("changes", [{"sub_account": "0x12"}, {"dead_mans_switch_s": -1}])
def test_a_value_of_the_wrong_form_is_refused(changes):
    with pytest.raises(ValidationError):
        made(**changes)


def test_without_the_agents_key_nothing_is_made():
    with pytest.raises(ConfigError, match="KEY is not set"):
        made(environment={})
