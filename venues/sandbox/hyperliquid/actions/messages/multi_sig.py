"""An action that several keys signed for one account, and the signatures themselves.

Each signer signs the inner action together with the account and the outer signer; the outer signer
then signs the hash of all of it as `SendMultiSig`. Source: hyperliquid-python-sdk 0.24.0,
`utils/signing.py`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from venues.sandbox.hyperliquid.actions.reading import (
    MalformedError,
    address,
    array,
    chain_id,
    integer,
    key,
    mapping,
    matching,
    one_of,
    shape,
)
from venues.sandbox.hyperliquid.actions.signature import Signature

_HEX = re.compile(r"0x[0-9a-fA-F]{1,64}\Z")
_SIGNATURES_MAX = 10


@dataclass(frozen=True, slots=True)
class MultiSig:
    """Action `multiSig`; `inner` is the normal form of what the account does."""

    user: str
    outer_signer: str
    inner_name: str
    inner: dict[str, Any]
    signatures: tuple[Signature, ...]
    chain_id: int
    normal: dict[str, Any]


def signature(value: object) -> Signature:
    """Return a signature from its three JSON fields, in any order."""
    fields = mapping(value)
    if fields.keys() != {"r", "s", "v"}:
        raise MalformedError
    return Signature(
        r=int(matching(fields["r"], _HEX), 16),
        s=int(matching(fields["s"], _HEX), 16),
        v=integer(fields["v"]),
    )


def read(
    action: dict[str, Any], normal_form: Callable[[dict[str, Any]], dict[str, Any]]
) -> MultiSig:
    """Read a `multiSig` action; `normal_form` reads the inner one, which may not be another."""
    normal = shape(
        key("type", one_of("multiSig")),
        key("signatureChainId", chain_id),
        key("signatures", array(_plain)),
        key(
            "payload",
            shape(
                key("multiSigUser", address),
                key("outerSigner", address),
                key("action", lambda value: normal_form(mapping(value))),
            ),
        ),
    )(action)
    payload = normal["payload"]
    if not 1 <= len(normal["signatures"]) <= _SIGNATURES_MAX:
        raise MalformedError
    return MultiSig(
        user=payload["multiSigUser"],
        outer_signer=payload["outerSigner"],
        inner_name=payload["action"]["type"],
        inner=payload["action"],
        signatures=tuple(signature(item) for item in normal["signatures"]),
        chain_id=int(normal["signatureChainId"], 16),
        normal=normal,
    )


def _plain(value: object) -> dict[str, Any]:
    # Read as numbers and written again without leading zeros.
    read_value = signature(value)
    return {"r": hex(read_value.r), "s": hex(read_value.s), "v": read_value.v}
