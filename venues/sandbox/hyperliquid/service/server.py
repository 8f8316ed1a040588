"""The sockets around the venue: HTTP, WebSocket, time, and the control endpoint.

Thin by intent. Requests are applied one after another on the event loop, so the venue needs no
lock. What a `POST /exchange` caused is published before its answer, what was posted over a socket
with the next tick. `POST /sandbox` is not the venue's API; `service.control` lists what it
understands.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Self

import orjson
from aiohttp import WSMsgType, web

from venues.sandbox.hyperliquid.actions import reading
from venues.sandbox.hyperliquid.answers import info
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_ADDRESS,
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    Clock,
    SandboxConfig,
)
from venues.sandbox.hyperliquid.order import NO_ACTION_HASH, Stamp
from venues.sandbox.hyperliquid.scene.company import Company
from venues.sandbox.hyperliquid.scene.house import House
from venues.sandbox.hyperliquid.service import control, limits
from venues.sandbox.hyperliquid.service.blocks import Blocks
from venues.sandbox.hyperliquid.service.client import Client
from venues.sandbox.hyperliquid.service.clock import VenueClock
from venues.sandbox.hyperliquid.service.faults import Failure, Faults, Place, ReplyLoss
from venues.sandbox.hyperliquid.service.fields import CommandError
from venues.sandbox.hyperliquid.service.posts import Posts
from venues.sandbox.hyperliquid.service.stream import GREETING, Stream
from venues.sandbox.hyperliquid.service.watch import Watch
from venues.sandbox.hyperliquid.venue import Venue

_SHUTDOWN_S = 1.0
_TURNS_GIVEN = 8
"""To sockets, between two portions of time that is made up for."""
_TOO_MANY_MESSAGES = '{"channel":"error","data":"Too many websocket messages sent."}'


def wall_clock_ms() -> int:
    """Return the machine's time in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


class HyperliquidSandbox:
    """A running venue. `url` serves /info and /exchange, `ws_url` the WebSocket.

    Everything a test may want to do to it goes through `venue` (deposits, prices), `faults` and
    `clock`; call `publish` after touching `venue` directly, so that subscribers hear of it at once.
    """

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self.config = config
        self.clock = VenueClock(
            clock,
            factor=config.time_factor,
            grid_ms=config.block_ms or (config.scene.path_step_ms if config.scene else 0),
            is_blockwise=config.block_ms > 0,
        )
        self.venue = Venue(config, self.clock)
        self.faults = Faults(random=Random(config.seed))  # noqa: S311 - a seed, not a secret
        self.limits = limits.Limits(config.limits)
        company = _company(self.venue, config)
        self.blocks = Blocks(self.venue, self.clock, scene=company, tell=self._tell, timer=clock)
        self.url = ""
        self.ws_url = ""
        self.ended = asyncio.Event()
        """Set when time runs no more; leaving `start` raises what stopped it, if anything did."""
        self._source = clock
        # In the order in which they connected: seeded faults strike their frames one after another.
        self._clients: dict[Client, None] = {}
        self._watches: dict[str, Watch] = {}
        self._stopping = asyncio.Event()
        self._controls = control.Controls(
            venue=self.venue,
            faults=self.faults,
            limits=self.limits,
            clock=self.clock,
            liquidity=company or _house(self.venue, config),
            drop_connections=self.drop_connections,
            source_ms=clock,
        )

    @classmethod
    @asynccontextmanager
    async def start(
        cls, config: SandboxConfig | None = None, *, clock: Clock = wall_clock_ms
    ) -> AsyncIterator[Self]:
        """Serve on `config.host` until the block is left.

        Parameters
        ----------
        config : SandboxConfig, optional
        clock : callable
            Milliseconds since the Unix epoch. Clients sign with their own clock, which must agree
            with this one within the venue's nonce window.
        """
        sandbox = cls(config or SandboxConfig(), clock)
        runner = web.AppRunner(sandbox._application(), shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        try:
            site = web.TCPSite(runner, sandbox.config.host, sandbox.config.port)
            await site.start()
            host, port = runner.addresses[0][:2]
            sandbox.url = f"http://{host}:{port}"
            sandbox.ws_url = f"ws://{host}:{port}/ws"
            timer = asyncio.create_task(sandbox._keep_time())
            try:
                yield sandbox
            finally:
                sandbox._stopping.set()
                sandbox.drop_connections()
                await timer
        finally:
            await runner.cleanup()

    def publish(self) -> None:
        """Make every block that is due now and tell every subscriber what happened."""
        self.blocks.catch_up()
        self._tell()

    def drop_connections(self) -> None:
        """Close every WebSocket without a closing handshake."""
        for client in self._clients:
            client.abort()

    def subscription_count(self) -> int:
        """Return how many subscriptions are alive over all sockets."""
        return sum(client.subscription_count() for client in self._clients)

    def manifest(self) -> dict[str, Any]:
        """Return what another process needs to use this sandbox."""
        return {
            "url": self.url,
            "ws_url": self.ws_url,
            "master_address": DEV_MASTER_ADDRESS,
            "agent_address": DEV_AGENT_ADDRESS,
            "agent_key": DEV_AGENT_KEY,
            "coins": [spec.name for spec in self.config.coins],
            "pid": os.getpid(),
        }

    def _tell(self) -> None:
        events = self.venue.drain()
        for client in self._clients:
            client.publish(events, now_ms=self.clock())

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/info", self._info)
        application.router.add_post("/exchange", self._exchange)
        application.router.add_post("/sandbox", self._sandbox)
        application.router.add_get("/ws", self._websocket)
        return application

    # Requests.

    async def _info(self, request: web.Request) -> web.StreamResponse:
        budget = self.limits.of(request.remote)
        try:
            body = orjson.loads(await request.read())
            kind = body.get("type") if isinstance(body, dict) else None
            if not budget.takes_request(limits.info_weight(kind), now_ms=self._source()):
                return _too_many()
            failed = await self._fails(Place.INFO)
            if failed is not None:
                return failed
            self.blocks.settle()
            answer = info.answer(self.venue, body)
        except (reading.MalformedError, orjson.JSONDecodeError):
            return web.Response(status=422, text=reading.MALFORMED_TEXT)
        budget.requests.charge(limits.answer_weight(kind, answer), now_ms=self._source())
        return _json(answer)

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        try:
            body = orjson.loads(await request.read())
            budget = self.limits.of(request.remote)
            if not budget.takes_request(limits.action_weight(body), now_ms=self._source()):
                return _too_many()
            failed = await self._fails(Place.EXCHANGE)
            if failed is not None:
                return failed
            answer = await self.blocks.exchange(body)
        except (reading.MalformedError, orjson.JSONDecodeError):
            return web.Response(status=422, text=reading.MALFORMED_TEXT)
        self._tell()
        if self.faults.takes_swallow():
            return await self._lose_reply(request)
        return _json(answer)

    async def _fails(self, place: Place) -> web.Response | None:
        # A request that is not served: None when it is, perhaps after a delay.
        if self.faults.strikes(Failure.LIMIT, place) is not None:
            return _too_many()
        if self.faults.strikes(Failure.HANG, place) is not None:
            await self._stopping.wait()
            return web.Response(status=503)
        error = self.faults.strikes(Failure.ERROR, place)
        if error is not None or (place is Place.EXCHANGE and self.faults.takes_refusal()):
            status = 500 if error is None else error.status
            return web.Response(status=status, text="Internal Server Error")
        delay = self.faults.strikes(Failure.DELAY, place)
        if delay is not None:
            await self._pause(delay.delay_ms / 1000)
        return None

    async def _lose_reply(self, request: web.Request) -> web.Response:
        if self.faults.reply_loss is ReplyLoss.HANG:
            await self._stopping.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _sandbox(self, request: web.Request) -> web.Response:
        self.blocks.settle()
        try:
            told = control.command(self._controls, orjson.loads(await request.read()))
        except orjson.JSONDecodeError:
            return _json({"error": "body must be JSON"}, status=400)
        except CommandError as error:
            return _json({"error": str(error)}, status=400)
        until_ms = self.clock.target_ms()
        while not self.blocks.settle() and self.clock() < until_ms:
            await self._give_way()
        self._tell()
        return _json({"ok": True, "time": self.clock(), **told})

    # Sockets.

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        budget = self.limits.of(request.remote)
        if not budget.takes_connection(now_ms=self._source()):
            return _too_many()
        try:
            return await self._converse(request, budget)
        finally:
            budget.releases_connection()

    async def _converse(
        self, request: web.Request, budget: limits.IpLimits
    ) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        watch = self._watches.setdefault(request.remote or "", Watch(self.config.limits))
        stream = Stream(self.venue, watch=watch)
        client = Client(
            socket=socket, transport=request.transport, stream=stream, faults=self.faults
        )
        posts = Posts(self._post, client.send, budget)
        self._clients[client] = None
        client.send([GREETING])
        writer = asyncio.create_task(client.write())
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                if not budget.takes_message(now_ms=self._source()):
                    client.send([_TOO_MANY_MESSAGES])
                    continue
                self.blocks.settle()
                if not posts.receive(message.data) and not client.receive(message.data):
                    break
                self._tell()
        finally:
            self._clients.pop(client, None)
            stream.close()
            await posts.close()
            writer.cancel()
            await socket.close()
        return socket

    async def _post(self, request: object) -> dict[str, Any] | None:
        # The `post` method of the WebSocket; None means that the reply is lost.
        try:
            fields = reading.mapping(request)
            payload = fields.get("payload")
            match fields.get("type"):
                case "info":
                    return await self._post_question(payload)
                case "action":
                    return await self._post_action(payload)
                case _:
                    pass
        except reading.MalformedError:
            pass
        return _post_error(f"422 Unprocessable Entity: {reading.MALFORMED_TEXT}")

    async def _post_question(self, payload: object) -> dict[str, Any]:
        kind = reading.text(reading.mapping(payload).get("type"))
        failed = await self._fails(Place.INFO)
        if failed is not None:
            return _post_error(f"{failed.status} {failed.reason}")
        data = {"type": kind, "data": info.answer(self.venue, payload)}
        return {"type": "info", "payload": data}

    async def _post_action(self, payload: object) -> dict[str, Any] | None:
        failed = await self._fails(Place.EXCHANGE)
        if failed is not None:
            return _post_error(f"{failed.status} {failed.reason}")
        answer = await self.blocks.exchange(payload)
        if self.faults.takes_swallow():
            return None
        return {"type": "action", "payload": answer}

    # Time.

    async def _keep_time(self) -> None:
        try:
            while not self._stopping.is_set():
                is_settled = self.blocks.settle()
                self._tell()
                self._close_idle()
                if is_settled:
                    await self._pause(self.config.tick_ms / 1000)
                else:
                    await self._give_way()
        finally:
            self.ended.set()

    async def _pause(self, duration_s: float) -> None:
        # Ends early when the sandbox does.
        try:
            async with asyncio.timeout(duration_s):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _give_way(self) -> None:
        # Reading, answering and writing are turns of the loop of their own: one would not be enough
        # for a request that arrived meanwhile, and turns without work cost nearly nothing.
        for _ in range(_TURNS_GIVEN):
            await self._pause(0)

    def _close_idle(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for client in self._clients:
            client.release_held()
            if now_s - client.sent_s > self.config.idle_close_ms / 1000:
                client.abort()


def _house(venue: Venue, config: SandboxConfig) -> House:
    house = House(venue.matching, config.seed)
    house.open_spot(Stamp(venue.clock(), NO_ACTION_HASH))
    venue.drain()
    return house


def _company(venue: Venue, config: SandboxConfig) -> Company | None:
    if config.scene is None:
        return None
    return Company(
        venue.matching,
        config.scene,
        seed=config.seed,
        opened_ms=venue.clock(),
        deposit=venue.deposit,
    )


def _too_many() -> web.Response:
    return _json(None, status=429)


def _post_error(text: str) -> dict[str, Any]:
    return {"type": "error", "payload": text}


def _json(value: Any, *, status: int = 200) -> web.Response:  # noqa: ANN401 - any JSON value
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
