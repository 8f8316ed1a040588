"""The daemon's local door: a Unix socket beside the journal, JSON lines, for its owner only.

One request a connection: an order, or what its key `do` says. The answer is story lines, then the
report or an error. Not an API for networks: who may open the file may trade, and stop trading.
"""

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import orjson

from router.domain.error import OrderError, RouterError

Tell: TypeAlias = Callable[[str], None]
Request: TypeAlias = Mapping[str, str]
Work: TypeAlias = Callable[[Request, Tell], Awaitable[bytes]]

_REQUEST_BYTES_MAX: Final = 65_536
_ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
_MALFORMED: Final = (
    f"request: must be one JSON object of strings on one line of at most {_REQUEST_BYTES_MAX} bytes"
)
_PATH_BYTES_MAX: Final = 100  # the kernel allows 107 for a socket's name


def socket_path(journal: Path) -> Path:
    """Return where the daemon that owns a journal listens, however its path is written."""
    journal = journal.resolve()
    beside = journal.with_name(journal.name + ".sock")
    if len(os.fsencode(beside)) <= _PATH_BYTES_MAX:
        return beside
    name = hashlib.sha256(os.fsencode(journal)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"headrace-{name}.sock"


@asynccontextmanager
async def listening(path: Path, work: Work) -> AsyncIterator[None]:
    """Answer requests until the block is left; the caller owns the journal, so the path is free."""
    open_now: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "connections are served by tasks"
        open_now.add(task)
        # A client that waits while we stop is hung up on; its order goes on at the next start.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await _answer(reader, writer, work)
        writer.close()
        open_now.discard(task)

    with path_taken(path):
        with for_owner_only():
            server = await asyncio.start_unix_server(answer, path, limit=_REQUEST_BYTES_MAX)
        try:
            yield
        finally:
            server.close()
            for task in open_now:
                task.cancel()
            if open_now:
                await asyncio.wait(open_now)


async def ask(path: Path, request: Mapping[str, str], tell: Tell) -> bytes:
    """Send an order, or whatever it says to do, to a daemon and return the report as JSON.

    Raises
    ------
    OrderError
        If the request is too large to send, or the daemon refuses it.
    ConnectionError
        If no daemon listens, or it went away; the order may be at work: ask again with the same
        client_order_id to follow it.
    """
    line = orjson.dumps(dict(request)) + b"\n"
    if len(line) > _REQUEST_BYTES_MAX:
        raise OrderError(_MALFORMED)
    reader, writer = await asyncio.open_unix_connection(path, limit=_ANSWER_BYTES_MAX)
    try:
        writer.write(line)
        await writer.drain()
        while line := await reader.readline():
            message = orjson.loads(line)
            if "error" in message:
                raise OrderError(message["error"])
            if "report" in message:
                return orjson.dumps(message["report"])
            tell(message["line"])
    finally:
        writer.close()
    raise ConnectionError("the daemon went away before the order was done")


@contextmanager
def path_taken(path: Path) -> Iterator[None]:
    """Have a socket's path free, and leave it free."""
    path.unlink(missing_ok=True)  # a crashed daemon leaves its socket behind
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def for_owner_only() -> Iterator[None]:
    """Have what is made be its owner's alone."""
    # The mask keeps others out of the socket from the first moment; other files are not its matter.
    mask = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(mask)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, work: Work) -> None:
    def tell(line: str) -> None:
        _write(writer, {"line": line})

    try:
        request = await _read(reader)
        result = await work(request, tell)
    except RouterError as error:
        _write(writer, {"error": str(error)})
    else:
        _write(writer, {"report": orjson.Fragment(result)})
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request:
    try:
        request = orjson.loads(await reader.readline())
    except ValueError as error:  # not JSON, or longer than the limit
        raise OrderError(_MALFORMED) from error
    if not isinstance(request, dict) or not all(isinstance(v, str) for v in request.values()):
        raise OrderError(_MALFORMED)
    return request


def _write(writer: asyncio.StreamWriter, message: object) -> None:
    # Who asked may have left by now; the order is worked all the same.
    if not writer.is_closing():
        writer.write(orjson.dumps(message) + b"\n")
