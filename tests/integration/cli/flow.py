"""Orders flowing through a daemon, and what of them its counterparties see, by our own clock.

The counterparties are asked every few milliseconds what they have got: a moment is when something
was first seen there, which is after it came. What only uses up a nonce is no order.
"""

import asyncio
import itertools
import threading
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson

from router.domain.error import OrderError
from router.gateway import local

LOOK_EVERY_S = 0.02
PAUSE_S = 0.1  # of a client; the perp venue's allowance of requests a minute is soon used up
DEADLINE_S = 120.0  # by then there is a new minute's allowance
NO_DATA = "0x"


@dataclass
class Seen:
    """When each order and transaction was first seen; `moved` wakes whoever waits for the next."""

    moments: dict[str, float] = field(default_factory=dict)
    looks: int = 0
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, names):
        async with self.moved:
            now = time.monotonic()
            for name in names:
                self.moments.setdefault(name, now)
            self.looks += 1
            self.moved.notify_all()

    def count_before(self, moment):
        """Return how many were seen in the second before a moment."""
        return sum(moment - 1 < at <= moment for at in self.moments.values())

    def last_after(self, moment):
        """Return how long after a moment the last of all was seen; zero if none was."""
        return max((at - moment for at in self.moments.values() if at > moment), default=0.0)

    async def come_after(self, moment, *, count=1, within=DEADLINE_S):
        """Return whether so many are seen later than a moment, before so many seconds are over."""

        def have_come():
            return sum(at > moment for at in self.moments.values()) >= count

        with suppress(TimeoutError):
            async with asyncio.timeout(within), self.moved:
                await self.moved.wait_for(have_come)
        return have_come()


async def look(desk, seen):
    """Ask both counterparties again and again."""
    trader = desk.running.chain.manifest.account("trader").address.lower()
    async with aiohttp.ClientSession() as session:
        while True:
            async with asyncio.TaskGroup() as group:
                orders = group.create_task(_orders(session, desk.running.venue))
                sent = group.create_task(
                    _sent(session, desk.running.chain.manifest.http_url, trader)
                )
            await seen.take([*orders.result(), *sent.result()])
            await asyncio.sleep(LOOK_EVERY_S)


async def _orders(session, venue):
    body = {"command": "state", "users": [venue["master_address"]]}
    async with session.post(f"{venue['url']}/sandbox", json=body) as answer:
        books = await answer.json()
    (account,) = books["state"]["accounts"].values()
    return [f"order {order['oid']}" for order in account["orders"]]


async def _sent(session, url, trader):
    asked = [("txpool_content", []), ("eth_getBlockByNumber", ["latest", True])]
    body = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for number, (method, params) in enumerate(asked)
    ]
    async with session.post(url, json=body) as answer:
        pool, block = (each["result"] for each in await answer.json())
    waiting = [
        transaction
        for part in ("pending", "queued")
        for own in pool[part].values()
        for transaction in own.values()
    ]
    return [
        f"transaction {transaction['hash']}"
        for transaction in (*waiting, *block["transactions"])
        if transaction["from"].lower() == trader and transaction["input"] != NO_DATA
    ]


async def client(socket, name, venues):
    """Send one order after another, to and fro, for as long as it is let."""
    for number in itertools.count():
        request = {
            "client_order_id": f"{name}-{number}",
            "side": "buy" if number % 2 == 0 else "sell",
            "quantity": "0.5",
            "base": "ETH",
            "quote": "USDC",
            **venues,
        }
        with suppress(OrderError, ConnectionError):
            await local.ask(Path(socket), request, lambda _line: None)
        await asyncio.sleep(PAUSE_S)


async def switch(socket, state):
    """Set the firm's switch at the daemon's door."""
    words = {"do": "switch", "state": state, "reason": "a drill", "by": "ann"}
    return orjson.loads(await local.ask(Path(socket), words, lambda _line: None))


def drain(process):
    """Read what a daemon logs, and forget it: a full pipe would hold it up."""
    threading.Thread(target=process.stderr.read, daemon=True).start()


@asynccontextmanager
async def watched(desk):
    """Give what the counterparties see until the block is left."""
    seen = Seen()
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look(desk, seen))
        yield seen
        looking.cancel()


@asynccontextmanager
async def loaded(socket, *, run):
    """Let several clients send orders to several venues until the block is left."""
    choices = ({"venues": "hyperliquid"}, {"venues": "local"}, {"venues": "local"}, {})
    async with asyncio.TaskGroup() as group:
        clients = [
            group.create_task(client(socket, f"{run}-{number}", venues))
            for number, venues in enumerate(choices)
        ]
        yield
        for each in clients:
            each.cancel()
