"""An operator's answer to a halt, journaled with its reason."""

import os
from pathlib import Path

import uvloop

from router.cli import show
from router.compose.assembly import Assembly, assemble
from router.compose.desk import open_desk
from router.domain.error import OrderError
from router.shell import observe
from router.shell.clock import SystemClock


def run(path: Path, *, reason: str, as_json: bool) -> None:
    """Take a new baseline; needs the journal, so no daemon may be running on it."""
    observe.configure(verbose=False)
    if not reason.strip():
        raise OrderError("reason: must say why the accounts are right")
    assembly = assemble(path, os.environ, SystemClock())
    uvloop.run(_accept(assembly, reason))
    if as_json:
        show.print_json({"accepted": True, "reason": reason})
    else:
        show.console().print("accepted: the accounts as they are now are the baseline")


async def _accept(assembly: Assembly, reason: str) -> None:
    async with open_desk(assembly) as desk:
        await desk.accept(reason)
