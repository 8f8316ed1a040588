"""A dry run: where an order would go and what it would cost."""

import os
from collections.abc import Mapping
from pathlib import Path

import uvloop

from router.cli import show
from router.compose import plans
from router.compose.assembly import assemble
from router.compose.dry_run import dry_run
from router.domain.plan import PlannedRoute
from router.shell.clock import SystemClock


def run(path: Path, request: Mapping[str, str], *, save: Path | None = None, as_json: bool) -> None:
    """Print the plan, or raise what stands in its way."""
    assembly = assemble(path, os.environ, SystemClock())
    result = uvloop.run(dry_run(assembly, {**request, "client_order_id": "dry-run"}))
    if save is not None:
        plans.save(save, PlannedRoute(result.problem, result.plan))
    if as_json:
        show.print_json(show.plan_data(result.plan, result.observation.pools))
        return
    console = show.console(as_json=as_json)
    console.print(show.plan_table(result.plan))
    for line in show.plan_lines(result.plan):
        console.print(line, markup=False, emoji=False)
