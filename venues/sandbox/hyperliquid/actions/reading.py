"""JSON values to the form the venue hashes, or `MalformedError`.

A reader takes a JSON value and returns its normal form: what the venue would write again after
deserialising it. Prices and sizes lose their trailing zeros, addresses their capitals, optional
keys that are null or false disappear. A client that signed another form is told that a stranger
signed. Keys come in the documented order; unknown and missing ones are refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from venues.sandbox.hyperliquid.number import is_plain, normalised

MALFORMED_TEXT = "Failed to deserialize the JSON body into the target type"

U64_MAX = 2**64 - 1
_U16_MAX = 2**16 - 1
_CLOID = re.compile(r"0x[0-9a-f]{32}\Z")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_CHAIN_ID = re.compile(r"0x[0-9a-fA-F]{1,16}\Z")

Reader = Callable[[object], Any]


class MalformedError(Exception):
    """The body is not what the venue can deserialise; the answer is HTTP 422."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an object; an optional one may be left out, null, or read as None."""

    name: str
    read: Reader
    is_optional: bool = False
    keeps_null: bool = False
    """A null that was sent is hashed as one."""


def key(name: str, read: Reader) -> Key:
    """Return a key that must be there."""
    return Key(name, read)


def optional(name: str, read: Reader) -> Key:
    """Return a key that may be left out and is not hashed when it says nothing."""
    return Key(name, read, is_optional=True)


def nullable(name: str, read: Reader) -> Key:
    """Return a key that may be left out or null, and is hashed as it came."""
    return Key(name, read, is_optional=True, keeps_null=True)


def shape(*keys: Key, is_ordered: bool = True) -> Callable[[object], dict[str, Any]]:
    """Return the reader of an object with these keys.

    Parameters
    ----------
    is_ordered : bool
        Refuse other orders of the keys than this one. False for what is signed field by field.
    """
    names = tuple(item.name for item in keys)
    required = frozenset(item.name for item in keys if not item.is_optional)

    def read(value: object) -> dict[str, Any]:
        fields = mapping(value)
        present = tuple(name for name in names if name in fields)
        if len(present) != len(fields) or not required <= fields.keys():
            raise MalformedError
        if is_ordered and tuple(fields) != present:
            raise MalformedError
        normal = {}
        for item in keys:
            if item.name not in fields:
                continue
            is_null = item.is_optional and fields[item.name] is None
            read_value = None if is_null else item.read(fields[item.name])
            if read_value is not None or not item.is_optional or item.keeps_null:
                normal[item.name] = read_value
        return normal

    return read


def mapping(value: object) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise MalformedError
    return value


def array(read: Reader) -> Callable[[object], list[Any]]:
    """Return the reader of an array of such values."""

    def read_items(value: object) -> list[Any]:
        if not isinstance(value, list):
            raise MalformedError
        return [read(item) for item in value]

    return read_items


def one_of(*words: str) -> Callable[[object], str]:
    """Return the reader of one of a few strings."""

    def read(value: object) -> str:
        if text(value) not in words:
            raise MalformedError
        return text(value)

    return read


def integer(value: object, *, maximum: int = U64_MAX) -> int:
    """Return an unsigned JSON integer."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= maximum:
        raise MalformedError
    return value


def short_integer(value: object) -> int:
    """Return an unsigned JSON integer of 16 bits."""
    return integer(value, maximum=_U16_MAX)


def signed_integer(value: object) -> int:
    """Return a signed JSON integer of 64 bits."""
    if not isinstance(value, int) or isinstance(value, bool) or not abs(value) <= U64_MAX // 2:
        raise MalformedError
    return value


def text(value: object) -> str:
    """Return a JSON string."""
    if not isinstance(value, str):
        raise MalformedError
    return value


def boolean(value: object) -> bool:
    """Return a JSON boolean."""
    if not isinstance(value, bool):
        raise MalformedError
    return value


def flag(value: object) -> bool | None:
    """Return True, or None for a flag that is not set: such a flag is not hashed."""
    return True if boolean(value) else None


def number(value: object) -> str:
    """Return an unsigned decimal text without trailing zeros."""
    if not is_plain(text(value)):
        raise MalformedError
    return normalised(text(value))


def amount(value: object) -> str:
    """Return an unsigned decimal text as it stands; it was signed as a string."""
    if not is_plain(text(value)):
        raise MalformedError
    return text(value)


def address(value: object) -> str:
    """Return an address in lower case."""
    return matching(value, _ADDRESS).lower()


def address_text(value: object) -> str:
    """Return an address as it stands; it was signed as a string."""
    return matching(value, _ADDRESS)


def cloid(value: object) -> str:
    """Return a client order id."""
    return matching(value, _CLOID)


def chain_id(value: object) -> str:
    """Return the hexadecimal number of the chain a wallet was on."""
    return matching(value, _CHAIN_ID)


def matching(value: object, pattern: re.Pattern[str]) -> str:
    """Return a JSON string of a given form."""
    if pattern.match(text(value)) is None:
        raise MalformedError
    return text(value)
