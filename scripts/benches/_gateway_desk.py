"""A process with a daemon's desk, its keeper, its link and its gateways.

The venue and the solver cost nothing: the accounts are never told, so that orders are taken in and
nothing trades beside it. Takes the configuration's path; prints a line of JSON with where the
gateways listen once they do, and serves until its standard input ends.
"""

import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import Final

import orjson
import uvloop
from _execution_floor import PERP, BenchFloor

from router.compose.assembly import Assembly
from router.compose.doors.supervision import supervised
from router.compose.keeper import Keeper
from router.compose.link.keeper import LinkKeeper
from router.gateway import link
from router.port import VenueSetup
from router.shell import observe
from router.shell.config import load, load_gateway

CONFIG: Final = """\
[engine]
journal = "bench.journal"
solve_deadline_ms = 5000
[limits]
order_notional_max = { USDC = "1000000" }
slippage_max_bps = 100
slippage_tolerance_bps = 10
plan_rounds_max = 2
child_lifetime_ms = 60000
[staleness]
head_age_max_ms = 60000
book_age_max_ms = 60000
[assets]
ETH = 18
USDC = 6
[venues.bench]
"""
_COLLECT_AFTER: Final = (10_000, 100, 50)


def main(path: Path) -> None:
    """Serve a configuration."""
    observe.configure(verbose=False)
    uvloop.run(_serve(path))


async def _serve(path: Path) -> None:
    floor = BenchFloor(answers=False)
    setup = VenueSetup(floor.venue, (PERP,), native=None, approve=None, real_money=False)
    assembly = Assembly(load(path, os.environ), (setup,), floor.clock)
    keeper = Keeper(assembly, os.environ)
    kept = LinkKeeper(keeper)
    desk = link.Desk(kept.answer, kept.follow, kept.fault)
    where = link.link_path(assembly.config.journal)
    async with (
        keeper.open(floor.solver),
        link.serving(where, desk),
        supervised(load_gateway(path), floor.clock) as doors,
    ):
        _let_rest()
        sys.stdout.buffer.write(orjson.dumps(dict(doors)) + b"\n")
        sys.stdout.buffer.flush()
        await asyncio.to_thread(sys.stdin.buffer.read)


# As `headrace run` does once it is ready.
def _let_rest() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
