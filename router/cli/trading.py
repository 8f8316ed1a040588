"""The verbs that trade, and those that ask what trading would cost."""

from typing import Annotated, Final

import typer

from router.cli.guard import guarded
from router.cli.options import (
    AlgoName,
    AlgoWords,
    AllowSimilar,
    BaseAsset,
    By,
    ClientId,
    ConfigPath,
    ConfirmedBy,
    Deadline,
    Drift,
    Hours,
    InQuote,
    Json,
    Limit,
    Live,
    OrBaseAsset,
    OrQuantity,
    OrSide,
    Quantity,
    QuoteAsset,
    QuoteAssetOrId,
    SideArgument,
    Slippage,
    Strategy,
    Venues,
)
from router.cli.quote_options import (
    Balances,
    Curve,
    Holds,
    Html,
    Inclusion,
    Png,
    Record,
    Recorded,
    Save,
    Volatility,
    Watch,
)

app = typer.Typer()

# A negative number is a bad quantity, and not an option nobody knows.
NUMBERS_ARE_WORDS: Final = {"ignore_unknown_options": True}


@app.command(context_settings=NUMBERS_ARE_WORDS)
@guarded
# The words of a command line are positional.
def quote(  # noqa: PLR0917
    config: ConfigPath,
    side: SideArgument,
    quantity: Quantity,
    base: BaseAsset,
    *,
    quote_asset: QuoteAsset = "USDC",
    cash: InQuote = False,
    limit: Limit = None,
    slippage_max: Slippage = None,
    holding_hours: Hours = None,
    venues: Venues = None,
    holds: Holds = 60,
    inclusion: Inclusion = None,
    volatility: Volatility = None,
    balance: Balances = None,
    watch: Watch = 0,
    curve: Curve = False,
    html: Html = None,
    png: Png = None,
    record: Record = None,
    snapshot: Recorded = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Estimate the slippage of an order; sends nothing, and names the quote for order --quote."""
    from router.cli import quote as verb  # noqa: PLC0415 - quick --help
    from router.cli.request import request  # noqa: PLC0415 - quick --help

    asked = request(
        side=side,
        quantity=quantity,
        base=base,
        quote=quote_asset,
        cash=cash,
        limit_price=limit,
        slippage_max_bps=slippage_max,
        holding_hours=holding_hours,
        venues=venues,
        inclusion_s=inclusion,
        volatility_bps_hour=volatility,
    )
    files = {"save": save, "record": record, "snapshot": snapshot, "html": html, "png": png}
    wanted = verb.Wanted(**files, curve=curve, balances=balance or (), watch_s=watch, holds_s=holds)
    verb.run(config, asked, wanted, as_json=as_json)


@app.command(context_settings=NUMBERS_ARE_WORDS)
@guarded
# The words of a command line are positional.
def order(  # noqa: PLR0917
    config: ConfigPath,
    side: OrSide = None,
    quantity: OrQuantity = None,
    base: OrBaseAsset = None,
    *,
    quote_asset: QuoteAssetOrId = None,
    drift_max: Drift = None,
    cash: InQuote = False,
    limit: Limit = None,
    slippage_max: Slippage = None,
    holding_hours: Hours = None,
    venues: Venues = None,
    deadline: Deadline = None,
    algo: AlgoName = None,
    algo_words: AlgoWords = None,
    strategy: Strategy = None,
    allow_similar: AllowSimilar = False,
    by: By = None,
    confirmed_by: ConfirmedBy = None,
    client_order_id: ClientId = None,
    live: Live = False,
    as_json: Json = False,
) -> None:
    """Send a parent order and watch it; through the daemon if one runs on the journal."""
    from router.cli import order as verb  # noqa: PLC0415 - quick --help
    from router.cli.request import order_request, parameters  # noqa: PLC0415 - quick --help

    verb.run(
        config,
        order_request(
            **parameters(algo_words or []),
            algo=algo,
            quote=quote_asset,
            base=base,
            cash=cash,
            side=side,
            quantity=quantity,
            drift_max_bps=drift_max,
            limit_price=limit,
            slippage_max_bps=slippage_max,
            holding_hours=holding_hours,
            venues=venues,
            deadline_s=deadline,
            strategy=strategy,
            allow_similar="true" if allow_similar else None,
            by=by,
            confirmed_by=confirmed_by,
            client_order_id=client_order_id,
        ),
        live=live,
        as_json=as_json,
    )


@app.command()
@guarded
def basket(
    config: ConfigPath,
    orders: Annotated[
        list[str],
        typer.Argument(
            help="A TOML file of orders, or words such as buy:2.5:ETH sell:0.1:BTC.",
            show_default=False,
        ),
    ],
    *,
    exposure_max: Annotated[
        str | None,
        typer.Option("--exposure-max", help="How far one side may be ahead, in quote."),
    ] = None,
    basket_id: ClientId = None,
    live: Live = False,
    as_json: Json = False,
) -> None:
    """Send several orders that are planned together under the margin they share."""
    from router.cli import basket as verb  # noqa: PLC0415 - quick --help

    verb.run(config, orders, name=basket_id, exposure_max=exposure_max, live=live, as_json=as_json)
