"""Margin, liquidation distances, stress, funding and profit: of the daemon, or read anew."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson
import uvloop
from rich.console import Console

from router.cli import show
from router.cli.show_risk import risk_tables
from router.compose.assembly import Assembly, assemble
from router.compose.risk import looking
from router.domain.units import NS_PER_S, DurationNs
from router.gateway import local
from router.gateway.risk_data import risk_data
from router.shell import observe
from router.shell.clock import SystemClock

_Tell: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[bool]]  # whether to go on

EVERY_S: Final = 2.0  # between two reports
_EVERY: Final = DurationNs(int(EVERY_S * NS_PER_S))
_ANSWER_S: Final = 10.0  # a daemon that takes longer hangs; then all is read without it


def run(path: Path, *, watch: bool, as_json: bool) -> None:
    """Print one report, or one every two seconds until interrupted or nobody reads on."""
    observe.be_silent()
    assembly = assemble(path, os.environ, SystemClock())
    try:
        uvloop.run(_watch(assembly, as_json=as_json) if watch else _once(assembly, as_json=as_json))
    except* BrokenPipeError:
        # What is not written yet would fail once more at the end of the program.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _once(assembly: Assembly, *, as_json: bool) -> None:
    async def tell(data: Mapping[str, Any]) -> bool:
        _show(data, as_json=as_json)
        return False

    await _reports(assembly, tell)


async def _watch(assembly: Assembly, *, as_json: bool) -> None:
    async def tell(data: Mapping[str, Any]) -> bool:
        _show(data, as_json=as_json)
        await assembly.clock.sleep(_EVERY)
        return True

    task = asyncio.current_task()
    assert task is not None, "the loop runs tasks"
    # Whatever is waited for: a daemon or a venue may hang.
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    with suppress(asyncio.CancelledError):
        await _reports(assembly, tell)


# Of the daemon while there is one; it may go, and come back. Ends where it is told to.
async def _reports(assembly: Assembly, tell: _Tell) -> None:
    while True:
        while (told := await _of_daemon(assembly)) is not None:
            if not await tell(told):
                return
        async with looking(assembly) as look:
            while await _of_daemon(assembly) is None:
                if not await tell(risk_data(await look(), assembly.config.assets)):
                    return


async def _of_daemon(assembly: Assembly) -> Mapping[str, Any] | None:
    door = local.socket_path(assembly.config.journal)
    try:
        async with asyncio.timeout(_ANSWER_S):
            answer = await local.ask(door, {"do": "risk"}, lambda _line: None)
    except (FileNotFoundError, ConnectionError, TimeoutError):
        return None
    told: Mapping[str, Any] = orjson.loads(answer)
    return told


def _show(data: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        show.print_line(data)
        return
    console: Console = show.console()
    for part in risk_tables(data):
        console.print(part)
