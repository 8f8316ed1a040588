"""The info endpoint about accounts: value and margin, roles, fees and the allowance of requests."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import desk, order
from venues.sandbox.hyperliquid.answers import interface
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_ADDRESS,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
)


def test_the_account_of_a_stranger_or_an_agent_is_empty():
    state = desk().state(DEV_AGENT_ADDRESS)

    assert state["assetPositions"] == []
    assert state["marginSummary"]["accountValue"] == "0.0"
    assert state["withdrawable"] == "0.0"


def test_account_value_is_cash_plus_size_times_mark():
    trader = desk()
    trader.place(order("3100", "12.3456", tif="Ioc"), order("89000", "0.5", asset=0, is_buy=False))
    trader.venue.shift_mid("ETH", 150)

    state = trader.state()

    contexts = trader.ask("metaAndAssetCtxs")
    marks = {
        entry["name"]: float(context["markPx"])
        for entry, context in zip(contexts[0]["universe"], contexts[1], strict=True)
    }
    positions = [entry["position"] for entry in state["assetPositions"]]
    held = sum(float(p["szi"]) * marks[p["coin"]] for p in positions)
    summary = state["marginSummary"]
    cents = 1e-6 * len(positions)
    assert float(summary["accountValue"]) == pytest.approx(
        float(summary["totalRawUsd"]) + held, abs=cents
    )
    used = sum(float(p["marginUsed"]) for p in positions)
    assert float(summary["totalMarginUsed"]) == pytest.approx(used, abs=cents)
    notional = sum(float(p["positionValue"]) for p in positions)
    assert float(summary["totalNtlPos"]) == pytest.approx(notional, abs=cents)
    assert float(state["withdrawable"]) == pytest.approx(
        float(summary["accountValue"]) - max(used, 0.1 * notional), abs=cents
    )
    by_coin = {p["coin"]: p for p in positions}
    maintenance = 0.0125 * float(by_coin["BTC"]["positionValue"]) + 0.02 * float(
        by_coin["ETH"]["positionValue"]
    )
    assert float(state["crossMaintenanceMarginUsed"]) == pytest.approx(maintenance, abs=cents)


def test_fees_are_what_is_charged():
    fees = desk().ask("userFees", user=DEV_MASTER_ADDRESS)

    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.00045", "0.00015")


def test_roles_and_agents_are_told():
    trader = desk()

    assert trader.ask("userRole", user=DEV_MASTER_ADDRESS) == {"role": "user"}
    assert trader.ask("userRole", user="0x" + "9" * 40) == {"role": "missing"}
    assert trader.ask("userRole", user=DEV_AGENT_ADDRESS) == {
        "role": "agent",
        "data": {"user": DEV_MASTER_ADDRESS},
    }
    (agent,) = trader.ask("extraAgents", user=DEV_MASTER_ADDRESS)
    assert agent["address"] == DEV_AGENT_ADDRESS


def test_the_schedule_of_fees_is_the_documented_one():
    schedule = desk().ask("userFees", user=DEV_MASTER_ADDRESS)["feeSchedule"]

    assert [tier["cross"] for tier in schedule["tiers"]["vip"]] == [
        "0.0004",
        "0.00035",
        "0.0003",
        "0.00028",
        "0.00026",
        "0.00024",
    ]
    assert [tier["add"] for tier in schedule["tiers"]["mm"]] == ["-0.00001", "-0.00002", "-0.00003"]
    assert (schedule["spotCross"], schedule["spotAdd"]) == ("0.0007", "0.0004")


def test_the_allowance_grows_with_every_dollar_traded():
    trader = desk()
    trader.place(order("3000.2", "2", tif="Ioc"))

    limit = trader.ask("userRateLimit", user=DEV_MASTER_ADDRESS)

    assert limit == {
        "cumVlm": "6000.4",
        "nRequestsUsed": 1,
        "nRequestsCap": 16_000,
        "nRequestsSurplus": 0,
    }


def test_reserved_requests_are_used_up_first():
    trader = desk()
    trader.venue.state.account(DEV_MASTER_ADDRESS).requests_reserved = 5
    trader.place(order("2900", "1"))

    limit = trader.ask("userRateLimit", user=DEV_MASTER_ADDRESS)

    assert (limit["nRequestsUsed"], limit["nRequestsSurplus"]) == (0, 4)


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("default", {}),
        ("disabled", {"dexAbstractionEnabled": False, "abstraction": "disabled"}),
        ("unifiedAccount", {"dexAbstractionEnabled": False, "abstraction": "unifiedAccount"}),
        ("dexAbstraction", {"dexAbstractionEnabled": True}),
    ],
)
def test_a_mode_is_shown_once_it_is_chosen(mode, shown):
    state = desk().venue.state
    state.account(DEV_MASTER_ADDRESS).abstraction = mode

    told = interface.web_data_3(state, DEV_MASTER_ADDRESS)["userState"]

    names = ("dexAbstractionEnabled", "abstraction")
    assert {name: told[name] for name in names if name in told} == shown


def test_a_sub_account_shows_its_mode_once_it_is_chosen():
    trader = desk()
    made = trader.send({"type": "createSubAccount", "name": "one"}, key=DEV_MASTER_KEY)
    address = made["response"]["data"]

    (before,) = trader.ask("subAccounts2", user=DEV_MASTER_ADDRESS)
    trader.venue.state.account(address).abstraction = "disabled"
    (after,) = trader.ask("subAccounts2", user=DEV_MASTER_ADDRESS)

    assert "abstraction" not in before
    assert after["abstraction"] == "disabled"
