"""Check the proof of a plan, or of every plan of a journal, without a solver."""

from pathlib import Path

import typer
from rich.console import Console

from router.cli.guard import EXIT_BAD_INPUT
from router.cli.show import print_json
from router.compose import plans
from router.domain.basket import PlannedBasket
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.told import Planned
from router.optimiser.verify import Check, verify_plan

_BPS_PER_UNIT = 10_000


def run(path: Path, *, as_json: bool) -> None:
    """Print what was checked of every plan; exit code 2 if anything does not hold."""
    checked = [(planned, verify_plan(planned)) for planned in plans.load(path)]
    if as_json:
        print_json({"plans": [_data(planned, checks) for planned, checks in checked]})
    else:
        for planned, checks in checked:
            _print(planned, checks)
        if not checked:
            Console().print("no plan in this journal", highlight=False)
    if not all(check.holds for _, checks in checked for check in checks):
        raise typer.Exit(EXIT_BAD_INPUT)


def _print(planned: Planned, checks: tuple[Check, ...]) -> None:
    certificate = planned.plan.certificate
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{_parents(planned)}: costs {_bps(certificate.rounded_cost):.4f} bps as sent; no plan"
        f" costs less than {_bps(certificate.lower_bound_with_gas):.4f} bps",
        markup=False,
    )
    for check in checks:
        mark, style = ("holds", "green") if check.holds else ("FAILS", "red")
        console.print(f"  {check.name} {mark}: {check.sentence}", style=style, markup=False)


def _data(planned: Planned, checks: tuple[Check, ...]) -> dict[str, object]:
    certificate = planned.plan.certificate
    return {
        "parent": _parents(planned),
        "holds": all(check.holds for check in checks),
        "rounded_cost_bps": _bps(certificate.rounded_cost),
        "lower_bound_bps": _bps(certificate.lower_bound),
        "lower_bound_with_gas_bps": _bps(certificate.lower_bound_with_gas),
        "checks": [{"name": c.name, "holds": c.holds, "sentence": c.sentence} for c in checks],
    }


def _parents(planned: Planned) -> str:
    plans = planned.plan.plans if isinstance(planned, PlannedBasket) else (planned.plan,)
    return " + ".join(plan.parent for plan in plans)


def _bps(pico: Pico) -> float:
    return pico * _BPS_PER_UNIT / PICO_PER_UNIT
