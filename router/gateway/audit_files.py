"""The files of a record: the one that is written to, and those that had grown long, beside it.

A file that is full keeps its lines under another name, that of the record and the number of its
last line; the chain goes on in a new file under the record's own. The full one has both names
before the new one takes its place in one step: a crash in between leaves it with both, and it is
read once. Refuses to remove anything: all files together are the record.
"""

import errno
import glob
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Final

_DIGITS: Final = 12
_LOOKS_MAX: Final = 5  # at files that another one joins meanwhile


def full_path(path: Path, count: int) -> Path:
    """Return the name of a full file whose last line has a number."""
    return path.with_name(f"{path.name}.{count:0{_DIGITS}d}")


def next_path(path: Path) -> Path:
    """Return the name of a file that is about to take the record's place."""
    return path.with_name(f"{path.name}.next")


def full_files(path: Path) -> list[Path]:
    """Return the full files of a record, the oldest first."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.{'[0-9]' * _DIGITS}"))


def last_number(full: Path) -> int:
    """Return the number of the last line of a full file."""
    return int(full.suffix[1:])


def has_both_names(path: Path) -> bool:
    """Tell whether the record's own file is a full one already, as a crash leaves it."""
    full = full_files(path)
    return bool(full) and path.exists() and path.samefile(full[-1])


def lines(path: Path, *, after: int = 0) -> Iterator[bytes]:
    """Yield the lines of all files of a record, from the one after a number on.

    Raises
    ------
    OSError
        If there is no such record, or it cannot be read.
    """
    full, current = _together(path)
    with current:
        before = 0
        for each in full:
            number = last_number(each)
            if number > after:
                with each.open("rb") as file:
                    yield from islice(file, max(0, after - before), None)
            before = number
        yield from islice(current, max(0, after - before), None)


# A file that becomes full in the meantime would be missed, or read twice.
def _together(path: Path) -> tuple[list[Path], IO[bytes]]:
    for _ in range(_LOOKS_MAX):
        full, current = full_files(path), path.open("rb")
        if full_files(path) == full:
            if full and os.path.samestat(os.fstat(current.fileno()), full[-1].stat()):
                full.pop()
            return full, current
        current.close()
    raise OSError(errno.EAGAIN, "files change faster than they are read; try it again", str(path))
