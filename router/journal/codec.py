"""Events and commands as JSON bytes and back, driven by the type hints of their dataclasses.

An event is ``{"ChildFilled": {"child": ..., ...}}``: the class name, then every field in order of
declaration, so equal values have equal bytes. An enum is its value, a tuple an array. An integer
beyond 64 bits is a decimal string, because JSON readers round large numbers; reading takes either
form. Refuses floats, unknown and missing fields and values of another type, naming the path.
"""

import hashlib
from typing import Any, cast

import orjson

from router.domain.basket import PlannedBasket
from router.domain.command import Command
from router.domain.error import JournalError
from router.domain.event import Event
from router.domain.plan import PlannedRoute
from router.journal.plans import MisfitError, Plan, plan_of, tagged_plan


def encode(value: object) -> bytes:
    """Return the bytes of an event, a command or any other frozen dataclass.

    Raises
    ------
    JournalError
        If a value does not fit its field's type.
    """
    kind: Any = type(value)
    try:
        body = plan_of(kind).encode(value)
    except MisfitError as misfit:
        raise JournalError(f"cannot encode {kind.__name__}{misfit.path}: {misfit}") from None
    return orjson.dumps({kind.__name__: body})


def decode_event(data: bytes) -> Event:
    """Return the event that `encode` made these bytes from.

    Raises
    ------
    JournalError
        If the bytes are not an event of this vocabulary.
    """
    return cast("Event", _decode(data, Event))


def decode_command(data: bytes) -> Command:
    """Return the command that `encode` made these bytes from.

    Raises
    ------
    JournalError
        If the bytes are not a command of this vocabulary.
    """
    return cast("Command", _decode(data, Command))


def decode_planned(data: bytes) -> PlannedRoute | PlannedBasket:
    """Return the plan and problem, or plans and problems, that `encode` made these bytes from.

    Raises
    ------
    JournalError
        If the bytes are not that.
    """
    plan = tagged_plan((PlannedRoute, PlannedBasket))
    return cast("PlannedRoute | PlannedBasket", _decode_by(plan, data))


def digest(value: object) -> str:
    """Return the SHA-256 of the encoding, in hex."""
    return hashlib.sha256(encode(value)).hexdigest()


def encode_pairs(pairs: tuple[tuple[str, str], ...]) -> bytes:
    """Return pairs of strings as a JSON array of arrays."""
    return orjson.dumps(pairs)


def decode_pairs(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return the pairs that `encode_pairs` made these bytes from; accepts no other spelling.

    Raises
    ------
    JournalError
        If `encode_pairs` would not have written these bytes.
    """
    pairs = _decode(data, tuple[tuple[str, str], ...])
    if orjson.dumps(pairs) != data:
        raise JournalError("cannot decode: not in the form it was written in")
    return cast("tuple[tuple[str, str], ...]", pairs)


def _decode(data: bytes, hint: object) -> object:
    return _decode_by(plan_of(hint), data)


def _decode_by(plan: Plan, data: bytes) -> object:
    try:
        raw = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise JournalError(f"cannot decode: not JSON: {error}") from None
    try:
        return plan.decode(raw)
    except MisfitError as misfit:
        raise JournalError(f"cannot decode {misfit.path.lstrip('.') or 'it'}: {misfit}") from None
