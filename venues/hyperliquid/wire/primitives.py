"""JSON, and the fields of it by type: the part of the wire that every other reads with.

A missing or mistyped field is a `MalformedDataError` that names it; an unknown one is passed over,
because the venue adds some now and then. Refuses to know any message.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

import orjson

from router.domain.error import MalformedDataError

T = TypeVar("T")
Fields: TypeAlias = Mapping[str, object]

_PAIR = 2


def decode(raw: bytes) -> object:
    """Parse JSON."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedDataError(f"not JSON: {error}") from error


def encode(value: Fields) -> bytes:
    """Write JSON; keys keep their order, which signed actions depend on."""
    return orjson.dumps(value)


def envelope(
    action: Fields,
    signature: Fields,
    *,
    nonce: int,
    expires_after_ms: int | None,
    vault: str | None = None,
) -> bytes:
    """Write the body of a signed request; on behalf of `vault`, or of the signer's own account."""
    return encode(
        {
            "action": action,
            "nonce": nonce,
            "signature": signature,
            "vaultAddress": vault,
            "expiresAfter": expires_after_ms,
        }
    )


def table(value: object, name: str) -> Fields:
    """Return a JSON object."""
    return typed(value, dict, name)


def items(value: object, name: str) -> list[object]:
    """Return a JSON array."""
    return typed(value, list, name)


def many(value: object, name: str, read: Callable[[object], T]) -> tuple[T, ...]:
    """Return a JSON array, each item of it read."""
    return tuple(read(item) for item in items(value, name))


def optional(value: object, read: Callable[[object], T]) -> T | None:
    """Return a value read, or None where it is null or missing."""
    return None if value is None else read(value)


def pair(value: object, name: str) -> tuple[object, object]:
    """Return the two items of a JSON array."""
    parts = items(value, name)
    if len(parts) != _PAIR:
        raise MalformedDataError(f"{name} must be a pair, was {len(parts)} items")
    return parts[0], parts[1]


def read_fields(value: object) -> Fields:
    """Read an answer that is an object."""
    return table(value, "answer")


def read_list(value: object) -> list[object]:
    """Read an answer that is an array."""
    return items(value, "answer")


def text(fields: Fields, key: str) -> str:
    """Return a string field."""
    return typed(fields.get(key), str, key)


def optional_text(fields: Fields, key: str) -> str | None:
    """Return a string field, or None where it is null or missing."""
    return None if fields.get(key) is None else text(fields, key)


def integer(fields: Fields, key: str) -> int:
    """Return a field that is a non-negative integer."""
    return whole(fields.get(key), key)


def optional_integer(fields: Fields, key: str) -> int | None:
    """Return a non-negative integer field, or None where it is null or missing."""
    return None if fields.get(key) is None else integer(fields, key)


def boolean(fields: Fields, key: str) -> bool:
    """Return a field that is true or false."""
    return typed(fields.get(key), bool, key)


def optional_boolean(fields: Fields, key: str) -> bool | None:
    """Return a field that is true or false, or None where it is null or missing."""
    return None if fields.get(key) is None else boolean(fields, key)


def flag(fields: Fields, key: str) -> bool:
    """Return a field that is only written where it is true."""
    return fields.get(key) is not None and boolean(fields, key)


def string(value: object, name: str) -> str:
    """Return a value that is a string."""
    return typed(value, str, name)


def whole(value: object, name: str) -> int:
    """Return a value that is a non-negative integer."""
    if type(value) is not int or value < 0:  # a bool is an int to isinstance
        raise MalformedDataError(f"{name} must be a non-negative integer, was {value!r:.80}")
    return value


def typed(value: object, kind: type[T], name: str) -> T:
    """Return a value that is of a kind."""
    if not isinstance(value, kind):
        raise MalformedDataError(f"{name} must be a {kind.__name__}, was {value!r:.80}")
    return value


def is_buy(fields: Fields) -> bool:
    """Return whether `side` is that of a buyer."""
    side = text(fields, "side")
    if side not in {"A", "B"}:
        raise MalformedDataError(f"side must be A or B, was {side!r:.80}")
    return side == "B"


def texts_by_name(value: object, name: str) -> tuple[tuple[str, str], ...]:
    """Return an array of (name, decimal text)."""
    return many(value, name, lambda entry: _named_text(entry, name))


def _named_text(entry: object, name: str) -> tuple[str, str]:
    key, told = pair(entry, name)
    return string(key, name), string(told, name)
