"""The data dictionary as XML: what the session engine validates by, and what customers load.

Made of `specification` and `fields` alone, so nobody's file is shipped and the two cannot differ.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias
from xml.sax.saxutils import quoteattr

from router.gateway.fix.fields import Field, fields
from router.gateway.fix.specification import (
    Dialect,
    Entry,
    MessageSpec,
    header,
    messages,
    trailer,
)

Dictionary: TypeAlias = Literal["42", "44", "50", "fixt"]

_ROOTS: Final[Mapping[Dictionary, str]] = {
    "42": 'type="FIX" major="4" minor="2" servicepack="0"',
    "44": 'type="FIX" major="4" minor="4" servicepack="0"',
    "50": 'type="FIX" major="5" minor="0" servicepack="2"',
    "fixt": 'type="FIXT" major="1" minor="1" servicepack="0"',
}
_OF_SESSION: Final[Mapping[Dialect, tuple[Dictionary, ...]]] = {
    "42": ("42",),
    "44": ("44",),
    "50": ("fixt", "50"),
}


def dictionaries(dialect: Dialect) -> tuple[Dictionary, ...]:
    """Return which dictionaries a session needs: FIXT has one of the transport besides."""
    return _OF_SESSION[dialect]


@functools.cache
def xml(dictionary: Dictionary) -> str:
    """Return a dictionary as text."""
    dialect: Dialect = "50" if dictionary == "fixt" else dictionary
    head = () if dictionary == "50" else header(dialect)
    tail = () if dictionary == "50" else trailer(dialect)
    chosen = [spec for spec in messages(dialect).values() if _is_in(spec, dictionary)]
    known = fields(dialect)
    used = sorted(_tags([*head, *tail, *(e for spec in chosen for e in spec.entries)]))
    lines = [
        f"<fix {_ROOTS[dictionary]}>",
        *_section("header", head, known),
        *_section("trailer", tail, known),
        " <messages>",
        *(line for spec in chosen for line in _message(spec, known)),
        " </messages>",
        " <components/>",
        " <fields>",
        *(line for tag in used for line in _field(known[tag])),
        " </fields>",
        "</fix>",
    ]
    return "\n".join(lines) + "\n"


def _is_in(spec: MessageSpec, dictionary: Dictionary) -> bool:
    if dictionary in {"42", "44"}:
        return True
    return spec.is_admin == (dictionary == "fixt")


def _tags(entries: Iterable[Entry]) -> set[int]:
    found: set[int] = set()
    for entry in entries:
        found.add(entry.tag)
        found |= _tags(entry.group)
    return found


def _section(name: str, entries: tuple[Entry, ...], known: Mapping[int, Field]) -> Iterator[str]:
    yield f" <{name}>"
    for entry in entries:
        yield from _entry(entry, known, indent=2)
    yield f" </{name}>"


def _message(spec: MessageSpec, known: Mapping[int, Field]) -> Iterator[str]:
    kind = "admin" if spec.is_admin else "app"
    yield f"  <message name={quoteattr(spec.name)} msgtype={quoteattr(spec.type)} msgcat='{kind}'>"
    for entry in spec.entries:
        yield from _entry(entry, known, indent=3)
    yield "  </message>"


def _entry(entry: Entry, known: Mapping[int, Field], *, indent: int) -> Iterator[str]:
    pad, required = " " * indent, "Y" if entry.is_required else "N"
    said = f"name={quoteattr(known[entry.tag].name)} required='{required}'"
    if not entry.group:
        yield f"{pad}<field {said}/>"
        return
    yield f"{pad}<group {said}>"
    for inner in entry.group:
        yield from _entry(inner, known, indent=indent + 1)
    yield f"{pad}</group>"


def _field(field: Field) -> Iterator[str]:
    said = f'number="{field.tag}" name={quoteattr(field.name)} type={quoteattr(field.type)}'
    if not field.values:
        yield f"  <field {said}/>"
        return
    yield f"  <field {said}>"
    for value, name in field.values.items():
        yield f"   <value enum={quoteattr(value)} description={quoteattr(name)}/>"
    yield "  </field>"
