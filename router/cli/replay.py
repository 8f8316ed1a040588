"""Verify a journal."""

from pathlib import Path

import typer
from rich.console import Console

from router.cli.guard import EXIT_BAD_INPUT
from router.cli.show import print_json
from router.compose.recovery import verify


def run(path: Path, *, as_json: bool) -> None:
    """Print what the replay came to; exit code 2 if the journal has a fault."""
    result = verify(path)
    parents = {p.order.client_order_id: p.status.value for p in result.world.parents.values()}
    sentence = (
        f"{result.records_count} records, {result.commands_count} commands:"
        " chain intact, commands identical"
        if result.fault is None
        else " ".join(result.fault.sentence.split())
    )
    if as_json:
        print_json(
            {
                "journal": str(path),
                "intact": result.fault is None,
                "records": result.records_count,
                "commands": result.commands_count,
                "tip": result.tip.hash.hex(),
                "fault": result.fault.sentence if result.fault else None,
                "parents": parents,
            }
        )
    else:
        colour = "green" if result.fault is None else "red"
        Console().print(sentence, style=colour, markup=False, highlight=False, soft_wrap=True)
        for client_order_id, status in parents.items():
            Console().print(f"  {client_order_id}: {status}", highlight=False)
    if result.fault is not None:
        raise typer.Exit(EXIT_BAD_INPUT)
