"""Which program this is: a digest of all source that decides, and of what tells of it."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import router

_DECIDING: Final = (
    "algo",
    "domain",
    "engine",
    "execution",
    "journal",
    "liquidity",
    "reconciliation",
    "risk",
    "state",
)
TELLING: Final = tuple(  # with what they import of their own room
    f"gateway/{name}.py" for name in ("chain", "order_data", "report_data", "reports")
)


@cache
def deciding_build() -> str:
    """Return the SHA-256 of the modules that make a world of a journal, in hex."""
    root = Path(router.__file__).parent
    return _digest(
        root, (path for room in _DECIDING for path in sorted((root / room).rglob("*.py")))
    )


@cache
def telling_build() -> str:
    """Return the SHA-256 of the modules that make reports of a journal, in hex."""
    root = Path(router.__file__).parent
    told = _digest(root, (root / name for name in TELLING))
    return hashlib.sha256(f"{deciding_build()}\n{told}".encode()).hexdigest()


def _digest(root: Path, paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path.relative_to(root)}\n".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
