"""The daemon."""

import asyncio
import os
import signal
from pathlib import Path

import uvloop
from rich.console import Console

from router.cli.show import print_ready
from router.compose.assembly import Assembly, assemble
from router.compose.desk import Desk, open_desk
from router.gateway import local
from router.journal import codec
from router.shell import observe
from router.shell.clock import SystemClock


def run(path: Path, *, live: bool, verbose: bool, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    observe.configure(verbose=verbose)
    assembly = assemble(path, os.environ, SystemClock())
    assembly.require_permission(live=live)
    uvloop.run(_serve(assembly, as_json=as_json))


async def _serve(assembly: Assembly, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    door = local.socket_path(assembly.config.journal)
    async with open_desk(assembly) as desk, local.listening(door, _work(desk)):
        if as_json:
            print_ready({"ready": True, "socket": str(door), "pid": os.getpid()})
        else:
            Console().print(f"ready: orders on {door}", soft_wrap=True)
        await stop.wait()


def _work(desk: Desk) -> local.Work:
    async def work(request: local.Request, tell: local.Tell) -> bytes:
        return codec.encode(await desk.work(request, tell))

    return work
