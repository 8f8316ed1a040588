"""A trading day through the venue's own Python client: every answer has the venue's shape."""

import asyncio
from itertools import chain, pairwise

import orjson
import pytest
from eth_account import Account

from tests.integration.hyperliquid_sandbox.official_run import oracle_python, run
from tests.integration.hyperliquid_sandbox.official_shapes import SHAPES
from venues.sandbox.hyperliquid import (
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
    FundedAccount,
    SandboxConfig,
)
from venues.sandbox.hyperliquid.config import VAULT_ADDRESS, LimitConfig

FRIEND_KEY = "0x" + "5b" * 32
SHARED_KEY = "0x" + "5c" * 32
FRIEND_ADDRESS = Account.from_key(FRIEND_KEY).address.lower()
MILLION = 1_000_000
CONFIG = SandboxConfig(
    # The whole day is asked within a minute, from one address.
    limits=LimitConfig(by_ip=False),
    accounts=(
        FundedAccount(
            DEV_MASTER_ADDRESS, 2_000_000 * MILLION, (("USDC", "10000"), ("PURR", "1000"))
        ),
        FundedAccount(FRIEND_ADDRESS, 100_000 * MILLION, (("USDC", "10000"), ("PURR", "50000"))),
    ),
)

PERIODS = ["day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime"]


def day_arguments(sandbox):
    setup = {
        "url": sandbox.url,
        "agent_key": DEV_AGENT_KEY,
        "master_key": DEV_MASTER_KEY,
        "master_address": DEV_MASTER_ADDRESS,
        "friend_key": FRIEND_KEY,
        "friend_address": FRIEND_ADDRESS,
        "shared_key": SHARED_KEY,
        "vault_address": VAULT_ADDRESS,
    }
    return (orjson.dumps(setup).decode(),)


@pytest.fixture(scope="module")
def said():
    oracle_python()
    return asyncio.run(run("official_day.py", CONFIG, day_arguments))


def statuses(answer):
    return answer["response"]["data"]["statuses"]


def position(state, coin):
    (found,) = (p["position"] for p in state["assetPositions"] if p["position"]["coin"] == coin)
    return found


@pytest.mark.parametrize(("path", "keys"), SHAPES)
def test_an_answer_has_exactly_the_keys_of_the_venue(said, path, keys):
    found = said
    for part in path.split("/"):
        found = found[int(part)] if isinstance(found, list) else found[part]

    assert set(found) == set(keys.split())


def test_every_amount_is_a_decimal_string_with_a_decimal(said):
    state = said["state"]
    amounts = chain(
        state["marginSummary"].values(),
        state["crossMarginSummary"].values(),
        (state["withdrawable"], state["crossMaintenanceMarginUsed"]),
        *(balance.values() for balance in said["spot_state"]["balances"]),
    )
    texts = [amount for amount in amounts if isinstance(amount, str) and amount[:1].isdigit()]

    assert len(texts) > 10
    assert all("." in text and "e" not in text for text in texts)


def test_value_is_cash_plus_positions_on_cross_and_isolated_margin_together(said):
    state = said["isolated_state"]
    micro = {
        key: round(float(value) * MILLION)
        for key, value in chain(
            state["marginSummary"].items(),
            ((f"cross {k}", v) for k, v in state["crossMarginSummary"].items()),
        )
    }
    bitcoin = position(state, "BTC")
    ether = position(state, "ETH")
    worth = [round(float(p["positionValue"]) * MILLION) for p in (bitcoin, ether)]

    assert bitcoin["leverage"]["type"] == "isolated"
    assert ether["leverage"] == {"type": "cross", "value": 10}
    assert micro["accountValue"] == micro["totalRawUsd"] + sum(worth)
    assert micro["cross accountValue"] == micro["cross totalRawUsd"] + worth[1]
    isolated = round(float(bitcoin["marginUsed"]) * MILLION)
    assert isolated == round(float(bitcoin["leverage"]["rawUsd"]) * MILLION) + worth[0]
    assert micro["accountValue"] == micro["cross accountValue"] + isolated
    assert micro["totalNtlPos"] == sum(worth)
    assert round(float(ether["marginUsed"]) * MILLION) == worth[1] // 10


def test_isolated_margin_was_taken_from_the_account_and_given_back(said):
    bitcoin = position(said["state"], "BTC")
    paid = 0.1 * 90_005

    # A fifth of the cost less the taker fee, 500 more, 200 less, and an hour of funding at 90,000.
    raw = float(bitcoin["leverage"]["rawUsd"])
    fee = paid * 0.00045
    assert raw == pytest.approx(paid / 5 - fee + 500 - 200 - paid - 0.1125, abs=2)


def test_a_bracket_waits_for_its_parent_and_goes_with_it(said):
    parent, take, stop = statuses(said["bracket"])
    orders = {order["oid"]: order for order in said["with_triggers"]}
    shown = orders[parent["resting"]["oid"]]

    assert (take, stop) == ("waitingForFill", "waitingForFill")
    assert [child["orderType"] for child in shown["children"]] == [
        "Take Profit Market",
        "Stop Market",
    ]
    assert [child["triggerCondition"] for child in shown["children"]] == [
        "Price above 96000",
        "Price below 75000",
    ]
    assert {child["oid"] for child in shown["children"]} < set(orders)
    after = {order["oid"] for order in said["after_bracket"]}
    assert after.isdisjoint({shown["oid"], *(child["oid"] for child in shown["children"])})


def test_open_orders_come_newest_first(said):
    oids = [order["oid"] for order in said["with_triggers"]]

    assert len(oids) > 4
    assert oids == sorted(oids, reverse=True)


def test_a_stop_for_the_position_says_so(said):
    (stop,) = (order for order in said["after_bracket"] if order["isPositionTpsl"])

    assert (stop["orderType"], stop["triggerPx"], stop["tif"]) == ("Stop Market", "2600.0", None)


def test_a_modified_order_has_a_new_number_and_its_old_name(said):
    (modified,) = statuses(said["modified"])
    new, old = said["new_after_modify"]["order"], said["old_after_modify"]["order"]

    assert new["order"]["oid"] == modified["resting"]["oid"] != old["order"]["oid"]
    assert new["order"]["cloid"] == old["order"]["cloid"]
    assert (new["status"], old["status"]) == ("open", "canceled")
    assert (new["order"]["limitPx"], new["order"]["sz"]) == ("2860.0", "1.5")
    again, never = statuses(said["batch_modified"])
    assert "resting" in again
    assert "error" in never


def test_a_builder_is_paid_on_top_of_the_fee(said):
    (paid,) = (fill for fill in said["fills"] if "builderFee" in fill)
    notional = 0.1 * 3000.2

    # A basis point for the builder, 4.5 for the venue.
    assert float(paid["builderFee"]) == pytest.approx(notional * 0.0001, abs=2e-6)
    assert float(paid["fee"]) == pytest.approx(notional * 0.00055, abs=2e-6)
    assert said["max_builder_fee"] == 10
    assert said["approved_builders"] == [FRIEND_ADDRESS]


def test_money_moved_as_told(said):
    told = [
        (row["delta"]["type"], row["delta"].get("usdc", row["delta"].get("amount")))
        for row in said["ledger"]
    ]

    assert told == [
        ("accountClassTransfer", "5000.0"),
        ("accountClassTransfer", "1000.0"),
        ("internalTransfer", "250.0"),
        ("spotTransfer", "10.0"),
        ("withdraw", "99.0"),
        ("subAccountTransfer", "3000.0"),
        ("subAccountTransfer", "1000.0"),
        ("spotTransfer", "5.0"),
        ("vaultDeposit", "100.0"),
        ("send", "20000.0"),
        ("internalTransfer", "1000.0"),
    ]
    (sub,) = said["sub_accounts"]
    assert sub["name"] == "night shift"
    assert sub["clearinghouseState"]["marginSummary"]["accountValue"] == "2000.0"
    assert sub["spotState"]["balances"][0]["total"] == "5.0"
    assert said["sub_role"] == {"role": "subAccount", "data": {"master": DEV_MASTER_ADDRESS}}


def test_spot_tokens_changed_hands(said):
    balances = {balance["coin"]: balance for balance in said["spot_state"]["balances"]}

    # 1,000 less 10 and 5 sent, 400 bought less 0.07 % of them; 100 are on offer.
    assert float(balances["PURR"]["total"]) == pytest.approx(1_385 - 0.28)
    assert balances["PURR"]["hold"] == "100.0"
    # 10,000 and 5,000 less 1,000 from perpetuals, 400 at 0.2 spent.
    assert balances["USDC"]["total"] == "13920.0"
    (bought,) = (fill for fill in said["fills"] if fill["coin"] == "PURR/USDC")
    assert (bought["dir"], bought["feeToken"], bought["fee"]) == ("Buy", "PURR", "0.28")


def test_new_keys_trade_and_are_told(said):
    assert "resting" in statuses(said["fresh_agent_order"])[0]
    assert [agent["name"] for agent in said["extra_agents"]] == ["sandbox", "desk two"]
    assert said["agent_role"] == {"role": "agent", "data": {"user": DEV_MASTER_ADDRESS}}


def test_a_builders_dex_has_its_own_purse(said):
    assert said["dex_state"]["assetPositions"][0]["position"]["coin"] == "xyz:XYZ100"
    assert [order["coin"] for order in said["dex_orders"]] == ["xyz:XYZ100"]
    assert set(said["dex_mids"]) == {"xyz:NVDA", "xyz:XYZ100"}
    value = float(said["dex_state"]["marginSummary"]["accountValue"])
    assert 19_990 < value < 20_000


def test_a_twap_worked_by_slices_until_it_was_cancelled(said):
    (row,) = said["twap_history"]
    slices = said["twap_slices"]

    assert {entry["twapId"] for entry in slices} == {row["twapId"]}
    assert row["status"] == {"status": "terminated"}
    assert float(row["state"]["executedSz"]) == pytest.approx(
        sum(float(entry["fill"]["sz"]) for entry in slices)
    )
    assert all(set(entry["fill"]["hash"][2:]) == {"0"} for entry in slices)
    assert "error" in said["twap_short"]["response"]["data"]["status"]


# Where the clock strikes in the middle, two hours were paid: what was told first is of one of them.
def test_an_hour_of_funding_was_paid_and_told_everywhere(said):
    told = {row["coin"]: row for row in said["ws_funding"]["data"]["fundings"]}
    (hour,) = {row["time"] for row in told.values()}
    paid = {
        row["delta"]["coin"]: row["delta"] for row in said["user_funding"] if row["time"] == hour
    }
    ether = paid["ETH"]

    assert set(paid) == {"BTC", "ETH", "xyz:XYZ100"}
    assert all(told[coin]["usdc"] == delta["usdc"] for coin, delta in paid.items())
    assert float(ether["usdc"]) == pytest.approx(
        -float(ether["szi"]) * 3000 * float(ether["fundingRate"]), abs=2e-6
    )


def test_joined_fills_carry_what_the_single_ones_carry(said):
    for field in ("sz", "fee", "closedPnl"):
        joined, single = (
            sum(float(fill[field]) for fill in said[name])
            for name in ("fills_joined", "fills_by_time")
        )
        assert joined == pytest.approx(single)
    assert [fill["tid"] for fill in said["fills_by_time"]] == [
        fill["tid"] for fill in reversed(said["fills"])
    ]


def test_the_candles_hold_every_print(said):
    bought = [fill for fill in said["fills"] if fill["coin"] == "ETH"]
    minutes = [candle["t"] for candle in said["candles"]]

    assert all(later - earlier == 60_000 for earlier, later in pairwise(minutes))
    recent = [fill for fill in bought if fill["time"] >= minutes[0]]
    assert sum(candle["n"] for candle in said["candles"]) == len(recent)
    assert [name for name, _ in said["portfolio"]] == PERIODS


def test_the_day_leaves_out_nothing_the_client_can_do(said):
    # The first ends the day; the second the client calls itself, for each exchange it is told of.
    assert said["unused"] == ["disconnect_websocket", "set_perp_meta"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("alo_crossing", "Post only order would have immediately matched, bbo was "),
        ("ioc_missing", "Order could not immediately match against any resting orders. asset=1"),
        ("reduce_only_wrong", "Reduce only order would increase position. asset=1"),
        ("cancel_again", "Order was never placed, already canceled, or filled. asset=1"),
    ],
)
def test_an_order_that_was_refused_says_why_in_the_venues_words(said, name, complaint):
    (status,) = statuses(said[name])

    assert status["error"].startswith(complaint)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("usd_send_too_much", "Insufficient balance for withdrawal."),
        ("agent_cannot_send", "Must deposit before performing actions. User: 0x"),
        ("builder_unapproved", "Builder fee has not been approved."),
        ("stranger", "User or API Wallet 0x"),
        ("alone", "Multi-sig required for user 0x"),
        ("too_few", "Multi-sig needs 2 signatures"),
    ],
)
def test_a_request_that_was_refused_says_why_in_the_venues_words(said, name, complaint):
    assert said[name]["response"].startswith(complaint)


def test_what_this_venue_does_not_play_is_refused_by_its_name_and_not_for_its_signature(said):
    refused = {name: answer for name, answer in said.items() if name.startswith("not_played/")}

    assert len(refused) == 20
    for name, answer in refused.items():
        kind = name.split("/")[1]
        assert answer["response"] == f"Action {kind} is not supported by this sandbox."


def test_orders_are_cancelled_many_at_a_time(said):
    *cancelled, missing = statuses(said["cancel_by_oids"])

    assert cancelled == statuses(said["cancel_by_cloids"]) == ["success", "success"]
    assert missing["error"].startswith("Order was never placed")
    assert said["asset"] == 110_001


def test_two_keys_trade_for_the_account_they_share(said):
    assert said["shared_signers"]["threshold"] == 2
    assert set(said["shared_signers"]["authorizedUsers"]) == {DEV_MASTER_ADDRESS, FRIEND_ADDRESS}
    assert said["mode_dex"] == "dexAbstraction"
