"""Options of the dry run."""

from pathlib import Path
from typing import Annotated

import typer

Holds = Annotated[
    int, typer.Option("--holds", help="Seconds for which it may be sent as it is shown.")
]
Inclusion = Annotated[
    str | None, typer.Option("--inclusion", help="Seconds until it is executed, for the band.")
]
Volatility = Annotated[
    str | None,
    typer.Option("--volatility", help="Bps an hour, for the band; else what was watched."),
]
Balances = Annotated[
    list[str] | None,
    typer.Option(
        "--balance",
        help="What the accounts are assumed to hold, as in USDC=1000000 or"
        " hyperliquid:USDC=45000; then none is read.",
    ),
]
Watch = Annotated[
    int, typer.Option("--watch", help="Seconds to watch the markets first, for the band.")
]
Curve = Annotated[
    bool, typer.Option("--curve", help="Draw slippage against size; every point is a plan.")
]
Html = Annotated[
    Path | None, typer.Option("--html", help="Write the curve here, as one HTML file.")
]
Png = Annotated[Path | None, typer.Option("--png", help="Write the curve here, as PNG.")]
Record = Annotated[
    Path | None,
    typer.Option("--record", help="Write all that it was planned on here, for --snapshot."),
]
Recorded = Annotated[
    Path | None,
    typer.Option("--snapshot", help="Plan on a recorded file; connects to nothing."),
]
Save = Annotated[
    Path | None, typer.Option("--save", help="Write plan and problem here, for verify.")
]
