"""Limits and controls read anew by the daemon that runs on the journal."""

import asyncio
import getpass
import os
from pathlib import Path

import orjson

from router.cli import show
from router.domain.error import RouterError
from router.gateway import local
from router.shell import config


def run(path: Path, *, by: str | None, as_json: bool) -> None:
    """Ask the daemon, and say what has changed; the file is checked here first."""
    journal = config.load(path, os.environ).journal
    request = {"do": "reload", "by": by or getpass.getuser()}
    try:
        answer = asyncio.run(local.ask(local.socket_path(journal), request, lambda _line: None))
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise RouterError(f"no daemon runs on {journal}; the next start reads the file") from error
    except ConnectionError as error:
        raise RouterError("the daemon went away; the next start reads the file") from error
    told = orjson.loads(answer)
    if as_json:
        show.print_json(told)
    else:
        names = ", ".join(told["changed"]) or "nothing"
        show.console().print(f"changed: {names}", soft_wrap=True)
