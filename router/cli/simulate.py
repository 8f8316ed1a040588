"""Run the real engine and shell on virtual time against simulated venues, seed by seed."""

import os
import time
from typing import Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from router.cli.show import print_json
from router.simulation.batch import Figures, simulate_many
from router.simulation.run import Outcome

EXIT_VIOLATED: Final = 1
_SHOWN_MAX: Final = 10  # violations


def run(seeds: range, *, jobs: int, seconds: float, as_json: bool) -> None:
    """Simulate, show how far it is, print figures; exit code 1 if any check failed.

    Parameters
    ----------
    jobs : int
        Processes; 0: one a core.
    seconds : float
        No seed is begun after so long; 0: all are.
    """
    count = jobs or os.cpu_count() or 1
    began = time.perf_counter()  # of the figures alone
    bar = Progress(
        TextColumn("simulate"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[violations]} violations"),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=len(seeds), violations=0)
        found = 0

        def told(outcome: Outcome) -> None:
            nonlocal found
            found += outcome.violation is not None
            bar.update(task, advance=1, violations=found)

        figures = simulate_many(
            seeds,
            jobs=count,
            told=told,
            enough=lambda: 0 < seconds < time.perf_counter() - began,
        )
    took_s = time.perf_counter() - began
    if as_json:
        print_json(_data(figures, took_s))
    else:
        _print(figures, took_s)
    if figures.violations:
        raise typer.Exit(EXIT_VIOLATED)


def _print(figures: Figures, took_s: float) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(show_header=False, box=None)
    for name, value in _rows(figures, took_s):
        table.add_row(name, value)
    console.print(table)
    for outcome in figures.violations[:_SHOWN_MAX]:
        violation = outcome.violation
        assert violation is not None, "only violations are kept"
        console.print(
            f"seed {outcome.seed}: {violation.check}: {violation.sentence}"
            f" (event {violation.event_number}; headrace simulate --seed {outcome.seed} --runs 1)",
            style="red",
            markup=False,
        )


def _rows(figures: Figures, took_s: float) -> tuple[tuple[str, str], ...]:
    return (
        ("runs", f"{figures.runs:,} in {took_s:.1f} s, {figures.runs / took_s:.1f} a second"),
        ("virtual time", f"{figures.virtual_s / 3_600:,.1f} hours"),
        ("crashes and restarts", f"{figures.crashes:,}"),
        ("events on record", f"{figures.events:,}"),
        ("sendings, effects", f"{figures.sendings:,}, {figures.effects:,}"),
        ("orders, filled", f"{figures.orders:,}, {figures.filled:,}"),
        ("violations", f"{len(figures.violations)}"),
    )


def _data(figures: Figures, took_s: float) -> dict[str, object]:
    return {
        "runs": figures.runs,
        "seconds": round(took_s, 3),
        "virtual_s": round(figures.virtual_s, 3),
        "crashes": figures.crashes,
        "events": figures.events,
        "sendings": figures.sendings,
        "effects": figures.effects,
        "orders": figures.orders,
        "filled": figures.filled,
        "violations": [
            {
                "seed": outcome.seed,
                "check": outcome.violation.check,
                "sentence": outcome.violation.sentence,
                "event": outcome.violation.event_number,
                "digest": outcome.digest,
            }
            for outcome in figures.violations
            if outcome.violation is not None
        ],
    }
