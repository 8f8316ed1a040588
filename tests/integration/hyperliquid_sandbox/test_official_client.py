"""The venue's own Python client trades on the sandbox and finds nothing odd."""

import asyncio

import pytest

from tests.integration.hyperliquid_sandbox.official_run import oracle_python, run
from venues.sandbox.hyperliquid import DEV_AGENT_KEY, DEV_MASTER_ADDRESS, SandboxConfig


def session_arguments(sandbox):
    return sandbox.url, DEV_AGENT_KEY, DEV_MASTER_ADDRESS


@pytest.fixture(scope="module")
def said():
    oracle_python()
    return asyncio.run(run("official_session.py", SandboxConfig(), session_arguments))


def statuses(answer):
    assert answer["status"] == "ok"
    return answer["response"]["data"]["statuses"]


def test_the_client_reads_the_market(said):
    assert [coin["name"] for coin in said["meta"]["universe"]] == ["BTC", "ETH"]
    assert [len(side) for side in said["book"]["levels"]] == [20, 20]
    assert said["mids"]["ETH"] == "3000.0"
    assert said["contexts"][1][1]["oraclePx"] == "3000.0"
    assert said["before"]["marginSummary"]["accountValue"] == "2000000.0"
    assert said["fees"]["userCrossRate"] == "0.00045"


def test_the_client_rests_finds_and_cancels_an_order_by_its_own_id(said):
    (resting,) = statuses(said["resting"])
    oid = resting["resting"]["oid"]

    assert [order["oid"] for order in said["open_orders"]] == [oid]
    assert said["open_orders"][0]["sz"] == "1.25"
    assert [order["cloid"] for order in said["frontend_open_orders"]] == [
        resting["resting"]["cloid"]
    ]
    assert said["by_cloid"]["order"]["order"]["oid"] == oid
    assert said["by_cloid"]["order"]["status"] == "open"
    assert statuses(said["cancel_by_cloid"]) == ["success"]
    assert said["by_cloid_after"]["order"]["status"] == "canceled"


def test_the_client_fills_and_closes(said):
    (filled,) = statuses(said["filled"])
    (closed,) = statuses(said["market_close"])

    assert filled["filled"]["totalSz"] == closed["filled"]["totalSz"] == "2.0"
    assert 3000 < float(filled["filled"]["avgPx"]) <= 3010
    assert said["after"]["assetPositions"] == []
    paid = sum(float(fill["fee"]) for fill in said["fills"])
    earned = sum(float(fill["closedPnl"]) for fill in said["fills"])
    assert float(said["after"]["marginSummary"]["accountValue"]) == pytest.approx(
        2_000_000 + earned - paid, abs=1e-5
    )


def test_the_client_cancels_by_venue_id_once(said):
    assert statuses(said["cancel"]) == ["success"]
    (again,) = statuses(said["cancel_again"])
    assert again["error"].startswith("Order was never placed, already canceled, or filled.")
    assert said["by_oid"]["order"]["status"] == "canceled"


def test_each_order_of_a_batch_has_its_own_answer(said):
    good, small = statuses(said["batch"])

    assert "resting" in good
    assert small["error"].startswith("Order must have minimum value of $10.")


def test_the_client_changes_leverage(said):
    assert said["update_leverage"] == {"status": "ok", "response": {"type": "default"}}


def test_the_client_hears_books_orders_and_fills(said):
    assert said["ws_snapshot"]["data"]["fills"] == []
    assert [len(side) for side in said["ws_first_book"]["data"]["levels"]] == [20, 20]
    assert said["ws_book"]["data"]["coin"] == "ETH"
    assert said["ws_open"]["data"][0]["order"]["limitPx"] == "2900.0"
    assert said["ws_cancelled"]["data"][0]["order"]["cloid"] == "0x" + "0" * 31 + "7"
    assert said["ws_fill"]["data"]["fills"][0]["dir"] == "Open Long"


def test_a_stranger_and_a_late_action_are_refused(said):
    assert said["stranger"]["status"] == "err"
    assert said["stranger"]["response"].startswith("User or API Wallet 0x")
    assert said["expired"]["status"] == "err"
