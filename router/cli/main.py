"""The `headrace` command. Verbs are imported when they run, so that `--help` is quick."""

import sys
from pathlib import Path
from typing import Annotated, Final, cast

import typer

from router.cli import altering, gateways, guarding, trading
from router.cli.guard import guarded
from router.cli.options import ConfigPath, Json, Live, Port, Seed, StateDir
from router.cli.trading import NUMBERS_ARE_WORDS

EXIT_BAD_INPUT: Final = 2

app = typer.Typer(
    name="headrace",
    help="Smart order router: pools and perp books in one optimisation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich for the help alone would double its time
)
sandbox = typer.Typer(help="Local counterparties to rehearse against.", no_args_is_help=True)
app.add_typer(sandbox, name="sandbox")
app.add_typer(gateways.app, name="gateway")
app.add_typer(trading.app)
app.add_typer(altering.app)
app.add_typer(guarding.app)

# The parser's own fault, of which a bad parameter is one kind; typer does not export its name.
UsageFault = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])


@app.command("check-config")
@guarded
def check_config(
    config: ConfigPath,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Connect to nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Check a configuration, and that the venues are what it says."""
    from router.cli import check_config as verb  # noqa: PLC0415 - quick --help

    verb.run(config, offline=offline, as_json=as_json)


@app.command()
@guarded
def run(
    config: ConfigPath,
    *,
    live: Live = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log every event.")] = False,
    as_json: Json = False,
) -> None:
    """Run the daemon: recover from the journal, then take orders until it is told to stop."""
    from router.cli import run as verb  # noqa: PLC0415 - quick --help

    verb.run(config, live=live, verbose=verbose, as_json=as_json)


@app.command(context_settings=NUMBERS_ARE_WORDS)
@guarded
def approve(
    config: ConfigPath,
    asset: Annotated[str, typer.Argument(help="The asset.", show_default=False)],
    quantity: Annotated[str, typer.Argument(help="At most so much; 0 revokes.")],
    *,
    venue: Annotated[
        str | None, typer.Option("--venue", help="On which chain; needed where there are several.")
    ] = None,
    live: Live = False,
    as_json: Json = False,
) -> None:
    """Let a venue's contracts take up to a quantity of an asset, once, when a desk is set up."""
    from router.cli import approve as verb  # noqa: PLC0415 - quick --help

    verb.run(config, verb.Wanted(venue, asset, quantity), live=live, as_json=as_json)


@app.command()
@guarded
def revoke(
    config: ConfigPath,
    asset: Annotated[str | None, typer.Argument(help="The asset; all where none is given.")] = None,
    *,
    venue: Annotated[
        str | None, typer.Option("--venue", help="On which chain; needed where there are several.")
    ] = None,
    live: Live = False,
    as_json: Json = False,
) -> None:
    """Take back what a venue's contracts may take; orders need it approved again."""
    from router.cli import approve as verb  # noqa: PLC0415 - quick --help

    verb.revoke(config, asset, venue, live=live, as_json=as_json)


@app.command()
@guarded
def allowances(
    config: ConfigPath,
    *,
    venue: Annotated[
        str | None, typer.Option("--venue", help="On which chain; needed where there are several.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a venue's contracts may take of every token."""
    from router.cli import approve as verb  # noqa: PLC0415 - quick --help

    verb.allowances(config, venue, as_json=as_json)


OwnerKey = Annotated[
    str,
    typer.Option("--key-env", help="Environment variable with the account's own private key."),
]
PerpVenue = Annotated[
    str | None, typer.Option("--venue", help="Which perp venue; needed where there are several.")
]


@app.command()
@guarded
def agent(
    config: ConfigPath,
    *,
    days: Annotated[int, typer.Option("--days", help="How long, at most 180.")] = 90,
    key_env: OwnerKey,
    venue: PerpVenue = None,
    live: Live = False,
    as_json: Json = False,
) -> None:
    """Let the configured agent's key trade for the perp account; it can never withdraw."""
    from router.cli import owner as verb  # noqa: PLC0415 - quick --help

    verb.approve_agent(config, verb.By(venue, key_env), days=days, live=live, as_json=as_json)


@app.command(context_settings=NUMBERS_ARE_WORDS)
@guarded
def collateral(
    config: ConfigPath,
    quantity: Annotated[str, typer.Argument(help="How much, in the collateral asset.")],
    *,
    to_spot: Annotated[
        bool, typer.Option("--to-spot/--to-perp", help="Which balance gets it.")
    ] = False,
    key_env: OwnerKey,
    venue: PerpVenue = None,
    live: Live = False,
    as_json: Json = False,
) -> None:
    """Move collateral between the spot and the perpetual balance of the perp account."""
    from router.cli import owner as verb  # noqa: PLC0415 - quick --help

    verb.move_collateral(
        config, verb.By(venue, key_env), quantity, to_spot=to_spot, live=live, as_json=as_json
    )


@app.command()
@guarded
def discover(
    config: ConfigPath,
    *,
    venue: Annotated[
        str | None, typer.Option("--venue", help="On which chain; needed where there are several.")
    ] = None,
    from_block: Annotated[int, typer.Option("--from-block", help="The first block to look at.")],
    as_json: Json = False,
) -> None:
    """Find pools of configured tokens that are not configured; prints their tables."""
    from router.cli import discover as verb  # noqa: PLC0415 - quick --help

    verb.run(config, venue=venue, first_block=from_block, as_json=as_json)


@app.command()
@guarded
def accept(
    config: ConfigPath,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why the accounts are right.")],
    as_json: Json = False,
) -> None:
    """End a halt: take the accounts as they are for the ledger's baseline, and say why."""
    from router.cli import accept as verb  # noqa: PLC0415 - quick --help

    verb.run(config, reason=reason, as_json=as_json)


@app.command()
@guarded
def verify(
    path: Annotated[Path, typer.Argument(help="Saved plan, or journal.", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Check the proof of a plan without a solver: a saved one, or every one of a journal."""
    from router.cli import verify as verb  # noqa: PLC0415 - quick --help

    verb.run(path, as_json=as_json)


@app.command()
@guarded
def audit(
    path: Annotated[Path, typer.Argument(help="Audit file of a gateway.", show_default=False)],
    *,
    expect: Annotated[
        str | None, typer.Option("--expect", help="The head's hash, where somebody noted it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the record of who asked for what at a gateway."""
    from router.cli import audit as verb  # noqa: PLC0415 - quick --help

    verb.run(path, expected=expect, as_json=as_json)


@app.command()
@guarded
def replay(
    journal: Annotated[Path, typer.Argument(help="Journal file.", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Rebuild the world from a journal; verify its chain and every decision in it."""
    from router.cli import replay as verb  # noqa: PLC0415 - quick --help

    verb.run(journal, as_json=as_json)


@app.command()
@guarded
def demo(
    *,
    state_dir: StateDir = Path("run/demo"),
    quantity: Annotated[str, typer.Option("--quantity", help="ETH to buy.")] = "250",
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """Start both sandboxes and take one parent order from quote to reconciliation."""
    from router.cli import demo as verb  # noqa: PLC0415 - quick --help

    verb.run(state_dir, quantity=quantity, seed=seed, as_json=as_json)


@app.command()
@guarded
def simulate(
    *,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The first seed.")] = 0,
    runs: Annotated[int, typer.Option("--runs", min=1, help="How many seeds.")] = 1_000,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Processes; 0: one a core.")] = 0,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="0: all of them.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Run engine and shell against faults and crashes on virtual time; exit code 1 if one fails."""
    from router.cli import simulate as verb  # noqa: PLC0415 - quick --help

    verb.run(range(seed, seed + runs), jobs=jobs, seconds=seconds, as_json=as_json)


@sandbox.command()
@guarded
def chain(
    *,
    state_dir: StateDir = Path("run/chain"),
    seed: Seed = 7,
    port: Port = 0,
    block_time: Annotated[
        float, typer.Option("--block-time", help="Seconds between blocks; 0 only on demand.")
    ] = 1.0,
    as_json: Json = False,
) -> None:
    """Serve a local chain with the real contracts and seeded pools."""
    from router.cli import sandbox as verb  # noqa: PLC0415 - quick --help

    verb.chain(state_dir, seed=seed, port=port, block_time_s=block_time, as_json=as_json)


@sandbox.command()
@guarded
def hyperliquid(
    *,
    state_dir: StateDir = Path("run/hyperliquid"),
    seed: Seed = 7,
    port: Port = 0,
    block_time: Annotated[
        float, typer.Option("--block-time", help="Seconds between blocks; 0 for one a request.")
    ] = 0.1,
    time_factor: Annotated[
        int, typer.Option("--time-factor", help="Venue seconds a second; 0 stands still.")
    ] = 1,
    scene: Annotated[
        str, typer.Option("--scene", help="Who else trades: none, calm, rough or cascade.")
    ] = "calm",
    as_json: Json = False,
) -> None:
    """Serve a local perp venue in Hyperliquid's wire format."""
    from router.cli import sandbox as verb  # noqa: PLC0415 - quick --help

    verb.hyperliquid(
        state_dir,
        seed=seed,
        port=port,
        block_time_s=block_time,
        time_factor=time_factor,
        scene=scene,
        as_json=as_json,
    )


def main() -> None:
    """Run the command line."""
    if not __debug__:
        sys.stderr.write("error: headrace refuses to run under -O: its asserts guard money\n")
        sys.exit(EXIT_BAD_INPUT)
    sys.exit(_run())


def _run() -> int:
    # Not standalone: what the parser refuses is told in one line, like everything else.
    try:
        code = app(standalone_mode=False)
    except UsageFault as fault:
        sys.stderr.write(f"error: {' '.join(fault.format_message().split())}; see --help\n")
        return EXIT_BAD_INPUT
    except typer.Abort:
        return EXIT_BAD_INPUT
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
