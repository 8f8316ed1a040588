"""Which program this is: a digest of all source that decides."""

import hashlib
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


@cache
def deciding_build() -> str:
    """Return the SHA-256 of the modules that make a world of a journal, in hex."""
    root = Path(router.__file__).parent
    found = hashlib.sha256()
    for room in _DECIDING:
        for path in sorted((root / room).rglob("*.py")):
            found.update(f"{path.relative_to(root)}\n".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
