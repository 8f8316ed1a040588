"""Check a configuration, and with it the venues."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from router.cli.show import print_json
from router.compose.assembly import Assembly, assemble, connected, streaming
from router.compose.doors.check import check_gateways
from router.domain.error import ConfigError
from router.domain.units import InstrumentId
from router.shell import observe
from router.shell.clock import SystemClock


def run(path: Path, *, offline: bool, as_json: bool) -> None:
    """Print what the configuration amounts to, or raise ConfigError."""
    observe.be_silent()
    assembly = assemble(path, os.environ, SystemClock())
    check_gateways(assembly.config, os.environ)
    faults = {} if offline else asyncio.run(_faults(assembly))
    if faults:
        first, reason = next(iter(faults.items()))
        more = f" ({len(faults) - 1} more pools are wrong, too)" if len(faults) > 1 else ""
        raise ConfigError(f"{path}: {first}: {reason}{more}; correct it or remove the pool")
    rows = [
        {
            "instrument": i.id,
            "kind": i.kind.value,
            "account": i.account,
            "fee_bps": i.fee_pips / 100 if i.has_fixed_fee else None,
        }
        for i in assembly.instruments
    ]
    if as_json:
        print_json({"config": str(path), "connected": not offline, "instruments": rows})
        return
    table = Table("instrument", "kind", "account", "fee, bps")
    for row in rows:
        table.add_row(*("changes" if value is None else str(value) for value in row.values()))
    Console().print(table)
    checked = "the file is well formed" if offline else "the file and the venues agree"
    Console().print(f"[green]ok[/green]: {checked}")


# Why pools are not what the file says; a desk would leave these out, and trade the others.
async def _faults(assembly: Assembly) -> Mapping[InstrumentId, str]:
    reader = assembly.reader()
    async with connected(assembly), streaming(assembly, reader):
        return dict(reader.market.quarantined)
