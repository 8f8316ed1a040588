"""Checkpoints on disk: a file beside the journal that may be deleted at any time.

Written behind the journal, in a thread of its own, and never waited for. What cannot be read, is of
another build, or does not end in a record of the journal is not used: the journal is replayed.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from router.domain.error import JournalError
from router.domain.units import NS_PER_S, DurationNs
from router.journal.checkpoint import (
    Checkpoint,
    Row,
    changed_rows,
    digest,
    make_checkpoint,
    restored,
)
from router.journal.record import Tip
from router.port import Clock
from router.shell import observe
from router.state.world import World

_EVERY: Final = 2_000  # records; a start replays at most about as many
_SOME: Final = 100  # records, that are worth keeping a world for after a while
_WHILE: Final = DurationNs(2 * NS_PER_S)
_ROWS_AT_ONCE: Final = 32  # of orders: about a millisecond's work
_PAUSE_S: Final = 0.001
_CREATE: Final = (
    (
        "CREATE TABLE IF NOT EXISTS checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1),"
        " journal TEXT NOT NULL, build TEXT NOT NULL, sequence INTEGER NOT NULL,"
        " hash BLOB NOT NULL, rest BLOB NOT NULL, digest BLOB NOT NULL) STRICT"
    ),
    (
        "CREATE TABLE IF NOT EXISTS row (kind TEXT NOT NULL, key TEXT NOT NULL,"
        " place INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, key)) STRICT,"
        " WITHOUT ROWID"
    ),
)
_PUT_ROWS: Final = "INSERT OR REPLACE INTO row (kind, key, place, data) VALUES (?, ?, ?, ?)"
_PUT: Final = (
    "INSERT OR REPLACE INTO checkpoint (id, journal, build, sequence, hash, rest, digest)"
    " VALUES (1, ?, ?, ?, ?, ?, ?)"
)
_GET: Final = "SELECT journal, build, sequence, hash, rest, digest FROM checkpoint"
_GET_ROWS: Final = "SELECT kind, key, place, data FROM row"


def checkpoint_path(journal: Path) -> Path:
    """Return where the checkpoint of a journal is kept."""
    return journal.with_name(f"{journal.name}-checkpoint")


class Kept:
    """A world read from a checkpoint, and the record it is of."""

    def __init__(self, world: World, tip: Tip, sums: dict[tuple[str, str], int]) -> None:
        self.world = world
        self.tip = tip
        self.sums = sums  # of each row


def load(path: Path, *, journal_id: str, build: str) -> Kept | None:
    """Return the world that was kept for this journal by this build, or None.

    Never raises: a checkpoint that cannot be used is said to be so, and left alone.
    """
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute(_GET).fetchone()
            rows = [Row(*row) for row in connection.execute(_GET_ROWS)]
        if found is None or found[:2] != (journal_id, build):
            return None
        checkpoint = Checkpoint(build, Tip(found[2], found[3]), found[4])
        sums = {(row.kind, row.key): row.digest for row in rows}
        if digest(checkpoint, sum(sums.values())) == found[5]:
            return Kept(restored(checkpoint, rows), checkpoint.tip, sums)
        reason = "its digest is not that of its content"
    except (sqlite3.Error, JournalError) as error:
        reason = str(error)
    observe.checkpoint_unused(str(path), reason=reason)
    return None


class Checkpoints:
    """Keeps the world of a running journal, now and then.

    Parameters
    ----------
    kept : Kept | None
        What the file holds; None: nothing that is of use.
    first : function
        What has to be written before a world is: a start goes on from the world, and does not see
        again what led to it.
    """

    def __init__(
        self,
        path: Path,
        *,
        journal_id: str,
        build: str,
        kept: Kept | None,
        clock: Clock,
        first: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._first = first
        self._begun_at = clock.now()
        self._journal_id = journal_id
        self._build = build
        self._world = World() if kept is None else kept.world
        self._sums = {} if kept is None else dict(kept.sums)
        self._sum = sum(self._sums.values())
        self._is_new = kept is None
        self._sequence = 0 if kept is None else kept.tip.sequence
        self._task: asyncio.Task[None] | None = None
        self._lock = threading.Lock()

    def consider(self, world: World, tip: Tip) -> None:
        """Keep a world whose record is durable, if it is time to and none is being kept."""
        count = tip.sequence - self._sequence
        if count < _SOME or (self._task is not None and not self._task.done()):
            return
        now = self._clock.now()
        if count < _EVERY and now - self._begun_at < _WHILE:
            return
        self._sequence, self._begun_at = tip.sequence, now
        self._task = asyncio.create_task(asyncio.to_thread(self.keep, world, tip, _PAUSE_S))

    async def close(self) -> None:
        """Wait for what is being kept."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def keep(self, world: World, tip: Tip, pause_s: float = 0.0) -> None:
        """Write a world to the file; on a failure of the disk the file is as it was, or unused.

        Parameters
        ----------
        pause_s : float
            How long other threads may run, again and again: one that computes holds up all others.
        """
        with self._lock:
            self._first()
            rows: list[Row] = []
            news: dict[tuple[str, str], int] = {}
            for row in _unhurried(changed_rows(self._world, world), pause_s):
                rows.append(row)
                news[row.kind, row.key] = row.digest
            rows_sum = self._sum + sum(news.values()) - sum(self._sums.get(row, 0) for row in news)
            checkpoint = make_checkpoint(world, tip, build=self._build)
            try:
                self._write(checkpoint, rows, digest(checkpoint, rows_sum))
            except (sqlite3.Error, OSError) as error:
                observe.checkpoint_unused(str(self._path), reason=str(error))
                return
            self._world, self._sum, self._is_new = world, rows_sum, False
            self._sums.update(news)

    def _write(self, checkpoint: Checkpoint, rows: Sequence[Row], sealed: bytes) -> None:
        if self._is_new:
            self._forget()
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            for statement in _CREATE:
                connection.execute(statement)
            tip = checkpoint.tip
            head = (self._journal_id, self._build, tip.sequence, tip.hash, checkpoint.rest, sealed)
            connection.execute("BEGIN IMMEDIATE")
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[first : first + _ROWS_AT_ONCE]
                values = [each for r in some for each in (r.kind, r.key, r.place, r.data)]
                connection.execute(_PUT_ROWS + ", (?, ?, ?, ?)" * (len(some) - 1), values)
            connection.execute(_PUT, head)
            connection.execute("COMMIT")

    # What another build or another journal left there.
    def _forget(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _unhurried(rows: Iterable[Row], pause_s: float) -> Iterator[Row]:
    for count, row in enumerate(rows, start=1):
        yield row
        if count % _ROWS_AT_ONCE == 0:
            time.sleep(pause_s)
