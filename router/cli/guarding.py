"""The verbs of whoever watches over the desk."""

from typing import Annotated

import typer

from router.cli.guard import guarded
from router.cli.options import ConfigPath, Json

app = typer.Typer()

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
