"""A dry run: where an order would go and what it would cost; kept, so that it may be sent so."""

import os
from collections.abc import Mapping
from pathlib import Path

import uvloop

from router.cli import show
from router.compose import plans
from router.compose.assembly import assemble
from router.compose.dry_run import dry_run
from router.compose.quotes import kept
from router.domain.plan import PlannedRoute
from router.domain.units import NS_PER_S, DurationNs
from router.execution.contingency import contingency
from router.shell.clock import SystemClock


def run(
    path: Path,
    request: Mapping[str, str],
    *,
    save: Path | None = None,
    holds_s: int = 60,
    as_json: bool,
) -> None:
    """Print the plan, or raise what stands in its way."""
    assembly = assemble(path, os.environ, SystemClock())
    result = uvloop.run(dry_run(assembly, {**request, "client_order_id": "dry-run"}))
    if save is not None:
        plans.save(save, PlannedRoute(result.problem, result.plan))
    quote = kept(assembly, request, result, holds=DurationNs(holds_s * NS_PER_S))
    risk = contingency(result.plan, bound=False)
    if as_json:
        show.print_json(
            {
                "quote_id": quote.id,
                "expires_at": str(quote.expires_at),
                **show.plan_data(result.plan, result.observation.pools),
                "contingency": risk.lines(),
            }
        )
        return
    console = show.console(as_json=as_json)
    console.print(show.plan_table(result.plan))
    for line in (*show.plan_lines(result.plan), *risk.lines()):
        console.print(line, markup=False, emoji=False)
    console.print(
        f"quote {quote.id} holds for {holds_s} s: headrace order {path} --quote {quote.id}",
        soft_wrap=True,
    )
