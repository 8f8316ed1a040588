"""Send a parent order and watch it: through the daemon if one runs, else with its own engine."""

import os
from collections.abc import Mapping
from pathlib import Path

import uvloop

from router.cli import show
from router.compose.assembly import Assembly, assemble
from router.compose.desk import open_desk
from router.gateway import local
from router.journal import codec
from router.shell import observe
from router.shell.clock import SystemClock


def run(path: Path, request: Mapping[str, str], *, live: bool, as_json: bool) -> None:
    """Print the story as it happens, then the report."""
    observe.configure(verbose=False)
    clock = SystemClock()
    assembly = assemble(path, os.environ, clock)
    assembly.require_permission(live=live)
    console = show.console(as_json=as_json)
    request = {"client_order_id": f"cli-{clock.now()}", **request}

    def tell(line: str) -> None:
        console.print(f"[dim]·[/dim] {line}")

    report = show.report_data(uvloop.run(_work(assembly, request, tell)))
    if as_json:
        show.print_json(report)
        return
    for part in show.report_tables(report, assembly.config.assets):
        console.print(part)
    console.print(f"journal: {assembly.config.journal}", soft_wrap=True)


async def _work(assembly: Assembly, request: Mapping[str, str], tell: local.Tell) -> bytes:
    door = local.socket_path(assembly.config.journal)
    try:
        return await local.ask(door, request, tell)
    except (FileNotFoundError, ConnectionRefusedError):
        pass  # no daemon: work it here
    async with open_desk(assembly) as desk:
        return codec.encode(await desk.work(request, tell))
