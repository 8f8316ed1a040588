"""A raw client of a sandbox over real sockets, and scenarios run against a fresh one."""

import asyncio
import time
from contextlib import asynccontextmanager

import aiohttp
import orjson

from tests.unit.sandbox.hyperliquid_harness import envelope
from venues.sandbox.hyperliquid import DEV_MASTER_ADDRESS, HyperliquidSandbox
from venues.sandbox.hyperliquid.service.server import wall_clock_ms

WAIT_S = 20.0


class Visitor:
    """A raw client of one sandbox."""

    def __init__(self, sandbox, session):
        self.sandbox = sandbox
        self._session = session
        self.nonce = time.time_ns() // 1_000_000

    async def post(self, path, body):
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        async with self._session.post(self.sandbox.url + path, data=data) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, orjson.loads(text) if is_json else text

    def signed(self, *orders):
        return self._sealed({"type": "order", "orders": list(orders), "grouping": "na"})

    def _sealed(self, action):
        self.nonce += 1
        return envelope(action, nonce=self.nonce)

    async def act(self, action):
        status, answer = await self.post("/exchange", self._sealed(action))
        assert status == 200, answer
        return answer

    async def place(self, *orders):
        return await self.post("/exchange", self.signed(*orders))

    async def control(self, command, **fields):
        status, answer = await self.post("/sandbox", {"command": command, **fields})
        assert status == 200, answer
        return answer

    async def info(self, kind, **fields):
        status, answer = await self.post("/info", {"type": kind, **fields})
        assert status == 200, answer
        return answer

    async def books(self):
        """Return the venue's own books of the trading account."""
        answer = await self.control("state", users=[DEV_MASTER_ADDRESS])
        return answer["state"]["accounts"][DEV_MASTER_ADDRESS]

    async def open_orders(self):
        _, orders = await self.post("/info", {"type": "openOrders", "user": DEV_MASTER_ADDRESS})
        return orders

    @asynccontextmanager
    async def socket(self):
        async with self._session.ws_connect(self.sandbox.ws_url) as socket:
            assert await socket.receive_str() == "Websocket connection established."
            yield socket


def visit(scenario, config=None, *, clock=wall_clock_ms):
    """Run a scenario against a fresh sandbox, with a deadline."""

    async def run():
        async with (
            asyncio.timeout(WAIT_S),
            HyperliquidSandbox.start(config, clock=clock) as sandbox,
            aiohttp.ClientSession() as session,
        ):
            await scenario(Visitor(sandbox, session))

    asyncio.run(run())


async def subscribe(socket, kind, **fields):
    subscription = {"type": kind, **fields}
    await socket.send_str(
        orjson.dumps({"method": "subscribe", "subscription": subscription}).decode()
    )
    acknowledgement = orjson.loads(await socket.receive_str())
    assert acknowledgement["channel"] == "subscriptionResponse", acknowledgement


async def next_on(socket, channel):
    while True:
        frame = orjson.loads(await socket.receive_str())
        if frame["channel"] == channel:
            return frame["data"]
