"""Random actions signed by us and by the venue's own client, in an environment of its own."""

import random

import orjson
import pytest

from tests.unit.venues.hyperliquid.sdk_cases import TRADING_KINDS, address, place
from tests.unit.venues.hyperliquid.sdk_deploy_cases import DEPLOY_KINDS
from tests.unit.venues.hyperliquid.sdk_master_cases import (
    MASTER_KINDS,
    client_types,
    send_asset,
    usd_send,
)
from tests.unit.venues.hyperliquid.sdk_oracle import ask
from venues.hyperliquid.master import MasterSigner, multi_sig
from venues.hyperliquid.signing import AgentSigner

SEED = 20261122
CASES = 1_040  # every kind twenty times
# Methods of the client that choose a price and call another, or do not sign.
OTHER_METHODS = {"market_open", "market_close", "set_expires_after", "post"}
# Methods that others of these call, with the variant as an argument; and what has its own test.
INNER_METHODS = {"spot_deploy_token_action_inner", "c_signer_inner", "multi_sig"}


def circumstances(draw):
    return {
        "key": "0x" + draw.randrange(1, 2**255).to_bytes(32, "big").hex(),
        "vault": draw.choice([None, address(draw)]),
        "nonce": draw.randrange(2**41),
        "expires_after": draw.choice([None, draw.randrange(2**41)]),
        "is_mainnet": draw.random() < 0.5,
    }


def text(action):
    return orjson.dumps(action).decode()


def vault_bytes(vault):
    return None if vault is None else bytes.fromhex(vault[2:])


def agent_case(draw, kind):
    """Return what the client is asked, and what we made: the action's text and the signature."""
    case = circumstances(draw)
    twin = kind(draw, case["nonce"])
    signature = AgentSigner(case["key"], is_mainnet=case["is_mainnet"]).sign(
        twin.ours,
        nonce=case["nonce"],
        vault=None if twin.for_master else vault_bytes(case["vault"]),
        expires_after_ms=case["expires_after"],
    )
    asked = {"method": twin.method, "arguments": twin.arguments, "action": twin.ours}
    return case | asked, text(twin.ours), signature.as_wire()


def master_case(draw, kind):
    """Return the same of a request for the master key."""
    case = circumstances(draw)
    twin = kind(draw, case["nonce"])
    signature = MasterSigner(case["key"], is_mainnet=case["is_mainnet"]).sign(twin.ours)
    action = twin.ours.as_action(is_mainnet=case["is_mainnet"])
    asked = {
        "method": twin.method,
        "arguments": twin.arguments,
        "action": action,
        "vault": twin.vault,
        "types": client_types(twin.ours.kind),
        "primary": f"HyperliquidTransaction:{twin.ours.kind.name}",
        "token": twin.token,
    }
    return case | asked, action, signature.as_wire()


def random_cases(count, seed):
    draw = random.Random(seed)
    kinds = [(agent_case, kind) for kind in (*TRADING_KINDS, *DEPLOY_KINDS)]
    kinds += [(master_case, kind) for kind in MASTER_KINDS]
    return [
        made(draw, kind) for made, kind in (kinds[index % len(kinds)] for index in range(count))
    ]


def check_against_the_client(count, seed):
    made = random_cases(count, seed)

    answers, methods = ask([case for case, *_ in made])

    for (case, action, signature), answer in zip(made, answers, strict=True):
        if isinstance(action, str):  # the order of its keys is signed
            assert action == answer["action"]
        else:  # signed by field; the client may write addresses with capitals
            assert orjson.loads(text(action).lower()) == orjson.loads(answer["action"].lower())
        assert signature == answer["signature"], case
    return {case["method"] for case, *_ in made}, set(methods)


def test_random_actions_of_every_kind_are_signed_to_the_byte_like_the_venues_own_client():
    called, methods = check_against_the_client(CASES, SEED)

    assert methods - called - OTHER_METHODS - INNER_METHODS == set(), "a kind is missing"


@pytest.mark.soak
def test_many_more_random_actions_are_signed_like_the_venues_own_client():
    check_against_the_client(10 * CASES, SEED + 1)


def owner_case(draw, index):
    """Return one owner's part of an action of an account with several, or the envelope."""
    case = circumstances(draw)
    signer = MasterSigner(case["key"], is_mainnet=case["is_mainnet"])
    of = multi_sig.MultiSig(account=address(draw), sender=signer.address)
    stamp = {
        "nonce": case["nonce"],
        "vault": vault_bytes(case["vault"]),
        "expires_after_ms": case["expires_after"],
    }
    case |= {"arguments": (of.account, of.sender)}
    if index % 3 == 0:
        action = place(draw, case["nonce"]).ours
        signature = multi_sig.sign_owned_action(signer, of, action, **stamp)
        return case | {"method": "owner_action", "action": action}, signature
    if index % 3 == 1:
        request = draw.choice([usd_send, send_asset])(draw, case["nonce"]).ours
        signature = multi_sig.sign_owned_request(signer, of, request)
        told = {
            "method": "owner_request",
            "action": request.as_action(is_mainnet=case["is_mainnet"]),
            "types": client_types(request.kind),
            "primary": f"HyperliquidTransaction:{request.kind.name}",
        }
        return case | told, signature
    inner = place(draw, case["nonce"]).ours
    parts = [multi_sig.sign_owned_action(signer, of, inner, **stamp)]
    action = multi_sig.envelope(of, inner, parts)
    signature = multi_sig.sign_envelope(signer, action, **stamp)
    told = [of.account, inner, [p.as_wire() for p in parts], case["nonce"], case["vault"]]
    return case | {"method": "multi_sig", "arguments": told, "action": action}, signature


def test_owners_of_an_account_sign_their_parts_and_the_envelope_like_the_venues_own_client():
    draw = random.Random(SEED)
    made = [owner_case(draw, index) for index in range(120)]

    answers, _ = ask([case for case, _ in made])

    for (case, signature), answer in zip(made, answers, strict=True):
        assert signature.as_wire() == answer["signature"], case
        if case["method"] == "multi_sig":
            assert text(case["action"]) == answer["action"]
