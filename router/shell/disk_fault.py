"""Faults of SQLite and of the disk beneath it, in the words of the house."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from router.domain.error import DiskError, JournalError

DAMAGE: Final = (sqlite3.Error, UnicodeDecodeError)  # SQLite may quote damaged names as they are
# What is the disk's doing, and passes; anything else is damage, or somebody else's file.
_DISK_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_DISK_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})


@contextmanager
def translated(what: object) -> Iterator[None]:
    """Raise what goes wrong in the block: DiskError where the disk did it, else JournalError."""
    try:
        yield
    except (*DAMAGE, OSError) as error:
        kind = DiskError if _is_of_disk(error) else JournalError
        raise kind(f"{what}: {error}") from error


def _is_of_disk(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in _DISK_ERRNOS
    code = getattr(error, "sqlite_errorcode", None)  # none where SQLite itself was not asked
    return code is not None and code & 0xFF in _DISK_CODES
