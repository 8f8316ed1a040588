"""Whether the disk under a journal takes and keeps bytes again. Writes beside the journal only."""

import os
from pathlib import Path
from typing import Final

from router.domain.error import DiskError

ROOM: Final = 256 * 1024  # bytes that must fit, or the next order would meet the same end


def probe(journal: Path) -> None:
    """Write, sync and remove a file beside the journal, and open the journal for writing.

    Raises
    ------
    DiskError
        If any of it fails.
    """
    path = journal.with_name(f"{journal.name}.probe")
    try:
        _write(path)
        os.close(os.open(journal, os.O_RDWR))
    except OSError as error:
        raise DiskError(f"{journal.parent}: {error.strerror}") from error
    finally:
        _remove(path)


def _write(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        left = ROOM
        while left > 0:
            left -= os.write(descriptor, bytes(left))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # on a disk that cannot be written it stays until the next probe
