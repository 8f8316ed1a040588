"""Who may act, when, and what time and the director do to accounts."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.sandbox.hyperliquid_harness import (
    BTC_ASSET,
    ETH_ASSET,
    OPENED_MS,
    desk,
    envelope,
    order,
)
from venues.sandbox.hyperliquid.actions import MalformedError
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_ADDRESS,
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
    ETH,
    Agent,
    FundedAccount,
)

STRANGER_KEY = "0x" + "77" * 32
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def leverage(value, asset=ETH_ASSET, *, is_cross=True):
    return {"type": "updateLeverage", "asset": asset, "isCross": is_cross, "leverage": value}


def test_leverage_decides_the_initial_margin():
    trader = desk()
    assert trader.send(leverage(10)) == {"status": "ok", "response": {"type": "default"}}

    trader.place(order("3100", "100", tif="Ioc"))

    position = trader.state()["assetPositions"][0]["position"]
    assert position["leverage"] == {"type": "cross", "value": 10}
    mark = float(position["positionValue"]) / 100
    assert float(position["marginUsed"]) == pytest.approx(100 * mark / 10, rel=1e-9)


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (leverage(26), "Invalid leverage value"),
        (leverage(0), "Invalid leverage value"),
        (
            {"type": "modify", "oid": 1, "order": order("2900", "1")},
            "Cannot modify canceled or filled order",
        ),
    ],
)
def test_refused_actions_answer_status_err(action, text):
    assert desk().send(action) == {"status": "err", "response": text}


def test_leverage_cannot_be_lowered_below_what_the_margin_carries():
    trader = desk()
    trader.place(order("3200", "2000", tif="Ioc"))

    assert trader.send(leverage(2))["response"] == "Cannot decrease leverage with open position."
    assert trader.send(leverage(25))["status"] == "ok"


def test_a_position_beyond_the_tier_of_its_leverage_is_refused():
    rich = desk(accounts=(FundedAccount(DEV_MASTER_ADDRESS, 10**14),))

    (status,) = rich.place(order("2999", "33500"))

    text = "Order would cause position to exceed margin tier limit at current leverage"
    assert status == {"error": f"{text} asset=1"}


def test_a_stranger_is_told_the_address_its_signature_recovers():
    answer = desk().send({"type": "noop"}, key=STRANGER_KEY)

    assert answer["status"] == "err"
    assert answer["response"].startswith("User or API Wallet 0x")
    assert answer["response"].endswith(" does not exist.")


def test_the_master_may_sign_for_itself():
    assert desk().send({"type": "noop"}, key=DEV_MASTER_KEY)["status"] == "ok"


def test_a_registered_agent_trades_for_its_master():
    trader = desk(agents=())
    refused = trader.send({"type": "noop"})
    trader.venue.register_agent(Agent(DEV_AGENT_ADDRESS, DEV_MASTER_ADDRESS))

    trader.place(order("2900", "1"))

    assert refused["status"] == "err"
    assert len(trader.ask("openOrders", user=DEV_MASTER_ADDRESS)) == 1
    assert trader.ask("openOrders", user=DEV_AGENT_ADDRESS) == []


def test_a_signature_for_the_other_network_names_a_stranger():
    testnet, mainnet = desk(), desk(signs_as_mainnet=True)

    assert testnet.send({"type": "noop"}, source="a")["status"] == "err"
    assert mainnet.send({"type": "noop"}, source="a")["status"] == "ok"
    assert mainnet.send({"type": "noop"}, source="b")["status"] == "err"


def test_a_price_signed_with_trailing_zeros_is_not_the_price_the_venue_hashes():
    answer = desk().send({"type": "order", "orders": [order("2900.0", "1")], "grouping": "na"})

    assert "does not exist" in answer["response"]


def test_a_body_tampered_with_after_signing_names_a_stranger():
    trader = desk()
    body = envelope(
        {"type": "order", "orders": [order("2900", "1")], "grouping": "na"}, nonce=OPENED_MS
    )
    body["action"]["orders"][0]["s"] = "2"

    assert "does not exist" in trader.venue.exchange(body)["response"]


def test_an_unknown_vault_is_part_of_the_hash_and_is_refused():
    vault = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"

    answer = desk().send({"type": "noop"}, vault=vault)

    assert answer == {"status": "err", "response": f"Vault not registered: {vault}"}


def test_a_nonce_is_used_once():
    trader = desk()

    first = trader.send({"type": "noop"}, nonce=OPENED_MS)
    second = trader.send({"type": "noop"}, nonce=OPENED_MS)

    assert first["status"] == "ok"
    assert second == {"status": "err", "response": f"Invalid nonce: duplicate nonce {OPENED_MS}"}


def test_a_noop_invalidates_an_order_in_flight_with_the_same_nonce():
    trader = desk()
    trader.send({"type": "noop"}, nonce=OPENED_MS)

    late = trader.send(
        {"type": "order", "orders": [order("2900", "1")], "grouping": "na"}, nonce=OPENED_MS
    )

    assert late["status"] == "err"
    assert trader.ask("openOrders", user=DEV_MASTER_ADDRESS) == []


def test_only_the_hundred_highest_nonces_are_remembered_and_older_ones_refused():
    trader = desk()
    for nonce in range(OPENED_MS, OPENED_MS + 101):
        assert trader.send({"type": "noop"}, nonce=nonce)["status"] == "ok"

    forgotten = trader.send({"type": "noop"}, nonce=OPENED_MS)
    other_key = trader.send({"type": "noop"}, nonce=OPENED_MS, key=DEV_MASTER_KEY)

    assert forgotten["response"] == f"Invalid nonce: nonce too low {OPENED_MS} < {OPENED_MS + 1}"
    assert other_key["status"] == "ok"


@pytest.mark.parametrize(
    ("nonce", "status"),
    [
        (OPENED_MS - 2 * DAY_MS, "err"),
        (OPENED_MS - 2 * DAY_MS + 1, "ok"),
        (OPENED_MS + DAY_MS - 1, "ok"),
        (OPENED_MS + DAY_MS, "err"),
    ],
)
def test_a_nonce_lies_within_two_days_back_and_one_day_ahead(nonce, status):
    assert desk().send({"type": "noop"}, nonce=nonce)["status"] == status


def test_an_expired_action_is_refused_and_its_nonce_is_spent():
    trader = desk()
    late = {"type": "order", "orders": [order("2900", "1")], "grouping": "na"}

    expired = trader.send(late, nonce=OPENED_MS, expires_after=OPENED_MS - 1)
    in_time = trader.send(late, expires_after=OPENED_MS)
    reused = trader.send({"type": "noop"}, nonce=OPENED_MS)

    assert expired["status"] == "err"
    assert in_time["status"] == "ok"
    assert "duplicate nonce" in reused["response"]


MALFORMED = [
    {},
    [],
    {"action": {"type": "order"}, "nonce": 1},
    envelope({"type": "noSuchAction"}, nonce=1),
    envelope({"type": "order", "grouping": "na", "orders": []}, nonce=1),
    envelope({"type": "order", "orders": [{"a": 1}], "grouping": "na"}, nonce=1),
    envelope({"type": "order", "orders": [order("1e3", "1")], "grouping": "na"}, nonce=1),
    envelope({"type": "order", "orders": [order("-1", "1")], "grouping": "na"}, nonce=1),
    envelope({"type": "order", "orders": [{**order("1", "1"), "x": 1}], "grouping": "na"}, nonce=1),
    envelope({"type": "order", "orders": [order("1", "1", tif="Fok")], "grouping": "na"}, nonce=1),
    envelope({"type": "order", "orders": [order("1", "1", cloid="7")], "grouping": "na"}, nonce=1),
    envelope({"type": "cancel", "cancels": [{"o": 1, "a": 1}]}, nonce=1),
    {**envelope({"type": "noop"}, nonce=1), "nonce": "1"},
    {**envelope({"type": "noop"}, nonce=1), "signature": {"r": "0x1", "s": "0x1"}},
]


@pytest.mark.parametrize("body", MALFORMED)
def test_a_body_the_venue_cannot_read_is_malformed(body):
    with pytest.raises(MalformedError):
        desk().venue.exchange(body)


def test_a_signature_without_a_key_is_told_so():
    body = envelope({"type": "noop"}, nonce=OPENED_MS)
    body["signature"]["r"] = "0x0"

    assert desk().venue.exchange(body) == {"status": "err", "response": "Unable to recover signer."}


def test_funding_is_settled_every_hour_on_the_oracle_price():
    trader = desk()
    trader.place(order("3100", "10", tif="Ioc"))
    before = trader.venue.accounts[DEV_MASTER_ADDRESS].cash
    trader.venue.set_oracle("ETH", "3100")
    trader.venue.set_funding_rate("ETH", Fraction("0.0000125"))

    trader.now_ms = (OPENED_MS // HOUR_MS + 2) * HOUR_MS
    trader.venue.advance()

    # Two hours, 10 ETH, oracle 3100, 0.00125 % an hour.
    assert before - trader.venue.accounts[DEV_MASTER_ADDRESS].cash == 2 * 387_500
    position = trader.state()["assetPositions"][0]["position"]
    assert position["cumFunding"] == {
        "allTime": "0.775",
        "sinceOpen": "0.775",
        "sinceChange": "0.775",
    }


def test_money_is_conserved_through_trading_and_funding():
    trader = desk()
    deposits = sum(account.cash for account in trader.venue.accounts.values())
    trader.place(order("3100", "33.3333", tif="Ioc"), order("89000", "1.23456", asset=BTC_ASSET))

    trader.now_ms += 5 * HOUR_MS
    trader.venue.shift_mid("BTC", -200)

    venue = trader.venue
    cash = sum(account.cash for account in venue.accounts.values())
    assert cash + venue.state.till.fees + venue.state.till.funding_residual == deposits
    for coin in ("BTC", "ETH"):
        assert sum(account.position(coin).size for account in venue.accounts.values()) == 0
    assert trader.venue.accounts[DEV_MASTER_ADDRESS].position("BTC").size == 123_456


def test_a_scheduled_cancel_takes_everything_when_its_time_comes():
    trader = desk()
    oid = trader.place(order("2900", "1"))[0]["resting"]["oid"]
    too_soon = trader.send({"type": "scheduleCancel", "time": OPENED_MS + 4_999})
    trader.send({"type": "scheduleCancel", "time": OPENED_MS + 5_000})

    before = trader.status(oid)
    trader.now_ms += 5_000

    assert too_soon["status"] == "err"
    assert before == "open"
    assert trader.status(oid) == "scheduledCancel"


def test_a_disarmed_scheduled_cancel_does_nothing():
    trader = desk()
    oid = trader.place(order("2900", "1"))[0]["resting"]["oid"]
    trader.send({"type": "scheduleCancel", "time": OPENED_MS + 5_000})
    trader.send({"type": "scheduleCancel"})

    trader.now_ms += 10_000

    assert trader.status(oid) == "open"


def test_moving_the_mid_trades_the_orders_in_its_way():
    trader = desk()
    oid = trader.place(order("2990", "1"))[0]["resting"]["oid"]

    trader.venue.shift_mid("ETH", -100)

    assert trader.status(oid) == "filled"
    assert trader.ask("allMids")["ETH"] == "2970.0"


def test_the_mark_is_the_median_of_oracle_mid_and_touch():
    trader = desk()

    trader.venue.shift_mid("ETH", 100)
    trader.venue.set_oracle("ETH", "3050")

    contexts = trader.ask("metaAndAssetCtxs")[1]
    assert contexts[ETH_ASSET]["midPx"] == "3030.0"
    assert contexts[ETH_ASSET]["markPx"] == "3030.0"
    assert contexts[ETH_ASSET]["oraclePx"] == "3050.0"
    assert contexts[ETH_ASSET]["premium"].startswith("-0.006")


def test_an_oracle_price_off_the_grid_is_refused():
    with pytest.raises(ValueError, match="px must be positive"):
        desk().venue.set_oracle("ETH", "3000.001")
    with pytest.raises(ValueError, match="oracle_price of ETH"):
        desk(coins=(replace(ETH, oracle_price="0"),))


def test_equal_configurations_open_with_equal_books():
    assert desk().ask("l2Book", coin="BTC") == desk().ask("l2Book", coin="BTC")
    assert desk(seed=8).ask("l2Book", coin="BTC") != desk().ask("l2Book", coin="BTC")


def test_the_default_keys_belong_to_the_default_addresses():
    assert desk().send({"type": "noop"}, key=DEV_AGENT_KEY)["status"] == "ok"
    assert desk(agents=()).send({"type": "noop"}, key=DEV_MASTER_KEY)["status"] == "ok"


def test_a_deposit_is_a_row_of_the_ledger():
    trader = desk()
    trader.venue.drain()

    trader.venue.deposit(DEV_MASTER_ADDRESS, 1_250_000)

    (row,) = trader.ask("userNonFundingLedgerUpdates", user=DEV_MASTER_ADDRESS, startTime=0)
    assert row["delta"] == {"type": "deposit", "usdc": "1.25"}
    assert row["time"] == OPENED_MS
    (event,) = trader.venue.drain()
    assert event.delta == row["delta"]
