"""Fields of what a gateway asks for, read as what they must be; a fault names the field."""

from collections.abc import Mapping
from typing import Final

from router.domain.error import OrderError
from router.gateway.link import Code, Fields, LinkError

_DIGITS_MAX: Final = 18


def invalid(field: str, problem: str) -> LinkError:
    """Return the refusal of one field."""
    return LinkError(f"{field}: {problem}", code=Code.INVALID, field=field)


def refused(error: OrderError) -> LinkError:
    """Return the refusal of a request, naming the field that a message begins with."""
    message = str(error)
    head, colon, _ = message.partition(": ")
    field = head if colon and head.isidentifier() else None
    return LinkError(message, code=Code.INVALID, field=field)


def text(fields: Fields, name: str) -> str:
    """Return a string that must be there.

    Raises
    ------
    LinkError
        If it is not.
    """
    if name not in fields:
        raise invalid(name, "missing; add it")
    return _string(name, fields[name])


def text_or(fields: Fields, name: str, default: str = "") -> str:
    """Return a string, or the default where there is none.

    Raises
    ------
    LinkError
        If it is something else.
    """
    found = fields.get(name)
    return default if found is None else _string(name, found)


def texts(fields: Fields, name: str) -> frozenset[str] | None:
    """Return a list of strings as a set; None where there is no such list.

    Raises
    ------
    LinkError
        If it is something else.
    """
    found = fields.get(name)
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise invalid(name, "must be an array of strings")
    return frozenset(found)


def flag(fields: Fields, name: str) -> bool:
    """Return a truth value; false where there is none.

    Raises
    ------
    LinkError
        If it is something else.
    """
    found = fields.get(name)
    if found is None or isinstance(found, bool):
        return bool(found)
    raise invalid(name, "must be true or false")


def count(fields: Fields, name: str, default: int, *, most: int, least: int = 0) -> int:
    """Return a whole number, not above the most; the default where there is none.

    Raises
    ------
    LinkError
        If it is something else, or below the least.
    """
    found = fields.get(name, default)
    if isinstance(found, str) and found.isdecimal() and len(found) <= _DIGITS_MAX:
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or found < least:
        raise invalid(name, f"must be a whole number from {least} on")
    return min(found, most)


def strings(fields: Fields, name: str) -> dict[str, str]:
    """Return an object of strings that must be there.

    Raises
    ------
    LinkError
        If it is not, or holds anything but strings.
    """
    if name not in fields:
        raise invalid(name, "missing; add it")
    found = fields[name]
    if not isinstance(found, Mapping):
        raise invalid(name, "must be an object of strings")
    return {key: _string(key, value) for key, value in found.items()}


def some(fields: Fields, *names: str) -> dict[str, str]:
    """Return those of the fields that are there, as strings.

    Raises
    ------
    LinkError
        If one is something else.
    """
    return {name: _string(name, fields[name]) for name in names if fields.get(name) is not None}


def place(fields: Fields, name: str) -> tuple[int, int] | None:
    """Return the place of a report, a record and a number; None where there is none.

    Raises
    ------
    LinkError
        If it is something else.
    """
    found = fields.get(name)
    if found is None:
        return None
    if (
        not isinstance(found, list)
        or len(found) != 2  # noqa: PLR2004 - a pair
        or not all(isinstance(n, int) and not isinstance(n, bool) for n in found)
    ):
        raise invalid(name, "must be a record's number and a number of its reports")
    return found[0], found[1]


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise invalid(name, "must be a string")
    return value
