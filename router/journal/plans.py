"""How values of a type become plain JSON values and back.

A dataclass is an object of its fields in order of declaration, a dataclass of several that may be
is an object with its name for the only key. A mapping is an array of pairs in the order of the
mapping, a set a sorted array. Refuses floats and every type that is not listed here.
"""

import dataclasses
import enum
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from operator import attrgetter, call, itemgetter
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

from immutables import Map

from router.domain.error import JournalError

_NUMBER_MAX: Final = 2**63 - 1  # larger magnitudes are written as strings
_DIGITS_MAX: Final = 1_000  # of a string: far beyond 256-bit numbers with any scale
_DIGITS: Final = re.compile(rf"0|-?[1-9][0-9]{{0,{_DIGITS_MAX - 1}}}", re.ASCII)
_SHOWN_MAX: Final = 40  # characters of a wrong value that a message repeats

_Convert: TypeAlias = Callable[[object], object]
_ReadAll: TypeAlias = Callable[[Any], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Two functions that know all that a type hint says."""

    encode: _Convert
    decode: _Convert


class MisfitError(Exception):
    """A value that does not fit its type, and where in the whole it is."""

    # Collects its path from the inside out, so that the path costs nothing where all is well.
    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.path = ""

    def under(self, step: str) -> "MisfitError":
        """Return it with the step that leads to it put before its path."""
        self.path = step + self.path
        return self


def _must_be(what: str, value: object) -> MisfitError:
    return MisfitError(f"must be {what}, was {_shown(value)}")


def _shown(value: object) -> str:
    # repr() of an integer refuses more than 4,300 digits, so those are described instead.
    if type(value) is int and value.bit_length() > 4 * _DIGITS_MAX:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}... ({type(value).__name__})"


# One line a kind of type: splitting it would hide which there are.
@cache
def plan_of(hint: Any) -> Plan:  # noqa: ANN401, PLR0911 - type hints have no common type
    """Return the plan of a type, made once.

    Raises
    ------
    JournalError
        If values of it cannot be journaled.
    """
    hint = _without_newtype(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _enum_plan(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _dataclass_plan(hint)
    if get_origin(hint) is tuple:
        return _tuple_plan(get_args(hint))
    if get_origin(hint) in {Union, types.UnionType}:
        return _union_plan(get_args(hint))
    if get_origin(hint) in _MAPPINGS:
        return _mapping_plan(get_args(hint), _MAPPINGS[get_origin(hint)])
    if get_origin(hint) is frozenset:
        return _set_plan(get_args(hint))
    raise JournalError(f"cannot encode {hint}: not a type that can be journaled")


def _without_newtype(hint: Any) -> Any:  # noqa: ANN401 - type hints have no common type
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    return hint


def _encode_int(value: object) -> object:
    if type(value) is not int:
        raise _must_be("an integer", value)
    if -_NUMBER_MAX <= value <= _NUMBER_MAX:
        return value
    if value.bit_length() > 3 * _DIGITS_MAX:
        raise _must_be(f"an integer of at most {3 * _DIGITS_MAX} bits", value)
    return str(value)


def _decode_int(raw: object) -> object:
    if type(raw) is int:
        return raw
    if type(raw) is str and _DIGITS.fullmatch(raw):
        return int(raw)
    raise _must_be("an integer", raw)


def _encode_str(value: object) -> object:
    if type(value) is not str:
        raise _must_be("a string", value)
    if not value.isascii():
        _check_unicode(value)
    return value


def _check_unicode(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _must_be("valid Unicode", value) from None


def _decode_str(raw: object) -> object:
    if type(raw) is not str:
        raise _must_be("a string", raw)
    return raw


def _same_bool(value: object) -> object:
    if type(value) is not bool:
        raise _must_be("true or false", value)
    return value


_SCALARS: Final[Mapping[object, Plan]] = {
    int: Plan(_encode_int, _decode_int),
    str: Plan(_encode_str, _decode_str),
    bool: Plan(_same_bool, _same_bool),
}


def _enum_plan(kind: type[enum.Enum]) -> Plan:
    members: dict[object, enum.Enum] = {member.value: member for member in kind}
    assert all(type(value) is str for value in members), f"{kind.__name__} has a value not a string"

    def encode_member(value: object) -> object:
        if type(value) is not kind:
            raise _must_be(f"a member of {kind.__name__}", value)
        return value.value

    def decode_member(raw: object) -> object:
        if type(raw) is not str or raw not in members:
            raise _must_be(f"one of {', '.join(map(str, members))}", raw)
        return members[raw]

    return Plan(encode_member, decode_member)


def _dataclass_plan(kind: type) -> Plan:
    hints = get_type_hints(kind)
    plans = {field.name: plan_of(hints[field.name]) for field in dataclasses.fields(kind)}
    return Plan(_fields_encoder(kind, plans), _fields_decoder(kind, plans))


def _fields_encoder(kind: type, plans: Mapping[str, Plan]) -> _Convert:
    names = tuple(plans)
    converts = [plan.encode for plan in plans.values()]
    read = _all_of(attrgetter, names)

    def encode_fields(value: object) -> object:
        if type(value) is not kind:
            raise _must_be(f"of type {kind.__name__}", value)
        values = read(value)
        try:
            return dict(zip(names, map(call, converts, values), strict=True))
        except MisfitError:
            raise _located(_fields(names), converts, values) from None

    return encode_fields


def _fields_decoder(kind: type, plans: Mapping[str, Plan]) -> _Convert:
    names = tuple(plans)
    converts = [plan.decode for plan in plans.values()]
    read = _all_of(itemgetter, names)

    def decode_fields(raw: object) -> object:
        if type(raw) is not dict:
            raise _must_be(f"an object with the fields of {kind.__name__}", raw)
        if raw.keys() != plans.keys():
            raise _wrong_fields(set(raw), set(plans))
        values = read(raw)
        try:
            return kind(*map(call, converts, values))
        except MisfitError:
            raise _located(_fields(names), converts, values) from None
        except AssertionError as error:  # what the fields of a class must satisfy together
            raise MisfitError(f"{kind.__name__} refuses the values: {error}") from None

    return decode_fields


# A getter of one thing returns it bare, a getter of several a tuple of them.
def _all_of(getter: Callable[..., Callable[[Any], Any]], names: tuple[str, ...]) -> _ReadAll:
    if not names:
        return lambda _source: ()
    read = getter(*names)
    if len(names) > 1:
        return read
    return lambda source: (read(source),)


def _fields(names: tuple[str, ...]) -> Iterator[str]:
    return (f".{name}" for name in names)


# Converts again one by one, to say which of them failed.
def _located(
    steps: Iterable[str], converts: Iterable[_Convert], values: Iterable[object]
) -> MisfitError:
    for step, convert, value in zip(steps, converts, values, strict=False):
        try:
            convert(value)
        except MisfitError as misfit:
            return misfit.under(step)
    raise AssertionError("a conversion failed and then succeeded")


def _wrong_fields(found: set[str], expected: set[str]) -> MisfitError:
    parts = (("unknown", sorted(found - expected)), ("missing", sorted(expected - found)))
    return MisfitError("; ".join(f"{word} field {', '.join(n)}" for word, n in parts if n))


def _tuple_plan(hints: tuple[Any, ...]) -> Plan:
    if hints[-1] is Ellipsis:
        plan = plan_of(hints[0])
        return Plan(
            _sequence(tuple, repeat(plan.encode), None), _sequence(list, repeat(plan.decode), None)
        )
    plans = [plan_of(hint) for hint in hints]
    return Plan(
        _sequence(tuple, [plan.encode for plan in plans], len(plans)),
        _sequence(list, [plan.decode for plan in plans], len(plans)),
    )


# Turns a tuple into a list or a list into a tuple; `count` is None where any length will do.
def _sequence(
    source: type[tuple[object, ...] | list[object]],
    converts: Iterable[_Convert],
    count: int | None,
) -> _Convert:
    target = list if source is tuple else tuple

    def convert_items(value: object) -> object:
        if not isinstance(value, source) or (count is not None and len(value) != count):
            raise _must_be("a sequence" if count is None else f"a sequence of {count}", value)
        try:
            return target(map(call, converts, value))
        except MisfitError:
            steps = (f"[{index}]" for index in range(len(value)))
            raise _located(steps, converts, value) from None

    return convert_items


def _union_plan(hints: tuple[Any, ...]) -> Plan:
    present = tuple(hint for hint in hints if hint is not types.NoneType)
    plan = plan_of(present[0]) if len(present) == 1 else tagged_plan(present)
    if len(present) == len(hints):
        return plan

    def encode_optional(value: object) -> object:
        return None if value is None else plan.encode(value)

    def decode_optional(raw: object) -> object:
        return None if raw is None else plan.decode(raw)

    return Plan(encode_optional, decode_optional)


def tagged_plan(kinds: tuple[type, ...]) -> Plan:
    """Return the plan of a value that is one of several dataclasses."""
    assert all(map(dataclasses.is_dataclass, kinds)), f"only dataclasses can be told apart: {kinds}"
    plans = {kind.__name__: plan_of(kind) for kind in kinds}
    assert len(plans) == len(kinds), "two classes of one union share a name"

    def encode_tagged(value: object) -> object:
        name = type(value).__name__
        if type(value) not in kinds:
            raise _must_be(f"one of {', '.join(plans)}", value)
        return {name: plans[name].encode(value)}

    def decode_tagged(raw: object) -> object:
        if type(raw) is not dict or len(raw) != 1:
            raise _must_be("an object with one key, the name of the type", raw)
        name, body = next(iter(raw.items()))
        if name not in plans:
            raise _must_be(f"one of {', '.join(plans)}", name)
        try:
            return plans[name].decode(body)
        except MisfitError as misfit:
            raise misfit.under(f".{name}") from None

    return Plan(encode_tagged, decode_tagged)


def _mapping_plan(hints: tuple[Any, ...], made: Callable[[Any], object]) -> Plan:
    pairs = plan_of(tuple[tuple[hints[0], hints[1]], ...])  # type: ignore[valid-type]

    def encode_mapping(value: object) -> object:
        if not isinstance(value, Mapping):
            raise _must_be("a mapping", value)
        return pairs.encode(tuple(value.items()))

    def decode_mapping(raw: object) -> object:
        return made(pairs.decode(raw))

    return Plan(encode_mapping, decode_mapping)


# A set has no order of its own; its members are those of a record, so they are sorted.
def _set_plan(hints: tuple[Any, ...]) -> Plan:
    members = plan_of(tuple[hints[0], ...])  # type: ignore[valid-type]

    def encode_set(value: object) -> object:
        if type(value) is not frozenset:
            raise _must_be("a set", value)
        return members.encode(tuple(sorted(value)))

    def decode_set(raw: object) -> object:
        return frozenset(members.decode(raw))  # type: ignore[call-overload]

    return Plan(encode_set, decode_set)


_MAPPINGS: Final[Mapping[object, Callable[[Any], object]]] = {Mapping: dict, dict: dict, Map: Map}
