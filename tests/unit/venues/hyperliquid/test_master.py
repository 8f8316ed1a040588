"""What only the master key signs: the venue's vectors, and requests that cannot be right."""

import pytest

from router.domain.error import ConfigError, NotSentError
from venues.hyperliquid.master import MasterSigner, requests
from venues.hyperliquid.signing import AgentSigner, Signature

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
TO = "0x5e9ee1089755c3435139848e47e6635505d5a13a"
CAPITALS = "0x" + TO[2:].upper()
NONCE = 1687816341423
DAY_MS = 86_400_000

SEND = requests.usd_send(TO, micro_usd=1_000_000, nonce=NONCE)
WITHDRAW = requests.withdraw(TO, micro_usd=1_000_000, nonce=NONCE)

# From the signing tests of the venue's client; that of the main network is computed with it.
VECTORS = [
    (
        SEND,
        False,
        0x637B37DD731507CDD24F46532CA8BA6EEC616952C56218BAEFF04144E4A77073,
        0x11A6A24900E6E314136D2592E2F8D502CD89B7C15B198E1BEE043C9589F9FAD7,
        27,
    ),
    (
        SEND,
        True,
        0x9ADBD066E8AE671F06B5D18E51FD2EC11B5443D64B13718028C7FF06905C71FB,
        0x1EBA4172075F8A8037481400AE86ED56C5E5F672E3DB084528A8E3B2DAEFF976,
        28,
    ),
    (
        WITHDRAW,
        False,
        0x8363524C799E90CE9BC41022F7C39B4E9BDBA786E5F9C72B20E43E1462C37CF9,
        0x58B1411A775938B83E29182E8EF74975F9054C8E97EBF5EC2DC8D51BFC893881,
        28,
    ),
]


@pytest.mark.parametrize(("request_of", "is_mainnet", "r", "s", "v"), VECTORS)
def test_signatures_equal_those_of_the_venues_own_client(request_of, is_mainnet, r, s, v):
    assert MasterSigner(KEY, is_mainnet=is_mainnet).sign(request_of) == Signature(r, s, v)


def test_an_action_names_its_network_and_what_was_signed():
    assert SEND.as_action(is_mainnet=False) == {
        "type": "usdSend",
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "Testnet",
        "destination": TO,
        "amount": "1",
        "time": NONCE,
    }
    assert SEND.nonce == NONCE
    assert SEND.as_action(is_mainnet=True)["hyperliquidChain"] == "Mainnet"


def test_an_unnamed_agent_is_signed_with_an_empty_name_and_sent_without_one():
    request = requests.approve_agent(TO, name=None, nonce=NONCE)

    assert request.message["agentName"] == ""
    assert "agentName" not in request.as_action(is_mainnet=True)


def test_an_agents_expiry_is_part_of_its_name():
    request = requests.approve_agent(
        TO, name="desk", valid_until_ms=NONCE + 180 * DAY_MS, nonce=NONCE
    )

    assert request.message["agentName"] == f"desk valid_until {NONCE + 180 * DAY_MS}"


def test_a_builder_fee_is_written_in_percent():
    request = requests.approve_builder_fee(TO, tenth_bps_max=1, nonce=NONCE)

    assert request.message["maxFeeRate"] == "0.001%"


def test_an_account_is_given_back_to_its_own_key_by_no_owners():
    assert requests.convert_to_normal_user(nonce=NONCE).message["signers"] == "null"


REFUSED = {
    "no address": lambda: requests.usd_send("0x12", micro_usd=1, nonce=1),
    "no amount": lambda: requests.usd_send(TO, micro_usd=0, nonce=1),
    "negative amount": lambda: requests.withdraw(TO, micro_usd=-1, nonce=1),
    "no stake": lambda: requests.stake_deposit(wei=0, nonce=1),
    "long name": lambda: requests.approve_agent(TO, name="a" * 17, nonce=1),
    "empty name": lambda: requests.approve_agent(TO, name="", nonce=1),
    "too far": lambda: requests.approve_agent(
        TO, name="a", valid_until_ms=1 + 180 * DAY_MS + 1, nonce=1
    ),
    "past": lambda: requests.approve_agent(TO, name="a", valid_until_ms=1, nonce=1),
    "unnamed with expiry": lambda: requests.approve_agent(
        TO, name=None, valid_until_ms=DAY_MS, nonce=1
    ),
    "high fee": lambda: requests.approve_builder_fee(TO, tenth_bps_max=1_001, nonce=1),
    "threshold": lambda: requests.convert_to_multi_sig([TO], threshold=2, nonce=1),
    "same owner": lambda: requests.convert_to_multi_sig([TO, CAPITALS], threshold=1, nonce=1),
    "twice": lambda: requests.convert_to_multi_sig([TO, TO], threshold=1, nonce=1),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_right_is_refused_before_it_is_signed(make):
    with pytest.raises(NotSentError):
        make()


def test_what_is_no_key_is_refused_by_the_name_of_its_option():
    with pytest.raises(ConfigError, match=r"^key-env: must hold"):
        MasterSigner("0x12", is_mainnet=True)


def test_the_master_key_signs_an_agents_actions_like_an_agent_with_that_key():
    action = {"type": "createSubAccount", "name": "example"}
    signed = [signer(KEY, is_mainnet=True) for signer in (MasterSigner, AgentSigner)]

    assert signed[0].sign_action(action, nonce=7) == signed[1].sign(action, nonce=7)
    assert signed[0].address == signed[1].address
    assert KEY[2:] not in repr(signed[0])
