"""The daemon."""

import asyncio
import gc
import os
import signal
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console

from router.cli.show import print_ready
from router.compose.assembly import Assembly, assemble
from router.compose.doors.check import check_gateways
from router.compose.doors.supervision import supervised
from router.compose.keeper import Keeper
from router.compose.link.keeper import LinkKeeper
from router.domain.error import RouterError
from router.gateway import link, local
from router.shell import observe
from router.shell.clock import SystemClock
from router.shell.config import load_gateway

# Allocations, and collections of the younger ones. Nobody is answered during a collection: one of
# 50,000 young objects takes some 20 ms, one of 10,000 some 4.
_COLLECT_AFTER: Final = (10_000, 100, 50)


def run(path: Path, *, live: bool, verbose: bool, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM; SIGUSR1 halts the firm, SIGHUP reads limits anew."""
    observe.configure(verbose=verbose)
    assembly = assemble(path, os.environ, SystemClock())
    assembly.require_permission(live=live)
    check_gateways(assembly.config, os.environ)
    uvloop.run(_serve(assembly, as_json=as_json))


async def _serve(assembly: Assembly, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    door = local.socket_path(assembly.config.journal)
    keeper = Keeper(assembly, os.environ)
    kept = LinkKeeper(keeper)
    desk = link.Desk(kept.answer, kept.follow, kept.fault)
    async with (
        keeper.open(),
        local.listening(door, keeper.answer),
        link.serving(link.link_path(assembly.config.journal), desk),
        supervised(load_gateway(assembly.config.path), assembly.clock) as doors,
    ):
        _let_rest()
        loop.add_signal_handler(signal.SIGUSR1, _halt, keeper)
        wanted = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, wanted.set)
        reading = asyncio.create_task(_reload(keeper, wanted))
        if as_json:
            print_ready({"ready": True, "socket": str(door), "pid": os.getpid(), **doors})
        else:
            Console().print(f"ready: orders on {door}", soft_wrap=True)
            for name in sorted(doors.keys() & {"http", "fix"}):
                Console().print(f"ready: {name} on {doors[name]}", soft_wrap=True)
        await stop.wait()
        reading.cancel()


# A file that is wrong changes nothing, and the log says why.
async def _reload(keeper: Keeper, wanted: asyncio.Event) -> None:
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            news = await keeper.reload("signal SIGHUP")
        except RouterError as error:
            observe.alarm_raised(f"the limits stay as they were: {error}")
        else:
            observe.limits_read(changed=", ".join(news))


# For whoever has nothing but the daemon's process id.
def _halt(keeper: Keeper) -> None:
    keeper.halt(by="signal SIGUSR1", reason="the signal came")


# What there is by now stays: looking through it again and again would hold up orders.
def _let_rest() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
