"""Messages as text and as fields in order, with their groups. Nothing here knows what they mean.

Reading refuses what is too long, too deep or malformed, naming the field: whatever bytes come, the
one fault that is raised is `MessageError`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from router.domain.error import RouterError
from router.gateway.fix import tags as t
from router.gateway.fix.groups import GroupSpec, groups_of

SOH: Final = "\x01"
_LENGTH_MAX: Final = 262_144
_FIELDS_MAX: Final = 8_192
_ENTRIES_MAX: Final = 512
_TAG: Final = re.compile(r"[1-9][0-9]{0,5}\Z")
_TAGS: Final = {str(tag): tag for tag in range(1, 2_000)}  # of nearly every field there is
_COUNT: Final = re.compile(r"[0-9]{1,4}\Z")
_CHECK_SUM_AT: Final = 256
HEADER: Final = frozenset(
    {
        *(t.BEGIN_STRING, t.BODY_LENGTH, t.MSG_TYPE, t.MSG_SEQ_NUM, t.POSS_DUP, t.POSS_RESEND),
        *(49, 56, 50, 57, 52, 90, 91, 115, 116, 122, 128, 129, 142, 143, 144, 145, 212, 213),
        *(347, 369, 370, 627, 628, 629, 630, 1128, 1129, 1156),
    }
)
_TRAILER: Final = frozenset({t.CHECK_SUM, 89, 93})


class Reason:
    """SessionRejectReason(373) of what cannot be read."""

    INVALID_TAG: Final = 0
    MISSING: Final = 1
    EMPTY: Final = 4
    VALUE: Final = 5
    FORMAT: Final = 6
    UNKNOWN_TYPE: Final = 11
    TWICE: Final = 13
    GROUP_ORDER: Final = 15
    GROUP_COUNT: Final = 16
    OTHER: Final = 99


class MessageError(RouterError):
    """A message cannot be read, or a field of it means nothing.

    Attributes
    ----------
    tag : int
        The field that is wrong; 0 where it is the message.
    reason : int
        SessionRejectReason; see `Reason`.
    """

    def __init__(self, message: str, *, tag: int, reason: int) -> None:
        super().__init__(message)
        self.tag = tag
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Body:
    """Fields in their order; the value of a field that counts a group is the group's entries."""

    items: tuple[tuple[int, "str | tuple[Body, ...]"], ...]
    # Made when a field is first asked for: of what is sent, none is.
    _known: "Mapping[int, str | tuple[Body, ...]] | None" = field(
        default=None, init=False, repr=False, compare=False
    )

    def get(self, tag: int) -> str | None:
        """Return the text of a field; None where it is not there, or counts a group."""
        found = (self._known or self._looked_up()).get(tag)
        return found if isinstance(found, str) else None

    def entries(self, tag: int) -> "tuple[Body, ...]":
        """Return the entries of a group; none where it is not there."""
        found = (self._known or self._looked_up()).get(tag, ())
        return () if isinstance(found, str) else found

    def lacks(self, tags: Iterable[int]) -> bool:
        """Tell whether none of some fields is there."""
        return (self._known or self._looked_up()).keys().isdisjoint(tags)

    # The first of a name counts; a session asks for many fields of each message.
    def _looked_up(self) -> "Mapping[int, str | tuple[Body, ...]]":
        known = dict(reversed(self.items))
        object.__setattr__(self, "_known", known)
        return known


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its MsgType(35), the fields of its header without that, and its body."""

    kind: str
    body: Body
    header: Body = Body(())


_Pair: TypeAlias = tuple[int, str]
_Item: TypeAlias = tuple[int, str | tuple[Body, ...] | None]


def body(*items: _Item) -> Body:
    """Make a body of fields; those that are None are left out."""
    return Body(tuple([(tag, value) for tag, value in items if value is not None]))


def parse(text: str) -> Message:
    """Read a message.

    Raises
    ------
    MessageError
        Whatever is wrong with it; checksum and body length are the session engine's matter.
    """
    kinds: list[str] = []
    head: list[_Pair] = []
    rest: list[_Pair] = []
    for pair in _pairs(text):
        tag = pair[0]
        if tag == t.MSG_TYPE:
            kinds.append(pair[1])
        elif tag in HEADER:
            head.append(pair)
        elif tag not in _TRAILER:
            rest.append(pair)
    if len(kinds) != 1:
        reason = Reason.TWICE if kinds else Reason.MISSING
        raise MessageError("35: must be there once", tag=t.MSG_TYPE, reason=reason)
    _check_once(head)
    return Message(kinds[0], _read(rest, groups_of(kinds[0])), Body(tuple(head)))


def written(message: Message) -> str:
    """Return type, header and body as text, each field with its end."""
    parts = [f"{t.MSG_TYPE}={message.kind}{SOH}"]
    _write(message.header, parts)
    _write(message.body, parts)
    return "".join(parts)


def framed(message: Message, begin_string: str) -> str:
    """Return the whole text of a message, with its length and checksum."""
    inside = written(message)
    length = len(inside) if inside.isascii() else len(inside.encode())
    whole = f"{t.BEGIN_STRING}={begin_string}{SOH}{t.BODY_LENGTH}={length}{SOH}{inside}"
    total = sum(whole.encode()) % _CHECK_SUM_AT
    return f"{whole}{t.CHECK_SUM}={total:03d}{SOH}"


def clean(text: str) -> str:
    """Return a text that can stand in a field: no field ends within it, and ASCII alone."""
    plain = text.encode("ascii", "replace").decode()
    return "".join(sign if sign.isprintable() else " " for sign in plain)


def _pairs(text: str) -> list[_Pair]:
    if len(text) > _LENGTH_MAX:
        long = f"is longer than {_LENGTH_MAX} characters; send less at a time"
        raise MessageError(f"the message {long}", tag=0, reason=Reason.OTHER)
    fields = text.split(SOH)
    if fields[-1] == "":
        fields.pop()
    if len(fields) > _FIELDS_MAX:
        many = f"has more than {_FIELDS_MAX} fields; send less at a time"
        raise MessageError(f"the message {many}", tag=0, reason=Reason.OTHER)
    if not text.isascii():
        return [_pair(each) for each in fields]
    pairs: list[_Pair] = []
    for each in fields:
        name, _, value = each.partition("=")
        tag = _TAGS.get(name)
        pairs.append((tag, value) if tag is not None and value else _pair(each))
    return pairs


# What counts a group goes before its entries.
def _write(fields: Body, parts: list[str]) -> None:
    for tag, value in fields.items:
        if isinstance(value, str):
            parts.append(f"{tag}={value}{SOH}")
        else:
            parts.append(f"{tag}={len(value)}{SOH}")
            for entry in value:
                _write(entry, parts)


def _pair(text: str) -> _Pair:
    tag, equals, value = text.partition("=")
    if not equals or not _TAG.match(tag):
        shown = clean(text[:20])
        raise MessageError(
            f"{shown!r} is no field; write tag=value", tag=0, reason=Reason.INVALID_TAG
        )
    if not value:
        raise MessageError(f"{tag}: is empty; leave it out", tag=int(tag), reason=Reason.EMPTY)
    if not value.isascii() and not _is_text(value):
        raise MessageError(f"{tag}: is not UTF-8", tag=int(tag), reason=Reason.FORMAT)
    return int(tag), value


# Bytes that are no text come in as halves of characters, which nothing could write down.
def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_once(pairs: Sequence[tuple[int, object]]) -> None:
    if len({tag for tag, _ in pairs}) == len(pairs):
        return
    seen: set[int] = set()
    for tag, _ in pairs:
        if tag in seen:
            raise MessageError(f"{tag}: is there twice", tag=tag, reason=Reason.TWICE)
        seen.add(tag)


def _read(pairs: list[_Pair], groups: Mapping[int, GroupSpec]) -> Body:
    if any(tag in groups for tag, _ in pairs):
        return _Reader(pairs).body(groups)
    _check_once(pairs)
    return Body(tuple(pairs))


class _Reader:
    """Reads fields from the first to the last, groups by their tables."""

    def __init__(self, pairs: list[_Pair]) -> None:
        self._pairs = pairs
        self._at = 0

    def body(self, groups: Mapping[int, GroupSpec]) -> Body:
        items: list[tuple[int, str | tuple[Body, ...]]] = []
        while self._at < len(self._pairs):
            items.append(self._item(groups))
        _check_once(items)
        return Body(tuple(items))

    def _item(self, groups: Mapping[int, GroupSpec]) -> tuple[int, str | tuple[Body, ...]]:
        tag, value = self._pairs[self._at]
        self._at += 1
        if tag not in groups:
            return tag, value
        if not _COUNT.match(value) or int(value) > _ENTRIES_MAX:
            fault = f"{tag}: must count at most {_ENTRIES_MAX} entries, was {clean(value[:20])}"
            raise MessageError(fault, tag=tag, reason=Reason.FORMAT)
        entries: list[Body] = []
        while self._next() == groups[tag].first:
            entries.append(self._entry(groups[tag]))
        if len(entries) != int(value):
            fault = f"{tag}: counts {value} entries, and {len(entries)} follow"
            raise MessageError(fault, tag=tag, reason=Reason.GROUP_COUNT)
        return tag, tuple(entries)

    def _entry(self, spec: GroupSpec) -> Body:
        items = [self._item({})]
        while (tag := self._next()) is not None and tag != spec.first:
            if tag not in spec.members:
                break
            items.append(self._item(spec.groups))
        _check_once(items)
        return Body(tuple(items))

    def _next(self) -> int | None:
        return self._pairs[self._at][0] if self._at < len(self._pairs) else None
