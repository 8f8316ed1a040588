"""The verbs of whoever watches over the desk."""

from typing import Annotated

import typer

from router.cli.guard import guarded
from router.cli.options import ConfigPath, Json
from router.cli.trading import NUMBERS_ARE_WORDS

app = typer.Typer()

Corrected = Annotated[str | None, typer.Option(help="What it was instead; all three or none.")]

_SCOPES = "firm, or account:, strategy:, venue: with a name."


@app.command()
@guarded
def switch(
    config: ConfigPath,
    state: Annotated[
        str,
        typer.Argument(help="active, reduce_only, cancel_only, halted.", show_default=False),
    ],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; goes on record.")],
    scope: Annotated[str, typer.Option("--scope", help=f"For whom: {_SCOPES}")] = "firm",
    by: Annotated[str | None, typer.Option("--by", help="Who says so; you.")] = None,
    as_json: Json = False,
) -> None:
    """Set what may still be traded, at once; works without a daemon, too."""
    from router.cli import switch as verb  # noqa: PLC0415 - quick --help

    verb.run(config, verb.Wanted(scope, state, reason=reason, by=by), as_json=as_json)


@app.command()
@guarded
def reload(
    config: ConfigPath,
    *,
    by: Annotated[str | None, typer.Option("--by", help="Who says so; you.")] = None,
    as_json: Json = False,
) -> None:
    """Have the daemon read limits and controls anew; a file that is wrong changes nothing."""
    from router.cli import reload as verb  # noqa: PLC0415 - quick --help

    verb.run(config, by=by, as_json=as_json)


@app.command()
@guarded
def risk(
    config: ConfigPath,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until interrupted.")] = False,
    as_json: Json = False,
) -> None:
    """Show margin, liquidation distances, stress, funding and profit."""
    from router.cli import risk as verb  # noqa: PLC0415 - quick --help

    verb.run(config, watch=watch, as_json=as_json)


@app.command()
@guarded
def reconcile(config: ConfigPath, *, as_json: Json = False) -> None:
    """Compare all accounts with the record now; exit 1 while something halts the desk."""
    from router.cli import reconcile as verb  # noqa: PLC0415 - quick --help

    verb.run(config, as_json=as_json)


@app.command(context_settings=NUMBERS_ARE_WORDS)
@guarded
def bust(
    config: ConfigPath,
    child: Annotated[str, typer.Argument(help="The child order that has the fill.")],
    fill: Annotated[str, typer.Argument(help="The fill's own id.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; goes on record.")],
    by: Annotated[str, typer.Option("--by", help="Who says so; you.")],
    quantity: Corrected = None,
    notional: Corrected = None,
    fee: Corrected = None,
    as_json: Json = False,
) -> None:
    """Take back a fill that never was, or say what it was instead; clients are told."""
    from router.cli import bust as verb  # noqa: PLC0415 - quick --help

    given = {"quantity": quantity, "notional": notional, "fee": fee}
    corrected = {name: value for name, value in given.items() if value is not None}
    verb.run(
        config, child=child, fill=fill, corrected=corrected, reason=reason, by=by, as_json=as_json
    )


@app.command()
@guarded
def stress(
    config: ConfigPath,
    *,
    shock: Annotated[
        list[str] | None,
        typer.Option(
            "--shock", help="A scenario such as ETH=-25,depth=20, or its name; repeat it."
        ),
    ] = None,
    october: Annotated[
        bool, typer.Option("--october", help="Walk 10 October 2025 over the positions, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what scenarios would leave of every account; sends nothing."""
    from router.cli import stress as verb  # noqa: PLC0415 - quick --help

    verb.run(config, shocks=tuple(shock or ()), october=october, as_json=as_json)
