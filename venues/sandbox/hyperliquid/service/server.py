"""The sockets around the venue: HTTP, WebSocket, time, and the control endpoint.

Thin by intent. Requests are applied one after another on the event loop, so the venue needs no
lock; what each request caused is published before the next is read. `POST /sandbox` is not the
venue's API.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import orjson
from aiohttp import WSMsgType, web

from venues.sandbox.hyperliquid.actions import wire
from venues.sandbox.hyperliquid.answers import info
from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_ADDRESS,
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    Clock,
    SandboxConfig,
)
from venues.sandbox.hyperliquid.service import faults
from venues.sandbox.hyperliquid.service.client import Client
from venues.sandbox.hyperliquid.service.stream import GREETING, Stream
from venues.sandbox.hyperliquid.venue import Venue

_SHUTDOWN_S = 1.0


def wall_clock_ms() -> int:
    """Return the machine's time in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


class HyperliquidSandbox:
    """A running venue. `url` serves /info and /exchange, `ws_url` the WebSocket.

    Everything a test may want to do to it goes through `venue` (deposits, prices) and `faults`;
    call `publish` after touching `venue` directly, so that subscribers hear of it at once.
    """

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self.config = config
        self.venue = Venue(config, clock)
        self.faults = faults.Faults()
        self.url = ""
        self.ws_url = ""
        self._clients: set[Client] = set()
        self._stopping = asyncio.Event()
        self._controls = faults.Controls(
            venue=self.venue, faults=self.faults, drop_connections=self.drop_connections
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
        """Tell every subscriber what happened since the last call."""
        now_ms = self.venue.advance()
        events = self.venue.drain()
        for client in self._clients:
            client.publish(events, now_ms=now_ms)

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
            "coins": list(self.venue.markets),
            "pid": os.getpid(),
        }

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/info", self._info)
        application.router.add_post("/exchange", self._exchange)
        application.router.add_post("/sandbox", self._sandbox)
        application.router.add_get("/ws", self._websocket)
        return application

    async def _info(self, request: web.Request) -> web.Response:
        try:
            answer = info.answer(self.venue, orjson.loads(await request.read()))
        except (wire.MalformedError, orjson.JSONDecodeError):
            return web.Response(status=422, text=wire.MALFORMED_TEXT)
        return _json(answer)

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.faults.takes_refusal():
            return web.Response(status=500, text="Internal Server Error")
        try:
            answer = self.venue.exchange(orjson.loads(body))
        except (wire.MalformedError, orjson.JSONDecodeError):
            return web.Response(status=422, text=wire.MALFORMED_TEXT)
        self.publish()
        if self.faults.takes_swallow():
            return await self._lose_reply(request)
        return _json(answer)

    async def _lose_reply(self, request: web.Request) -> web.Response:
        if self.faults.reply_loss is faults.ReplyLoss.HANG:
            await self._stopping.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _sandbox(self, request: web.Request) -> web.Response:
        try:
            faults.command(self._controls, orjson.loads(await request.read()))
        except orjson.JSONDecodeError:
            return _json({"error": "body must be JSON"}, status=400)
        except faults.CommandError as error:
            return _json({"error": str(error)}, status=400)
        self.publish()
        return _json({"ok": True})

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        client = Client(
            socket=socket,
            transport=request.transport,
            stream=Stream(self.venue, self._post),
            faults=self.faults,
            now_ms=self.venue.clock(),
        )
        self._clients.add(client)
        client.send([GREETING], now_ms=self.venue.clock())
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(client.write())
                async for message in socket:
                    if message.type is not WSMsgType.TEXT or not client.receive(
                        message.data, now_ms=self.venue.clock()
                    ):
                        break
                    self.publish()
                writer.cancel()
        finally:
            self._clients.discard(client)
            await socket.close()
        return socket

    def _post(self, request: object) -> dict[str, Any] | None:
        # The `post` method of the WebSocket; None means that the reply is lost.
        fields = wire.mapping(request)
        payload = fields.get("payload")
        try:
            match fields.get("type"):
                case "info":
                    kind = wire.text(wire.mapping(payload).get("type"))
                    data = {"type": kind, "data": info.answer(self.venue, payload)}
                    return {"type": "info", "payload": data}
                case "action":
                    return self._post_action(payload)
                case _:
                    pass
        except wire.MalformedError:
            pass
        return {"type": "error", "payload": f"422 Unprocessable Entity: {wire.MALFORMED_TEXT}"}

    def _post_action(self, payload: object) -> dict[str, Any] | None:
        if self.faults.takes_refusal():
            return {"type": "error", "payload": "500 Internal Server Error"}
        answer = self.venue.exchange(payload)
        if self.faults.takes_swallow():
            return None
        return {"type": "action", "payload": answer}

    async def _keep_time(self) -> None:
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(self.config.tick_ms / 1000):
                    await self._stopping.wait()
            except TimeoutError:
                self.publish()
                self._close_idle()

    def _close_idle(self) -> None:
        now_ms = self.venue.clock()
        for client in self._clients:
            if now_ms - client.sent_ms > self.config.idle_close_ms:
                client.abort()


def _json(value: Any, *, status: int = 200) -> web.Response:  # noqa: ANN401 - any JSON value
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def serve(config: SandboxConfig, *, manifest_path: Path | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM.

    Parameters
    ----------
    config : SandboxConfig
    manifest_path : Path, optional
        Gets a JSON object (url, ws_url, master_address, agent_address, agent_key, coins, pid) once
        requests are served, written whole or not at all; removed at the end.
    """
    try:
        asyncio.run(_serve(config, manifest_path))
    finally:
        if manifest_path is not None:
            manifest_path.unlink(missing_ok=True)


async def _serve(config: SandboxConfig, manifest_path: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with HyperliquidSandbox.start(config) as sandbox:
        if manifest_path is not None:
            _write_whole(manifest_path, orjson.dumps(sandbox.manifest()))
        await stop.wait()


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
