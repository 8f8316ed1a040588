"""Signing of the actions an agent may sign: the venue's "L1 actions".

An action is hashed as keccak256 of its msgpack, the nonce, the vault flag and the expiry. The hash
is the connection id of a phantom agent, signed as EIP-712 under the domain "Exchange", version "1",
chain 1337. The order of an action's keys is part of the hash. Refuses user-signed actions
(transfers, withdrawals, approvals): only the master key may sign those, and it has no place here.

Source: hyperliquid-python-sdk 0.24.0, ``utils/signing.py``; the tests replay its vectors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgpack
from coincurve import PrivateKey
from Crypto.Hash import keccak

from router.domain.error import ConfigError

_CHAIN_ID: Final = 1337
_WORD: Final = 32
_NONCE_BYTES: Final = 8
_V_OFFSET: Final = 27
_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}\Z")


def keccak256(data: bytes) -> bytes:
    """Return the Keccak-256 digest of `data`."""
    return keccak.new(data=data, digest_bits=256).digest()


_DOMAIN_SEPARATOR: Final = keccak256(
    keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    + keccak256(b"Exchange")
    + keccak256(b"1")
    + _CHAIN_ID.to_bytes(_WORD, "big")
    + bytes(_WORD)  # the verifying contract is the zero address
)
_AGENT_TYPE_HASH: Final = keccak256(b"Agent(string source,bytes32 connectionId)")
_DIGEST_PREFIX: Final = b"\x19\x01" + _DOMAIN_SEPARATOR
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
    action: Mapping[str, object], *, nonce: int, vault: bytes | None, expires_after_ms: int | None
) -> bytes:
    """Return the hash of an action, 32 bytes.

    Parameters
    ----------
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


class AgentSigner:
    """An agent's key on one network; shows its address, never its key.

    Raises
    ------
    ConfigError
        If the key is not one.
    """

    __slots__ = ("_is_mainnet", "_key", "address")

    def __init__(self, key: str, *, is_mainnet: bool) -> None:
        if not _KEY.match(key):
            raise ConfigError("agent_key_env: must hold 32 bytes in hex")
        try:
            self._key = PrivateKey(bytes.fromhex(key.removeprefix("0x")))
        except ValueError:
            raise ConfigError("agent_key_env: is not a valid secp256k1 key: use another") from None
        self._is_mainnet = is_mainnet
        public = self._key.public_key.format(compressed=False)[1:]
        self.address = "0x" + keccak256(public)[-20:].hex()

    def sign(
        self,
        action: Mapping[str, object],
        *,
        nonce: int,
        vault: bytes | None = None,
        expires_after_ms: int | None = None,
    ) -> Signature:
        """Sign an action; the same arguments always give the same signature (RFC 6979)."""
        connection = connection_id(
            action, nonce=nonce, vault=vault, expires_after_ms=expires_after_ms
        )
        digest = agent_digest(connection, is_mainnet=self._is_mainnet)
        signature = self._key.sign_recoverable(digest, hasher=None)
        return Signature(
            int.from_bytes(signature[:_WORD], "big"),
            int.from_bytes(signature[_WORD : 2 * _WORD], "big"),
            _V_OFFSET + signature[-1],
        )
