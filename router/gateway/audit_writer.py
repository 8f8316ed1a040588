"""Writes the record of a door: a thread of its own, many lines a write, before anything is done.

What trades waits until its line is in the file, and is refused where that cannot be. Cancels and
halts wait for nothing: their lines are kept, in the chain, until the file takes them. A line is
safe from a killed process once it is written; the disk has it a tenth of a second later, or after
64 KiB of others. A file that has grown long is left, and the chain goes on in a new one.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from router.domain.units import TimestampNs
from router.gateway import audit_files
from router.gateway.audit import AuditError, Entry, Head, chained, last_head
from router.gateway.rates import Buckets, Kind, Rate, ThrottledError

FULL_BYTES: Final = 64 * 1024 * 1024  # some 150,000 lines
STRANGERS: Final = Rate(per_s=20, burst=100)  # lines about who has no key
BACKLOG_MAX: Final = 50_000  # lines that wait for the file; more are counted and not kept
_WRITE_WAIT_S: Final = 2.0
_AGAIN_AFTER_S: Final = 0.5
_SYNC_AFTER_S: Final = 0.1
_SYNC_BYTES: Final = 64 * 1024
_OPENED: Final = "audit_opened"

Now: TypeAlias = Callable[[], TimestampNs]


@dataclass(frozen=True, slots=True)
class Program:
    """What was running: in every line.

    Attributes
    ----------
    config : str
        Digest of the configuration file, in hex.
    build : str
        Version of the program.
    """

    config: str
    build: str


class Audit:
    """The record of one door; made by `auditing`."""

    def __init__(self, path: Path, program: Program, now: Now) -> None:
        self._program = {"config": program.config, "build": program.build}
        self._now = now
        self._head = Head()
        self._lost = 0
        self._strangers = Buckets({Kind.REQUEST: STRANGERS})
        self._left_out = 0
        self._lines: list[bytes] = []  # of this turn of the loop: one write
        self._asked: list[asyncio.Future[bool]] = []
        self._waits: deque[tuple[float, list[asyncio.Future[bool]]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._file = _File(path)
        self._thread = threading.Thread(target=self._file.work, name="audit", daemon=True)

    @property
    def fault(self) -> str | None:
        """Why nothing can be written at the moment; None where all is well."""
        return self._file.fault

    @property
    def head(self) -> Head:
        """The end of the chain, to be kept elsewhere."""
        return self._head

    async def record(self, entry: Entry) -> None:
        """Write down what is about to be done, and return once it is in the file.

        Raises
        ------
        AuditError
            If it cannot be written: do not do it. The record then says that it was withdrawn.
        """
        if self.fault is None:
            written = asyncio.get_running_loop().create_future()
            self._put(entry.fields(self._now()), written)
            if await written:
                return
        self.note(replace(entry, decision="withdrawn"))
        raise AuditError("the record of requests cannot be written; only cancels and halts go on")

    def note(self, entry: Entry) -> None:
        """Write down what was decided, as soon as the file takes it; waits for nothing."""
        self._put(entry.fields(self._now()))

    def note_stranger(self, entry: Entry) -> None:
        """Write down what somebody without a key tried; how many were too many is in the next."""
        now = self._now()
        try:
            self._strangers.take("", Kind.REQUEST, now=now)
        except ThrottledError:
            self._left_out += 1
            return
        left_out = {"left_out_before": self._left_out} if self._left_out else {}
        self._left_out = 0
        self._put({**entry.fields(now), **left_out})

    async def open(self) -> None:
        """Take the file, and begin."""
        await asyncio.to_thread(self._file.open)
        self._head = self._file.head
        self._thread.start()
        opened = {"action": _OPENED, "at": str(self._now()), **self._file.cut_off}
        self._put(opened)

    async def close(self) -> None:
        """Write what waits, as far as the file takes it, and let go of the file."""
        self._flush()
        self._file.end()
        await asyncio.to_thread(self._thread.join, _WRITE_WAIT_S)
        if self._timer is not None:
            self._timer.cancel()

    def _put(
        self, fields: Mapping[str, Any], written: "asyncio.Future[bool] | None" = None
    ) -> None:
        if self._file.waiting + len(self._lines) >= BACKLOG_MAX:
            self._lost += 1
            if written is not None:
                written.set_result(False)
            return
        lost = {"lost_before": self._lost} if self._lost else {}
        self._lost = 0
        line, self._head = chained({**fields, **self._program, **lost}, self._head)
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(line)
        if written is not None:
            self._asked.append(written)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        asked, self._asked = self._asked, []
        if asked:
            loop = asyncio.get_running_loop()
            self._waits.append((loop.time() + _WRITE_WAIT_S, asked))
            if self._timer is None:
                self._timer = loop.call_later(_WRITE_WAIT_S, self._give_up)
        if lines:
            self._file.put(lines, asked)

    # Whoever waits too long for the file is told so; one timer serves all of them.
    def _give_up(self) -> None:
        loop, self._timer = asyncio.get_running_loop(), None
        while self._waits and self._waits[0][0] <= loop.time():
            _, asked = self._waits.popleft()
            _answer(asked, is_written=False)
        if self._waits:
            self._timer = loop.call_at(self._waits[0][0], self._give_up)


class _File:
    """The file, and the lines on their way to it; `work` is the thread's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._size = 0
        self._full_at = FULL_BYTES
        self._count = 0  # lines of the whole chain that are written
        self._wake = threading.Condition()
        self._lines: list[bytes] = []
        self._waiting: list[asyncio.Future[bool]] = []
        self._is_ending = False
        self._unsynced_bytes = 0
        self.fault: str | None = None
        self.head = Head()
        self.cut_off: dict[str, str] = {}

    @property
    def waiting(self) -> int:
        return len(self._lines)

    # A file that is damaged or somebody else's stays as it is, and nothing is written.
    def open(self) -> None:
        try:
            self._descriptor = _taken(self._path)
            if audit_files.has_both_names(self._path):
                self._begin_next()
            self.head, self._size = last_head(self._path)
            self._count = self.head.count
            torn = os.pread(self._descriptor, 1 << 20, self._size)
            if torn:
                digest = hashlib.sha256(torn).hexdigest()
                self.cut_off = {"cut_off_bytes": str(len(torn)), "cut_off_sha256": digest}
                os.ftruncate(self._descriptor, self._size)
        except (OSError, AuditError) as error:
            self.fault = str(error)
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def put(self, lines: list[bytes], asked: "list[asyncio.Future[bool]]") -> None:
        with self._wake:
            self._lines += lines
            self._waiting += asked
            self._wake.notify()

    def end(self) -> None:
        with self._wake:
            self._is_ending = True
            self._wake.notify()

    def work(self) -> None:
        while self._turn():
            pass
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)

    # What cannot be written stays in front of what comes, so that the chain has no gap.
    def _turn(self) -> bool:
        with self._wake:
            self._await_work()
            count, waiting = len(self._lines), self._waiting
            data, self._waiting = b"".join(self._lines), []
            is_ending = self._is_ending
        is_written = self._written(data)
        if is_written:
            self._count += count
            with self._wake:
                del self._lines[:count]
        _tell(waiting, is_written=is_written)
        if is_written and self._size >= self._full_at:
            self._leave()
        if self._unsynced_bytes >= _SYNC_BYTES:
            self._sync()
        return not is_ending

    def _await_work(self) -> None:
        if self.fault is not None:
            self._wake.wait_for(lambda: self._is_ending, _AGAIN_AFTER_S)
            return
        pause = _SYNC_AFTER_S if self._unsynced_bytes else None
        if not self._wake.wait_for(lambda: self._lines or self._is_ending, pause):
            self._sync()

    # Where it cannot be left it grows on, and that is tried again when there is as much more.
    def _leave(self) -> None:
        self._full_at = self._size + FULL_BYTES
        full = audit_files.full_path(self._path, self._count)
        self._sync()
        if self.fault is not None:
            return
        try:
            full.hardlink_to(self._path)
            self._begin_next()
        except (OSError, AuditError):
            if audit_files.has_both_names(self._path):
                full.unlink()

    def _begin_next(self) -> None:
        following = audit_files.next_path(self._path)
        following.unlink(missing_ok=True)
        descriptor = _taken(following)
        try:
            following.rename(self._path)
        except OSError:
            os.close(descriptor)
            raise
        old, self._descriptor = self._descriptor, descriptor
        self._size, self._full_at, self._unsynced_bytes = 0, FULL_BYTES, 0
        os.close(old)

    def _sync(self) -> None:
        self._unsynced_bytes = 0
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self.fault = str(error)

    def _written(self, data: bytes) -> bool:
        if self._descriptor < 0:
            return False
        if not data and self.fault is None:
            return True
        try:
            if self.fault is not None:
                os.ftruncate(self._descriptor, self._size)  # of a write that did not succeed
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            self.fault = f"{self._path}: cannot be written ({error.strerror})"
            return False
        self._size += len(data)
        self.fault = None
        self._unsynced_bytes += len(data)
        return True


def _taken(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_there = os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        os.close(descriptor)
        raise
    if not is_there:  # it was full, and left, in this very moment
        os.close(descriptor)
        raise AuditError(f"{path}: another process keeps it")
    return descriptor


@asynccontextmanager
async def auditing(path: Path, program: Program, now: Now) -> AsyncIterator[Audit]:
    """Keep the record of a door until the block is left.

    A file that cannot be had is no reason not to start: cancels and halts must go on.
    """
    audit = Audit(path, program, now)
    await audit.open()
    try:
        yield audit
    finally:
        await audit.close()


def _tell(waiting: "list[asyncio.Future[bool]]", *, is_written: bool) -> None:
    if not waiting:
        return

    with contextlib.suppress(RuntimeError):  # the loop has gone, and who waited with it
        tell = partial(_answer, waiting, is_written=is_written)
        waiting[0].get_loop().call_soon_threadsafe(tell)


def _answer(waiting: "list[asyncio.Future[bool]]", *, is_written: bool) -> None:
    for each in waiting:
        if not each.done():
            each.set_result(is_written)
