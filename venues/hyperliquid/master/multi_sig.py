"""Actions of an account with several owners: each owner's part, and the envelope around them. Pure.

Enough owners sign the inner action, each naming the account and the sender; the sender, one of
them, signs the envelope. Refuses to count signatures: the venue knows the owners.

Source: hyperliquid-python-sdk 0.24.0, ``utils/signing.py`` and ``exchange.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from venues.hyperliquid.master.requests import MasterRequest
from venues.hyperliquid.master.signer import MasterSigner
from venues.hyperliquid.master.typed_data import SIGNATURE_CHAIN_ID, MessageType, Value
from venues.hyperliquid.signing import Signature, connection_id

ENVELOPE: Final = MessageType(
    "SendMultiSig", (("multiSigActionHash", "bytes32"), ("nonce", "uint64"))
)


@dataclass(frozen=True, slots=True)
class MultiSig:
    """For which account owners act, and which of them sends; lower-case addresses."""

    account: str
    sender: str


def sign_owned_action(
    owner: MasterSigner,
    of: MultiSig,
    action: Mapping[str, object],
    *,
    nonce: int,
    vault: bytes | None = None,
    expires_after_ms: int | None = None,
) -> Signature:
    """Return an owner's signature of an action that an agent may sign."""
    told = [of.account, of.sender, action]
    return owner.sign_connection(
        connection_id(told, nonce=nonce, vault=vault, expires_after_ms=expires_after_ms)
    )


def sign_owned_request(owner: MasterSigner, of: MultiSig, request: MasterRequest) -> Signature:
    """Return an owner's signature of a request for the master key."""
    fields = (
        ("payloadMultiSigUser", "address"),
        ("outerSigner", "address"),
        *request.kind.fields,
    )
    message: dict[str, Value] = {
        **request.message,
        "payloadMultiSigUser": of.account,
        "outerSigner": of.sender,
    }
    return owner.sign_message(MessageType(request.kind.name, fields), message)


def envelope(
    of: MultiSig, action: Mapping[str, object], signatures: Sequence[Signature]
) -> dict[str, object]:
    """Return the action that carries an inner one with its owners' signatures."""
    return {
        "type": "multiSig",
        "signatureChainId": SIGNATURE_CHAIN_ID,
        "signatures": [signature.as_wire() for signature in signatures],
        "payload": {"multiSigUser": of.account, "outerSigner": of.sender, "action": action},
    }


def sign_envelope(
    sender: MasterSigner,
    action: Mapping[str, object],
    *,
    nonce: int,
    vault: bytes | None = None,
    expires_after_ms: int | None = None,
) -> Signature:
    """Return the sender's signature of the envelope; its type is not part of what is hashed."""
    untyped = {name: value for name, value in action.items() if name != "type"}
    hashed = connection_id(untyped, nonce=nonce, vault=vault, expires_after_ms=expires_after_ms)
    return sender.sign_message(ENVELOPE, {"multiSigActionHash": hashed, "nonce": nonce})
