"""The HTTP server: reads a request, has it done, and answers; nothing between it and the socket.

Refuses before it reads where it can. Whatever a client sends is answered with a problem, never with
a trace, and never by ending.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Final, TypeAlias

import orjson
from aiohttp import web
from typing_extensions import override

from router.gateway.http.calls import Call
from router.gateway.http.doing import Doing
from router.gateway.http.doorman import Doorman, Peer
from router.gateway.http.faults import REFUSALS, problem
from router.gateway.http.nesting import is_too_deep
from router.gateway.http.openapi import document
from router.gateway.http.paths import Found, Paths
from router.gateway.http.problems import CONTENT_TYPE, ProblemError
from router.gateway.http.reference import page
from router.gateway.http.repeats import Repeats, Reply
from router.gateway.http.routes import PARAMETERS, ROUTES, STREAM, Route
from router.gateway.http.shares import Shares
from router.gateway.http.values import Query, Request
from router.gateway.link import Code
from router.gateway.rates import Kind
from router.gateway.signing import AuthenticationError, Signed

CONNECTIONS_MAX: Final = 4_000
OF_ADDRESS_MAX: Final = 1_000

_JSON: Final = "application/json"
_BODY_S: Final = 10
_KEEPALIVE_S: Final = 75
_LINE_BYTES_MAX: Final = 8_190
_HEADERS_MAX: Final = 64
_NAME: Final = re.compile(PARAMETERS["name"][:-1] + r"\Z")
_HEADERS: Final = {
    "Server": "headrace",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_PAGE_HEADERS: Final = {
    **_HEADERS,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_MAY_BE_DONE: Final = frozenset({Code.AWAY, Code.INTERNAL})
_OF_RIGHT_FORM: Final = "names have 1 to 64 letters, digits, dots, dashes"

Ready: TypeAlias = Callable[[], Awaitable[bool]]
Upgrade: TypeAlias = Callable[[web.BaseRequest, Peer, str], Awaitable[web.StreamResponse]]
Alarm: TypeAlias = Callable[[str], None]

_silent = logging.getLogger("headrace.http")


class Door:
    """Answers requests.

    Parameters
    ----------
    ready : function
        Tells whether the desk takes orders.
    upgrade : function
        Takes over a request for the stream.
    run : str
        Of this process: ids of requests begin with it.
    """

    def __init__(
        self,
        doorman: Doorman,
        doing: Doing,
        *,
        ready: Ready,
        upgrade: Upgrade,
        run: str,
        body_bytes_max: int,
    ) -> None:
        self._doorman = doorman
        self._doing = doing
        self._ready = ready
        self._upgrade = upgrade
        self._run = run
        self._body_bytes_max = body_bytes_max
        self._count = 0
        self._paths = Paths(ROUTES)
        self._repeats = Repeats()
        self._document, self._page = _described()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, whatever it is."""
        name = self._name(request)
        try:
            if request.path in _OPEN:
                return await self._tell(request, name)
            if request.path == STREAM:
                return await self._stream(request, name)
            reply = await self._done(request, name)
        except REFUSALS as error:
            return _problem(problem(error), name)
        return _response(reply.body, name, status=reply.status)

    async def _tell(self, request: web.BaseRequest, name: str) -> web.Response:
        if request.method != "GET":
            raise _no_method("GET")
        self._doorman.look(_peer(request), Kind.REQUEST, request.headers)
        match request.path:
            case "/live":
                return _response(b'{"live":true}', name)
            case "/openapi.json":
                return _response(self._document, name)
            case "/docs":
                return web.Response(body=self._page, headers=_PAGE_HEADERS)
            case _:
                if not await self._ready():
                    raise ProblemError("not_ready", "the desk is not ready to take orders")
                return _response(b'{"ready":true}', name)

    async def _stream(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        if request.method != "GET":
            raise _no_method("GET")
        peer = _peer(request)
        self._doorman.look(peer, Kind.REQUEST, request.headers)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise ProblemError("malformed", "Upgrade: must be websocket, for a stream")
        return await self._upgrade(request, peer, name)

    async def _done(self, request: web.BaseRequest, name: str) -> Reply:
        peer = _peer(request)
        found = self._paths.find(request.path, request.method)
        route = None if found is None else found.routes.get(request.method)
        kind = Kind.REQUEST if route is None else route.rate
        self._doorman.look(peer, kind, request.headers)
        if found is None or route is None:
            raise _no_route(request, found)
        body = await self._body(request)
        signed = Signed(request.method, request.raw_path, body)
        try:
            principal = self._doorman.admit(signed, request.headers, peer=peer, kind=kind)
        except AuthenticationError as error:
            self._doing.turn_away(error, request.headers, source=peer.address, request=name)
            raise
        call = Call(
            principal,
            found.path,
            query=_query(route, request),
            body=_model(route, request, body),
            key=_key(request, route),
        )
        if call.key is None:
            return await self._doing.do(route, call, source=peer.address, request=name)
        done = self._once if route.once else self._held
        return await done(route, call, signed, peer=peer, name=name)

    # The daemon knows it by its own name; here the key is only kept from another request. What was
    # surely not done leaves it free.
    async def _held(
        self, route: Route, call: Call, signed: Signed, *, peer: Peer, name: str
    ) -> Reply:
        assert call.key is not None, "asked only with a key"
        who = call.principal.key
        is_first = self._repeats.hold(who, call.key, digest=_digest(signed))
        try:
            return await self._doing.do(route, call, source=peer.address, request=name)
        except REFUSALS as error:
            if is_first and problem(error).code not in _MAY_BE_DONE:
                self._repeats.end(who, call.key, None, digest=_digest(signed))
            raise

    async def _once(
        self, route: Route, call: Call, signed: Signed, *, peer: Peer, name: str
    ) -> Reply:
        assert call.key is not None, "asked only with a key"
        who, digest = call.principal.key, _digest(signed)
        told = self._repeats.begin(who, call.key, digest=digest)
        if told is not None:
            return told
        reply = None
        try:
            reply = await self._doing.do(route, call, source=peer.address, request=name)
        finally:
            self._repeats.end(who, call.key, reply, digest=digest)
        return reply

    async def _body(self, request: web.BaseRequest) -> bytes:
        if not request.body_exists:
            return b""
        if (request.content_length or 0) > self._body_bytes_max:
            raise self._too_large()
        if "Content-Encoding" in request.headers:
            raise ProblemError("unsupported_media", "Content-Encoding: send the body as it is")
        if request.content.is_eof():  # all of it is here
            body = request.content.read_nowait()
            if len(body) > self._body_bytes_max:
                raise self._too_large()
            return body
        try:
            async with asyncio.timeout(_BODY_S):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise self._too_large() from None
        except TimeoutError:
            request.protocol.close()
            raise ProblemError("timeout", f"the body took longer than {_BODY_S} s") from None

    def _too_large(self) -> ProblemError:
        return ProblemError("too_large", f"body: has more than {self._body_bytes_max} bytes")

    def _name(self, request: web.BaseRequest) -> str:
        given = request.headers.get("X-Request-Id")
        if given is not None and _NAME.match(given):
            return given
        self._count += 1
        return f"{self._run}-{self._count:x}"


class _Connection(web.RequestHandler):
    """A connection whose faults are problems, too."""

    __slots__ = ("_address",)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(self._manager, _Server), "made by it"
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._manager.shares.take(self._address):
            self.force_close()

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        manager = self._manager
        super().connection_lost(exc)
        if isinstance(manager, _Server):  # None: it was lost already
            manager.shares.give_back(self._address)

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        del message  # it repeats what was sent
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer has been sent already")
        if status >= 500:  # noqa: PLR2004 - a fault of ours; all below is the client's
            assert isinstance(self._manager, _Server), "made by it"
            self._manager.alarm(f"http gateway: {type(exc).__name__} while answering")
            answer = _problem(ProblemError(Code.INTERNAL, "a fault of ours; it is on record"), "-")
        else:
            answer = _problem(ProblemError("malformed", "the request is not HTTP"), "-")
        answer.force_close()
        return answer


class _Server(web.Server):
    """Makes the connections."""

    alarm: Alarm
    shares: Shares

    @override
    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=_KEEPALIVE_S,
            logger=_silent,
            access_log=_silent,
            max_line_size=_LINE_BYTES_MAX,
            max_field_size=_LINE_BYTES_MAX,
            max_headers=_HEADERS_MAX,
            auto_decompress=False,
        )


def server_of(
    door: Door,
    *,
    body_bytes_max: int,
    alarm: Alarm,
    connections_max: int = CONNECTIONS_MAX,
    of_address_max: int = OF_ADDRESS_MAX,
) -> web.Server:
    """Return the factory of connections for a listening socket; what is too much is hung up on."""
    _silent.addHandler(logging.NullHandler())
    _silent.propagate = False
    loop = asyncio.get_running_loop()
    made = partial(web.BaseRequest, loop=loop, client_max_size=body_bytes_max)
    server = _Server(door.answer, request_factory=made)
    server.alarm = alarm
    server.shares = Shares(connections_max, of_address_max)
    return server


_OPEN: Final = frozenset({"/live", "/ready", "/openapi.json", "/docs"})


@cache
def _described() -> tuple[bytes, bytes]:
    described = document()
    return orjson.dumps(described), page(described).encode()


def _query(route: Route, request: web.BaseRequest) -> Query | None:
    if "?" not in request.raw_path:
        return None if route.query is None else route.query.model_validate({})
    given = request.query
    if route.query is None:
        if given:
            told = f"{next(iter(given))[:64]}: unknown parameter; leave it out"
            raise ProblemError(Code.INVALID, told)
        return None
    if len(set(given)) != len(given):
        raise ProblemError(Code.INVALID, "a parameter is there twice; give each once")
    return route.query.model_validate(dict(given))


def _model(route: Route, request: web.BaseRequest, body: bytes) -> Request | None:
    if route.body is None:
        if body:
            raise ProblemError(Code.INVALID, "body: there is none of this request; leave it out")
        return None
    if not body:
        return route.body.model_validate_json(b"{}")
    if request.headers.get("Content-Type") != _JSON and request.content_type != _JSON:
        raise ProblemError("unsupported_media", f"Content-Type: must be {_JSON}")
    if is_too_deep(body):
        raise ProblemError("malformed", "body: is nested too deep")
    return route.body.model_validate_json(body)


def _key(request: web.BaseRequest, route: Route) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or route.method != "POST":
        return None
    if not _NAME.match(key):
        told = f"Idempotency-Key: {_OF_RIGHT_FORM}"
        raise ProblemError(Code.INVALID, told, field="Idempotency-Key")
    return key


def _digest(signed: Signed) -> bytes:
    head = f"{signed.method} {signed.target}\n".encode(errors="surrogateescape")
    return hashlib.sha256(head + signed.body).digest()


def _peer(request: web.BaseRequest) -> Peer:
    transport = request.transport
    found = None if transport is None else transport.get_extra_info("ssl_object")
    leaf = None if found is None else found.getpeercert(binary_form=True)
    certificate = None if leaf is None else hashlib.sha256(leaf).hexdigest()
    return Peer(request.remote or "", certificate)


def _no_route(request: web.BaseRequest, found: Found | None) -> ProblemError:
    if found is not None:
        return _no_method(found.allow)
    told = f"{request.path[:200]}: there is no such path; {_OF_RIGHT_FORM}"
    return ProblemError("not_found", told)


def _no_method(allow: str) -> ProblemError:
    return ProblemError("method_not_allowed", f"use {allow}", allow=allow)


def _response(body: bytes, name: str, *, status: int = 200) -> web.Response:
    headers = {**_HEADERS, "Content-Type": _JSON, "X-Request-Id": name}
    return web.Response(body=body, status=status, headers=headers)


def _problem(error: ProblemError, name: str) -> web.Response:
    headers = {**_HEADERS, "Content-Type": CONTENT_TYPE, "X-Request-Id": name, **error.headers}
    return web.Response(body=error.body(name), status=error.status, headers=headers)
