"""Send orders that are planned together, and watch them: through the daemon, or by oneself."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import typer
import uvloop

from router.cli import show
from router.cli.order import EXIT_NOT_FILLED
from router.compose.assembly import Assembly, assemble
from router.compose.desk import open_desk
from router.domain.error import OrderError, RouterError
from router.gateway import local
from router.journal import codec
from router.shell import observe
from router.shell.clock import SystemClock

_QUOTE_DEFAULT: Final = "USDC"
_WORDS: Final = 3  # side:quantity:base


def run(
    path: Path,
    words: Sequence[str],
    *,
    name: str | None,
    exposure_max: str | None = None,
    live: bool,
    as_json: bool,
) -> None:
    """Print the story as it happens, then the reports; exit code 1 unless all is filled."""
    observe.configure(verbose=False)
    clock = SystemClock()
    request = basket_request(words, exposure_max=exposure_max)
    assembly = assemble(path, os.environ, clock)
    assembly.require_permission(live=live)
    console = show.console(as_json=as_json)
    request = {"client_order_id": name or f"cli-{clock.now()}", **request}

    def tell(line: str) -> None:
        show.print_story(console, line)

    report = orjson.loads(uvloop.run(_work(assembly, request, tell)))["BasketReport"]
    if as_json:
        show.print_json(report)
    else:
        for each in (*report["orders"], *report["unwound"]):
            for part in show.report_tables(each, assembly.config.assets):
                console.print(part)
    orders = report["orders"]
    if report["unwound"] or any(o["status"] != "filled" or o["differences"] for o in orders):
        raise typer.Exit(EXIT_NOT_FILLED)


def basket_request(words: Sequence[str], *, exposure_max: str | None = None) -> dict[str, str]:
    """Return the request of a basket: of a TOML file, or of words such as buy:2.5:ETH.

    Raises
    ------
    OrderError
        If they are neither.
    """
    if len(words) == 1 and Path(words[0]).suffix == ".toml":
        given = _of_file(Path(words[0]))
    else:
        given = {"orders": orjson.dumps([_of_word(word) for word in words]).decode()}
    return given if exposure_max is None else {**given, "exposure_max": exposure_max}


def _of_file(path: Path) -> dict[str, str]:
    try:
        data = tomllib.loads(path.read_text())
    except OSError as error:
        raise OrderError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise OrderError(f"{path}: {error}") from None
    rows = data.pop("order", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise OrderError(f"{path}: order: write every order as a table [[order]]")
    own = {"exposure_max": data.pop("exposure_max")} if "exposure_max" in data else {}
    orders = [{"quote": _QUOTE_DEFAULT, **_texts(path, {**data, **row})} for row in rows]
    return {**_texts(path, own), "orders": orjson.dumps(orders).decode()}


def _texts(path: Path, table: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, value in table.items():
        if isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif isinstance(value, str | int):
            found[name] = str(value)
        else:
            raise OrderError(f"{path}: {name}: write it as a string, exactly as it is meant")
    return found


def _of_word(word: str) -> dict[str, str]:
    parts = word.split(":")
    if len(parts) != _WORDS:
        raise OrderError(f"{word}: write side:quantity:base, as in buy:2.5:ETH, or a TOML file")
    side, quantity, base = parts
    return {"side": side, "quantity": quantity, "base": base, "quote": _QUOTE_DEFAULT}


async def _work(assembly: Assembly, request: Mapping[str, str], tell: local.Tell) -> bytes:
    door = local.socket_path(assembly.config.journal)
    try:
        return await local.ask(door, {"do": "basket", **request}, tell)
    except (FileNotFoundError, ConnectionRefusedError):
        pass  # no daemon: work it here
    except ConnectionError as error:
        raise RouterError(
            "the daemon went away and the basket may be at work; start it again, then send the"
            f" same basket with --id {request['client_order_id']} to follow it"
        ) from error
    async with open_desk(assembly) as desk:
        return codec.encode(await desk.baskets.work(request, tell))
