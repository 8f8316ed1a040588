"""A daemon's desk on venues that do as they are told, as its gateways ask it: over the link."""

from contextlib import asynccontextmanager

import orjson

from router.compose.assembly import Assembly
from router.compose.keeper import Keeper
from router.compose.link.keeper import LinkKeeper
from router.gateway import link
from router.port import VenueSetup
from router.shell.config import load
from tests.unit.engine.scene import ETH, PERP, POOL
from tests.unit.shell.floor import Floor

CONFIG = """\
[engine]
journal = "desk.journal"
solve_deadline_ms = 5000
[limits]
order_notional_max = { USDC = "1000000" }
slippage_max_bps = 100
slippage_tolerance_bps = 10
plan_rounds_max = 2
child_lifetime_ms = 60000
[staleness]
head_age_max_ms = 60000000000
book_age_max_ms = 60000000000
[assets]
ETH = 18
USDC = 6
[venues.bench]
"""
BUY = {
    "client": "acme",
    "account": "main",
    "by": "ann",
    "side": "buy",
    "quantity": "4",
    "base": "ETH",
    "quote": "USDC",
    "deadline_s": "80000",  # the clock jumps, and the disk takes its time
}
# Of an algo that waits for a price it will not see.
WAITS = {"algo": "limit", "limit_price": "100"}


def settings(folder):
    path = folder / "headrace.toml"
    path.write_text(CONFIG)
    return load(path, {})


def assembled(floor, config):
    """Return the floor's venues as a configuration names them."""
    setups = (
        VenueSetup(floor.chain, (POOL,), native=ETH.id, approve=None, real_money=False),
        VenueSetup(floor.perp, (PERP,), native=None, approve=None, real_money=False),
    )
    return Assembly(config, setups, floor.clock)


@asynccontextmanager
async def kept(folder, floor=None):
    """Run a desk under its keeper, and yield what answers gateways."""
    floor = floor or Floor()
    keeper = Keeper(assembled(floor, settings(folder)), {})
    async with keeper.open(floor.solver):
        yield Kept(keeper, LinkKeeper(keeper), floor)


class Kept:
    """What answers gateways, asked without a socket between."""

    def __init__(self, keeper, answering, floor):
        self.keeper = keeper
        self.answering = answering
        self.floor = floor

    @property
    def desk(self):
        return self.keeper.now

    async def ask(self, do, **fields):
        return orjson.loads(await self.answering.answer(do, orjson.loads(orjson.dumps(fields))))

    async def refused(self, do, **fields):
        """Return the error with which something is refused."""
        try:
            await self.ask(do, **fields)
        except link.LinkError as error:
            return error
        raise AssertionError(f"{do} was not refused")

    async def fault(self, do, **fields):
        """Return the code with which something is refused."""
        return (await self.refused(do, **fields)).code

    async def submit(self, name, **words):
        return await self.ask("submit", order={**BUY, "client_order_id": name, **words})

    async def waiting(self, name, **words):
        return await self.submit(name, **WAITS, **words)

    async def done(self, name):
        """Return an order once it has ended."""
        found = await self.ask("order", order=name, client="acme")
        await self.desk.runtime.finished(found["order"])
        return await self.ask("order", order=name, client="acme")

    async def told(self, after, count):
        """Return so many reports from a place on."""
        found = []
        source = self.answering.follow("reports", {"after": after})
        async for event in source:
            found.append(event)
            if len(found) == count:
                break
        await source.aclose()
        return found
