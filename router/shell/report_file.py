"""Reports beside the journal, as they are told: a file that may be deleted at any time.

The head says of which journal it is, and who told it. Then come the reports in their order, one a
line, and after each batch a mark: up to which record all is told, that record's hash, and a sum of
all bytes so far. What comes after the last mark that is right is cut off when the file is opened.

Never synced, and never ahead of a journal that is: it is made again from the journal. One process
writes it, the one that has the journal open. Refuses to know what a report means: of a line only
the place is read.
"""

import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import orjson

from router.domain.error import JournalError
from router.journal.record import Tip
from router.shell.disk_fault import translated

Place: TypeAlias = tuple[int, int]  # record and number; a record's own place is (sequence, -1)
OfJournal: TypeAlias = Callable[[Tip], bool]

_PLACE: Final = b'{"place":['  # a report begins with its place
_MARK: Final = b'{"until":'
_LINE_MAX: Final = 1024 * 1024  # bytes; nothing that long is told
_PIECE: Final = 256 * 1024  # bytes read at once
_NEAR: Final = 64 * 1024  # bytes that are looked through line by line
_LOOK: Final = 4 * 1024  # bytes; most lines are shorter


@dataclass(slots=True)
class _Ends:
    """Where the file ends.

    Attributes
    ----------
    lines, lines_sum : int
        The end of the newest report, and the sum of all bytes up to there.
    marked, marked_sum : int
        The end of the mark after it, and the sum of all bytes up to there.
    tip : Tip | None
        What the mark says; None: nothing is marked.
    """

    lines: int
    lines_sum: int
    marked: int
    marked_sum: int
    tip: Tip | None = None


class ReportFile:
    """An open file of reports. Made by `open_reports`; one thread at a time may use it."""

    def __init__(self, path: Path, descriptor: int, *, begin: int, ends: _Ends) -> None:
        self._path = path
        self._descriptor = descriptor
        self._begin = begin
        self._ends = ends

    @property
    def until(self) -> int:
        """The newest record of which all is told, and of all before it; 0: none."""
        return 0 if self._ends.tip is None else self._ends.tip.sequence

    def write(self, reports: Sequence[bytes], tip: Tip) -> None:
        """Write what the records after `until` have to tell, up to the tip.

        Raises
        ------
        DiskError, JournalError
            If the disk refuses; what was written before is still to be read.
        """
        ends = self._ends
        # A mark with nothing told since gives way to the next: the file grows by reports alone.
        at, before = (ends.marked, ends.marked_sum) if reports else (ends.lines, ends.lines_sum)
        lines = b"".join(report + b"\n" for report in reports)
        lines_sum = zlib.crc32(lines, before)
        mark = _mark(tip, lines_sum)
        with translated(self._path):
            _write_all(self._descriptor, lines + mark, at)
        end = at + len(lines)
        self._ends = _Ends(end, lines_sum, end + len(mark), zlib.crc32(mark, lines_sum), tip)

    def read(self, after: Place) -> list[bytes]:
        """Return the reports after a place, so many as are read at once; none: that was the last.

        Raises
        ------
        DiskError, JournalError
            If the disk refuses, or the file is not what was written.
        """
        found: list[bytes] = []
        with translated(self._path):
            at = self._near(after)
            while at < self._ends.lines and not found:
                for line in self._lines(at):
                    at += len(line) + 1
                    if not line.startswith(_MARK) and place_of(line) > after:
                        found.append(line)
        return found

    def close(self) -> None:
        """Close it; what is written stays."""
        os.close(self._descriptor)

    # A line that the first report after a place does not come before, and not far from it.
    def _near(self, after: Place) -> int:
        low, high = self._begin, self._ends.lines
        while high - low > _NEAR:
            start = self._line_after((low + high) // 2)
            if start >= high:
                break
            if self._place_at(start) <= after:
                low = start
            else:
                high = start
        return low

    def _line_after(self, at: int) -> int:
        return at + len(self._bytes(at, until=b"\n"))

    def _place_at(self, at: int) -> Place:
        line = self._bytes(at, until=b",")
        if line.startswith(_MARK):
            return _marked(line[len(_MARK) : -1]) + 1, -1
        return place_of(self._bytes(at, until=b"]"))

    # Up to a byte and with it; short of that, the file is not what was written.
    def _bytes(self, at: int, *, until: bytes) -> bytes:
        for size in (_LOOK, _LINE_MAX):
            data = self._piece(at, size)
            end = data.find(until)
            if end >= 0:
                return data[: end + 1]
        raise self._changed(at)

    # Whole lines, without what ends them.
    def _lines(self, at: int) -> Iterator[bytes]:
        for size in (_PIECE, _LINE_MAX):
            data = self._piece(at, size)
            end = data.rfind(b"\n")
            if end >= 0:
                return iter(data[:end].split(b"\n"))
        raise self._changed(at)

    def _changed(self, at: int) -> JournalError:
        return JournalError(f"{self._path} was changed at byte {at}")

    def _piece(self, at: int, size: int) -> bytes:
        return os.pread(self._descriptor, min(size, self._ends.lines - at), at)


def report_path(journal: Path) -> Path:
    """Return where the reports of a journal are kept, however its path is written."""
    journal = journal.resolve()
    return journal.with_name(f"{journal.name}-reports")


def place_of(report: bytes) -> Place:
    """Return the place of a report.

    Raises
    ------
    JournalError
        If it does not begin with one.
    """
    sequence, _, index = report[len(_PLACE) : report.find(b"]")].partition(b",")
    try:
        if report.startswith(_PLACE):
            return int(sequence), int(index)
    except ValueError:
        pass
    raise JournalError(f"{report[:40]!r} is no report")


def open_reports(path: Path, head: Mapping[str, str], is_of_journal: OfJournal) -> ReportFile:
    """Open the file, whole up to its last mark; what is of no use is begun anew.

    Parameters
    ----------
    head : mapping of str to str
        What has to be the same for its reports to be the same.
    is_of_journal : function
        Tells whether the journal holds a record of this hash.

    Raises
    ------
    DiskError, JournalError
        If the disk or the journal refuses.

    Notes
    -----
    Reads all of it once: about a second for a million reports.
    """
    first = orjson.dumps(head) + b"\n"
    with translated(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            ends = _found(descriptor, first)
            if ends.tip is None or not is_of_journal(ends.tip):
                os.ftruncate(descriptor, 0)
                _write_all(descriptor, first, 0)
                ends = _begun(first)
            os.ftruncate(descriptor, ends.marked)
        except BaseException:
            os.close(descriptor)
            raise
    return ReportFile(path, descriptor, begin=len(first), ends=ends)


# Where the last mark is that is right.
def _found(descriptor: int, first: bytes) -> _Ends:
    ends = _begun(first)
    with open(descriptor, "rb", closefd=False) as file:
        if file.readline(_LINE_MAX) != first:
            return ends
        at, total = ends.marked, ends.marked_sum
        for line in _whole_lines(file):
            before, total = total, zlib.crc32(line, total)
            at += len(line)
            if line.startswith(_MARK):
                tip = _tip(line, before)
                if tip is None:
                    break
                ends = _Ends(at - len(line), before, at, total, tip)
    return ends


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    while (line := file.readline(_LINE_MAX)).endswith(b"\n"):
        yield line


def _begun(first: bytes) -> _Ends:
    total = zlib.crc32(first)
    return _Ends(len(first), total, len(first), total)


# Of one length, or of more as records grow in number: it is written over the one before it.
def _mark(tip: Tip, total: int) -> bytes:
    said = b'%s%d,"hash":"%s"' % (_MARK, tip.sequence, tip.hash.hex().encode())
    return b'%s,"sum":"%08x"}\n' % (said, zlib.crc32(said, total))


# What a mark says, if it is right.
def _tip(line: bytes, total: int) -> Tip | None:
    try:
        said = orjson.loads(line)
        tip = Tip(said["until"], bytes.fromhex(said["hash"]))
        return tip if _mark(tip, total) == line else None
    except (ValueError, KeyError, TypeError):
        return None


def _marked(sequence: bytes) -> int:
    try:
        return int(sequence)
    except ValueError:
        raise JournalError(f"{sequence[:40]!r} is no record") from None


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    left = memoryview(data)
    while left:
        count = os.pwrite(descriptor, left, at)
        left, at = left[count:], at + count
