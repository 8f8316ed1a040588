"""Send a parent order and watch it: through the daemon if one runs, else with its own engine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer
import uvloop

from router.cli import show
from router.compose.assembly import Assembly, assemble
from router.compose.desk import open_desk
from router.domain.error import RouterError
from router.gateway import local
from router.journal import codec
from router.shell import observe
from router.shell.clock import SystemClock

EXIT_NOT_FILLED: Final = 1


def run(path: Path, request: Mapping[str, str], *, live: bool, as_json: bool) -> None:
    """Print the story as it happens, then the report; exit code 1 unless filled and reconciled."""
    observe.configure(verbose=False)
    clock = SystemClock()
    assembly = assemble(path, os.environ, clock)
    assembly.require_permission(live=live)
    console = show.console(as_json=as_json)
    # A quote is sent once: the same words again follow the order that it became.
    request = {"client_order_id": request.get("quote_id", f"cli-{clock.now()}"), **request}

    def tell(line: str) -> None:
        show.print_story(console, line)

    report = show.report_data(uvloop.run(_work(assembly, request, tell)))
    if as_json:
        show.print_json(report)
    else:
        for part in show.report_tables(report, assembly.config.assets):
            console.print(part)
        console.print(f"journal: {assembly.config.journal}", soft_wrap=True)
    if report["status"] != "filled" or report["differences"]:
        raise typer.Exit(EXIT_NOT_FILLED)


async def _work(assembly: Assembly, request: Mapping[str, str], tell: local.Tell) -> bytes:
    door = local.socket_path(assembly.config.journal)
    try:
        return await local.ask(door, request, tell)
    except (FileNotFoundError, ConnectionRefusedError):
        pass  # no daemon: work it here
    except ConnectionError as error:
        raise RouterError(
            "the daemon went away and the order may be at work; start it again, then send the same"
            f" order with --id {request['client_order_id']} to follow it"
        ) from error
    async with open_desk(assembly) as desk:
        return codec.encode(await desk.work(request, tell))
