"""The journal on disk: one SQLite file, one writer thread, many appends to a commit.

An append is answered when its record has been synced to disk, not before. The first failure of the
disk latches: nothing is accepted after it, because a sync that failed once proves nothing when it
succeeds later; the way out is to open the journal anew and replay it. SQLite is used nowhere else;
what an event means is not known here.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

from router.domain.error import DiskError, JournalError
from router.journal.record import SCHEMA_VERSION, Record, Tip, from_row, genesis, to_row, verify
from router.shell.disk_fault import DAMAGE, translated

_APPLICATION_ID: Final = 0x48445243  # "HDRC" in the header of the file
_PENDING_MAX: Final = 100_000  # records waiting for the disk; beyond it appends are refused
_COMMIT_MAX: Final = 1_024  # records in one transaction
_READ_MAX: Final = 256  # records read at once, so that no slow reader holds up a checkpoint
_CREATE: Final = (
    "BEGIN IMMEDIATE",
    "CREATE TABLE journal (id TEXT NOT NULL) STRICT",
    (
        "CREATE TABLE record (sequence INTEGER PRIMARY KEY, schema INTEGER NOT NULL,"
        " previous_hash BLOB NOT NULL, event BLOB NOT NULL, commands BLOB NOT NULL,"
        " hash BLOB NOT NULL) STRICT"
    ),
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
_INSERT: Final = (
    "INSERT INTO record (schema, sequence, previous_hash, event, commands, hash)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_MORE: Final = ", (?, ?, ?, ?, ?, ?)"
_SELECT: Final = (
    "SELECT schema, sequence, previous_hash, event, commands, hash FROM record"
    " WHERE sequence > ? ORDER BY sequence LIMIT ?"
)
_SELECT_TIP: Final = "SELECT sequence, hash FROM record ORDER BY sequence DESC LIMIT 1"

_Answer: TypeAlias = "asyncio.Future[None]"
_open_here: Final[set[Path]] = set()  # a file lock does not keep a process out of its own files


class JournalStore:
    """A journal open for writing, by one process alone. Made by `open_journal`."""

    def __init__(self, connection: sqlite3.Connection, tip: Tip, resources: ExitStack) -> None:
        self._connection = connection
        self._tip = tip
        self._resources = resources  # the connection and the lock, released in this order
        self._pending: deque[tuple[Record, _Answer]] = deque()
        self._changed = threading.Condition()  # guards all fields below and the two above
        self._refusal: JournalError | None = None
        self._closing = False
        self._writer = threading.Thread(target=self._write, name="journal-writer", daemon=True)
        self._writer.start()

    @property
    def tip(self) -> Tip:
        """The newest record accepted, durable or on its way; the next one must follow it."""
        return self._tip

    def append(self, record: Record) -> _Answer:
        """Queue a record and return a future that is done when it is durable.

        Appends keep their order and need not wait for one another. Must be called from a running
        event loop. The future fails with JournalError if the record does not follow `tip` or if too
        many are waiting, with DiskError if the disk failed now or earlier; it is never left undone.
        """
        answer: _Answer = asyncio.get_running_loop().create_future()
        with self._changed:
            refusal = self._refusal or self._misfit(record)
            if refusal is None:
                self._pending.append((record, answer))
                self._tip = record.tip
                self._changed.notify()
        if refusal is not None:
            _refuse(answer, refusal)
        return answer

    def close(self) -> None:
        """Write what is pending, fold the write-ahead log into the file, release the lock.

        Blocks until done; idempotent. Futures of pending appends are answered when the event loop
        next turns.

        Raises
        ------
        JournalError
            If the log could not be folded in; no record is lost by that.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._writer.join()
        with self._resources, translated("the journal"):
            if self._refusal is None:
                self._refusal = _closed()
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _misfit(self, record: Record) -> JournalError | None:
        if self._closing:
            return _closed()
        if len(self._pending) >= _PENDING_MAX:
            return DiskError(f"the disk is {_PENDING_MAX} records behind; stop sending it more")
        fault = verify(record, self._tip)
        return None if fault is None else JournalError(f"cannot append: {fault.sentence}")

    # The writer thread. Whatever ends it, everything that waits for it is answered.
    def _write(self) -> None:
        batch: list[tuple[Record, _Answer]] = []
        refusal = JournalError("the journal's writer stopped; restart and replay")
        try:
            while batch := self._next_batch():
                self._commit(batch)
                _settle([answer for _, answer in batch], None)
        except sqlite3.Error as error:
            refusal = DiskError(
                f"the journal cannot be written: {error}; "
                f"record {batch[0][0].sequence} may not be on disk; restart and replay"
            )
        finally:
            self._latch(batch, refusal)

    def _next_batch(self) -> list[tuple[Record, _Answer]]:
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closing)
            count = min(len(self._pending), _COMMIT_MAX)
            return [self._pending.popleft() for _ in range(count)]

    # One statement, which is a transaction by itself: this thread stands aside for the event loop
    # only once, and not again after every row.
    def _commit(self, batch: list[tuple[Record, _Answer]]) -> None:
        values = [each for record, _ in batch for each in to_row(record)]
        self._connection.execute(_INSERT + _MORE * (len(batch) - 1), values)

    # An empty batch is the orderly end: the queue was empty and the store closing.
    def _latch(self, batch: list[tuple[Record, _Answer]], refusal: JournalError) -> None:
        if not batch:
            return
        with self._changed:
            self._refusal = refusal
            waiting = [answer for _, answer in [*batch, *self._pending]]
            self._pending.clear()
        _settle(waiting, refusal)


def open_journal(path: Path, *, journal_id: str) -> JournalStore:
    """Open a journal for writing, creating it if it is not there.

    Raises
    ------
    JournalError
        If another process has it open, it is not a journal, is of another name or schema, or the
        disk refuses.
    """
    path = path.resolve()
    with ExitStack() as resources, translated(path):
        resources.enter_context(_locked(path))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        resources.enter_context(closing(connection))
        if _is_blank(connection):
            _create(connection, path, journal_id=journal_id)
        _check_version(connection, path)
        found = _read_identity(connection)
        if found != journal_id:
            raise JournalError(f"{path} is the journal {found!r}, not {journal_id!r}")
        _make_durable(connection, path)
        _fold_in(connection)
        tip = _read_tip(connection, journal_id)
        return JournalStore(connection, tip, resources.pop_all())


def read(path: Path, *, after: int = 0) -> Iterator[Record]:
    """Yield all records in order; also while a writer runs, and from a copy of a closed journal.

    Parameters
    ----------
    after : int
        The sequence of the last record that is left out.

    Raises
    ------
    JournalError
        While iterating, where the file is damaged: after every record that could be read.
    """
    with _reading(path) as connection:
        sequence, damage = after, None
        while damage is None:
            rows, damage = _read_rows(connection, sequence)
            for row in rows:
                record = from_row(row)
                if record.sequence <= sequence:
                    raise JournalError(f"{path} is damaged: records are out of order")
                sequence = record.sequence
                yield record
            if not rows:
                break
        if damage is not None:
            raise JournalError(f"{path} is damaged: {damage}")
        # Damage can also hide records: then every page that is left is in order but they are not.
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise JournalError(f"{path} is damaged: {verdict}")


def identity(path: Path) -> str:
    """Return the name a journal was created with.

    Raises
    ------
    JournalError
        If it cannot be read, or is not a journal of this schema.
    """
    with _reading(path) as connection:
        return _read_identity(connection)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    path = path.resolve()
    with translated(path), ExitStack() as opened:
        connection = opened.enter_context(closing(_connect_uri(path, "mode=ro")))
        if not _can_read(connection, path):
            connection = opened.enter_context(closing(_connect_uri(path, "immutable=1")))
        _check_version(connection, path)
        yield connection


# SQLite wants to put files of its own beside a journal it reads. Where it may not (an archive on a
# read-only disk) and there is no log whose records would be missed, the file alone is read.
def _can_read(connection: sqlite3.Connection, path: Path) -> bool:
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        refused = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        log = path.with_name(f"{path.name}-wal")
        if error.sqlite_errorcode & 0xFF not in refused or log.exists():
            raise
        return False
    return True


def _connect_uri(path: Path, option: str) -> sqlite3.Connection:
    uri = f"{path.as_uri()}?{option}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


# Rows up to the first that cannot be read, and why that one cannot.
def _read_rows(
    connection: sqlite3.Connection, sequence: int
) -> tuple[list[tuple[object, ...]], str | None]:
    rows: list[tuple[object, ...]] = []
    try:
        cursor = connection.execute(_SELECT, (sequence, _READ_MAX))
        while (row := cursor.fetchone()) is not None:
            rows.append(row)
    except DAMAGE as error:
        return rows, str(error)
    return rows, None


def _is_blank(connection: sqlite3.Connection) -> bool:
    (count,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return (count, _pragma(connection, "application_id")) == (0, 0)


def _create(connection: sqlite3.Connection, path: Path, *, journal_id: str) -> None:
    _make_durable(connection, path)
    for statement in _CREATE:
        connection.execute(statement)
    connection.execute("INSERT INTO journal (id) VALUES (?)", (journal_id,))
    connection.execute("COMMIT")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _make_durable(connection: sqlite3.Connection, path: Path) -> None:
    mode = _pragma(connection, "journal_mode = WAL")
    if mode != "wal":
        raise JournalError(f"{path}: this file system allows no write-ahead log (mode {mode})")
    connection.execute("PRAGMA synchronous = FULL")  # the log is synced at every commit


# What an earlier writer left in the log may have missed its sync, if that one failed; in the file,
# synced anew, nothing written from here on hangs on it.
def _fold_in(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    if _pragma(connection, "application_id") != _APPLICATION_ID:
        raise JournalError(f"{path} is not a journal")
    version = _pragma(connection, "user_version")
    if version != SCHEMA_VERSION:
        raise JournalError(
            f"{path} has schema {version} and this build reads {SCHEMA_VERSION}; "
            "use the build that wrote it"
        )


def _pragma(connection: sqlite3.Connection, text: str) -> object:
    (value,) = connection.execute(f"PRAGMA {text}").fetchone()
    return value


def _read_identity(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT id FROM journal").fetchone()
    if row is None:
        raise JournalError("the journal has lost its name")
    return str(row[0])


def _read_tip(connection: sqlite3.Connection, journal_id: str) -> Tip:
    row = connection.execute(_SELECT_TIP).fetchone()
    return genesis(journal_id) if row is None else Tip(*row)


# A lock of the process, not of the descriptor: it ends with the process even where a child that
# was forked from it lives on.
@contextmanager
def _locked(path: Path) -> Iterator[None]:
    if path in _open_here:
        raise JournalError(f"{path} is already open for writing in this process")
    descriptor = os.open(path.with_name(f"{path.name}-lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, path)
        _open_here.add(path)
        yield
    finally:
        _open_here.discard(path)
        os.close(descriptor)


def _acquire(descriptor: int, path: Path) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise JournalError(f"{path} is open for writing in another process") from None


def _closed() -> JournalError:
    return JournalError("the journal is closed")


def _settle(answers: list[_Answer], refusal: JournalError | None) -> None:
    for loop, group in groupby(answers, key=lambda answer: answer.get_loop()):
        with suppress(RuntimeError):  # the loop was closed: nobody is left to be told
            loop.call_soon_threadsafe(_resolve, list(group), refusal)


def _resolve(answers: list[_Answer], refusal: JournalError | None) -> None:
    for answer in answers:
        if answer.done():  # cancelled by who waited; the record is written all the same
            continue
        if refusal is None:
            answer.set_result(None)
        else:
            _refuse(answer, refusal)


# Told to whoever waits for it; that nobody does is no fault of his.
def _refuse(answer: _Answer, refusal: JournalError) -> None:
    answer.set_exception(type(refusal)(str(refusal)))
    answer.exception()
