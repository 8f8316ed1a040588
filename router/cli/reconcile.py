"""How the record stands against the venues: by the daemon, or by the journal's last word."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from rich.markup import escape
from rich.table import Table

from router.cli import show
from router.compose.recovery import verify
from router.domain.error import RouterError
from router.gateway import local
from router.gateway.reconciliation_data import reconciliation_data
from router.shell import config, observe


def run(path: Path, *, as_json: bool) -> None:
    """Print what halts the desk and what else was found; exit 1 while something halts it."""
    observe.be_silent()
    told = _asked(config.load(path, os.environ).journal)
    if as_json:
        show.print_json(told)
    elif told["halting"] or told["noticed"]:
        show.console().print(_table(told))
    else:
        show.console().print("the books agree")
    if told["halting"]:
        raise SystemExit(1)


# A daemon looks at the accounts anew; without one, the journal knows what was found last.
def _asked(journal: Path) -> Mapping[str, Any]:
    request = {"do": "reconcile"}
    try:
        answer = asyncio.run(local.ask(local.socket_path(journal), request, lambda _line: None))
    except (FileNotFoundError, ConnectionRefusedError) as error:
        if not journal.exists():
            raise RouterError(f"no journal at {journal}; nothing was ever compared") from error
        return reconciliation_data(verify(journal).world)
    except ConnectionError as error:
        raise RouterError("the daemon went away before it answered; ask again") from error
    found: Mapping[str, Any] = orjson.loads(answer)
    return found


def _table(told: Mapping[str, Any]) -> Table:
    table = Table("kind", "account", "what", "off by", "leads to", "remedy")
    for each in (*told["halting"], *told["noticed"]):
        table.add_row(
            each["kind"],
            escape(each["account"]),
            escape(each["item"]),
            each["off"],
            each["leads_to"],
            escape(each["remedy"]),
        )
    return table
