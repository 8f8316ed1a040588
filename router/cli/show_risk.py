"""A risk report in tables, for whoever has to decide on it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

_ZONE_STYLES: Final = {
    "safe": "green",
    "early": "yellow",
    "soft": "dark_orange",
    "hard": "red",
    "liquidated": "bold red",
}
_FUNDING_STYLES: Final = {"quiet": "green", "watched": "yellow", "alarmed": "red"}
_NONE: Final = "-"
_ADDRESS_SHOWN: Final = 12


def risk_tables(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the parts of a report, most important first."""
    yield from _missing(data)
    yield _accounts(data["accounts"])
    yield from _said(data)
    positions = [p for account in data["accounts"] for p in account["positions"]]
    if positions:
        yield _positions(positions)
    yield from _stress(data)
    if data["funding"]:
        yield _funding(data["funding"])
    if data["prices"]:
        yield _prices(data["prices"])
    yield from _profit(data["profit"])


def margin_tables(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield how accounts stand, and what the worst scenario would leave of each."""
    yield _accounts(data["accounts"])
    positions = [p for account in data["accounts"] for p in account["positions"]]
    if positions:
        yield _positions(positions)
    for account in data["accounts"]:
        worst = min(account["outcomes"], key=lambda one: float(one["room"]), default=None)
        if worst is not None:
            room = _money(worst["room"], account["collateral"])
            yield f"{_short(account['account'])}: {escape(worst['scenario'])} would leave {room}"


def stress_tables(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield what scenarios leave, and nothing else."""
    yield from _missing(data)
    yield from _stress(data)
    if not data["stress"]:
        yield "nothing to stress: there is no scenario, or no perp venue is configured"
    if data.get("october"):
        yield _october(data["october"])


def _said(data: Mapping[str, Any]) -> Iterator[str]:
    for switch in data["switches"]:
        if switch["state"] != "active":
            who = f"{switch['scope']} is {switch['state']}: {switch['by']}: {switch['reason']}"
            yield f"[bold red]{escape(who)}[/bold red]"
    for account in data["accounts"]:
        if account["why"]:
            yield f"{_short(account['account'])}: {escape(account['why'])}"
    for cut in data["cuts"]:
        what = f"{cut['lots']} lots of {cut['instrument']}: {cut['reason']}"
        yield f"to be reduced: {escape(what)}"
    yield from _transfers(data.get("transfers", ()))


def _transfers(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        asset = row["collateral"]
        short = f"{_short(row['account'])} is short of {_money(row['short'], asset)}"
        given = [
            f"{_money(one['quantity'], asset)} from the {one['place']} of {_short(one['account'])}"
            for one in row["sources"]
        ]
        rest = (
            [] if float(row["missing"]) == 0 else [f"{_money(row['missing'], asset)} from outside"]
        )
        would = " and ".join(given + rest)
        yield f"[yellow]{short} in {escape(row['scenario'])}[/yellow]: {would} would cover it"


def _missing(data: Mapping[str, Any]) -> Iterator[str]:
    for where in ("unreadable", "stale"):
        for name, why in data[where].items():
            yield f"[red]{escape(name)}[/red] is {where}: {escape(why)}"


def _accounts(accounts: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("account", "equity", "initial", "maintenance", "free", "ratio", "state")
    table = _table("margin", columns)
    for a in accounts:
        style = _ZONE_STYLES[a["zone"]]
        ratio = a["maintenance_over_equity_pct"]
        margin = f"[yellow]{a['margin']}[/yellow]" if a["why"] else a["margin"]
        table.add_row(
            _short(a["account"]),
            _money(a["equity"], a["collateral"]),
            _money(a["initial_margin"]),
            _money(a["maintenance_margin"]),
            _money(a["free_collateral"]),
            _NONE if ratio is None else f"{float(ratio):.2f} %",
            f"[{style}]{a['zone']}[/{style}], {margin}",
        )
    return table


def _positions(positions: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("position", "notional", "mark", "maintenance", "liquidation", "distance")
    table = _table("positions", columns)
    for p in positions:
        distance = p["distance_pct"]
        isolated = " (isolated)" if p["is_isolated"] else ""
        table.add_row(
            f"{escape(p['instrument'])} {p['side']}{isolated}",
            _money(p["notional"]),
            p["mark"] or _NONE,
            _money(p["maintenance_margin"]),
            p["liquidation_price"] or _NONE,
            _NONE if distance is None else f"{float(distance):.2f} %",
        )
    return table


def _stress(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    accounts = [account for account in data["accounts"] if account["outcomes"]]
    if accounts:
        yield _outcomes(accounts)
    if data["stress"]:
        yield _scenarios(data["stress"])
    for row in data["stress"]:
        if row["liquidated"]:
            names = ", ".join(_short(name) for name in row["liquidated"])
            first = f"{escape(row['first_position'])} of {_short(row['first_account'])}"
            yield f"{escape(row['scenario'])}: {names} would be liquidated, first {first}"


def _october(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("account", "lowest", "after", "in the end", "short after", "sold", "closed")
    table = _table("10 October 2025 over these positions", columns)
    for row in rows:
        short = row["below_maintenance_at_s"]
        lost = ", taken over" if row["is_taken_over"] else ""
        table.add_row(
            _short(row["account"]),
            _money(row["lowest_equity"], row["collateral"]),
            f"{row['lowest_at_s']} s",
            _money(row["last_equity"]),
            _NONE if short is None else f"[red]{short} s{lost}[/red]",
            _money(row["forced_sales"]),
            _money(row["deleveraged"]),
        )
    return table


def _outcomes(accounts: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("stress by account", ("scenario", "equity", "maintenance", "room"))
    for account in accounts:
        if len(accounts) > 1:
            table.add_row(f"[bold]{_short(account['account'])}[/bold]")
        for one in account["outcomes"]:
            is_short = one["room"].startswith("-")
            room = _money(one["room"], account["collateral"])
            table.add_row(
                escape(one["scenario"]),
                _money(one["equity"]),
                _money(one["maintenance_margin"]),
                f"[red]{room}[/red]" if is_short else room,
            )
    return table


def _scenarios(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("scenario", "P&L", "forced sales", "slippage", "shortfall", "gas", "net exposure")
    table = _table("stress of the whole desk", columns)
    for row in rows:
        exposure = row["net_exposure"].items()
        table.add_row(
            escape(row["scenario"]),
            _money(row["pnl"], row["reference"]),
            _money(row["forced_sales"]),
            _money(row["slippage"]),
            _money(row["shortfall"]),
            _money(row["gas"]),
            ", ".join(f"{name} {_money(value)}" for name, value in exposure) or _NONE,
        )
    return table


def _funding(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("funding", "bps/h", "others", "spread 8h", "z", "a year", "cost 24 h", "state")
    table = _table("funding watch", columns)
    for row in rows:
        others = (f"{name} {float(rate):.3f}" for name, rate in row["others_per_hour_bps"].items())
        style = _FUNDING_STYLES[row["state"]]
        table.add_row(
            escape(row["instrument"]),
            f"{float(row['rate_per_hour_bps']):.3f}",
            ", ".join(others) or _NONE,
            row["spread_8h_bps"],
            row["z_score"] or _NONE,
            f"{float(row['year_pct']):.2f} %",
            _money(row["cost_24h"]),
            f"[{style}]{row['state']}[/{style}]",
        )
    return table


def _prices(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("price guard", ("pair", "reference", "age, s", "voices"))
    for row in rows:
        age = row["age_s"]
        table.add_row(
            row["pair"],
            row["reference"] or "[red]unproved[/red]",
            _NONE if age is None else f"{age:.1f}",
            escape(", ".join(row["voices"])) or _NONE,
        )
    return table


def _profit(profit: Mapping[str, Any]) -> Iterator[RenderableType]:
    columns = ("profit and loss", "realised", "unrealised", "funding", "fees", "gas", "total")
    table = _table("profit and loss since the books were begun", columns)
    for group in ("by_venue", "by_asset", "total"):
        for one in profit[group]:
            if all(float(one[name]) == 0 for name in columns[1:]):
                continue
            cells = (_money(one[name]) for name in columns[1:-1])
            table.add_row(escape(one["name"]), *cells, _money(one["total"], one["quote"]))
        table.add_section()
    if profit["total"]:
        yield table
    if profit["inventory"]:
        yield _inventory(profit["inventory"])


def _inventory(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("inventory at mark", ("account", "item", "quantity", "value"))
    for row in rows:
        value = _NONE if row["value"] is None else _money(row["value"], row["quote"])
        quantity = f"{float(row['quantity']):,.4f}"
        table.add_row(_short(row["account"]), escape(row["item"]), quantity, value)
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", overflow="fold")
    return table


# Both ends of an address tell one from another.
def _short(name: str) -> str:
    head, _, address = name.rpartition(":")
    is_long = address.startswith("0x") and len(address) > _ADDRESS_SHOWN
    return escape(f"{head}:{address[:6]}..{address[-4:]}" if is_long else name)


# To the cent, for eyes; the data has every atom.
def _money(text: str, asset: str = "") -> str:
    return f"{float(text):,.2f} {asset}".rstrip()
