"""What the owner of a perp account does by hand, with a key that trading never sees."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from router.cli import show
from router.compose.assembly import Assembly, assemble
from router.domain.error import ConfigError, OrderError
from router.domain.units import Amount, parse_decimal
from router.port import Owner, VenueSetup
from router.shell.clock import SystemClock


@dataclass(frozen=True, slots=True)
class By:
    """At which venue, and the environment variable that holds the account's own key."""

    venue: str | None
    key_env: str


def approve_agent(path: Path, by: By, *, days: int, live: bool, as_json: bool) -> None:
    """Approve the configured agent and say so."""
    if days < 1:
        raise OrderError(f"days: must be at least 1, was {days}")
    _, owner = _owner(path, by, live=live)
    _say(asyncio.run(owner.approve_agent(days=days)), as_json=as_json)


def move_collateral(
    path: Path, by: By, quantity: str, *, to_spot: bool, live: bool, as_json: bool
) -> None:
    """Move collateral and say so."""
    setup, owner = _owner(path, by, live=live)
    asset = setup.instruments[0].quote
    try:
        atoms = parse_decimal(quantity, asset.decimals)
    except ValueError as error:
        raise OrderError(f"quantity: {error}") from None
    if atoms <= 0:
        raise OrderError(f"quantity: must be positive, was {quantity}")
    moved = owner.move_collateral(Amount(asset.id, atoms), to_perp=not to_spot)
    _say(asyncio.run(moved), as_json=as_json)


def _owner(path: Path, by: By, *, live: bool) -> tuple[VenueSetup, Owner]:
    assembly = assemble(path, os.environ, SystemClock())
    assembly.require_permission(live=live)
    setup = _owned(assembly, by.venue)
    assert setup.owner is not None, "only such venues are found"
    return setup, setup.owner(_key(os.environ, by.key_env))


def _owned(assembly: Assembly, name: str | None) -> VenueSetup:
    found = {str(s.venue.id): s for s in assembly.setups if s.owner is not None}
    known = ", ".join(found) or "none"
    if name is None:
        if len(found) != 1:
            raise ConfigError(f"venue: give --venue, one of the perp venues configured: {known}")
        return next(iter(found.values()))
    if name not in found:
        raise ConfigError(f"venue: {name!r} is no perp venue configured; use one of: {known}")
    return found[name]


def _key(environment: Mapping[str, str], name: str) -> str:
    key = environment.get(name)
    if not key:
        raise ConfigError(
            f"key-env: environment variable {name} is not set; set it to the account's own private"
            " key for this command only"
        )
    return key


def _say(sentence: str, *, as_json: bool) -> None:
    if as_json:
        show.print_json({"done": sentence})
        return
    show.console().print(sentence, soft_wrap=True, highlight=False)
