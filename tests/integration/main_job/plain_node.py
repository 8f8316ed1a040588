"""A WebSocket relay to a node, as which it knows no simulation of what goes to one contract."""

import asyncio

import aiohttp
import orjson
from aiohttp import WSMsgType, web

SHUTDOWN_S = 0.1
SIZE_UNLIMITED = 0
SIMULATE, UNKNOWN = "eth_simulateV1", "eth_simulateV0"


class PlainNode:
    """Between a desk and its node; messages pass whole."""

    def __init__(self, upstream, *, contract):
        self._upstream = upstream
        self._contract = contract.lower()
        self.refused_count = 0
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
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self._upstream, max_msg_size=SIZE_UNLIMITED) as far,
            asyncio.TaskGroup() as tasks,
        ):
            back = tasks.create_task(_pump(far, near, lambda text: text))
            await _pump(near, far, self._asked)
            back.cancel()
        return near

    # The node itself answers that there is no such method.
    def _asked(self, text):
        message = orjson.loads(text)
        for call in message if isinstance(message, list) else [message]:
            if call["method"] == SIMULATE and self._is_theirs(call["params"][0]):
                call["method"] = UNKNOWN
                self.refused_count += 1
        return orjson.dumps(message).decode()

    def _is_theirs(self, simulation):
        calls = [call for block in simulation["blockStateCalls"] for call in block["calls"]]
        return any(call["to"].lower() == self._contract for call in calls)


async def _pump(source, sink, changed):
    async for message in source:
        if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return
        text = message.data if isinstance(message.data, str) else message.data.decode()
        try:
            await sink.send_str(changed(text))
        except ConnectionError:
            return
