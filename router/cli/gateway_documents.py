"""What clients of the gateways need to know, made from what the gateways run on, as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from router.cli import show
from router.domain.error import ConfigError
from router.gateway.fix import atdl, dictionary, rules
from router.gateway.http import openapi

_DICTIONARIES: Final[Mapping[str, str]] = {
    "FIX42.xml": "42",
    "FIX44.xml": "44",
    "FIX50SP2.xml": "50",
    "FIXT11.xml": "fixt",
}


def documents() -> Mapping[str, bytes]:
    """Return every document by its file's name."""
    return {
        "openapi.json": orjson.dumps(openapi.document(), option=orjson.OPT_INDENT_2),
        "strategies.xml": atdl.strategies_xml().encode(),
        "rules-of-engagement.md": rules.rules_markdown().encode(),
        **{name: dictionary.xml(which).encode() for name, which in _DICTIONARIES.items()},
    }


def run(directory: Path, *, as_json: bool) -> None:
    """Write the documents, and say where they are.

    Raises
    ------
    ConfigError
        If the directory cannot be written.
    """
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in documents().items():
            (directory / name).write_bytes(text)
            written.append(str(directory / name))
    except OSError as error:
        raise ConfigError(f"{directory}: cannot be written ({error.strerror})") from error
    if as_json:
        show.print_json({"written": written})
        return
    for path in written:
        show.console().print(path, markup=False, soft_wrap=True)
