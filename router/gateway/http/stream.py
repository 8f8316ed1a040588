"""One WebSocket: who it is, what it asks, and what it is told.

What is told goes into the socket as it comes; one task reads, and one writes what the socket did
not take at once. What is asked runs beside them. A client that does not take what it is told is not
waited for: it is closed, with the places from which it may go on.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import orjson
from aiohttp import WSMsgType, web

from router.gateway.access import Principal
from router.gateway.http.calls import Call
from router.gateway.http.doing import Doing, who_is
from router.gateway.http.doorman import Doorman, Peer, is_signed
from router.gateway.http.faults import REFUSALS, problem
from router.gateway.http.frames import Place
from router.gateway.http.models import OrderQuery
from router.gateway.http.outbox import Outbox
from router.gateway.http.problems import ProblemError
from router.gateway.http.routes import ROUTES
from router.gateway.http.stream_messages import (
    Authenticate,
    Entry,
    Ping,
    Subscribe,
    Unsubscribe,
    name_in,
    parse,
)
from router.gateway.http.subscriptions import Hubs, Subscriptions
from router.gateway.http.values import Request
from router.gateway.http.wire import encode
from router.gateway.link import Code
from router.gateway.rates import Kind
from router.gateway.signing import AuthenticationError, Signed

UNAUTHENTICATED: Final = 4001
LATER: Final = 1013
SLOW: Final = 4008
GOING: Final = 1001
STRANGERS_MAX: Final = 64  # streams of whom nobody knows yet; they leave the others theirs
ASKED_MAX: Final = 256  # requests of one stream that are being done
_AUTHENTICATE_S: Final = 10
_CLOSE_S: Final = 5
_HEARTBEAT_S: Final = 20
_REASON_BYTES_MAX: Final = 123  # a control frame has no room for more
_BUFFERED_MAX: Final = 64 * 1024  # what this process holds for a socket; more waits in the outbox
# What the system holds for one that has not left: not megabytes of states that were overtaken.
_UNSENT_MAX: Final = 128 * 1024
_OPTION_UNSENT: Final = (6, 25)  # IPPROTO_TCP, TCP_NOTSENT_LOWAT of Linux
_SUBMITS: Final = ("submit", "quote")
_ROUTES: Final = {
    "submit": "submitOrder",
    "cancel": "cancelOrder",
    "amend": "amendOrder",
    "quote": "quote",
}
_BY_OPERATION: Final = {route.operation: route for route in ROUTES}

MakeOutbox = Callable[[], Outbox]


class Streams:
    """All streams of this process."""

    def __init__(
        self,
        hubs: Hubs,
        *,
        doorman: Doorman,
        doing: Doing,
        streams_max: int,
        of_key_max: int,
        message_bytes_max: int,
        outbox: MakeOutbox = Outbox,
    ) -> None:
        self.hubs = hubs
        self.doorman = doorman
        self.doing = doing
        self.outbox = outbox
        self.strangers = 0
        self._streams_max = streams_max
        self._of_key_max = of_key_max
        self._message_bytes_max = message_bytes_max
        self._open: set[web.WebSocketResponse] = set()
        self._of_key: Counter[str] = Counter()

    async def upgrade(self, request: web.BaseRequest, peer: Peer, name: str) -> web.StreamResponse:
        """Serve a stream until it closes.

        Raises
        ------
        ProblemError, AuthenticationError, ThrottledError
            If it is not let in.
        """
        if len(self._open) >= self._streams_max:
            raise ProblemError(Code.BUSY, f"{self._streams_max} streams are open already")
        principal = None
        if is_signed(request.headers) or not self.doorman.needs_keys:
            signed, headers = Signed(request.method, request.raw_path), request.headers
            try:
                principal = self.doorman.admit(signed, headers, peer=peer, kind=Kind.REQUEST)
            except AuthenticationError as error:
                self.doing.turn_away(error, headers, source=peer.address, request=name)
                raise
        elif self.strangers >= STRANGERS_MAX:
            raise ProblemError(Code.BUSY, "too many have not authenticated yet; sign the upgrade")
        with contextlib.ExitStack() as held:
            if principal is not None:
                held.enter_context(self.share(principal))
            socket = await self._prepared(request)
            self._open.add(socket)
            held.callback(self._open.discard, socket)
            stream = _Stream(self, socket, peer=peer, name=name, held=held)
            await stream.serve(principal, request)
        return socket

    async def _prepared(self, request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_S,
            timeout=_CLOSE_S,
            max_msg_size=self._message_bytes_max,
            compress=False,
        )
        if not socket.can_prepare(request).ok:
            raise ProblemError("malformed", "the upgrade is not one to a WebSocket")
        await socket.prepare(request)
        return socket

    @contextlib.contextmanager
    def share(self, principal: Principal) -> Iterator[None]:
        """Count a stream as its key's until the block is left.

        Raises
        ------
        ProblemError
            If the key has its share already. A door without keys has one principal, for all.
        """
        key = principal.key
        if self.doorman.needs_keys and self._of_key[key] >= self._of_key_max:
            most = f"{self._of_key_max} streams of this key are open already; close one"
            raise ProblemError("throttled", most)
        self._of_key[key] += 1
        try:
            yield
        finally:
            self._of_key[key] -= 1

    async def close(self) -> None:
        """Tell all that the gateway goes."""
        async with asyncio.TaskGroup() as group:
            for socket in tuple(self._open):
                group.create_task(_closed(socket, GOING, "the gateway goes; come back"))


class _Pipe:
    """The socket, written to past the server: what goes into it has been framed already."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._socket = socket
        self._transport = transport
        made = transport.get_extra_info("socket")
        if made is not None:
            made.setsockopt(*_OPTION_UNSENT, _UNSENT_MAX)

    @property
    def is_free(self) -> bool:
        """Whether what is written now leaves at once, or nearly."""
        return self._is_open and self._transport.get_write_buffer_size() < _BUFFERED_MAX

    def write(self, frames: bytes) -> None:
        """Send frames.

        Raises
        ------
        ConnectionResetError
            Behind a frame that closes nothing follows.
        """
        if not self._is_open:
            raise ConnectionResetError("the stream is closed")
        self._transport.write(frames)

    @property
    def _is_open(self) -> bool:
        return not (self._socket.closed or self._transport.is_closing())


class _Stream:
    """One stream that is open.

    Parameters
    ----------
    held : ExitStack
        What is let go of when it has closed.
    """

    def __init__(
        self,
        streams: Streams,
        socket: web.WebSocketResponse,
        *,
        peer: Peer,
        name: str,
        held: contextlib.ExitStack,
    ) -> None:
        self._streams = streams
        self._socket = socket
        self._peer = peer
        self._name = name
        self._held = held
        self._outbox = streams.outbox()
        self._asked: set[asyncio.Task[None]] = set()
        self._count = 0

    async def serve(self, principal: Principal | None, request: web.BaseRequest) -> None:
        if principal is None:
            self._streams.strangers += 1
            try:
                principal = await self._introduced(request)
            finally:
                self._streams.strangers -= 1
        if principal is None or request.transport is None:
            return
        pipe = _Pipe(self._socket, request.transport)
        self._outbox.through(pipe)
        self._outbox.reply(encode({"op": "welcome", "id": "", **who_is(principal)}))
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._write(pipe, request))
            watching = group.create_task(self._watch_room(request, writing))
            try:
                await self._read(principal, group)
            finally:
                writing.cancel()
                if not self._outbox.overflowed.is_set():
                    watching.cancel()
                # What was asked is done although nobody waits for the answer, as over HTTP.

    async def _introduced(self, request: web.BaseRequest) -> Principal | None:
        said: Mapping[str, str] = {}
        try:
            async with asyncio.timeout(_AUTHENTICATE_S):
                frame = await self._frame()
            if frame is None:
                return None
            _, message = parse(frame)
            if not isinstance(message, Authenticate):
                raise ProblemError("unauthenticated", "authenticate first, or sign the upgrade")
            said, signed = message.headers, Signed(request.method, request.raw_path)
            doorman = self._streams.doorman
            principal = doorman.admit(signed, said, peer=self._peer, kind=Kind.REQUEST)
            self._held.enter_context(self._streams.share(principal))
        except REFUSALS as error:
            source, told = self._peer.address, problem(error)
            self._streams.doing.turn_away(error, said, source=source, request=self._name)
            code = UNAUTHENTICATED if told.retry_after_s is None else LATER
            await _closed(self._socket, code, str(told))
            return None
        return principal

    async def _read(self, principal: Principal, group: asyncio.TaskGroup) -> None:
        subscriptions = Subscriptions(
            self._streams.hubs, self._outbox, principal=principal, group=group
        )
        try:
            while (frame := await self._frame()) is not None:
                try:
                    await self._take(frame, principal, subscriptions=subscriptions, group=group)
                except REFUSALS as error:
                    self._refuse(name_in(frame), error)
        finally:
            subscriptions.end_all()

    async def _take(
        self,
        frame: bytes,
        principal: Principal,
        *,
        subscriptions: Subscriptions,
        group: asyncio.TaskGroup,
    ) -> None:
        name, message = parse(frame)
        if isinstance(message, Entry):
            self._enter(message, principal, group)
            return
        self._streams.doorman.count(principal, Kind.REQUEST)
        match message:
            case Subscribe():
                await subscriptions.begin(message)
            case Unsubscribe():
                subscriptions.end(name)
                self._say({"op": "unsubscribed", "id": name})
            case Ping():
                self._say({"op": "pong", "id": name})
            case _:
                told = "this stream has authenticated already"
                raise ProblemError(Code.DUPLICATE, told, field="op")

    def _enter(self, message: Entry, principal: Principal, group: asyncio.TaskGroup) -> None:
        if len(self._asked) >= ASKED_MAX:
            raise ProblemError(Code.BUSY, f"{ASKED_MAX} requests of this stream are being done")
        route = _BY_OPERATION[_ROUTES[message.op]]
        self._streams.doorman.count(principal, route.rate)
        call = Call(principal, _path(message), query=_whose(message), body=_body(message))
        task = group.create_task(self._answer(message, call))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _answer(self, message: Entry, call: Call) -> None:
        route = _BY_OPERATION[_ROUTES[message.op]]
        self._count += 1
        request = f"{self._name}.{self._count}"
        try:
            reply = await self._streams.doing.do(
                route, call, source=self._peer.address, request=request
            )
        except REFUSALS as error:
            self._refuse(message.id, error, request=request)
        else:
            body = orjson.Fragment(reply.body)
            self._say({"op": "answer", "id": message.id, "status": reply.status, "body": body})

    async def _write(self, pipe: _Pipe, request: web.BaseRequest) -> None:
        with contextlib.suppress(ConnectionError):  # the reader sees it, too
            while True:
                await self._outbox.filled()
                await request.writer.drain()
                frame = self._outbox.take()
                if frame is not None:
                    pipe.write(frame)

    # What was written is on its way; the frame that closes goes behind it, and says from where on.
    # Who does not even take that is cut off a little later.
    async def _watch_room(self, request: web.BaseRequest, writing: "asyncio.Task[None]") -> None:
        await self._outbox.overflowed.wait()
        writing.cancel()
        transport = request.transport
        if transport is not None:
            asyncio.get_running_loop().call_later(_CLOSE_S, transport.abort)
        await _closed(self._socket, SLOW, resume_reason(self._outbox.places))

    async def _frame(self) -> bytes | None:
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return str(message.data).encode(errors="surrogateescape")
        return bytes(message.data) if message.type is WSMsgType.BINARY else None

    def _refuse(self, name: str, error: Exception, *, request: str | None = None) -> None:
        data = problem(error).data(request or self._name)
        self._say({"op": "error", "id": name, "problem": data})

    def _say(self, said: dict[str, object]) -> None:
        self._outbox.reply(encode(said))


def resume_reason(places: Mapping[str, Place]) -> str:
    """Return from where to go on, as JSON; of those that find room in a frame that closes."""
    told: dict[str, list[int | str]] = {}
    for name, place in places.items():
        more = {**told, name: list(place)}
        if len(encode({"resume": more})) <= _REASON_BYTES_MAX:
            told = more
    return encode({"resume": told}).decode()


async def _closed(socket: web.WebSocketResponse, code: int, reason: str) -> None:
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(_CLOSE_S):
            await socket.close(code=code, message=reason.encode()[:_REASON_BYTES_MAX])


def _path(message: Entry) -> dict[str, str]:
    if message.op in _SUBMITS:
        if message.order is not None:
            told = "order: is named in the body; leave it out"
            raise ProblemError(Code.INVALID, told, field="order")
        if message.client is not None:
            told = "client: is whose key it is; leave it out"
            raise ProblemError(Code.INVALID, told, field="client")
        return {}
    if message.order is None:
        raise ProblemError(Code.INVALID, "order: missing; say which", field="order")
    return {"name": message.order}


def _whose(message: Entry) -> OrderQuery | None:
    return None if message.client is None else OrderQuery(client=message.client)


def _body(message: Entry) -> Request:
    model = _BY_OPERATION[_ROUTES[message.op]].body
    assert model is not None, "each of these has one"
    return model.model_validate_json(orjson.dumps(message.body))
