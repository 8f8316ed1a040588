"""A door that does as it is told: answers in turn, connections that break, streams that go."""

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from aiohttp import web

ORDER = {
    "order": "00ff",
    "client_order_id": "one",
    "side": "buy",
    "base": "ETH",
    "quote": "USDC",
    "status": "new",
    "ordered": "2",
    "cumulative": "0",
    "leaves": "2",
    "average_price": None,
    "algo": "sweep",
    "pending": None,
}


def told(number, **news):
    """Return the report at a place."""
    return {
        "place": [number, 0],
        "exec_id": f"{number}.0",
        "kind": "new",
        "status": "new",
        "order": "00ff",
        "client_order_id": "one",
        "request": None,
        "filled_base": "0",
        "filled_quote": "0",
        "leaves": "2",
        "average_price": None,
        "fill": None,
        "text": "",
        **news,
    }


def problem(status, code, **more):
    def answer(_request):
        body = orjson.dumps({"code": code, "detail": code, "status": status, "field": None})
        return web.Response(status=status, body=body, headers=more)

    return answer


def says(data, status=200):
    def answer(_request):
        return web.Response(status=status, body=orjson.dumps(data))

    return answer


def breaks(request):
    """Take the request, and go without an answer."""
    request.transport.abort()
    return web.Response()


@dataclass
class Door:
    """What it is to answer, one after another, and what it was asked."""

    answers: deque = field(default_factory=deque)
    streams: deque = field(default_factory=deque)
    shut: deque = field(default_factory=deque)  # statuses that upgrades are refused with first
    asked: list = field(default_factory=list)
    url: str = ""

    async def answer(self, request):
        body = await request.read()
        asked = orjson.loads(body) if body else None
        self.asked.append((request.method, request.raw_path, dict(request.headers), asked))
        if not self.answers:
            return problem(404, "unknown")(request)
        return self.answers.popleft()(request)

    async def stream(self, request):
        if self.shut:
            return web.Response(status=self.shut.popleft())
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        wanted = await socket.receive_json()
        self.asked.append(("WS", request.raw_path, dict(request.headers), wanted))
        for frame in self.streams.popleft():
            if isinstance(frame, int):
                await socket.close(code=frame)
                return socket
            if frame is None:
                request.transport.abort()
                return socket
            await socket.send_bytes(orjson.dumps({"id": wanted["id"], **frame}))
        async for _ in socket:  # until the client goes
            pass
        return socket


@asynccontextmanager
async def door():
    """Open one on a free port."""
    opened = Door()
    application = web.Application()
    application.router.add_get("/v1/stream", opened.stream)
    application.router.add_route("*", "/{rest:.*}", opened.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    opened.url = f"http://127.0.0.1:{port}"
    try:
        yield opened
    finally:
        await runner.cleanup()


def run(work):
    async def limited():
        async with asyncio.timeout(20):
            return await work

    return asyncio.run(limited())
