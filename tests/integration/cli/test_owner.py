"""What needs the account's own key: the agent's approval, and moving collateral."""

from decimal import Decimal

import orjson
import pytest

from router.cli import owner  # noqa: F401 - the verbs under test, driven through the command
from tests.integration.cli.conftest import ask
from venues.hyperliquid.signing import AgentSigner
from venues.sandbox.hyperliquid import DEV_AGENT_KEY, DEV_MASTER_KEY

NEW_AGENT_KEY = "0x" + "5b" * 32
BY_OWNER = ("--key-env", "OWNER_KEY")


@pytest.fixture
def owners_desk(desk, monkeypatch):
    """Give the desk, with the account's own key at hand as its owner would have it."""
    monkeypatch.setenv("OWNER_KEY", DEV_MASTER_KEY)
    return desk


def agents(desk):
    return {told["address"]: told for told in ask(desk.running.venue, "extraAgents")}


def collateral(desk):
    """Return the cash on the account's perpetual and on its spot balance, in dollars."""
    perp = ask(desk.running.venue, "clearinghouseState")["crossMarginSummary"]["totalRawUsd"]
    spot = ask(desk.running.venue, "spotClearinghouseState")["balances"]
    held = [balance["total"] for balance in spot if balance["coin"] == "USDC"]
    return Decimal(perp), Decimal(held[0]) if held else Decimal(0)


def test_the_owner_lets_a_new_agent_trade_for_some_days(owners_desk, monkeypatch):
    monkeypatch.setenv("NEW_AGENT_KEY", NEW_AGENT_KEY)
    owners_desk.with_text(r"^agent_key_env = .*", 'agent_key_env = "NEW_AGENT_KEY"')

    done = owners_desk.headrace("agent", *BY_OWNER, "--days", "30", "--json")

    assert done.exit_code == 0, done.output
    address = AgentSigner(NEW_AGENT_KEY, is_mainnet=False).address
    assert address in orjson.loads(done.stdout)["done"]
    approved = agents(owners_desk)[address]
    assert approved["name"] == "headrace"
    assert approved["validUntil"] is not None
    bought = owners_desk.headrace("order", "buy", "3", "ETH", "--venues", "hyperliquid")
    assert bought.exit_code == 0, bought.output


def test_the_owner_moves_collateral_there_and_back(owners_desk):
    perp, spot = collateral(owners_desk)

    away = owners_desk.headrace("collateral", "1000.5", "--to-spot", *BY_OWNER)
    between = collateral(owners_desk)
    back = owners_desk.headrace("collateral", "1000.5", *BY_OWNER)

    assert (away.exit_code, back.exit_code) == (0, 0), away.output + back.output
    moved = Decimal("1000.5")
    assert between == (perp - moved, spot + moved)
    assert collateral(owners_desk) == (perp, spot)


def test_an_agent_that_was_approved_before_is_refused_in_the_venues_words(owners_desk):
    assert "Extra agent already used" in owners_desk.refused("agent", *BY_OWNER)


def test_more_than_there_is_is_refused_in_the_venues_words(owners_desk):
    refused = owners_desk.refused("collateral", "999999999", *BY_OWNER)

    assert "usdClassTransfer" in refused


@pytest.mark.parametrize(
    ("key", "words"),
    [(None, "OWNER_KEY is not set"), (DEV_AGENT_KEY, "give the account's own key")],
)
def test_a_key_that_is_not_the_owners_is_refused_before_anything_is_sent(
    desk, monkeypatch, key, words
):
    if key is not None:
        monkeypatch.setenv("OWNER_KEY", key)

    assert words in desk.refused("agent", *BY_OWNER)
    assert words in desk.refused("collateral", "1", *BY_OWNER)
