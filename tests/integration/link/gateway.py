"""A gateway's end of a daemon's link, as tests hold it."""

import asyncio
from contextlib import asynccontextmanager

from router.gateway.link import link_path, linked

SOON_S = 60
BUY = {"by": "ann", "side": "buy", "quantity": "0.4", "base": "ETH", "quote": "USDC"}
WAITS = {"algo": "limit", "interval_s": "1", "limit_price": "100", "deadline_s": "600"}
ENDS = {"filled", "canceled", "rejected", "expired"}


@asynccontextmanager
async def gateway(desk):
    """Connect to the daemon of a desk, and fail rather than hang."""
    async with asyncio.timeout(SOON_S), linked(link_path(desk.journal)) as line:
        yield line


async def submit(line, name, *, client="acme", **words):
    """Send an order of a client's main account."""
    order = {**BUY, "client_order_id": name, "client": client, "account": "main", **words}
    return await line.ask("submit", order=order, on_known="return")


async def reports(line, after, *, until):
    """Return what is told from a place on, until something is told."""
    found = []
    source = line.follow("reports", after=after)
    async for report in source:
        found.append(report)
        if until(report):
            break
    await source.aclose()
    return found


def ended(name):
    """Return what tells the last word of an order."""
    return lambda report: report["client_order_id"] == name and report["status"] in ENDS
