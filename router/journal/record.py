"""One link of the journal: an event, what was decided about it, and the hash that seals both.

The hash of a record covers all its other fields and, through the previous hash, all records before
it. A record cannot be changed, moved or left out of the middle without a later one saying so; that
the newest records were cut off, only somebody who remembers the last hash can tell.

The hashed bytes, integers big-endian, ``chunk`` being a u32 length and then the bytes::

    schema u32 | sequence u64 | chunk(previous hash) | chunk(event)
    | commands u32 | for each command: chunk(kind) chunk(digest)

The first record's previous hash is the SHA-256 of ``headrace journal`` and the journal's name.
"""

import enum
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from router.domain.change import changed
from router.domain.command import Command
from router.domain.error import JournalError
from router.journal import codec

SCHEMA_VERSION: Final = 7
_COUNT: Final = struct.Struct(">I").pack
_GENESIS: Final = b"headrace journal "
_COLUMNS: Final = (
    ("schema", int),
    ("sequence", int),
    ("previous_hash", bytes),
    ("event", bytes),
    ("commands", bytes),
    ("hash", bytes),
)

Trace: TypeAlias = tuple[tuple[str, str], ...]  # (kind, digest) of each command, in order
Row: TypeAlias = tuple[int, int, bytes, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a chain ends; sequence 0 is a journal without records."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """An event and the trace of the commands it led to.

    Attributes
    ----------
    sequence : int
        From 1, without gaps.
    event : bytes
        As `codec.encode` wrote it.
    commands : Trace
        Kind and digest of each command; the commands themselves are made again by a replay.
    """

    schema: int
    sequence: int
    previous_hash: bytes
    event: bytes
    commands: Trace
    hash: bytes

    @property
    def tip(self) -> Tip:
        """The end of a chain whose newest record this is."""
        return Tip(self.sequence, self.hash)


class FaultKind(enum.Enum):
    """Why a journal cannot be trusted from some record on."""

    UNREADABLE = "unreadable"  # the file does not give the record out
    SCHEMA_VERSION = "schema_version"
    GAP = "gap"
    CONTENT_ALTERED = "content_altered"
    BROKEN_CHAIN = "broken_chain"
    UNDECODABLE = "undecodable"
    COMMANDS_DIFFER = "commands_differ"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing wrong with a journal; `sentence` is one line for a person."""

    sequence: int
    kind: FaultKind
    sentence: str


def genesis(journal_id: str) -> Tip:
    """Return the tip of an empty journal."""
    return Tip(0, hashlib.sha256(_GENESIS + journal_id.encode()).digest())


def trace(commands: Iterable[Command]) -> Trace:
    """Return kind and digest of each command."""
    return tuple((type(command).__name__, codec.digest(command)) for command in commands)


def make_record(tip: Tip, event: bytes, commands: Trace) -> Record:
    """Return the record that follows `tip`."""
    unsealed = Record(SCHEMA_VERSION, tip.sequence + 1, tip.hash, event, commands, hash=b"")
    return changed(unsealed, hash=_seal(unsealed))


def verify(record: Record, tip: Tip) -> Fault | None:
    """Check that a record is whole and follows `tip`; the fault names the sequence expected."""
    expected = tip.sequence + 1
    if record.schema != SCHEMA_VERSION:
        return Fault(
            expected,
            FaultKind.SCHEMA_VERSION,
            f"record {expected} has schema {record.schema}; this build reads {SCHEMA_VERSION}",
        )
    if record.sequence != expected:
        return Fault(
            expected,
            FaultKind.GAP,
            f"record {expected} is missing: record {record.sequence} is in its place",
        )
    if _seal(record) != record.hash:
        return Fault(
            expected,
            FaultKind.CONTENT_ALTERED,
            f"record {expected} was altered: its hash is not that of its content",
        )
    if record.previous_hash != tip.hash:
        return Fault(
            expected,
            FaultKind.BROKEN_CHAIN,
            f"record {expected} does not follow record {tip.sequence}: "
            "one of them was replaced, or belongs to another journal",
        )
    return None


def to_row(record: Record) -> Row:
    """Return the record as integers and bytes, for a table."""
    return (
        record.schema,
        record.sequence,
        record.previous_hash,
        record.event,
        codec.encode_pairs(record.commands),
        record.hash,
    )


def from_row(row: tuple[object, ...]) -> Record:
    """Return the record that `to_row` made this row from; judges its form, not its content.

    Raises
    ------
    JournalError
        If a column has another type, or the commands are not in the form they were written in.
    """
    for (name, kind), value in zip(_COLUMNS, row, strict=True):
        if type(value) is not kind:
            raise JournalError(f"column {name} must be {kind.__name__}, was {type(value).__name__}")
    schema, sequence, previous_hash, event, commands, sealed = cast("Row", row)
    return Record(schema, sequence, previous_hash, event, codec.decode_pairs(commands), sealed)


def _seal(record: Record) -> bytes:
    parts = [struct.pack(">IQ", record.schema, record.sequence)]
    for part in (record.previous_hash, record.event):
        parts += (_COUNT(len(part)), part)
    parts.append(_COUNT(len(record.commands)))
    for command in record.commands:
        for text in command:
            part = text.encode()
            parts += (_COUNT(len(part)), part)
    return hashlib.sha256(b"".join(parts)).digest()
