"""What a session must still know after the process was killed: one small record in a file.

Written before a message is given to the engine: its number, and what holds once it is stored. After
a crash the engine's store tells whether it was, so no report is lost and none is told twice. The
writes are not forced to the disk, neither are those of the engine's store: both outlive the death
of the process. What the daemon has answered is on its disk before; the mark never runs ahead of it.
"""

import os
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from router.domain.error import ConfigError

Place: TypeAlias = tuple[int, int]  # of a report: the journal's record, and its number there

_LAYOUT: Final = struct.Struct("<8sqqqqqqqqqq")
_MAGIC: Final = b"HEADFIX1"
BEGINNING: Final[Place] = (0, -1)


@dataclass(frozen=True, slots=True)
class Mark:
    """What is on record of a session.

    Attributes
    ----------
    answered : int
        Every message of the peer up to this number was answered, or needs no answer.
    place : Place
        Every report up to here is in the engine's store.
    number, answered_then, place_then : int, int, Place
        A message of ours was about to be stored under this number or a later one; these hold once
        it is.
    settled : Place
        What was reported up to here has reached the peer.
    away_since : int
        When the peer went, in nanoseconds since the epoch: 0 while it is there, or where nothing
        hangs on it any more.
    is_there : bool
        Whether the peer was logged on.
    """

    answered: int = 0
    place: Place = BEGINNING
    number: int = 0
    answered_then: int = 0
    place_then: Place = BEGINNING
    settled: Place = BEGINNING
    away_since: int = 0
    is_there: bool = False

    def sending(self, number: int, *, answered: int, place: Place) -> "Mark":
        """Return what to write before a message is given to the engine."""
        return Mark(
            self.answered,
            self.place,
            number,
            answered,
            place,
            self.settled,
            self.away_since,
            self.is_there,
        )

    def sent(self) -> "Mark":
        """Return what holds once that message is stored."""
        return Mark(
            self.answered_then,
            self.place_then,
            self.number,
            self.answered_then,
            self.place_then,
            self.settled,
            self.away_since,
            self.is_there,
        )

    def settled_after_crash(self, next_out: int, *, is_stored: bool) -> "Mark":
        """Return what holds, by what the store says.

        Parameters
        ----------
        next_out : int
            The number of the store's next message; below ours it was reset in between, and the
            state is announced anew.
        is_stored : bool
            Whether it holds a message of the application at ours or later.
        """
        if not self.number:
            return self
        known = self.sent() if is_stored or next_out < self.number else self
        return replace(known, number=0)


class MarkFile:
    """The record of one session, open for as long as the gateway runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def read(self) -> Mark | None:
        """Return what is on record; None for a session that never was.

        Raises
        ------
        ConfigError
            If the file is of something else.
        """
        data = os.pread(self._file, _LAYOUT.size, 0)
        if not data:
            return None
        if len(data) != _LAYOUT.size or not data.startswith(_MAGIC):
            raise ConfigError(f"{self._path}: is no record of a FIX session; move it away")
        _, answered, *rest = _LAYOUT.unpack(data)
        return Mark(
            answered=answered,
            place=(rest[0], rest[1]),
            number=rest[2],
            answered_then=rest[3],
            place_then=(rest[4], rest[5]),
            settled=(rest[6], rest[7]),
            away_since=abs(rest[8]) - 1,
            is_there=rest[8] > 0,
        )

    def write(self, mark: Mark) -> None:
        """Put a session's state on record, whole or not at all as far as this process can die."""
        where = mark.away_since + 1
        packed = _LAYOUT.pack(
            _MAGIC,
            mark.answered,
            *mark.place,
            mark.number,
            mark.answered_then,
            *mark.place_then,
            *mark.settled,
            where if mark.is_there else -where,
        )
        os.pwrite(self._file, packed, 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
