"""Calldata written by hand: the few Solidity shapes the chain sandbox sends and reads.

Knows static words, arrays of them, `bytes`, `string` and `bytes[]`. Refuses to be a general codec:
structs are passed as their flattened words.
"""

from collections.abc import Iterable
from functools import cache
from typing import TypeAlias

from Crypto.Hash import keccak as keccak_hash

WORD_BYTES = 32
_WORD_MODULUS = 1 << 256
_SIGN_BIT = 1 << 255
_RLP_SHORT_LIST = 0xC0
_RLP_SHORT_STRING = 0x80
_CREATE_NONCE_MAX = 0x7F

Argument: TypeAlias = int | str | bytes | tuple[bytes, ...] | list[str]
"""A number, a 0x-address or 0x-word, one dynamic `bytes` (or `string`), a `bytes[]`, or an array
of addresses or words."""


def keccak(data: bytes) -> bytes:
    """Return the Keccak-256 digest that Ethereum uses (not SHA3-256)."""
    return keccak_hash.new(digest_bits=256, data=data).digest()


@cache
def selector(signature: str) -> bytes:
    """Return the four bytes that name a function."""
    return keccak(signature.encode())[:4]


def call(signature: str, *arguments: Argument) -> bytes:
    """Return calldata for a function whose structs are static or flattened."""
    return selector(signature) + encode(*arguments)


def encode(*arguments: Argument) -> bytes:
    """Encode arguments as Solidity's `abi.encode` does, heads first, then tails."""
    heads: list[bytes] = []
    tails = b""
    head_bytes = WORD_BYTES * len(arguments)
    for argument in arguments:
        if isinstance(argument, bytes | tuple | list):
            heads.append(word(head_bytes + len(tails)))
            tails += _tail(argument)
        else:
            heads.append(word(argument))
    return b"".join(heads) + tails


def word(value: int | str) -> bytes:
    """Return one 32-byte word; negative numbers in two's complement, hex padded on the left."""
    number = int(value, 16) if isinstance(value, str) else value
    return (number % _WORD_MODULUS).to_bytes(WORD_BYTES, "big")


def words(data: str) -> list[int]:
    """Split an RPC answer into unsigned words."""
    raw = bytes.fromhex(data[2:])
    return [
        int.from_bytes(raw[at : at + WORD_BYTES], "big") for at in range(0, len(raw), WORD_BYTES)
    ]


def signed(value: int) -> int:
    """Read an unsigned word as two's complement."""
    return value - _WORD_MODULUS if value & _SIGN_BIT else value


def to_hex(data: bytes) -> str:
    """Return bytes as the wire writes them."""
    return "0x" + data.hex()


def checksum_address(raw: bytes) -> str:
    """Return twenty bytes as an address in the mixed case of EIP-55."""
    plain = raw.hex()
    digest = keccak(plain.encode()).hex()
    return "0x" + "".join(
        letter.upper() if int(nibble, 16) > 7 else letter  # noqa: PLR2004 (EIP-55)
        for letter, nibble in zip(plain, digest, strict=False)
    )


def create_address(sender: str, nonce: int) -> str:
    """Return where the contract lands that `sender` creates with transaction `nonce`."""
    assert 0 <= nonce <= _CREATE_NONCE_MAX, "longer nonces need another length prefix"
    payload = bytes([_RLP_SHORT_STRING + 20]) + bytes.fromhex(sender[2:])
    payload += bytes([nonce or _RLP_SHORT_STRING])
    return checksum_address(keccak(bytes([_RLP_SHORT_LIST + len(payload)]) + payload)[12:])


def create2_address(sender: str, *, salt: bytes, init_code_hash: bytes) -> str:
    """Return where CREATE2 puts a contract."""
    seed = b"\xff" + bytes.fromhex(sender[2:]) + salt + init_code_hash
    return checksum_address(keccak(seed)[12:])


def packed_path(hops: Iterable[str | int]) -> bytes:
    """Return token, fee, token, ... as the routers' packed `path`; fees take three bytes."""
    return b"".join(
        hop.to_bytes(3, "big") if isinstance(hop, int) else bytes.fromhex(hop[2:]) for hop in hops
    )


def _tail(argument: bytes | tuple[bytes, ...] | list[str]) -> bytes:
    if isinstance(argument, list):
        return word(len(argument)) + encode(*argument)
    if isinstance(argument, tuple):
        return word(len(argument)) + encode(*argument)
    padding = -len(argument) % WORD_BYTES
    return word(len(argument)) + argument + bytes(padding)
