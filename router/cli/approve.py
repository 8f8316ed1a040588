"""Token allowances, given once and finite."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from router.cli import show
from router.compose.assembly import Assembly, assemble
from router.domain.error import ConfigError, OrderError
from router.domain.units import Amount, VenueId, parse_decimal
from router.port import Approve, VenueSetup
from router.shell.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be allowed, as it was typed."""

    venue: str | None
    asset: str
    quantity: str


def run(path: Path, wanted: Wanted, *, live: bool, as_json: bool) -> None:
    """Set the allowance and say which transactions that took."""
    assembly = assemble(path, os.environ, SystemClock())
    assembly.require_permission(live=live)
    asset = assembly.config.assets.get(wanted.asset)
    if asset is None:
        known = ", ".join(assembly.config.assets)
        raise OrderError(f"asset: {wanted.asset!r} is not configured; use one of {known}")
    setup = chain_setup(assembly, wanted.venue)
    if setup.approve is None:
        raise ConfigError(f"venue: {setup.venue.id!r} takes no allowances")
    try:
        atoms = parse_decimal(wanted.quantity, asset.decimals)
    except ValueError as error:
        raise OrderError(f"quantity: {error}") from None
    if atoms < 0:
        raise OrderError(f"quantity: must not be negative, was {wanted.quantity}")
    transactions = asyncio.run(_approve(setup.approve, Amount(asset.id, atoms)))
    if as_json:
        show.print_json({"asset": asset.id, "atoms": str(atoms), "transactions": transactions})
        return
    done = ", ".join(transactions) or "nothing to do, the allowance is so already"
    show.console().print(f"{wanted.quantity} {asset.id}: {done}")


def chain_setup(assembly: Assembly, name: str | None) -> VenueSetup:
    """Return the chain of a name, or the only one there is.

    Raises
    ------
    ConfigError
        If there is no such chain, or several and no name.
    """
    chains = {s.venue.id: s for s in assembly.setups if s.native is not None}
    known = ", ".join(chains) or "none"
    if name is None:
        if len(chains) != 1:
            raise ConfigError(f"venue: give --venue, one of the chains configured: {known}")
        return next(iter(chains.values()))
    if VenueId(name) not in chains:
        raise ConfigError(f"venue: {name!r} is no chain of this configuration; use one of: {known}")
    return chains[VenueId(name)]


async def _approve(approve: Approve, amount: Amount) -> tuple[str, ...]:
    return await approve(amount)
