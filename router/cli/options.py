"""Arguments and options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[Path, typer.Argument(help="Configuration file (TOML).", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print data instead of tables.")]
SideArgument = Annotated[str, typer.Argument(help="buy or sell.", show_default=False)]
Quantity = Annotated[str, typer.Argument(help="How much, as a decimal.", show_default=False)]
BaseAsset = Annotated[str, typer.Argument(help="The asset traded.", show_default=False)]
QuoteAsset = Annotated[str, typer.Option("--quote", help="The asset paid or received.")]
OrSide = Annotated[str | None, typer.Argument(help="buy or sell.", show_default=False)]
OrQuantity = Annotated[
    str | None, typer.Argument(help="How much, as a decimal.", show_default=False)
]
OrBaseAsset = Annotated[str | None, typer.Argument(help="The asset traded.", show_default=False)]
QuoteAssetOrId = Annotated[
    str | None,
    typer.Option(
        "--quote",
        help="The asset paid or received, USDC if not said; or the id of a quote (q-...), which"
        " is executed as it was shown, in place of side, quantity and base.",
    ),
]
Drift = Annotated[
    str | None,
    typer.Option("--drift-max-bps", help="How much dearer a quote may be by now, all in all."),
]
InQuote = Annotated[
    bool, typer.Option("--cash", help="The quantity is cash: trade exactly so much quote.")
]
Limit = Annotated[str | None, typer.Option("--limit", help="Worst price, fees included.")]
Slippage = Annotated[
    str | None, typer.Option("--slippage-max", help="Bps against arrival, for every unit.")
]
Hours = Annotated[
    str | None, typer.Option("--holding-hours", help="How long a perp is held; 8 if not said.")
]
Venues = Annotated[str | None, typer.Option("--venues", help="Only these, with commas.")]
Deadline = Annotated[
    str | None,
    typer.Option("--deadline", help="Seconds until nothing more is sent; 120, or after the algo."),
]
AlgoName = Annotated[
    str | None,
    typer.Option("--algo", help="sweep (now), twap, pov, shortfall, iceberg or limit."),
]
AlgoWords = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="One of the algo's parameters, as in duration_s=600.", metavar="K=V"
    ),
]
ClientId = Annotated[
    str | None, typer.Option("--id", help="Client order id; the same id is the same order.")
]
Strategy = Annotated[
    str | None, typer.Option("--strategy", help="Whose order it is, for limits and switches.")
]
AllowSimilar = Annotated[
    bool, typer.Option("--allow-similar", help="It is meant, though an equal one was just sent.")
]
By = Annotated[str | None, typer.Option("--by", help="Who sends it.")]
ConfirmedBy = Annotated[
    str | None, typer.Option("--confirmed-by", help="Who else looked at a large one.")
]
StateDir = Annotated[Path, typer.Option("--state-dir", help="Where the manifest goes.")]
Seed = Annotated[int, typer.Option("--seed", help="Shapes the liquidity.")]
Live = Annotated[bool, typer.Option("--live", help="Allow venues with real money.")]
Port = Annotated[int, typer.Option("--port", help="0 takes a free one.")]
