"""Check a configuration, and with it the venues."""

import asyncio
import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from router.cli.show import print_json
from router.compose.assembly import Assembly, assemble, connected
from router.shell.clock import SystemClock


def run(path: Path, *, offline: bool, as_json: bool) -> None:
    """Print what the configuration amounts to, or raise ConfigError."""
    assembly = assemble(path, os.environ, SystemClock())
    if not offline:
        asyncio.run(_connect(assembly))
    rows = [
        {
            "instrument": i.id,
            "kind": i.kind.value,
            "account": i.account,
            "fee_bps": i.fee_pips / 100,
        }
        for i in assembly.instruments
    ]
    if as_json:
        print_json({"config": str(path), "connected": not offline, "instruments": rows})
        return
    table = Table("instrument", "kind", "account", "fee, bps")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
    checked = "the file is well formed" if offline else "the file and the venues agree"
    Console().print(f"[green]ok[/green]: {checked}")


async def _connect(assembly: Assembly) -> None:
    async with connected(assembly):
        pass
