"""A WebSocket relay to a node that cuts, stalls and doubles what passes, at random from a seed."""

import asyncio
from collections import Counter
from contextlib import suppress

import aiohttp
from aiohttp import WSMsgType, web

SHUTDOWN_S = 0.1
SIZE_UNLIMITED = 0


class FaultyRelay:
    """Between a stream and its node; messages pass whole.

    Parameters
    ----------
    cut, stall, double : float
        How often a message is the last of its connection, is held up with all behind it, or comes
        twice.
    stall_s : tuple of float
        For how long: the shortest and the longest.
    """

    def __init__(self, upstream, rng, *, cut=0.0, stall=0.0, double=0.0, stall_s=(0.0, 0.0)):
        self._upstream = upstream
        self._rng = rng
        self._cut, self._stall, self._double, self._stall_s = cut, stall, double, stall_s
        self.is_faulty = True
        self.done = Counter()
        self.url = ""
        application = web.Application()
        application.router.add_get("/", self._accept)
        self._runner = web.AppRunner(application, shutdown_timeout=SHUTDOWN_S)

    async def __aenter__(self):
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "ws://{}:{}/".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    async def _accept(self, request):
        near = web.WebSocketResponse(compress=False, max_msg_size=SIZE_UNLIMITED)
        await near.prepare(request)
        self.done["connections"] += 1
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self._upstream, max_msg_size=SIZE_UNLIMITED) as far,
            asyncio.TaskGroup() as tasks,
        ):
            back = tasks.create_task(self._pump(far, near, request.transport))
            await self._pump(near, far, request.transport)
            back.cancel()
        return near

    async def _pump(self, source, sink, transport):
        with suppress(ConnectionError):  # either side may be gone by now
            await self._pass_on(source, sink, transport)

    async def _pass_on(self, source, sink, transport):
        async for message in source:
            if message.type is not WSMsgType.TEXT:
                return
            if self._happens("cut", self._cut):
                transport.abort()
                return
            if self._happens("stalled", self._stall):
                await asyncio.sleep(self._rng.uniform(*self._stall_s))
            for _ in range(2 if self._happens("doubled", self._double) else 1):
                await sink.send_str(message.data)

    def _happens(self, name, often):
        happens = self.is_faulty and self._rng.random() < often
        self.done[name] += happens
        return happens
