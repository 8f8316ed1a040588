"""EIP-712 of the venue's readable actions: types, their cached hashes, and the digest. Pure.

Every message starts with the network's name, so that a signature for one network is worth nothing
on the other; the chain id of the domain is only what a wallet shows. Refuses types the venue has no
use for.

Source: hyperliquid-python-sdk 0.24.0, ``utils/signing.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from venues.hyperliquid.signing.digest import domain_separator, keccak256

SIGNATURE_CHAIN_ID: Final = "0x66eee"
CHAIN_FIELD: Final = "hyperliquidChain"

_WORD: Final = 32
_DIGEST_PREFIX: Final = b"\x19\x01" + domain_separator(
    "HyperliquidSignTransaction", int(SIGNATURE_CHAIN_ID, 16)
)

Value: TypeAlias = str | int | bytes


@dataclass(frozen=True, slots=True)
class MessageType:
    """A struct of named fields, in the order they are hashed.

    Attributes
    ----------
    name : str
        Without the prefix that all of the venue's types have.
    fields : tuple of (str, str)
        Name and EIP-712 type; the network's name comes first and is not among them.
    """

    name: str
    fields: tuple[tuple[str, str], ...]
    type_hash: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        told = ",".join(f"{kind} {name}" for name, kind in ((CHAIN_FIELD, "string"), *self.fields))
        hashed = keccak256(f"HyperliquidTransaction:{self.name}({told})".encode())
        object.__setattr__(self, "type_hash", hashed)  # computed once, when the constant is made


def chain_name(*, is_mainnet: bool) -> str:
    """Return the network as messages name it."""
    return "Mainnet" if is_mainnet else "Testnet"


def digest(kind: MessageType, message: Mapping[str, Value], *, is_mainnet: bool) -> bytes:
    """Return what is signed for a message."""
    chain = keccak256(chain_name(is_mainnet=is_mainnet).encode())
    words = [_word(told, message[name]) for name, told in kind.fields]
    return keccak256(_DIGEST_PREFIX + keccak256(b"".join((kind.type_hash, chain, *words))))


def _word(kind: str, value: Value) -> bytes:
    match kind, value:
        case "string", str():
            return keccak256(value.encode())
        case "address", str():
            return bytes.fromhex(value.removeprefix("0x")).rjust(_WORD, b"\0")
        case "bytes32", bytes() if len(value) == _WORD:
            return value
        case (("uint64" | "bool"), int()):
            return value.to_bytes(_WORD, "big")
        case _:
            raise AssertionError(f"{kind} cannot hold {value!r}")
