"""Plans and reports for eyes and for programs."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import orjson
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from router.domain.instrument import Asset
from router.domain.plan import CostSplit, Hop, Leg, RoutePlan
from router.domain.units import format_decimal
from router.gateway.plan_data import price_digits, price_text
from router.optimiser.proof import explain

_QUANTITY_DECIMALS = 4
_CASH_DECIMALS = 2
_WIDTH = 110


def print_json(data: object) -> None:
    """Write one JSON document to standard output; integers beyond 64 bits must be strings."""
    sys.stdout.write(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_line(data: object) -> None:
    """Write one JSON document on one line: whoever watches reads line by line."""
    sys.stdout.write(orjson.dumps(data).decode() + "\n")
    sys.stdout.flush()


def print_ready(facts: Mapping[str, object]) -> None:
    """Write one line of JSON at once, for whoever waits for a server that goes on running."""
    sys.stdout.write(orjson.dumps(dict(facts)).decode() + "\n")
    sys.stdout.flush()


def print_story(console: Console, line: str) -> None:
    """Tell one line of an order's story. That nobody reads on must not stop the order."""
    with suppress(OSError, SystemExit):  # rich ends the program where a pipe is closed
        console.print(f"[dim]·[/dim] {escape(line)}")


def report_data(encoded: bytes) -> Mapping[str, Any]:
    """Return a parent's report, as the desk encodes it, as plain data."""
    data: Mapping[str, Any] = orjson.loads(encoded)["ParentReport"]
    return data


def console(*, as_json: bool = False) -> Console:
    """Return where to write for eyes: standard error where standard output is for programs."""
    found = Console(stderr=as_json, highlight=False)
    # Into a file or pipe rich would fold tables at 80 columns.
    return found if found.is_terminal else Console(stderr=as_json, highlight=False, width=_WIDTH)


def plan_table(plan: RoutePlan) -> Table:
    """Return a plan as a table: one row a leg, costs in quote units, slippage in bps."""
    table = Table(title=f"{plan.side.value}, arrival mid {price_text(plan.arrival_mid, plan.legs)}")
    table.add_column("instrument")
    for name in (
        "quantity",
        "price",
        "impact",
        "fees",
        "gas",
        "funding",
        "slip, bps",
    ):
        table.add_column(name, justify="right")
    for leg in plan.legs:
        table.add_row(
            _without_chain(leg.instrument.id),
            _units(leg.quantity.atoms, leg.instrument.base),
            price_digits(_average_price(leg)),
            *_cost_cells(leg.cost, leg.instrument.quote),
            f"{leg.slippage / 100:.2f}",
        )
    if plan.legs:
        instrument = plan.legs[0].instrument
        total = sum(leg.quantity.atoms for leg in plan.legs)
        table.add_section()
        table.add_row(
            "total",
            _units(total, instrument.base),
            "",
            *_cost_cells(plan.cost, instrument.quote),
            f"{plan.slippage / 100:.2f}",
        )
    return table


def plan_lines(plan: RoutePlan) -> Iterator[str]:
    """Say how routes go, what each venue alone would cost, and how good the split provably is."""
    for leg in plan.legs:
        for hop in leg.hops:
            yield f"{_without_chain(leg.instrument.id)}: {_hop_text(hop)}"
        if leg.cost.basis:
            told = _cash(leg.cost.basis, leg.instrument.quote)
            yield f"{_without_chain(leg.instrument.id)}: {told} of its impact is basis"
    if plan.band is not None:
        band = plan.band
        yield (
            f"until it is executed it may come to {band.best / 100:.2f} to {band.worst / 100:.2f}"
            f" bps: {band.expected / 100:.2f} expected, {band.tail / 100:.2f} in the worst cases"
        )
    for single in sorted(plan.singles, key=lambda s: (s.slippage is None, s.slippage or 0)):
        if single.slippage is None:
            yield f"alone on {single.instrument}: does not fit"
        else:
            yield f"alone on {single.instrument}: {single.slippage / 100:.2f} bps"
    yield from (f"proof: {sentence}" for sentence in explain(plan))


def report_tables(
    report: Mapping[str, Any], assets: Mapping[str, Asset]
) -> Iterator[RenderableType]:
    """Show a parent's report, as the engine encodes it."""
    yield _legs_table(report, assets)
    yield _summary(report, assets)
    differences = report["differences"]
    if differences is None:
        yield "reconciliation: nothing was sent, nothing to compare"
    elif differences:
        yield f"[red]reconciliation FAILED[/red]: {escape(differences[0])}"
    else:
        yield "[green]reconciled[/green]: every balance and position agrees to the atom"


def _legs_table(report: Mapping[str, Any], assets: Mapping[str, Asset]) -> Table:
    table = Table(title="predicted against realised, slippage in bps before gas and funding")
    table.add_column("leg", no_wrap=True)
    for name in ("predicted", "filled", "for", "predicted", "realised", "exact"):
        table.add_column(name, justify="right", no_wrap=True)
    for leg in report["legs"]:
        table.add_row(
            _without_chain(leg["instrument"]),
            _amount(leg["predicted_quantity"], assets),
            _amount(leg["filled_quantity"], assets),
            _cash_amount(leg["filled_notional"], assets),
            _pips(leg["predicted_slippage"]),
            _pips(leg["realised_slippage"]),
            "yes" if leg["exact"] else "no",
        )
    return table


def _summary(report: Mapping[str, Any], assets: Mapping[str, Asset]) -> str:
    reason = f" ({escape(report['reason'])})" if report["reason"] else ""
    return (
        f"{report['status']}{reason}: {_amount(report['filled_quantity'], assets)} for"
        f" {_cash_amount(report['filled_notional'], assets)}; slippage predicted"
        f" {_pips(report['predicted_slippage'])} bps with funding, realised"
        f" {_pips(report['realised_slippage'])} bps with gas"
    )


# Tables are narrow; the whole name is in the story and in the data.
def _without_chain(instrument: str) -> str:
    return instrument.partition("@")[0]


def _hop_text(hop: Hop) -> str:
    assets = {i.id: i for i in (hop.instrument.base, hop.instrument.quote)}
    paid, received = (
        f"{_units(amount.atoms, assets[amount.asset])} {amount.asset}"
        for amount in (hop.paid, hop.received)
    )
    return f"{paid} for {received} on {_without_chain(hop.instrument.id)}"


def _cost_cells(cost: CostSplit, quote: Asset) -> tuple[str, ...]:
    return tuple(_cash(part, quote) for part in (cost.impact, cost.fees, cost.gas, cost.funding))


def _pips(pips: int | None) -> str:
    return "-" if pips is None else f"{pips / 100:.2f}"


def _units(atoms: int, asset: Asset) -> str:
    return f"{Decimal(format_decimal(atoms, asset.decimals)):,.{_QUANTITY_DECIMALS}f}"


def _cash(atoms: int, asset: Asset) -> str:
    return f"{Decimal(format_decimal(atoms, asset.decimals)):,.{_CASH_DECIMALS}f}"


def _amount(amount: Mapping[str, Any], assets: Mapping[str, Asset]) -> str:
    asset = assets[amount["asset"]]
    return f"{_units(int(amount['atoms']), asset)} {asset.id}"


def _cash_amount(amount: Mapping[str, Any], assets: Mapping[str, Asset]) -> str:
    asset = assets[amount["asset"]]
    return f"{_cash(int(amount['atoms']), asset)} {asset.id}"


def _average_price(leg: Leg) -> Decimal:
    quote = Decimal(format_decimal(leg.notional.atoms, leg.instrument.quote.decimals))
    return quote / Decimal(format_decimal(leg.quantity.atoms, leg.instrument.base.decimals))
