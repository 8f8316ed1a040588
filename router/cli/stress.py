"""What-ifs: what scenarios would leave of every account; sends nothing."""

import os
from pathlib import Path

import uvloop

from router.cli import show
from router.cli.show_risk import stress_tables
from router.compose.assembly import Assembly, assemble
from router.compose.risk import looking
from router.domain.stress import Scenario
from router.domain.units import AssetId, VenueId
from router.gateway.risk_data import replay_data, risk_data
from router.gateway.shock_request import Known, parse_shock
from router.risk.assessment import RiskReport
from router.risk.stress.replayed import october_steps, replayed
from router.shell import observe
from router.shell.clock import SystemClock


def run(path: Path, *, shocks: tuple[str, ...], october: bool, as_json: bool) -> None:
    """Print what the shocks leave, or, without any, what the configured scenarios do."""
    observe.be_silent()
    assembly = assemble(path, os.environ, SystemClock())
    scenarios = asked(assembly, shocks)
    report = uvloop.run(_look(assembly, scenarios))
    data = risk_data(report, assembly.config.assets)
    if october:
        rows = replayed(
            report.survey,
            assembly.instruments,
            assembly.config.limits,
            steps=october_steps(AssetId(name) for name in assembly.config.assets),
        )
        data["october"] = replay_data(rows, report, assembly.config.assets)
    if as_json:
        show.print_json(data)
        return
    console = show.console()
    for part in stress_tables(data):
        console.print(part)


async def _look(assembly: Assembly, scenarios: tuple[Scenario, ...]) -> RiskReport:
    async with looking(assembly, scenarios) as look:
        return await look()


def asked(assembly: Assembly, shocks: tuple[str, ...]) -> tuple[Scenario, ...]:
    """Return the scenarios that some words mean; without any, all that are configured.

    Raises
    ------
    OrderError
        Naming the word that means none, and what it might be.
    """
    known = Known(
        assets=tuple(AssetId(name) for name in assembly.config.assets),
        venues=tuple(dict.fromkeys(VenueId(i.venue) for i in assembly.instruments)),
        scenarios={s.name: s for s in assembly.config.limits.stresses},
    )
    if not shocks:
        return assembly.config.limits.stresses
    return tuple(parse_shock(shock, known) for shock in shocks)
