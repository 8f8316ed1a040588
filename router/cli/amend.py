"""Ask the daemon to give an order other terms, and say what became of that."""

from collections.abc import Mapping
from pathlib import Path

from router.cli.cancel import Words, ask, tell
from router.gateway.alter_request import parse_amend


def run(path: Path, words: Words, terms: Mapping[str, str], *, as_json: bool) -> None:
    """Amend an order; exit code 1 where that is refused."""
    fields = {**words.fields(), **terms}
    parse_amend(fields)
    tell(ask(path, {"do": "amend", **fields}), as_json=as_json)
