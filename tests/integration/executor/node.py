"""A node that misbehaves: JSON-RPC over WebSocket and HTTP in front of a real one, by rules.

A rule may answer a call itself, change what is asked, or raise `RpcFault` for an error answer. For
calls without a rule the real node answers.
"""

import asyncio

import aiohttp
import orjson
from aiohttp import WSMsgType, web

PASS = object()  # what a rule returns to let the real node answer


class RpcFault(Exception):  # noqa: N818 - a part of the protocol, not of a program
    """An error answer."""

    def __init__(self, message, code=-32000):
        super().__init__(message)
        self.answer = {"code": code, "message": message}


class Node:
    """Between an executor and its node.

    Attributes
    ----------
    rules : dict
        By method: a function of the parameters.
    seen : list
        Every call, as (method, parameters).
    is_muted : bool
        Whether calls are made and their answers kept back.
    """

    def __init__(self, upstream):
        self._upstream = upstream
        self._sockets = set()
        self.rules = {}
        self.seen = []
        self.is_muted = False
        self.ws_url = self.http_url = ""
        application = web.Application()
        application.router.add_get("/", self._accept)
        application.router.add_post("/", self._post)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        self._session = None

    async def __aenter__(self):
        self._session = aiohttp.ClientSession()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        place = "{}:{}/".format(*self._runner.addresses[0][:2])
        self.ws_url, self.http_url = f"ws://{place}", f"http://{place}"
        return self

    async def __aexit__(self, *_):
        self.cut()
        await self._runner.cleanup()
        await self._session.close()

    def cut(self):
        """Break every connection; new ones can be made."""
        for transport in self._sockets:
            transport.abort()

    def calls(self, method):
        return [params for name, params in self.seen if name == method]

    async def call(self, method, *params):
        """Ask the real node."""
        return (await self._ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))[
            "result"
        ]

    async def _accept(self, request):
        socket = web.WebSocketResponse(compress=False, max_msg_size=0)
        await socket.prepare(request)
        self._sockets.add(request.transport)
        try:
            async for message in socket:
                if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    break
                answer = await self._answered(orjson.loads(message.data))
                if not self.is_muted:
                    await socket.send_str(orjson.dumps(answer).decode())
        except ConnectionError:
            pass
        finally:
            self._sockets.discard(request.transport)
        return socket

    async def _post(self, request):
        answer = await self._answered(orjson.loads(await request.read()))
        return web.Response(body=orjson.dumps(answer), content_type="application/json")

    async def _answered(self, message):
        if isinstance(message, list):
            return [await self._one(call) for call in message]
        return await self._one(message)

    async def _one(self, call):
        self.seen.append((call["method"], call["params"]))
        rule = self.rules.get(call["method"])
        head = {"jsonrpc": "2.0", "id": call["id"]}
        if rule is not None:
            try:
                answer = rule(*call["params"])
            except RpcFault as fault:
                return head | {"error": fault.answer}
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer is not PASS:
                return head | {"result": answer}
        return head | await self._ask(call)

    async def _ask(self, call):
        async with self._session.post(self._upstream, json=call) as answer:
            return orjson.loads(await answer.read())
