"""Check the record of who asked for what at a gateway's door."""

from pathlib import Path

import typer
from rich.console import Console

from router.cli.guard import EXIT_BAD_INPUT
from router.cli.show import print_json
from router.gateway.audit import Verified, verify


def run(path: Path, *, expected: str | None, as_json: bool) -> None:
    """Print what the record comes to; exit code 2 if it does not hold."""
    found = verify(path, expected=None if expected is None else expected.lower())
    holds = found.fault is None and found.has_expected
    if as_json:
        print_json(_data(path, found, holds=holds))
    else:
        for line in _lines(found):
            Console(highlight=False, soft_wrap=True).print(line, markup=False)
    if not holds:
        raise typer.Exit(EXIT_BAD_INPUT)


def _lines(found: Verified) -> list[str]:
    head = found.head
    lines = [f"{head.count} lines hold; the last hash is {head.digest.hex()}"]
    if found.fault is not None:
        lines.append(f"FAILS: {found.fault}; nothing after it is proved")
    if not found.has_expected:
        lines.append("FAILS: the hash that was expected is not in it: lines are missing at its end")
    if found.torn_bytes:
        lines.append(
            f"{found.torn_bytes} bytes of a last line were not written to its end, as when the"
            " gateway was killed; its next start cuts them off and says so"
        )
    return lines


def _data(path: Path, found: Verified, *, holds: bool) -> dict[str, object]:
    return {
        "path": str(path),
        "holds": holds,
        "count": found.head.count,
        "hash": found.head.digest.hex(),
        "fault": found.fault,
        "has_expected": found.has_expected,
        "torn_bytes": found.torn_bytes,
    }
