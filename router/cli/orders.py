"""List the orders at work of a running daemon."""

from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from router.cli import show
from router.cli.cancel import ask

_COLUMNS = ("order", "side", "status", "phase", "filled", "left", "price", "algo", "asked")


def run(path: Path, *, as_json: bool) -> None:
    """Print each order with its status, its quantities and how far its algo is."""
    answer = ask(path, {"do": "orders"})
    if as_json:
        show.print_json(answer)
    elif not answer["orders"]:
        show.console().print("no order is at work")
    else:
        show.console().print(_table(answer["orders"]))


def _table(orders: list[dict[str, Any]]) -> Table:
    table = Table(*_COLUMNS)
    for each in orders:
        algo = f"{each['algo']}, slice {each['slices']}"
        if each["released"] is not None:
            algo = f"{algo}, {each['released']} released"
        table.add_row(
            escape(each["client_order_id"]),
            f"{each['side']} {each['base']}",
            each["status"],
            each["phase"],
            f"{each['cumulative']} of {each['ordered']} {each['quantity_asset']}",
            each["leaves"],
            each["average_price"] or "",
            algo,
            escape(each["pending"] or ""),
        )
    return table
