"""The configuration read anew while a desk runs: limits may change, and nothing else."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from router.compose.assembly import Assembly, check_limits
from router.domain.error import ConfigError
from router.domain.limits import Limits
from router.shell.config import Config, load

# By its name in the file, where that is another.
_KEYS: Final[Mapping[str, str]] = {
    "journal": "engine.journal",
    "solve_deadline": "engine.solve_deadline_ms",
    "indices": "price_guard.indices",
}


def reread(assembly: Assembly, environment: Mapping[str, str]) -> Limits:
    """Return the limits that the file names now.

    Raises
    ------
    ConfigError
        If the file cannot be read or is wrong, or if more than limits has changed.
    """
    before = assembly.config
    now = load(before.path, environment)
    for name in (field.name for field in fields(Config) if field.name != "limits"):
        if getattr(now, name) != getattr(before, name):
            raise ConfigError(
                f"{before.path}: {_KEYS.get(name, name)}: has changed, and is read at the start"
                " alone; put it back, or start the daemon again"
            )
    check_limits(assembly, now)
    return now.limits


def changed(before: Limits, now: Limits) -> tuple[str, ...]:
    """Return the names of the limits that are other than they were."""
    names = (field.name for field in fields(Limits))
    return tuple(name for name in names if getattr(before, name) != getattr(now, name))
