"""Whose key acts for whom: owners, agents, sub-accounts, vaults, several signers together."""

import orjson
import pytest
from eth_account import Account as Wallet

from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, order, sign_l1
from tests.unit.sandbox.hyperliquid_office import (
    DONE,
    NEW_AGENT,
    NEW_AGENT_KEY,
    OTHER,
    OTHER_KEY,
    STRANGER,
    STRANGER_KEY,
    office,
    refusal,
    sign_struct,
)
from venues.sandbox.hyperliquid.actions import signature
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_ADDRESS,
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
    VAULT_ADDRESS,
)

NOOP = {"type": "noop"}
DAY_MS = 86_400_000
ZERO = "0x" + "00" * 20


def key_and_address(number):
    key = "0x" + f"{number:064x}"
    return key, Wallet.from_key(key).address.lower()


def approve(venue, address=NEW_AGENT, name="", **rest):
    return venue.sign("approveAgent", agentAddress=address, agentName=name, **rest)


def test_an_approved_agent_trades_for_its_owner():
    venue = office()
    assert refusal(venue.send(NOOP, key=NEW_AGENT_KEY)) == (
        f"User or API Wallet {NEW_AGENT} does not exist."
    )

    assert approve(venue) == DONE

    answer = venue.send(
        {"type": "order", "orders": [order("2900", "1")], "grouping": "na"}, key=NEW_AGENT_KEY
    )
    oid = answer["response"]["data"]["statuses"][0]["resting"]["oid"]
    assert venue.state.orders[oid].account == DEV_MASTER_ADDRESS


def test_a_name_may_be_left_out_of_the_body_when_it_was_signed_as_empty():
    venue = office()
    nonce = venue.next_nonce()
    message = {"agentAddress": NEW_AGENT, "agentName": "", "nonce": nonce}
    signed = sign_struct("approveAgent", message, key=DEV_MASTER_KEY)
    action = {
        "type": "approveAgent",
        "agentAddress": NEW_AGENT,
        "nonce": nonce,
        "hyperliquidChain": "Testnet",
        "signatureChainId": "0x66eee",
    }

    assert venue.post({"action": action, "nonce": nonce, "signature": signed}) == DONE


def test_another_unnamed_agent_deregisters_the_first():
    venue = office()
    approve(venue)
    _, second = key_and_address(9)

    assert approve(venue, second) == DONE

    assert "does not exist" in refusal(venue.send(NOOP, key=NEW_AGENT_KEY))
    assert venue.state.agents[second].master == DEV_MASTER_ADDRESS
    assert DEV_AGENT_ADDRESS in venue.state.agents, "the named one stays"


def test_a_name_in_use_goes_to_the_new_key():
    venue = office()

    assert approve(venue, NEW_AGENT, "sandbox") == DONE

    assert "does not exist" in refusal(venue.send(NOOP, key=DEV_AGENT_KEY))
    assert venue.send(NOOP, key=NEW_AGENT_KEY) == DONE


def test_the_zero_address_only_takes_the_key_away():
    venue = office()

    assert approve(venue, ZERO, "sandbox") == DONE

    assert "does not exist" in refusal(venue.send(NOOP, key=DEV_AGENT_KEY))
    assert venue.state.agents == {}


def test_three_agents_may_have_names_and_two_more_for_each_sub_account():
    venue = office()
    for number, name in enumerate(("second", "third"), start=1):
        assert approve(venue, key_and_address(number)[1], name) == DONE
    too_many = "Too many extra agents for cumulative volume traded. Current limit is 3"
    assert refusal(approve(venue, key_and_address(3)[1], "fourth")) == too_many

    venue.sub_account()

    for number, name in enumerate(("fourth", "fifth"), start=3):
        assert approve(venue, key_and_address(number)[1], name) == DONE
    assert refusal(approve(venue, key_and_address(5)[1], "sixth")).endswith("limit is 5")
    assert approve(venue, key_and_address(6)[1]) == DONE, "the unnamed one is not counted"


def test_a_key_is_an_agent_once():
    venue = office()
    approve(venue)

    assert refusal(approve(venue, name="again")) == "Extra agent already used."
    taken = venue.sign("approveAgent", key=OTHER_KEY, agentAddress=NEW_AGENT, agentName="")
    assert refusal(taken) == "Extra agent already used."


def test_an_account_of_its_own_is_no_agent():
    assert "account of its own" in refusal(approve(office(), OTHER))


def test_a_name_has_sixteen_characters_at_most_without_its_expiry():
    venue = office()
    until = OPENED_MS + DAY_MS

    assert "16 characters" in refusal(approve(venue, name="n" * 17))
    assert approve(venue, name=f"{'n' * 16} valid_until {until}") == DONE
    assert venue.state.agents[NEW_AGENT].name == "n" * 16
    assert venue.state.agents[NEW_AGENT].valid_until_ms == until


def test_an_expired_agent_is_unknown_and_its_place_is_free():
    venue = office()
    until = OPENED_MS + DAY_MS
    approve(venue, name=f"short valid_until {until}")
    venue.now_ms = until - 1
    assert venue.send(NOOP, key=NEW_AGENT_KEY) == DONE

    venue.now_ms = until

    assert refusal(venue.send(NOOP, key=NEW_AGENT_KEY)) == (
        f"User or API Wallet {NEW_AGENT} does not exist."
    )
    assert approve(venue, name="longer") == DONE


@pytest.mark.parametrize("until", [OPENED_MS, OPENED_MS + 180 * DAY_MS + 1])
def test_an_agent_expires_within_180_days(until):
    refused = refusal(approve(office(), name=f"far valid_until {until}"))
    assert refused == "Agent valid_until already expired."


def test_an_agent_may_not_sign_what_is_signed_field_by_field():
    venue = office()
    sent = venue.sign("usdSend", key=DEV_AGENT_KEY, destination=OTHER, amount="1")

    assert refusal(sent) == f"Must deposit before performing actions. User: {DEV_AGENT_ADDRESS}"


def test_an_agent_buys_no_requests_for_its_owner():
    bought = office().send({"type": "reserveRequestWeight", "weight": 5})

    assert refusal(bought) == f"Must deposit before performing actions. User: {DEV_AGENT_ADDRESS}"


def test_a_stranger_is_named_as_the_venue_names_it():
    venue = office()

    assert refusal(venue.send(NOOP, key=STRANGER_KEY)) == (
        f"User or API Wallet {STRANGER} does not exist."
    )
    assert refusal(venue.sign("usdSend", key=STRANGER_KEY, destination=OTHER, amount="1")) == (
        f"Must deposit before performing actions. User: {STRANGER}"
    )


def test_a_signature_for_the_main_network_is_a_strangers_here():
    venue = office()
    nonce = venue.next_nonce()
    message = {"destination": OTHER, "amount": "1", "time": nonce}
    signed = sign_struct("usdSend", message, key=DEV_MASTER_KEY, chain="Mainnet")
    action = {
        "type": "usdSend",
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "Mainnet",
        **message,
    }

    answer = venue.post({"action": action, "nonce": nonce, "signature": signed})

    assert refusal(answer).startswith("Must deposit before performing actions. User: 0x")


def test_a_wallet_on_any_chain_may_sign():
    venue = office()
    nonce = venue.next_nonce()
    message = {"destination": OTHER, "amount": "1", "time": nonce}
    signed = sign_struct("usdSend", message, key=DEV_MASTER_KEY, chain_id=0xA4B1)
    action = {
        "type": "usdSend",
        "signatureChainId": "0xa4b1",
        "hyperliquidChain": "Testnet",
        **message,
    }

    assert venue.post({"action": action, "nonce": nonce, "signature": signed}) == DONE


def test_an_owner_and_its_agent_trade_for_a_sub_account():
    venue = office()
    sub_account = venue.sub_account()
    venue.send(
        {
            "type": "subAccountTransfer",
            "subAccountUser": sub_account,
            "isDeposit": True,
            "usd": 5_000_000_000,
        }
    )

    for key in (DEV_AGENT_KEY, DEV_MASTER_KEY):
        placed = venue.send(
            {"type": "order", "orders": [order("2900", "1")], "grouping": "na"},
            key=key,
            vault=sub_account,
        )
        oid = placed["response"]["data"]["statuses"][0]["resting"]["oid"]
        assert venue.state.orders[oid].account == sub_account


def test_a_leader_acts_for_its_vault():
    venue = office()

    assert venue.send(NOOP, vault=VAULT_ADDRESS) == DONE
    assert refusal(venue.send(NOOP, key=OTHER_KEY, vault=VAULT_ADDRESS)) == (
        f"Vault not registered: {VAULT_ADDRESS}"
    )


def test_a_leader_moves_no_money_by_naming_its_vault():
    venue = office()
    deposit = {
        "type": "vaultTransfer",
        "vaultAddress": VAULT_ADDRESS,
        "isDeposit": True,
        "usd": 1_000_000,
    }

    assert refusal(venue.send(deposit, vault=VAULT_ADDRESS)) == (
        "Action vaultTransfer does not support vaultAddress."
    )


@pytest.mark.parametrize("named", [OTHER, STRANGER, DEV_MASTER_ADDRESS])
def test_nobody_acts_for_what_is_not_its_own(named):
    assert refusal(office().send(NOOP, vault=named)) == f"Vault not registered: {named}"


def test_a_vault_address_that_was_not_signed_is_a_strangers_action():
    venue = office()
    sub_account, nonce = venue.sub_account(), venue.next_nonce()
    body = {
        "action": NOOP,
        "nonce": nonce,
        "signature": sign_l1(NOOP, key=DEV_AGENT_KEY, nonce=nonce),
        "vaultAddress": sub_account,
    }

    assert refusal(venue.post(body)).startswith("User or API Wallet 0x")


def converted(venue, threshold=2):
    signers = {"authorizedUsers": sorted((OTHER, DEV_MASTER_ADDRESS)), "threshold": threshold}
    venue.sign(
        "usdSend", destination=key_and_address(21)[1], amount="100"
    )  # an account for the key that will be shared
    key, user = key_and_address(21)
    text = orjson.dumps(signers).decode()
    assert venue.sign("convertToMultiSigUser", key=key, signers=text) == DONE
    return key, user


def multi_sig(venue, user, inner, *, keys, outer_key=OTHER_KEY):
    outer = Wallet.from_key(outer_key).address.lower()
    nonce = venue.next_nonce()
    inner = inner if "signatureChainId" not in inner else {**inner, "time": nonce}
    if "signatureChainId" in inner:
        message = {**inner, "payloadMultiSigUser": user, "outerSigner": outer}
        for unsigned in ("type", "signatureChainId", "hyperliquidChain"):
            del message[unsigned]
        signatures = [sign_struct(inner["type"], message, key=k, co_signed=True) for k in keys]
    else:
        signatures = [sign_l1([user, outer, inner], key=k, nonce=nonce) for k in keys]
    action = {
        "type": "multiSig",
        "signatureChainId": "0x66eee",
        "signatures": signatures,
        "payload": {"multiSigUser": user, "outerSigner": outer, "action": inner},
    }
    untagged = {name: value for name, value in action.items() if name != "type"}
    digest = signature.action_hash(untagged, nonce=nonce, vault=None, expires_after=None)
    signed = sign_struct(
        "SendMultiSig", {"multiSigActionHash": digest, "nonce": nonce}, key=outer_key
    )
    return venue.post({"action": action, "nonce": nonce, "signature": signed})


def test_a_multi_sig_account_acts_by_enough_of_its_signers_only():
    venue = office()
    key, user = converted(venue)
    inner = {"type": "order", "orders": [order("2900", "0.1")], "grouping": "na"}
    assert refusal(venue.send(NOOP, key=key)) == f"Multi-sig required for user {user}"

    alone = multi_sig(venue, user, inner, keys=[OTHER_KEY])
    repeated = multi_sig(venue, user, inner, keys=[OTHER_KEY, OTHER_KEY])
    together = multi_sig(venue, user, inner, keys=[OTHER_KEY, DEV_MASTER_KEY])

    assert refusal(alone) == refusal(repeated)
    assert refusal(alone).endswith("got 1.")
    oid = together["response"]["data"]["statuses"][0]["resting"]["oid"]
    assert venue.state.orders[oid].account == user


def test_a_multi_sig_account_pays_by_a_struct_signed_together():
    venue = office()
    _, user = converted(venue)
    inner = {
        "type": "usdSend",
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "Testnet",
        "destination": OTHER,
        "amount": "40",
    }
    before = venue.cash(OTHER)

    assert multi_sig(venue, user, inner, keys=[DEV_MASTER_KEY, OTHER_KEY]) == DONE

    assert venue.cash(OTHER) == before + 40_000_000
    assert venue.cash(user) == 60_000_000


def test_the_outer_signer_is_one_of_the_signers_or_an_agent_of_one():
    venue = office()
    _, user = converted(venue, threshold=1)

    by_agent = multi_sig(venue, user, NOOP, keys=[DEV_MASTER_KEY], outer_key=DEV_AGENT_KEY)
    by_stranger = multi_sig(venue, user, NOOP, keys=[DEV_MASTER_KEY], outer_key=STRANGER_KEY)

    assert by_agent == DONE
    assert "outer signer" in refusal(by_stranger)


def test_an_ordinary_account_has_no_signers():
    venue = office()

    answer = multi_sig(venue, DEV_MASTER_ADDRESS, NOOP, keys=[OTHER_KEY])

    assert refusal(answer) == f"User {DEV_MASTER_ADDRESS} is not a multi-sig user."


@pytest.mark.parametrize(
    "signers",
    [
        "{}",
        "nonsense",
        orjson.dumps({"authorizedUsers": [OTHER], "threshold": 2}).decode(),
        orjson.dumps({"authorizedUsers": [OTHER, OTHER], "threshold": 1}).decode(),
        orjson.dumps({"authorizedUsers": [STRANGER], "threshold": 1}).decode(),
    ],
)
def test_signers_are_known_distinct_and_enough(signers):
    answer = office().sign("convertToMultiSigUser", signers=signers)

    assert refusal(answer) == "Invalid multi-sig signers."
