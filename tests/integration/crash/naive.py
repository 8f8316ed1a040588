"""What this desk is not: it sends, then writes that down, and tries again under a new name.

It trades through the same venue adapter, at the same door, and dies of the same kills.
"""

import asyncio
import signal
import sqlite3
import time

import aiohttp
import orjson

from router.compose.assembly import connected
from router.domain.order import ChildOrder
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import Amount, ChildId, ParentId, Pips, Side, TimestampNs
from router.gateway import local

VENUE = "hyperliquid"
LIFETIME_NS = 60 * 10**9
ROOM = 0.05  # the limit is a twentieth beyond the mid: what is sent trades


async def serve(assembly, url, is_ready):
    """Send what is asked for, and write down afterwards that it was done."""
    venue = assembly.venues[VENUE]
    (instrument,) = (i for i in assembly.instruments if i.venue == VENUE)
    book = sqlite3.connect(assembly.config.journal, isolation_level=None)
    book.execute("PRAGMA journal_mode = WAL")
    book.execute("PRAGMA synchronous = FULL")
    book.execute("CREATE TABLE IF NOT EXISTS done (name TEXT PRIMARY KEY)")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def work(request, _tell):
        if request.get("do") == "orders":
            return orjson.dumps({"orders": []})
        name = request["client_order_id"]
        if book.execute("SELECT 1 FROM done WHERE name = ?", (name,)).fetchone() is None:
            child = _child(instrument, request, await _mid(url, instrument))
            await venue.submit(child, await venue.sign(child))
            book.execute("INSERT INTO done VALUES (?)", (name,))
        return orjson.dumps({"ParentReport": {"status": "filled"}})

    async with (
        connected(assembly),
        local.listening(local.socket_path(assembly.config.journal), work),
    ):
        is_ready()
        await stop.wait()
    book.close()


async def _mid(url, instrument):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/info", json={"type": "allMids"}) as answer,
    ):
        return float((await answer.json())[instrument.symbol])


def _child(instrument, request, mid):
    now = time.time_ns()
    quantity = Amount(instrument.base.id, int(float(request["quantity"]) * 10**18))
    side = Side(request["side"])
    limit = round(mid * (1 + ROOM if side is Side.BUY else 1 - ROOM))  # whole dollars are a tick
    notional = Amount(instrument.quote.id, 10**9)
    leg = Leg(
        instrument=instrument,
        side=side,
        quantity_kind=QuantityKind.BASE,
        quantity=quantity,
        notional=notional,
        bound=notional,
        limit_ticks=limit * 10**instrument.tick_decimals,
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
    )
    return ChildOrder(
        id=ChildId(f"{request['client_order_id']}.{now}"),  # a fresh one each time it is tried
        parent=ParentId(request["client_order_id"]),
        venue=instrument.venue,
        account=instrument.account,
        side=side,
        legs=(leg,),
        nonce=now // 10**6,
        deadline_at=TimestampNs(now + LIFETIME_NS),
        round=1,
        stage=0,
    )
