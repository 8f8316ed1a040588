"""Who signed an action: the venue's action hash, its phantom agent, and public key recovery.

The hash is keccak256 of the msgpack of the action, the nonce (8 bytes, big endian), the vault flag
and the optional expiry. The hash is signed as EIP-712 `Agent{source, connectionId}` under the
domain "Exchange", version "1", chain 1337. What is signed field by field instead is in `typed`.
Source: hyperliquid-python-sdk 0.24.0,
`utils/signing.py`, whose published vectors the tests replay. This module only recovers; it holds no
key and signs nothing.
"""

from dataclasses import dataclass
from typing import Any

import msgpack
from coincurve import PublicKey
from Crypto.Hash import keccak

_SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_V_OFFSET = 27
_AGENT_CHAIN_ID = 1337


@dataclass(frozen=True, slots=True)
class Signature:
    """An ECDSA signature as three integers; `v` is 27 or 28."""

    r: int
    s: int
    v: int


def keccak256(data: bytes) -> bytes:
    """Return the Keccak-256 digest of `data`."""
    return keccak.new(digest_bits=256, data=data).digest()


def separator(name: str, *, chain_id: int) -> bytes:
    """Return the EIP-712 domain separator of version "1" of a domain without a contract."""
    type_hash = keccak256(
        b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    )
    return keccak256(
        type_hash
        + keccak256(name.encode())
        + keccak256(b"1")
        + chain_id.to_bytes(32, "big")
        + bytes(32)
    )


_DOMAIN_SEPARATOR = separator("Exchange", chain_id=_AGENT_CHAIN_ID)
_AGENT_TYPE_HASH = keccak256(b"Agent(string source,bytes32 connectionId)")


def action_hash(
    action: dict[str, Any] | list[Any],
    *,
    nonce: int,
    vault: bytes | None,
    expires_after: int | None,
) -> bytes:
    """Return the connection id of an action.

    Parameters
    ----------
    action : dict, or the list that signers of a multi-sig account sign
        The action with its keys in the order they were received; the order is part of the hash.
    nonce, expires_after : int, [ms]
        Both below 2**64.
    vault : 20 bytes or None
        The account acted for, if it is not the signer's own.
    """
    packed: bytes = msgpack.packb(action)
    packed += nonce.to_bytes(8, "big")
    packed += b"\x00" if vault is None else b"\x01" + vault
    if expires_after is not None:
        packed += b"\x00" + expires_after.to_bytes(8, "big")
    return keccak256(packed)


def agent_digest(connection_id: bytes, *, source: str) -> bytes:
    """Return what is signed for an action: its phantom agent.

    Parameters
    ----------
    connection_id : 32 bytes
    source : str
        "a" for the main network, "b" for the test network. The wrong one recovers another address.
    """
    struct_hash = keccak256(_AGENT_TYPE_HASH + keccak256(source.encode()) + connection_id)
    return keccak256(b"\x19\x01" + _DOMAIN_SEPARATOR + struct_hash)


def recover(digest: bytes, signature: Signature) -> str | None:
    """Return the lower-case address whose key signed a digest, or None when no key could have."""
    recovery_id = signature.v - _V_OFFSET
    in_range = 0 < signature.r < _SECP256K1_ORDER and 0 < signature.s < _SECP256K1_ORDER
    if recovery_id not in (0, 1) or not in_range:
        return None
    compact = (
        signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big") + bytes([recovery_id])
    )
    try:
        public_key = PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except ValueError:
        return None
    return "0x" + keccak256(public_key.format(compressed=False)[1:])[-20:].hex()
