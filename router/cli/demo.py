"""The main job, end to end, against both sandboxes."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer
import uvloop
from rich.console import Console

from router.cli import show
from router.cli.show_risk import margin_tables
from router.compose.assembly import Assembly, assemble
from router.compose.desk import Desk, open_desk
from router.compose.recovery import verify
from router.compose.sandbox import Sandboxes, sandboxes
from router.domain.error import ConfigError
from router.journal import codec
from router.shell import observe
from router.shell.clock import SystemClock

_TEMPLATE: Final = Path(__file__).parents[2] / "configs" / "demo.toml"
_BLOCK_TIME_S: Final = 1.0
EXIT_NOT_RECONCILED: Final = 1


def run(state_dir: Path, *, quantity: str, seed: int, as_json: bool) -> None:
    """Buy `quantity` ETH of exposure; exit code 1 unless it is filled and reconciled."""
    observe.configure(verbose=False)
    console = show.console(as_json=as_json)
    console.rule("sandboxes")
    with (
        _alone(state_dir),
        console.status("starting a chain and a perp venue"),
        sandboxes(state_dir, seed=seed, block_time_s=_BLOCK_TIME_S) as running,
    ):
        path = _write_config(state_dir, running)
        manifest = running.chain.manifest
        assembly = assemble(path, {**os.environ, **running.environment}, SystemClock())
        pools = [i.protocol for i in assembly.instruments if i.is_on_chain]
        console.print(
            f"chain {manifest.chain_id} at {manifest.ws_url}: {len(pools)} pools of"
            f" {', '.join(sorted(set(pools)))}, deployed in {running.chain.prepared_ms} ms"
        )
        console.print(f"perp venue at {running.venue['url']}")
        report = show.report_data(uvloop.run(_work(assembly, quantity, console)))
    _finish(assembly, report, console, as_json=as_json)


async def _work(assembly: Assembly, quantity: str, console: Console) -> bytes:
    console.rule("order")
    async with open_desk(assembly) as desk:
        return await _buy(desk, quantity, console)


async def _buy(desk: Desk, quantity: str, console: Console) -> bytes:
    def tell(line: str) -> None:
        show.print_story(console, line)

    request = {
        "client_order_id": "demo",
        "side": "buy",
        "quantity": quantity,
        "base": "ETH",
        "quote": "USDC",
    }
    report = await desk.work(request, tell)
    for plan in report.plans[:1]:
        console.print(show.plan_table(plan))
        for line in show.plan_lines(plan):
            console.print(line, markup=False, emoji=False)
    console.rule("how the accounts stand")
    for part in margin_tables(await desk.risk()):
        console.print(part)
    return codec.encode(report)


def _finish(
    assembly: Assembly, report: Mapping[str, Any], console: Console, *, as_json: bool
) -> None:
    if as_json:
        show.print_json(report)
    else:
        console.rule("what came of it")
        for part in show.report_tables(report, assembly.config.assets):
            console.print(part)
    journal = assembly.config.journal
    replayed = verify(journal)
    verdict = replayed.fault.sentence if replayed.fault else "chain intact, commands identical"
    console.print(
        f"journal: {journal} ({replayed.records_count} records; {verdict})", soft_wrap=True
    )
    if report["status"] != "filled" or report["differences"] or replayed.fault is not None:
        raise typer.Exit(EXIT_NOT_RECONCILED)


@contextmanager
def _alone(state_dir: Path) -> Iterator[None]:
    # Two demos in one folder would delete each other's journal.
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"{state_dir}: another demo runs there; choose --state-dir") from None
        yield


def _write_config(state_dir: Path, running: Sandboxes) -> Path:
    try:
        template = _TEMPLATE.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{_TEMPLATE}: cannot be read; run from a checkout") from error
    path = state_dir / "headrace.toml"
    path.write_text(template + running.tables(), encoding="utf-8")
    for leftover in state_dir.glob("headrace.journal*"):
        leftover.unlink()  # the sandboxes start from nothing, and so does their record
    return path
