"""How many actions an address has, which nonces it may use, and what being late costs."""

from dataclasses import replace

import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, order
from tests.unit.sandbox.hyperliquid_office import (
    DONE,
    MICRO,
    NOBODY,
    OTHER,
    office,
    refusal,
)
from venues.sandbox.hyperliquid.actions import allowance, nonces
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
    LimitConfig,
)

NOOP = {"type": "noop"}
DAY_MS = 86_400_000


def cancels(*oids):
    return {"type": "cancel", "cancels": [{"a": 1, "o": oid} for oid in oids]}


def orders(count):
    return {"type": "order", "orders": [order("2900", "1")] * count, "grouping": "na"}


def limited(requests_initial=5, **changes):
    return office(limits=replace(LimitConfig(requests_initial=requests_initial), **changes))


def test_an_address_has_its_requests_and_then_one_in_ten_seconds():
    venue = limited(3)
    for _ in range(3):
        assert venue.send(NOOP) == DONE

    assert venue.send(NOOP) == DONE, "the first above the limit opens the ten seconds"
    assert refusal(venue.send(NOOP)) == (
        "Too many cumulative requests sent (5 > 3) for cumulative volume traded $0. "
        "Place taker orders to free up 1 request per USDC traded."
    )
    venue.now_ms += 9_999
    assert venue.send(NOOP)["status"] == "err"
    venue.now_ms += 1
    assert venue.send(NOOP) == DONE


def test_a_refused_action_costs_nothing_and_its_nonce_may_be_used_again():
    venue = limited(1)
    venue.send(NOOP)
    venue.send(NOOP)
    used, nonce = venue.account().requests_used, venue.next_nonce()

    assert "Too many" in refusal(venue.send(NOOP, nonce=nonce))

    assert venue.account().requests_used == used
    venue.now_ms += 10_000
    assert venue.send(NOOP, nonce=nonce) == DONE


def test_every_order_and_cancel_of_a_batch_counts():
    venue = limited(100)

    venue.send(orders(7))
    venue.send(cancels(1, 2, 3))
    venue.send({"type": "batchModify", "modifies": [{"oid": 4, "order": order("2901", "1")}] * 2})

    assert venue.account().requests_used == 12


def test_a_batch_that_does_not_fit_is_refused_whole():
    venue = limited(5)

    assert "(6 > 5)" in refusal(venue.send(orders(6)))

    assert venue.account().open_orders == {}
    assert venue.send(orders(5))["status"] == "ok"


def test_volume_buys_requests_dollar_for_dollar():
    venue = limited(2)
    venue.send(NOOP)
    venue.send(NOOP)
    venue.account().volume_micro_usd = 437_920_000

    assert "(440 > 439) for cumulative volume traded $437.92." in refusal(venue.send(orders(438)))
    assert venue.send(orders(437))["status"] == "ok"


def test_cancels_go_on_to_twice_the_limit():
    venue = limited(4)
    venue.send(orders(4))

    assert venue.send(cancels(1, 2, 3, 4))["status"] == "ok"
    assert "(10 > 8)" in refusal(venue.send(cancels(1, 2)))


def test_cancels_go_on_by_a_fixed_number_when_that_is_less():
    venue = limited(4, cancels_extra=1)
    venue.send(orders(4))

    assert venue.send(cancels(1))["status"] == "ok"
    assert "(7 > 5)" in refusal(venue.send(cancels(2, 3)))


def test_reserved_requests_are_bought_with_perpetual_cash_and_used_first():
    venue = limited(1)
    buy = {"type": "reserveRequestWeight", "weight": 2_000}

    assert venue.send(buy, key=DEV_MASTER_KEY) == DONE

    assert venue.cash() == 9_999 * MICRO
    assert venue.state.till.paid_out == MICRO
    numbers = allowance.of(venue.account(), venue.config.limits)
    assert (numbers.used, numbers.cap, numbers.surplus) == (0, 1, 1_999)
    assert venue.send(orders(2_000))["status"] == "ok"
    assert allowance.of(venue.account(), venue.config.limits).used == 1


def test_requests_may_be_bought_for_another_address():
    venue = office()
    buy = {"type": "reserveRequestWeight", "weight": 10, "destination": OTHER}

    assert venue.send(buy, key=DEV_MASTER_KEY) == DONE

    assert venue.account(OTHER).requests_reserved == 10
    too_many = {**buy, "weight": 10**9}
    assert "Insufficient balance" in refusal(venue.send(too_many, key=DEV_MASTER_KEY))


def test_a_sub_account_has_requests_of_its_own():
    venue = limited(10)
    sub_account = venue.sub_account()
    before = venue.account().requests_used

    venue.send(NOOP, vault=sub_account)

    assert venue.account().requests_used == before
    assert venue.account(sub_account).requests_used == 1


def test_limits_can_be_switched_off():
    venue = limited(1, by_address=False)

    assert [venue.send(NOOP) for _ in range(5)] == [DONE] * 5
    assert venue.account().requests_used == 5


def test_an_action_that_is_too_late_is_refused_and_costs_five_times_its_weight():
    venue = office()

    late = venue.send(orders(2), expires_after=OPENED_MS - 1)

    assert refusal(late) == "Action already expired"
    assert venue.account().requests_used == 10
    assert venue.account().open_orders == {}
    assert venue.send(NOOP, expires_after=OPENED_MS) == DONE
    assert venue.account().requests_used == 11


def test_a_late_action_has_used_its_nonce_up():
    venue = office()
    nonce = venue.next_nonce()
    venue.send(NOOP, nonce=nonce, expires_after=OPENED_MS - 1)

    assert refusal(venue.send(NOOP, nonce=nonce)) == f"Invalid nonce: duplicate nonce {nonce}"


def test_what_is_signed_field_by_field_cannot_expire():
    venue = office()

    answer = venue.sign(
        "usdSend", rest={"expiresAfter": OPENED_MS + DAY_MS}, destination=NOBODY, amount="1"
    )

    assert "not supported for user-signed" in refusal(answer)
    assert venue.cash() == 10_000 * MICRO


def test_both_families_of_a_key_share_its_nonces():
    venue = office()
    nonce = venue.next_nonce()
    assert venue.send(NOOP, key=DEV_MASTER_KEY, nonce=nonce) == DONE

    sent = venue.sign("usdSend", nonce=nonce, destination=OTHER, amount="1")

    assert refusal(sent) == f"Invalid nonce: duplicate nonce {nonce}"
    assert venue.send(NOOP, key=DEV_AGENT_KEY, nonce=nonce) == DONE, "another key, another set"


def test_the_action_and_its_request_name_the_same_nonce():
    venue = office()
    nonce = venue.next_nonce()

    answer = venue.sign(
        "usdSend", nonce=nonce, rest={"nonce": nonce + 1}, destination=OTHER, amount="1"
    )

    assert refusal(answer) == f"Invalid nonce: action says {nonce}, request says {nonce + 1}"


def test_a_noop_takes_the_nonce_of_an_action_in_flight():
    venue = office()
    nonce = venue.next_nonce()
    venue.send(NOOP, nonce=nonce)

    assert refusal(venue.send(orders(1), nonce=nonce)).startswith("Invalid nonce: duplicate nonce")


@pytest.mark.parametrize(
    ("nonce", "is_taken"),
    [
        (OPENED_MS - 2 * DAY_MS, False),
        (OPENED_MS - 2 * DAY_MS + 1, True),
        (OPENED_MS + DAY_MS - 1, True),
        (OPENED_MS + DAY_MS, False),
    ],
)
def test_a_nonce_lies_within_two_days_before_and_one_after(nonce, is_taken):
    assert (nonces.take([], nonce, now_ms=OPENED_MS) is None) is is_taken


def test_a_nonce_may_arrive_out_of_order_while_it_is_above_the_hundredth():
    used = []
    for nonce in range(OPENED_MS + 10, OPENED_MS + 110):
        assert nonces.take(used, nonce, now_ms=OPENED_MS) is None

    assert "nonce too low" in nonces.take(used, OPENED_MS, now_ms=OPENED_MS)
    assert nonces.take(used, OPENED_MS + 200, now_ms=OPENED_MS) is None
    assert len(used) == 100
    assert used[0] == OPENED_MS + 11, "the lowest made room"


def test_a_deregistered_key_leaves_its_nonces_behind():
    venue = office()
    venue.send(NOOP)
    assert len(venue.state.nonces) == 1

    venue.sign("approveAgent", agentAddress="0x" + "00" * 20, agentName="sandbox")

    assert set(venue.state.nonces) == {DEV_MASTER_ADDRESS}
