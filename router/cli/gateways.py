"""The verbs of gateways: `headrace gateway http CONFIG` and `headrace gateway fix CONFIG`."""

from pathlib import Path
from typing import Annotated

import typer

from router.cli.guard import guarded
from router.cli.options import ConfigPath, Json

app = typer.Typer(help="Doors for clients; the daemon starts those of its configuration itself.")

GivenPort = Annotated[
    int, typer.Option("--port", help="Instead of the configuration's; 0: that one.")
]
Parent = Annotated[int, typer.Option("--parent", hidden=True)]  # end with this process


@app.command()
@guarded
def http(config: ConfigPath, *, port: GivenPort = 0, parent: Parent = 0) -> None:
    """Serve HTTP and WebSocket."""
    from router.cli import gateway_http as verb  # noqa: PLC0415 - quick --help

    verb.run(config, port=port or None, parent=parent or None)


@app.command()
@guarded
def fix(config: ConfigPath, *, port: GivenPort = 0, parent: Parent = 0) -> None:
    """Serve FIX sessions."""
    from router.cli import gateway_fix as verb  # noqa: PLC0415 - quick --help

    verb.run(config, port=port or None, parent=parent or None)


@app.command()
@guarded
def documents(
    directory: Annotated[Path, typer.Argument(help="Where to.", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Write what clients need: OpenAPI, FIX dictionaries, FIXatdl, rules of engagement."""
    from router.cli import gateway_documents as verb  # noqa: PLC0415 - quick --help

    verb.run(directory, as_json=as_json)
