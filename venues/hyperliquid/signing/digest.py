"""What is hashed and signed for an action that an agent may sign. Pure.

An action is hashed as keccak256 of its msgpack, the nonce, the vault flag and the expiry. The hash
is the connection id of a phantom agent, signed as EIP-712 under the domain "Exchange", version "1",
chain 1337. The order of an action's keys is part of the hash. Refuses to know what an action means.

Source: hyperliquid-python-sdk 0.24.0, ``utils/signing.py``; the tests replay its vectors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgpack
from Crypto.Hash import keccak

_CHAIN_ID: Final = 1337
_WORD: Final = 32
_NONCE_BYTES: Final = 8


def keccak256(data: bytes) -> bytes:
    """Return the Keccak-256 digest of `data`."""
    return keccak.new(data=data, digest_bits=256).digest()


def domain_separator(name: str, chain_id: int) -> bytes:
    """Return the EIP-712 separator of a domain of version "1" without a contract."""
    type_of_domain = (
        b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    )
    return keccak256(
        keccak256(type_of_domain)
        + keccak256(name.encode())
        + keccak256(b"1")
        + chain_id.to_bytes(_WORD, "big")
        + bytes(_WORD)  # the verifying contract is the zero address
    )


_AGENT_TYPE_HASH: Final = keccak256(b"Agent(string source,bytes32 connectionId)")
_DIGEST_PREFIX: Final = b"\x19\x01" + domain_separator("Exchange", _CHAIN_ID)
_STRUCT_PREFIX: Final = {  # everything of the struct that does not depend on the action
    True: _AGENT_TYPE_HASH + keccak256(b"a"),
    False: _AGENT_TYPE_HASH + keccak256(b"b"),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """An ECDSA signature; `v` is 27 or 28."""

    r: int
    s: int
    v: int

    def as_wire(self) -> dict[str, object]:
        """Return it as requests carry it: hex without leading zeros."""
        return {"r": hex(self.r), "s": hex(self.s), "v": self.v}


def connection_id(
    action: Mapping[str, object] | Sequence[object],
    *,
    nonce: int,
    vault: bytes | None,
    expires_after_ms: int | None,
) -> bytes:
    """Return the hash of an action, 32 bytes.

    Parameters
    ----------
    action : mapping, or sequence
        The sequence is what an owner of a multi-signature account signs: account, sender, action.
    nonce, expires_after_ms : int, [ms]
        Below 2**64.
    vault : 20 bytes or None
        The account acted for, if it is not the signer's own.
    """
    packed: bytes = msgpack.packb(action)
    packed += nonce.to_bytes(_NONCE_BYTES, "big")
    packed += b"\x00" if vault is None else b"\x01" + vault
    if expires_after_ms is not None:
        packed += b"\x00" + expires_after_ms.to_bytes(_NONCE_BYTES, "big")
    return keccak256(packed)


def agent_digest(connection: bytes, *, is_mainnet: bool) -> bytes:
    """Return what is signed for a connection id: the EIP-712 digest of its phantom agent."""
    return keccak256(_DIGEST_PREFIX + keccak256(_STRUCT_PREFIX[is_mainnet] + connection))
