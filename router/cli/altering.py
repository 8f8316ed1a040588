"""The verbs that look at orders at work, and have them end or be otherwise."""

from typing import Annotated

import typer

from router.cli.guard import guarded
from router.cli.options import ConfigPath, Json

app = typer.Typer()

_OrderName = Annotated[
    str, typer.Argument(help="Client order id, or the desk's own.", show_default=False)
]
_Request = Annotated[
    str | None, typer.Option("--request", help="Name it; the same name is the same request.")
]
_By = Annotated[str | None, typer.Option("--by", help="Who says so; you.")]
_Wait = Annotated[str, typer.Option("--wait", help="Seconds to wait for what is in flight.")]


@app.command()
@guarded
def cancel(
    config: ConfigPath,
    order: _OrderName,
    *,
    request: _Request = None,
    by: _By = None,
    wait: _Wait = "5",
    as_json: Json = False,
) -> None:
    """Have an order trade no more; what fills before its venues obey counts."""
    from router.cli import cancel as verb  # noqa: PLC0415 - quick --help

    verb.run(config, verb.Words(order, request, by, wait), as_json=as_json)


@app.command(context_settings={"ignore_unknown_options": True})
@guarded
def amend(
    config: ConfigPath,
    order: _OrderName,
    *,
    quantity: Annotated[
        str | None, typer.Option("--quantity", help="Of all of it, what has filled included.")
    ] = None,
    limit: Annotated[
        str | None, typer.Option("--limit", help="Worst price, fees included.")
    ] = None,
    slippage_max: Annotated[
        str | None, typer.Option("--slippage-max", help="Bps against arrival, for every unit.")
    ] = None,
    deadline: Annotated[
        str | None, typer.Option("--deadline", help="Seconds from now until nothing more is sent.")
    ] = None,
    request: _Request = None,
    by: _By = None,
    wait: _Wait = "5",
    as_json: Json = False,
) -> None:
    """Give an order other terms; they hold once what is in flight has ended."""
    from router.cli import amend as verb  # noqa: PLC0415 - quick --help
    from router.cli.cancel import Words  # noqa: PLC0415 - quick --help

    given = {
        "quantity": quantity,
        "limit_price": limit,
        "slippage_max_bps": slippage_max,
        "deadline_s": deadline,
    }
    terms = {name: value for name, value in given.items() if value is not None}
    verb.run(config, Words(order, request, by, wait), terms, as_json=as_json)


@app.command()
@guarded
def orders(config: ConfigPath, *, as_json: Json = False) -> None:
    """List the orders at work: status, quantities, and how far their algo is."""
    from router.cli import orders as verb  # noqa: PLC0415 - quick --help

    verb.run(config, as_json=as_json)
