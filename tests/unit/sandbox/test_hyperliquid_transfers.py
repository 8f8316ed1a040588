"""Money that moves without a trade: from where to where, with which row, and when not."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, order
from tests.unit.sandbox.hyperliquid_office import (
    DONE,
    MICRO,
    NOBODY,
    OTHER,
    OTHER_KEY,
    PURR,
    office,
    refusal,
    with_position,
)
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    VAULT_ADDRESS,
)

USDC_E8 = 10**8
PURR_E5 = 10**5


def send(kind, **fields):
    return {"type": kind, **fields}


def to_sub_account(address, usd, *, is_deposit=True):
    return send("subAccountTransfer", subAccountUser=address, isDeposit=is_deposit, usd=usd)


def not_registered(address):
    return f"Sub-account {address} is not registered to {DEV_MASTER_ADDRESS}"


def invalid_transfer(address):
    return f"Invalid sub-account transfer from {DEV_MASTER_ADDRESS} to {address}"


def test_dollars_are_sent_to_another_account():
    venue = office()

    assert venue.sign("usdSend", destination=NOBODY, amount="12.34") == DONE

    assert venue.cash() == (10_000 - 12) * MICRO - 340_000
    assert venue.cash(NOBODY) == 12_340_000
    row = {
        "type": "internalTransfer",
        "usdc": "12.34",
        "user": DEV_MASTER_ADDRESS,
        "destination": NOBODY,
        "fee": "0.0",
    }
    assert venue.rows() == venue.rows(NOBODY) == [row]


def test_sending_to_oneself_is_one_row():
    venue = office()

    assert venue.sign("usdSend", destination=DEV_MASTER_ADDRESS, amount="1") == DONE

    assert venue.cash() == 10_000 * MICRO
    assert len(venue.rows()) == 1


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("10000.000001", "Insufficient balance for withdrawal."),
        ("0", "Amount must be positive."),
        ("0.0000001", "Amount has too many decimals."),
    ],
)
def test_what_is_not_there_is_not_sent(amount, text):
    venue = office()

    assert refusal(venue.sign("usdSend", destination=OTHER, amount=amount)) == text
    assert venue.cash() == 10_000 * MICRO
    assert venue.rows() == []


def test_the_transfer_rule_keeps_a_tenth_of_the_notional_behind():
    # 30,000 of notional: 1,500 of initial margin at 20x, but 3,000 have to stay; the fee was 13.5.
    venue = with_position(office())
    left = 10_000 * MICRO - 13_500_000 - 3_000 * MICRO

    too_much = venue.sign("usdSend", destination=OTHER, amount=f"{(left + 1) / MICRO:.6f}")
    assert refusal(too_much) == "Insufficient balance for withdrawal."
    assert venue.sign("usdSend", destination=OTHER, amount=f"{left / MICRO:.6f}") == DONE


def test_tokens_are_sent_with_their_value():
    venue = office()

    assert venue.sign("spotSend", destination=OTHER, token=PURR, amount="40.5") == DONE

    assert venue.tokens(token=1) == 95_950_000
    assert venue.tokens(OTHER, token=1) == 104_050_000
    (row,) = venue.rows(OTHER)
    assert row == {
        "type": "spotTransfer",
        "token": "PURR",
        "amount": "40.5",
        "usdcValue": "8.1",  # at the opening price of 0.2
        "user": DEV_MASTER_ADDRESS,
        "destination": OTHER,
        "fee": "0.0",
        "nativeTokenFee": "0.0",
        "nonce": venue.nonce,
        "feeToken": "",
    }


@pytest.mark.parametrize(
    ("token", "amount", "text"),
    [
        (PURR, "1000.00001", "Insufficient balance for token transfer"),
        (PURR, "0.000001", "Amount has too many decimals."),
        ("PURR:0x00", "1", "Invalid token."),
        ("DOGE", "1", "Invalid token."),
    ],
)
def test_tokens_that_are_not_there_are_not_sent(token, amount, text):
    sent = office().sign("spotSend", destination=OTHER, token=token, amount=amount)

    assert refusal(sent) == text


def test_tokens_held_by_an_order_are_not_sent():
    venue = office()
    asked = {
        "type": "order",
        "orders": [order("0.3", "600", is_buy=False, asset=10_000)],
        "grouping": "na",
    }
    assert "resting" in venue.send(asked)["response"]["data"]["statuses"][0]

    too_much = venue.sign("spotSend", destination=OTHER, token=PURR, amount="401")

    assert refusal(too_much) == "Insufficient balance for token transfer"
    assert venue.sign("spotSend", destination=OTHER, token=PURR, amount="400") == DONE


def test_a_withdrawal_leaves_the_venue_and_costs_a_dollar():
    venue = office()

    assert venue.sign("withdraw3", destination=NOBODY, amount="100") == DONE

    assert venue.cash() == 9_900 * MICRO
    assert venue.state.till.paid_out == 100 * MICRO
    assert venue.rows() == [
        {"type": "withdraw", "usdc": "99.0", "nonce": venue.nonce, "fee": "1.0"}
    ]
    assert NOBODY not in venue.state.accounts


def test_a_withdrawal_is_larger_than_its_fee():
    assert "larger than the fee" in refusal(
        office().sign("withdraw3", destination=NOBODY, amount="1")
    )


def test_dollars_move_between_perps_and_spot():
    venue = office()

    assert venue.sign("usdClassTransfer", amount="250.5", toPerp=False) == DONE
    assert (venue.cash(), venue.tokens()) == (9_749_500_000, 750_50000000)
    assert venue.sign("usdClassTransfer", amount="750.5", toPerp=True) == DONE
    assert (venue.cash(), venue.tokens()) == (10_500 * MICRO, 0)

    assert [(row["usdc"], row["toPerp"]) for row in venue.rows()] == [
        ("250.5", False),
        ("750.5", True),
    ]
    assert refusal(venue.sign("usdClassTransfer", amount="0.01", toPerp=True)) == (
        "Insufficient balance for token transfer"
    )


def test_a_class_transfer_may_name_a_sub_account():
    venue = office()
    sub_account = venue.sub_account()
    venue.send(to_sub_account(sub_account, 100 * MICRO))

    moved = venue.sign("usdClassTransfer", amount=f"30.0 subaccount:{sub_account}", toPerp=False)
    stolen = venue.sign("usdClassTransfer", amount=f"1 subaccount:{OTHER}", toPerp=False)

    assert moved == DONE
    assert venue.cash(sub_account) == 70 * MICRO
    assert venue.tokens(sub_account) == 30 * USDC_E8
    assert refusal(stolen) == not_registered(OTHER)


def test_a_sub_account_is_paid_and_pays_back():
    venue = office()
    sub_account = venue.sub_account()

    assert venue.send(to_sub_account(sub_account, 70 * MICRO)) == DONE
    assert venue.send(to_sub_account(sub_account, 30 * MICRO, is_deposit=False)) == DONE

    assert venue.cash(sub_account) == 40 * MICRO
    assert [(row["user"], row["usdc"]) for row in venue.rows(sub_account)] == [
        (DEV_MASTER_ADDRESS, "70.0"),
        (sub_account, "30.0"),
    ]
    assert refusal(venue.send(to_sub_account(sub_account, 41 * MICRO, is_deposit=False))) == (
        "Insufficient balance for withdrawal."
    )


@pytest.mark.parametrize("address", [OTHER, NOBODY, VAULT_ADDRESS])
def test_only_ones_own_sub_accounts_are_paid_that_way(address):
    assert refusal(office().send(to_sub_account(address, MICRO))) == invalid_transfer(address)
    spot = send("subAccountSpotTransfer", subAccountUser=address, isDeposit=True)
    assert refusal(office().send(spot | {"token": PURR, "amount": "1"})) == (
        invalid_transfer(address)
    )


def test_the_sub_account_of_another_owner_is_out_of_reach():
    venue = office()
    made = venue.send({"type": "createSubAccount", "name": "theirs"}, key=OTHER_KEY)
    theirs = made["response"]["data"]
    assert venue.send(to_sub_account(theirs, 100 * MICRO), key=OTHER_KEY) == DONE

    taken = (
        venue.send(to_sub_account(theirs, MICRO, is_deposit=False)),
        venue.sign("usdClassTransfer", amount=f"1 subaccount:{theirs}", toPerp=False),
        venue.sign("sendAsset", **asset(fromSubAccount=theirs)),
    )

    assert [refusal(answer) for answer in taken] == [
        invalid_transfer(theirs),
        not_registered(theirs),
        not_registered(theirs),
    ]
    assert venue.cash(theirs) == 100 * MICRO


def test_a_sub_account_gets_tokens():
    venue = office()
    sub_account = venue.sub_account()
    asked = send(
        "subAccountSpotTransfer",
        subAccountUser=sub_account,
        isDeposit=True,
        token=PURR,
        amount="12.0",
    )

    assert venue.send(asked) == DONE

    assert venue.tokens(sub_account, token=1) == 12 * PURR_E5
    assert venue.rows(sub_account)[0]["type"] == "spotTransfer"
    assert venue.send({**asked, "isDeposit": False}) == DONE
    assert venue.tokens(token=1) == 1_000 * PURR_E5


def asset(destination=DEV_MASTER_ADDRESS, **changes):
    return {
        "destination": destination,
        "sourceDex": "",
        "destinationDex": "spot",
        "token": "USDC",
        "amount": "100.0",
        "fromSubAccount": "",
        **changes,
    }


def test_an_asset_is_sent_between_any_two_pockets():
    venue = office()

    assert venue.sign("sendAsset", **asset()) == DONE
    assert venue.sign("sendAsset", **asset(sourceDex="spot", destinationDex="xyz")) == DONE
    assert venue.sign("sendAsset", **asset(OTHER, sourceDex="xyz", destinationDex="")) == DONE

    assert (venue.cash(), venue.cash(dex="xyz"), venue.tokens()) == (
        9_900 * MICRO,
        0,
        500 * USDC_E8,
    )
    assert venue.cash(OTHER) == 10_100 * MICRO
    (row,) = venue.rows(OTHER)
    assert row == {
        "type": "send",
        "user": DEV_MASTER_ADDRESS,
        "destination": OTHER,
        "sourceDex": "xyz",
        "destinationDex": "",
        "token": "USDC",
        "amount": "100.0",
        "usdcValue": "100.0",
        "fee": "0.0",
        "nativeTokenFee": "0.0",
        "nonce": venue.nonce,
        "feeToken": "",
    }


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"destinationDex": "abc"}, "Invalid perp dex."),
        ({"token": PURR}, "Token is not the collateral of the perp dex."),
        ({"destinationDex": ""}, "Cannot send to the same place."),
        ({"sourceDex": "xyz"}, "Insufficient balance for withdrawal."),
        ({"fromSubAccount": OTHER}, not_registered(OTHER)),
    ],
)
def test_an_asset_that_cannot_go_there_stays(changes, text):
    assert refusal(office().sign("sendAsset", **asset(**changes))) == text


def test_an_agent_moves_assets_among_its_owners_accounts_only():
    venue = office()
    sub_account = venue.sub_account()

    def by_agent(destination, **changes):
        nonce = venue.next_nonce()
        action = {"type": "agentSendAsset", **asset(destination, **changes), "nonce": nonce}
        return venue.send(action, key=DEV_AGENT_KEY, nonce=nonce)

    assert by_agent(DEV_MASTER_ADDRESS, destinationDex="xyz") == DONE
    assert venue.cash(dex="xyz") == 100 * MICRO
    assert refusal(by_agent(OTHER)) == (
        "Agent can only send asset to same user or their sub-accounts."
    )
    before = venue.tokens()
    assert by_agent(sub_account, sourceDex="", destinationDex="") == DONE
    assert venue.cash(sub_account) == 100 * MICRO
    assert venue.tokens() == before


def test_every_row_is_also_an_event():
    venue = office()
    venue.state.events.clear()

    venue.sign("usdSend", destination=OTHER, amount="1")

    assert [event.account for event in venue.state.events] == [DEV_MASTER_ADDRESS, OTHER]
    assert {event.time_ms for event in venue.state.events} == {OPENED_MS}
    assert len({event.action_hash for event in venue.state.events}) == 1
