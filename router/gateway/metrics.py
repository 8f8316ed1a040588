"""A report of risk as text for a scraper of metrics: one number a line, its unit in its name.

Quantities of money are in atoms of the asset that the label `asset` names: integers, exact. What is
not known has no line.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from router.domain.risk import Zone
from router.domain.switch import TradingState
from router.domain.units import AccountId, TimestampNs
from router.reconciliation.equity import Cause, Discrepancy, EquityCheck
from router.risk.assessment import RiskReport
from router.risk.report import AccountRisk
from router.state.profit_report import ProfitReport, ProfitSum

_Sample: TypeAlias = tuple[str, Mapping[str, str], int]

_HELP: Final = {
    "headrace_assessed_timestamp_ns": "When the accounts were assessed, since the Unix epoch.",
    "headrace_equity_atoms": "Equity of a perp account, as the venue says it.",
    "headrace_initial_margin_atoms": "Initial margin of a perp account.",
    "headrace_maintenance_margin_atoms": "Maintenance margin of a perp account.",
    "headrace_maintenance_over_equity_pips": "At 1000000 the venue liquidates.",
    "headrace_zone": "1 for the zone an account is in.",
    "headrace_stress_room_atoms": "What a scenario leaves above maintenance and buffer.",
    "headrace_realised_atoms": "Realised profit, by venue.",
    "headrace_unrealised_atoms": "Unrealised profit at the marks, by venue.",
    "headrace_funding_atoms": "Funding received, by venue; negative was paid.",
    "headrace_fees_atoms": "Fees paid, by venue; negative were rebates.",
    "headrace_gas_atoms": "Gas paid, valued at its order's arrival, by venue.",
    "headrace_native_gas_atoms": "Gas paid, in the chain's coin.",
    "headrace_profit_atoms": "Realised and unrealised profit and funding less fees and gas.",
    "headrace_inventory_atoms": "Value at the mark of what is held, by item.",
    "headrace_unexplained_atoms": "What the books are off by, unexplained; lots of a position.",
    "headrace_equity_off_atoms": "What the venue's equity is off from its own cash and positions.",
    "headrace_unreadable": "1 for an account that could not be read.",
    "headrace_switch": "1 for the state that a scope is set to.",
}


def metrics_text(
    report: RiskReport,
    discrepancies: tuple[Discrepancy, ...] = (),
    checks: tuple[EquityCheck, ...] = (),
) -> str:
    """Return a report, and what was found against the books, in the text exposition format."""
    at: TimestampNs = report.assessment.at
    samples = [
        ("headrace_assessed_timestamp_ns", {}, int(at)),
        *(sample for account in report.accounts for sample in _account(account)),
        *_profit(report.profit),
        *_books(discrepancies, checks),
        *(_unreadable(account) for account in sorted(report.survey.unreadable)),
        *(
            ("headrace_switch", {"scope": s.scope.label, "state": state}, int(s.state is state))
            for s in report.switches
            for state in TradingState
        ),
    ]
    return "".join(_lines(samples))


def _account(account: AccountRisk) -> Iterator[_Sample]:
    found = account.found
    labels = {"account": found.account, "venue": found.venue}
    money = labels | {"asset": account.collateral}
    yield "headrace_equity_atoms", money, found.equity_atoms
    yield "headrace_initial_margin_atoms", money, found.initial_atoms
    yield "headrace_maintenance_margin_atoms", money, found.maintenance_atoms
    if account.ratio_pips is not None:
        yield "headrace_maintenance_over_equity_pips", labels, account.ratio_pips
    for zone in Zone:
        yield "headrace_zone", labels | {"zone": zone}, int(zone is found.zone)
    for outcome in account.outcomes:
        room = money | {"scenario": outcome.scenario}
        yield "headrace_stress_room_atoms", room, outcome.room_atoms


def _profit(profit: ProfitReport) -> Iterator[_Sample]:
    for part in profit.by_venue():
        yield from _sum(part)
    for gas in profit.gas:
        yield "headrace_native_gas_atoms", {"account": gas.account}, gas.native_atoms
    for held in profit.inventory:
        if held.value_atoms is not None:
            labels = {"account": held.account, "item": held.item, "asset": held.quote}
            yield "headrace_inventory_atoms", labels, held.value_atoms


def _sum(part: ProfitSum) -> Iterator[_Sample]:
    labels = {"venue": part.name, "asset": part.quote}
    yield "headrace_realised_atoms", labels, part.realised_atoms
    yield "headrace_unrealised_atoms", labels, part.unrealised_atoms
    yield "headrace_funding_atoms", labels, part.funding_atoms
    yield "headrace_fees_atoms", labels, part.fees_atoms
    yield "headrace_gas_atoms", labels, part.gas_atoms
    yield "headrace_profit_atoms", labels, part.total_atoms


def _books(
    discrepancies: tuple[Discrepancy, ...], checks: tuple[EquityCheck, ...]
) -> Iterator[_Sample]:
    for each in discrepancies:
        if each.cause is Cause.UNEXPLAINED:
            labels = {"account": each.account, "item": each.item}
            yield "headrace_unexplained_atoms", labels, each.actual - each.expected
    for check in checks:
        yield "headrace_equity_off_atoms", {"account": check.account}, check.off_atoms


def _unreadable(account: AccountId) -> _Sample:
    return "headrace_unreadable", {"account": account}, 1


# All samples of a name together, after what the name means.
def _lines(samples: list[_Sample]) -> Iterator[str]:
    for name, meaning in _HELP.items():
        own = [(labels, value) for told, labels, value in samples if told == name]
        if own:
            yield f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
        for labels, value in own:
            inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            yield f"{name}{{{inside}}} {value}\n" if inside else f"{name} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
