"""The line between a daemon and its gateways: a Unix socket, many requests at a time, JSON lines.

A gateway is a process of its own: what hostile peers send is read where no key is. Who may do what
is decided there; the daemon answers whoever may open the file, its owner. A request whose answer is
lost may have been done: every request that changes something has a name, and may be asked again.

Each line is an object. From the gateway ``{"id": 1, "do": "submit", ...}``, or ``{"id": 1, "do":
"stop"}`` to be told no more. From the daemon ``{"id": 1, "ok": ...}`` once, ``{"id": 1, "error":
{"code": ..., "message": ..., "field": ...}}`` once, or ``{"id": 1, "event": ...}`` again and again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import orjson

from router.domain.error import RouterError
from router.gateway import local

Fields: TypeAlias = Mapping[str, Any]
Answerer: TypeAlias = Callable[[str, Fields], Awaitable[bytes]]
Follower: TypeAlias = Callable[[str, Fields], AsyncIterator[bytes]]
Fault: TypeAlias = Callable[[Exception], None]

_LINE_BYTES_MAX: Final = 64 * 1024 * 1024
_REQUESTS_MAX: Final = 4_096  # at work for one gateway at a time
# Beyond it there is room for what stops trading, and some of it for the looks that go before that.
_ROOM: Final = 512
_STOPPING: Final = frozenset({"cancel", "mass_cancel", "cancel_basket", "switch"})
_LOOKUPS: Final = frozenset({"find", "order"})  # they wait for nothing; what is at once neither
_EVENTS_MAX: Final = 10_000  # told to one follower and not taken yet: then it is cut off
_LINES_AT_ONCE: Final = 64  # put by one follower before others are looked at
_ANSWER_S: Final = 90.0  # the slowest is a dry run with all comparisons
_STOP: Final = "stop"
_AWAY: Final = "the daemon is away; what was asked may have been done: ask again by the same name"
_LATE: Final = "the daemon did not answer in time; ask again by the same name"


class LinkError(RouterError):
    """The daemon did not do what was asked.

    Attributes
    ----------
    code : str
        Stable; see `Code`.
    field : str | None
        What of the request is wrong, where one field is.
    """

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class Code:
    """Why something was not done; clients may rely on these words."""

    INVALID: Final = "invalid"  # a field is wrong; nothing was done
    DUPLICATE: Final = "duplicate"  # the name stands for something else already
    UNKNOWN: Final = "unknown"  # there is no such order, plan, instrument
    TOO_LATE: Final = "too_late"  # it has ended, or trades no more
    PENDING: Final = "pending"  # another request of the same order is under way
    REFUSED: Final = "refused"  # a limit, a control or a switch says no
    NO_ROUTE: Final = "no_route"  # no plan satisfies it
    STALE: Final = "stale"  # no fresh state of a venue
    BUSY: Final = "busy"  # too much waits; send it again later
    DEGRADED: Final = "degraded"  # the journal cannot be written, or the desk is being opened
    AWAY: Final = "away"  # no answer: it may have been done
    LOST: Final = "lost"  # a follower's place; begin again from the snapshot
    INTERNAL: Final = "internal"  # a fault of ours


@dataclass(frozen=True, slots=True)
class Desk:
    """What serves a link.

    Attributes
    ----------
    answer : function
        Takes what to do and the fields; returns JSON, or raises `LinkError`.
    follow : function
        The same for what is told again and again.
    fault : function
        Told of a fault of ours; whoever asked is told that it was one, and others are served on.
    """

    answer: Answerer
    follow: Follower
    fault: Fault


def link_path(journal: Path) -> Path:
    """Return where the daemon that owns a journal listens for its gateways."""
    return local.socket_path(journal.with_name(journal.name + ".link"))


@asynccontextmanager
async def serving(path: Path, desk: Desk) -> AsyncIterator[None]:
    """Serve gateways until the block is left; the caller owns the journal, so the path is free."""
    open_now: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "connections are served by tasks"
        open_now.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await _Connection(reader, writer, desk).serve()
        writer.close()
        open_now.discard(task)

    with local.path_taken(path):
        with local.for_owner_only():
            server = await asyncio.start_unix_server(serve, path, limit=_LINE_BYTES_MAX)
        try:
            yield
        finally:
            server.close()
            for task in open_now:
                task.cancel()
            if open_now:
                await asyncio.wait(open_now)


class _Connection:
    """One gateway at the daemon's end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, desk: Desk
    ) -> None:
        self._reader = reader
        self._outbox = _Outbox(writer)
        self._desk = desk
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            try:
                while (request := await self._next()) is not None:
                    self._take(request, group)
            finally:
                for task in self._tasks.values():
                    task.cancel()

    # None where the gateway has gone, or speaks another language: then it is hung up on.
    async def _next(self) -> dict[str, Any] | None:
        try:
            line = await self._reader.readline()
            request = orjson.loads(line) if line else None
        except (ValueError, ConnectionError):  # not JSON, longer than the limit; or cut off
            return None
        if not isinstance(request, dict):
            return None
        is_whole = type(request.get("id")) is int and isinstance(request.get("do"), str)
        return request if is_whole else None

    def _take(self, request: dict[str, Any], group: asyncio.TaskGroup) -> None:
        name, do = request.pop("id"), request.pop("do")
        if do == _STOP:
            task = self._tasks.get(name)
            if task is not None:
                task.cancel()
            return
        if len(self._tasks) >= _most(do, request):
            self._refuse(name, LinkError("too much is asked at a time", code=Code.BUSY))
            return
        is_followed = bool(request.pop("follow", False))
        work = self._tell(name, do, request) if is_followed else self._answer(name, do, request)
        task = group.create_task(work)
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _answer(self, name: int, do: str, request: Fields) -> None:
        try:
            answer = await self._desk.answer(do, request)
        except LinkError as error:
            self._refuse(name, error)
        except Exception as error:  # noqa: BLE001 - told, and the others are served on
            self._fail(name, error)
        else:
            self._outbox.put(b'{"id":%d,"ok":%b}\n' % (name, answer))

    async def _tell(self, name: int, do: str, request: Fields) -> None:
        try:
            async for event in self._desk.follow(do, request):
                self._outbox.put(b'{"id":%d,"event":%b}\n' % (name, event))
                await self._outbox.drain()
        except LinkError as error:
            self._refuse(name, error)
        except Exception as error:  # noqa: BLE001 - told, and the others are served on
            self._fail(name, error)

    def _fail(self, name: int, error: Exception) -> None:
        self._desk.fault(error)
        self._refuse(name, LinkError("a fault of ours; it was told", code=Code.INTERNAL))

    def _refuse(self, name: int, error: LinkError) -> None:
        said = {"code": error.code, "message": str(error), "field": error.field}
        self._outbox.put(orjson.dumps({"id": name, "error": said}) + b"\n")


def _most(do: str, request: Fields) -> int:
    return _REQUESTS_MAX + _ROOM * (2 * (do in _STOPPING) or do in _LOOKUPS or "at_once" in request)


class _Outbox:
    """Lines on their way out: those of one moment leave in one write."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._lines: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []

    def put(self, line: bytes) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(line)

    # Whoever has much to tell lets others do something, and waits for whom it is told.
    async def drain(self) -> None:
        if len(self._lines) >= _LINES_AT_ONCE:
            written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(written)
            await written
        with contextlib.suppress(ConnectionError):  # the reader sees it, too
            await self._writer.drain()

    def _flush(self) -> None:
        data, self._lines = b"".join(self._lines), []
        if not self._writer.is_closing():
            self._writer.write(data)
        waiting, self._waiting = self._waiting, []
        for written in waiting:
            if not written.done():
                written.set_result(None)


class Link:
    """A gateway's end of the line; made by `linked`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._outbox = _Outbox(writer)
        self._asked: dict[int, tuple[float, asyncio.Future[Any]]] = {}  # until when, in order
        self._late: asyncio.TimerHandle | None = None
        self._told: dict[int, asyncio.Queue[Any]] = {}
        self._count = 0
        self._is_away = False

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Connect to a daemon.

        Raises
        ------
        OSError
            If none listens there.
        """
        return cls(*await asyncio.open_unix_connection(path, limit=_LINE_BYTES_MAX))

    @property
    def is_away(self) -> bool:
        """Whether the daemon has gone; open another."""
        return self._is_away

    async def ask(self, do: str, **fields: object) -> Any:  # noqa: ANN401 - whatever JSON says
        """Have something done, and return the answer.

        Raises
        ------
        LinkError
            If it is refused; with the code `Code.AWAY` it may have been done: the line broke, or
            nothing was said for 90 s.
        """
        if self._is_away:
            raise LinkError(_AWAY, code=Code.AWAY)
        name = self._send(do, fields)
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._asked[name] = loop.time() + _ANSWER_S, future
        if self._late is None:
            self._late = loop.call_later(_ANSWER_S, self._give_up)
        try:
            return await future
        finally:
            self._asked.pop(name, None)

    async def follow(self, do: str, **fields: object) -> AsyncIterator[Any]:
        """Yield what is told, until the iterator is closed.

        Raises
        ------
        LinkError
            If it is refused, or the daemon goes.
        """
        if self._is_away:
            raise LinkError(_AWAY, code=Code.AWAY)
        name = self._send(do, {**fields, "follow": True})
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self._told[name] = queue
        try:
            while True:
                event = await queue.get()
                if isinstance(event, LinkError):
                    raise event
                yield event
        finally:
            self._told.pop(name, None)
            self._outbox.put(orjson.dumps({"id": name, "do": _STOP}) + b"\n")

    async def run(self) -> None:
        """Take in what the daemon says until it goes."""
        try:
            while line := await self._reader.readline():
                self._take(orjson.loads(line))
        except ConnectionError:
            pass  # told below, as when it closes
        finally:
            self._leave()

    def _send(self, do: str, fields: Fields) -> int:
        self._count += 1
        self._outbox.put(orjson.dumps({"id": self._count, "do": do, **fields}) + b"\n")
        return self._count

    def _take(self, said: dict[str, Any]) -> None:
        name = said["id"]
        if "event" in said:
            queue = self._told.get(name)
            if queue is not None:
                self._tell(queue, said["event"])
            return
        error = said.get("error")
        fault = None if error is None else _error(error)
        if name in self._told and fault is not None:
            self._told[name].put_nowait(fault)
        _, future = self._asked.get(name, (0.0, None))
        if future is None or future.done():
            return
        if fault is None:
            future.set_result(said["ok"])
        else:
            future.set_exception(fault)

    # One who does not take what it asked for must not fill the memory.
    def _tell(self, queue: asyncio.Queue[Any], event: object) -> None:
        if queue.qsize() < _EVENTS_MAX:
            queue.put_nowait(event)
        elif queue.qsize() == _EVENTS_MAX:
            slow = f"more than {_EVENTS_MAX} events wait; begin again from the snapshot"
            queue.put_nowait(LinkError(slow, code=Code.LOST))

    # One timer serves all that is asked: they wait equally long, so the oldest is late first.
    def _give_up(self) -> None:
        loop, self._late = asyncio.get_running_loop(), None
        for until, future in self._asked.values():
            if until > loop.time():
                self._late = loop.call_at(until, self._give_up)
                return
            if not future.done():
                future.set_exception(LinkError(_LATE, code=Code.AWAY))

    def _leave(self) -> None:
        self._is_away = True
        if self._late is not None:
            self._late.cancel()
        for _, future in self._asked.values():
            if not future.done():
                future.set_exception(LinkError(_AWAY, code=Code.AWAY))
        for queue in self._told.values():
            queue.put_nowait(LinkError(_AWAY, code=Code.AWAY))
        self._writer.close()


@asynccontextmanager
async def linked(path: Path) -> AsyncIterator[Link]:
    """Connect to a daemon until the block is left.

    Raises
    ------
    OSError
        If none listens there.
    """
    link = await Link.open(path)
    running = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        running.cancel()
        await asyncio.wait({running})


def _error(said: Mapping[str, Any]) -> LinkError:
    return LinkError(str(said["message"]), code=str(said["code"]), field=said.get("field"))
