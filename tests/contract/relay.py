"""A WebSocket relay to a node that can be cut, muted, or lose one answer."""

import asyncio

import aiohttp
import orjson
from aiohttp import WSMsgType, web

_SHUTDOWN_S = 0.1
_SIZE_UNLIMITED = 0


class Relay:
    """Between a venue and its node; messages pass whole, or not at all."""

    def __init__(self, upstream):
        self._upstream = upstream
        self._transports = set()
        self._lost_method = None
        self._lost_ids = set()
        self.is_muted = False
        self.keeps_notices_back = False  # questions are still answered
        self.url = ""
        application = web.Application()
        application.router.add_get("/", self._accept)
        self._runner = web.AppRunner(application, shutdown_timeout=_SHUTDOWN_S)

    async def start(self):
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "ws://{}:{}/".format(*self._runner.addresses[0][:2])

    async def stop(self):
        """Listen no more; a second call does nothing."""
        self.cut()
        await self._runner.cleanup()

    def cut(self):
        for transport in self._transports:
            transport.abort()

    def lose_answer_to(self, method):
        """Pass the next call of a method on, and keep its answer back."""
        self._lost_method = method

    async def _accept(self, request):
        near = web.WebSocketResponse(compress=False, max_msg_size=_SIZE_UNLIMITED)
        await near.prepare(request)
        self._transports.add(request.transport)
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(self._upstream, max_msg_size=_SIZE_UNLIMITED) as far,
                asyncio.TaskGroup() as tasks,
            ):
                back = tasks.create_task(_pump(far, near, self._wants_back))
                await _pump(near, far, self._wants_on)
                back.cancel()
        finally:
            self._transports.discard(request.transport)
        return near

    def _wants_on(self, text):
        call = orjson.loads(text)
        if isinstance(call, dict) and call.get("method") == self._lost_method:
            self._lost_method = None
            self._lost_ids.add(call["id"])
        return True

    def _wants_back(self, text):
        answer = orjson.loads(text)
        is_call = isinstance(answer, dict)
        is_lost = is_call and answer.get("id") in self._lost_ids
        is_notice = is_call and answer.get("method") == "eth_subscription"
        return not (is_lost or self.is_muted or (is_notice and self.keeps_notices_back))


async def _pump(source, sink, is_wanted):
    async for message in source:
        if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return
        if is_wanted(message.data):
            try:
                await sink.send_str(_text(message.data))
            except ConnectionError:
                return


def _text(data):
    return data if isinstance(data, str) else data.decode()
