"""Ask the daemon to cancel an order, and say what became of that."""

import asyncio
import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import typer

from router.cli import show
from router.domain.error import RouterError
from router.gateway import local
from router.gateway.alter_request import parse_cancel
from router.shell import config
from router.shell.clock import SystemClock

EXIT_REFUSED: Final = 1


@dataclass(frozen=True, slots=True)
class Words:
    """The words of the command line that a cancel and an amendment share."""

    order: str
    request: str | None
    by: str | None
    wait: str

    def fields(self) -> dict[str, str]:
        """Return them as a request; one without a name gets one."""
        return {
            "order": self.order,
            "request": self.request or f"cli-{SystemClock().now()}",
            "by": self.by or getpass.getuser(),
            "wait_s": self.wait,
        }


def run(path: Path, words: Words, *, as_json: bool) -> None:
    """Cancel an order; exit code 1 where that is refused."""
    fields = words.fields()
    parse_cancel(fields)
    tell(ask(path, {"do": "cancel", **fields}), as_json=as_json)


def ask(path: Path, request: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the answer of the daemon that owns the journal.

    Raises
    ------
    RouterError
        If none runs, or it went away before it answered.
    """
    journal = config.load(path, os.environ).journal
    try:
        answer = asyncio.run(local.ask(local.socket_path(journal), request, lambda _line: None))
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise RouterError(
            f"no daemon runs on {journal}; start headrace run, which resolves what is in flight,"
            " and ask again"
        ) from error
    except ConnectionError as error:
        name = request.get("request")
        again = "" if name is None else f", with --request {name}: nothing is done twice"
        raise RouterError(
            f"the daemon went away before it answered; start it, and ask again{again}"
        ) from error
    found: Mapping[str, Any] = orjson.loads(answer)
    return found


def tell(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what became of a request."""
    if as_json:
        show.print_json(answer)
    else:
        show.console().print(
            f"{answer['result']}: {answer['client_order_id']}: {answer['message']};"
            f" {answer['cumulative']} of {answer['ordered']} {answer['quantity_asset']} filled,"
            f" {answer['leaves']} left",
            soft_wrap=True,
            markup=False,
        )
    if answer["result"] == "refused":
        raise typer.Exit(EXIT_REFUSED)
