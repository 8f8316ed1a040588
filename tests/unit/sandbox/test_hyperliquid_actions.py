"""Orders, cancels, TWAPs, switches and choices as requests: what each is answered."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import ETH_ASSET, OPENED_MS, order
from tests.unit.sandbox.hyperliquid_office import (
    DONE,
    MICRO,
    NOBODY,
    OTHER,
    OTHER_KEY,
    office,
    refusal,
)
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
)

CLOID = "0x" + "0b" * 16
BUILDER = "0x" + "bb" * 20
MISSING = "Order was never placed, already canceled, or filled. asset=1"


def orders(*items, **rest):
    return {"type": "order", "orders": list(items), "grouping": "na", **rest}


def statuses(answer, kind="order"):
    assert answer["status"] == "ok", answer
    assert answer["response"]["type"] == kind
    return answer["response"]["data"]["statuses"]


def rest_one(venue, price="2900", **changes):
    (status,) = statuses(venue.send(orders(order(price, "1", **changes))))
    return status["resting"]["oid"]


def test_a_batch_is_answered_order_by_order():
    venue = office()

    answered = statuses(
        venue.send(orders(order("2900", "1"), order("2900.123", "1"), order("2901", "0.001")))
    )

    assert answered[0].keys() == {"resting"}
    assert answered[1] == {"error": "Price must be divisible by tick size. asset=1"}
    assert answered[2] == {"error": "Order must have minimum value of $10. asset=1"}


def test_what_is_wrong_with_a_payload_is_told_once_and_nothing_is_placed():
    venue = office()

    answered = statuses(venue.send(orders(order("2900", "1"), order("2900", "0"))))

    assert answered == [{"error": "Order has zero size."}]
    assert venue.account().open_orders == {}


@pytest.mark.parametrize("batch", [orders(), orders(order("2900", "1", asset=7_777))])
def test_an_empty_batch_and_an_unknown_asset_refuse_the_request(batch):
    assert office().send(batch)["status"] == "err"


def test_orders_are_cancelled_by_either_id():
    venue = office()
    first, _ = rest_one(venue), rest_one(venue, cloid=CLOID)

    by_oid = venue.send({"type": "cancel", "cancels": [{"a": 1, "o": first}, {"a": 1, "o": 99}]})
    by_cloid = venue.send({"type": "cancelByCloid", "cancels": [{"asset": 1, "cloid": CLOID}]})

    assert statuses(by_oid, "cancel") == ["success", {"error": MISSING}]
    assert statuses(by_cloid, "cancel") == ["success"]


def test_an_order_of_another_coin_or_account_is_not_found():
    venue = office()
    oid = rest_one(venue)
    wrong_coin = {"type": "cancel", "cancels": [{"a": 0, "o": oid}]}
    right = {"type": "cancel", "cancels": [{"a": 1, "o": oid}]}

    assert statuses(venue.send(wrong_coin), "cancel") == [{"error": MISSING[:-1] + "0"}]
    assert statuses(venue.send(right, key=OTHER_KEY), "cancel") == [{"error": MISSING}]
    assert statuses(venue.send(right), "cancel") == ["success"]


def test_a_fast_cancel_takes_no_trigger_order():
    venue = office()
    kind = {"isMarket": True, "triggerPx": "2500", "tpsl": "sl"}
    stop = {**order("2400", "1", is_buy=False), "t": {"trigger": kind}}
    oid = statuses(venue.send(orders(stop)))[0]["resting"]["oid"]
    cancel = {"type": "cancel", "cancels": [{"a": 1, "o": oid}]}

    (fast,) = statuses(venue.send({**cancel, "f": True}), "cancel")

    assert fast == {"error": "Fast cancel is not allowed for trigger orders. asset=1"}
    assert statuses(venue.send(cancel), "cancel") == ["success"]


def test_a_modification_says_only_that_it_worked_and_a_batch_says_what_became_of_each():
    venue = office()
    oid = rest_one(venue, cloid=CLOID)

    assert venue.send({"type": "modify", "oid": oid, "order": order("2901", "1")}) == DONE
    change = {"oid": CLOID, "order": order("2902", "2")}
    (status,) = statuses(venue.send({"type": "batchModify", "modifies": [change]}))

    assert status["resting"]["cloid"] == CLOID
    assert [o.size for o in venue.account().open_orders.values()] == [20_000]


def test_a_modification_of_nothing_fails():
    venue = office()

    gone = venue.send({"type": "modify", "oid": 99, "order": order("2901", "1")})
    batch = venue.send(
        {"type": "batchModify", "modifies": [{"oid": 99, "order": order("2901", "1")}]}
    )

    assert refusal(gone) == "Cannot modify canceled or filled order"
    assert statuses(batch) == [{"error": "Cannot modify canceled or filled order"}]
    assert venue.send({"type": "batchModify", "modifies": []})["status"] == "err"
    unknown = {"oid": 1, "order": order("2900", "1", asset=9_999)}
    assert refusal(venue.send({"type": "batchModify", "modifies": [unknown]})) == (
        "Order has invalid asset."
    )


def twap(size="3", minutes=30, **changes):
    fields = {"a": ETH_ASSET, "b": True, "s": size, "r": False, "m": minutes, "t": False}
    return {"type": "twapOrder", "twap": {**fields, **changes}}


def test_a_twap_runs_until_it_is_stopped():
    venue = office()

    started = venue.send(twap())["response"]
    twap_id = started["data"]["status"]["running"]["twapId"]
    stop = {"type": "twapCancel", "a": ETH_ASSET, "t": twap_id}

    assert started["type"] == "twapOrder"
    assert venue.send(stop)["response"] == {"type": "twapCancel", "data": {"status": "success"}}
    assert venue.send(stop)["response"]["data"]["status"] == {
        "error": "TWAP was never placed, already canceled, or filled."
    }


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (twap(minutes=1), "Invalid TWAP duration: 1 min(s)"),
        (twap(size="0.00001"), "Order has invalid size."),
        (
            {**twap(), "details": {"t": {"p": "3100", "a": True}, "s": None}},
            "TWAP conditions are not supported by this sandbox.",
        ),
    ],
)
def test_a_twap_that_cannot_start_says_why(action, error):
    answer = office().send(action)

    assert answer["response"] == {"type": "twapOrder", "data": {"status": {"error": error}}}


def test_a_twap_without_conditions_may_say_so():
    answer = office().send({**twap(), "details": {"t": None, "s": None}})

    assert "running" in answer["response"]["data"]["status"]


@pytest.mark.parametrize("action", [twap(a=7_777), {"type": "twapCancel", "a": 7_777, "t": 1}])
def test_a_twap_of_an_unknown_asset_is_refused(action):
    assert refusal(office().send(action)) == "Order has invalid asset."


def test_a_scheduled_cancel_is_five_seconds_ahead():
    venue = office()

    soon = venue.send({"type": "scheduleCancel", "time": OPENED_MS + 4_999})
    later = venue.send({"type": "scheduleCancel", "time": OPENED_MS + 5_000})

    assert "at least 5 seconds" in refusal(soon)
    assert later == DONE
    assert venue.account().cancel_all_at_ms == OPENED_MS + 5_000
    assert venue.send({"type": "scheduleCancel"}) == DONE
    assert venue.account().cancel_all_at_ms is None


def test_a_scheduled_cancel_may_need_volume():
    venue = office(schedule_cancel_volume_min_usd=1_000_000)
    arm = {"type": "scheduleCancel", "time": OPENED_MS + 60_000}
    venue.account().volume_micro_usd = 373_472_050

    assert refusal(venue.send(arm)) == (
        "Cannot set scheduled cancel time until enough volume traded. "
        "Required: $1000000. Traded: $373.47205."
    )
    assert refusal(venue.send({"type": "scheduleCancel"})) == refusal(venue.send(arm))
    venue.account().volume_micro_usd = 1_000_000 * MICRO
    assert venue.send(arm) == DONE


def with_builder(tenths_bp):
    return orders(order("2900", "1"), builder={"b": BUILDER, "f": tenths_bp})


def test_a_builder_is_approved_up_to_a_rate_by_the_owner():
    venue = office()
    assert refusal(venue.send(with_builder(1))) == "Builder fee has not been approved."

    assert venue.sign("approveBuilderFee", maxFeeRate="0.001%", builder=BUILDER) == DONE
    assert venue.account().builder_approvals == {BUILDER: 1}

    (status,) = statuses(venue.send(with_builder(1)))
    assert venue.state.orders[status["resting"]["oid"]].builder.tenths_bp == 1
    assert refusal(venue.send(with_builder(2))) == "Builder fee has not been approved."
    assert venue.sign("approveBuilderFee", maxFeeRate="0%", builder=BUILDER) == DONE
    assert refusal(venue.send(with_builder(1))) == "Builder fee has not been approved."


def test_a_builder_takes_ten_basis_points_of_a_perpetual_at_most():
    venue = office()
    venue.sign("approveBuilderFee", maxFeeRate="1%", builder=BUILDER)

    assert statuses(venue.send(with_builder(100)))
    assert refusal(venue.send(with_builder(101))) == "Builder fee has not been approved."


@pytest.mark.parametrize("rate", ["1.001%", "0.0001%", "1", "-1%", "%", "abc%"])
def test_a_rate_is_a_percentage_of_whole_tenths_of_a_basis_point(rate):
    answer = office().sign("approveBuilderFee", maxFeeRate=rate, builder=BUILDER)

    assert refusal(answer) == "Invalid max fee rate."


def test_a_sub_account_has_an_address_a_name_and_an_owner():
    venue = office()

    answer = venue.send({"type": "createSubAccount", "name": "one"})

    address = answer["response"]["data"]
    assert answer["response"] == {"type": "createSubAccount", "data": address}
    account = venue.account(address)
    assert (account.kind, account.master, account.name) == ("subAccount", DEV_MASTER_ADDRESS, "one")
    rename = {"type": "subAccountModify", "subAccountUser": address, "name": "uno"}
    assert venue.send(rename, key=OTHER_KEY)["status"] == "err"
    assert venue.send(rename) == DONE
    assert account.name == "uno"


@pytest.mark.parametrize("name", ["", "n" * 17, "one"])
def test_a_sub_account_has_a_short_name_of_its_own(name):
    venue = office()
    venue.sub_account("one")

    assert "ame" in refusal(venue.send({"type": "createSubAccount", "name": name}))


def test_ten_sub_accounts_and_one_more_for_each_hundred_million_traded():
    venue = office()
    addresses = {venue.sub_account(f"n{number}") for number in range(10)}
    assert len(addresses) == 10
    eleventh = {"type": "createSubAccount", "name": "n10"}
    assert refusal(venue.send(eleventh)) == "Too many sub-accounts."

    venue.account().volume_micro_usd = 100_000_000 * MICRO

    assert venue.send(eleventh)["status"] == "ok"


def test_sub_accounts_may_need_volume():
    venue = office(sub_account_volume_min_usd=100_000)

    assert refusal(venue.send({"type": "createSubAccount", "name": "n"})) == (
        "Cannot create sub-accounts until enough volume traded. Required: $100000. Traded: $0."
    )


def test_a_referrer_is_named_once_by_a_code_that_exists():
    venue = office()
    unknown = venue.send({"type": "setReferrer", "code": "SAND"})
    assert refusal(unknown) == "Referral code not registered"
    own = {"type": "registerReferrer", "code": "SAND"}
    assert venue.send(own, key=OTHER_KEY) == DONE
    assert refusal(venue.send(own)) == "Referral code is already used."

    assert venue.send({"type": "setReferrer", "code": "SAND"}) == DONE

    assert venue.account().referrer == OTHER
    assert refusal(venue.send({"type": "setReferrer", "code": "SAND"})) == "Referrer already set."
    myself = venue.send({"type": "setReferrer", "code": "SAND"}, key=OTHER_KEY)
    assert refusal(myself) == "Cannot refer oneself."


@pytest.mark.parametrize("code", ["", "C" * 21])
def test_a_code_has_twenty_characters_at_most(code):
    assert "between 1 and 20" in refusal(office().send({"type": "registerReferrer", "code": code}))


def test_an_agent_sets_the_balance_mode_once_and_the_owner_at_will():
    venue = office()
    set_by_agent = {"type": "agentSetAbstraction", "abstraction": "u"}

    assert venue.send(set_by_agent) == DONE
    assert venue.account().abstraction == "unifiedAccount"
    assert "default mode" in refusal(venue.send({**set_by_agent, "abstraction": "p"}))
    by_owner = {"user": DEV_MASTER_ADDRESS, "abstraction": "disabled"}
    assert venue.sign("userSetAbstraction", **by_owner) == DONE
    assert venue.account().abstraction == "disabled"
    assert venue.sign("userDexAbstraction", user=DEV_MASTER_ADDRESS, enabled=True) == DONE
    assert venue.account().abstraction == "dexAbstraction"


def test_the_balance_mode_of_a_sub_account_is_its_owners_to_choose():
    venue = office()
    sub_account = venue.sub_account()

    assert venue.sign("userSetAbstraction", user=sub_account, abstraction="disabled") == DONE
    assert venue.account(sub_account).abstraction == "disabled"
    assert venue.send({"type": "agentEnableDexAbstraction"}, vault=sub_account)["status"] == "err"
    stolen = venue.sign("userSetAbstraction", user=OTHER, abstraction="disabled")
    renamed = venue.send({"type": "subAccountModify", "subAccountUser": OTHER, "name": "mine"})
    refused = f"Sub-account {OTHER} is not registered to {DEV_MASTER_ADDRESS}"
    assert refusal(stolen) == refusal(renamed) == refused


def test_choices_without_a_meaning_here_are_taken():
    venue = office()

    assert venue.send({"type": "noop"}) == DONE
    assert venue.send({"type": "spotUser", "toggleSpotDusting": {"optOut": True}}) == DONE
    assert venue.send({"type": "setDisplayName", "displayName": "desk"}) == DONE
    assert venue.account().name == "desk"
    assert "20 characters" in refusal(
        venue.send({"type": "setDisplayName", "displayName": "d" * 21})
    )
    assert refusal(venue.send({"type": "claimRewards"})) == "No rewards to claim."


def test_equal_actions_at_equal_times_leave_equal_traces():
    def day():
        venue = office()
        sub_account = venue.sub_account()
        venue.sign("usdSend", destination=NOBODY, amount="5")
        for key in (DEV_AGENT_KEY, DEV_MASTER_KEY, OTHER_KEY):
            venue.send(orders(order("2900", "1"), order("2900", "1", tif="Ioc")), key=key)
        return sub_account, venue.state.events

    assert day() == day()


def test_a_spot_builder_may_take_a_whole_percent():
    venue = office()
    venue.sign("approveBuilderFee", maxFeeRate="1%", builder=BUILDER)
    asked = orders(order("0.19", "100", asset=10_000), builder={"b": BUILDER, "f": 1_000})

    assert "resting" in statuses(venue.send(asked))[0]
