"""The contract ABI for the few shapes that are needed, written out by hand.

Thirty times faster than a general codec on multicalls, and checked against one in the tests.
Refuses to parse type strings.
"""

from binascii import unhexlify
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.error import MalformedDataError

WORD: Final = 32
_MODULUS: Final = 1 << 256
_HALF: Final = 1 << 255
_ADDRESS_BYTES: Final = 20
SELECTOR_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Dynamic:
    """The encoding of a value whose place holds only an offset: bytes, arrays."""

    encoded: bytes


Part: TypeAlias = bytes | Dynamic


def word(number: int) -> bytes:
    """Encode an integer of any ABI integer type; negative ones as two's complement."""
    assert -_HALF <= number < _MODULUS, f"must fit 256 bits, was {number}"
    return (number if number >= 0 else number + _MODULUS).to_bytes(WORD, "big")


def address_bytes(text: str) -> bytes:
    """Return the 20 bytes of an address written in hex.

    Raises
    ------
    MalformedDataError
        If the text is not an address.
    """
    return fixed_bytes(text, _ADDRESS_BYTES)


def fixed_bytes(text: str, count: int) -> bytes:
    """Return the bytes of a hex string that must hold exactly so many.

    Raises
    ------
    MalformedDataError
        If it does not.
    """
    data = hex_bytes(text)
    if len(data) != count:
        raise MalformedDataError(f"must be {count} bytes, was {len(data)} bytes: {text:.80}")
    return data


def hex_bytes(text: str) -> bytes:
    """Return the bytes of a 0x-prefixed hex string.

    Raises
    ------
    MalformedDataError
        If it is not one.
    """
    try:
        prefix, data = text[:2], unhexlify(text[2:])
    except ValueError:
        raise MalformedDataError(f"must be hex beginning with 0x, was {text!r:.80}") from None
    if prefix != "0x":
        raise MalformedDataError(f"must be hex beginning with 0x, was {text!r:.80}")
    return data


def address(text: str) -> bytes:
    """Encode an address as a word."""
    return address_bytes(text).rjust(WORD, b"\0")


def dynamic_bytes(data: bytes) -> Dynamic:
    """Encode `bytes`."""
    padding = -len(data) % WORD
    return Dynamic(word(len(data)) + data + bytes(padding))


def dynamic_array(*items: Part) -> Dynamic:
    """Encode an array of anything."""
    return Dynamic(word(len(items)) + encode(*items))


def encode(*parts: Part) -> bytes:
    """Encode a tuple: words in place, dynamic values behind them."""
    size = sum(WORD if isinstance(part, Dynamic) else len(part) for part in parts)
    head, tail = [], []
    for part in parts:
        if isinstance(part, Dynamic):
            head.append(word(size))
            tail.append(part.encoded)
            size += len(part.encoded)
        else:
            head.append(part)
    return b"".join((*head, *tail))


def read_uint(data: bytes, index: int, *, bits: int = 256) -> int:
    """Return the unsigned integer in the word at `index`.

    Raises
    ------
    MalformedDataError
        If there is no such word, or the number needs more bits.
    """
    number = int.from_bytes(_word_at(data, index), "big")
    if number >> bits:
        raise MalformedDataError(f"word {index} must fit {bits} bits, was {number:#x}")
    return number


def read_int(data: bytes, index: int, *, bits: int = 256) -> int:
    """Return the signed integer in the word at `index`; errors as in `read_uint`."""
    number = int.from_bytes(_word_at(data, index), "big", signed=True)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise MalformedDataError(f"word {index} must fit {bits} signed bits, was {number:#x}")
    return number


def read_address(data: bytes, index: int) -> str:
    """Return the address in the word at `index`, in lower case."""
    return f"0x{read_uint(data, index, bits=160):040x}"


def read_bytes(data: bytes, index: int) -> bytes:
    """Return the `bytes` whose offset, from the start of `data`, is in the word at `index`."""
    start = _offset(data, index)
    count = read_uint(data[start:], 0, bits=32)
    content = data[start + WORD : start + WORD + count]
    if len(content) != count:
        raise MalformedDataError(f"bytes must be {count} long, only {len(content)} are there")
    return content


def read_bytes_results(data: bytes) -> list[tuple[bool, bytes]]:
    """Return what a function returned as ``(bool, bytes)[]``."""
    array = data[_offset(data, 0) :]
    count = read_uint(array, 0, bits=32)
    items = array[WORD:]
    if count * WORD > len(items):
        raise MalformedDataError(f"an array of {count} items must be longer than {len(data)} bytes")
    results = []
    for index in range(count):
        # Slicing every item to the end would copy quadratically much, so these are read in place.
        start = int.from_bytes(items[index * WORD : index * WORD + WORD], "big")
        content = start + 3 * WORD
        length = int.from_bytes(items[content - WORD : content], "big")
        if content + length > len(items):
            raise MalformedDataError(f"item {index} reaches beyond the {len(data)} bytes returned")
        succeeded = any(items[start : start + WORD])
        results.append((succeeded, items[content : content + length]))
    return results


def _offset(data: bytes, index: int) -> int:
    return read_uint(data, index, bits=32)


def _word_at(data: bytes, index: int) -> bytes:
    start = index * WORD
    found = data[start : start + WORD]
    if len(found) != WORD:
        raise MalformedDataError(f"must have a word {index}, only {len(data)} bytes are there")
    return found
