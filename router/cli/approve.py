"""Token allowances: given once and finite, shown, and taken back."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

from router.cli import show
from router.compose.assembly import Assembly, assemble
from router.domain.error import ConfigError, OrderError
from router.domain.instrument import Asset
from router.domain.limits import Limits
from router.domain.units import Amount, AssetId, VenueId, format_decimal, parse_decimal
from router.port import Allowance, Approve, VenueSetup
from router.shell.clock import SystemClock

FINITE: Final = 1 << 128  # atoms: more than exist of anything, so more is as good as unlimited
UNLIMITED: Final = "unlimited"


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
    asset = _asset(assembly, wanted.asset)
    setup = chain_setup(assembly, wanted.venue)
    if setup.approve is None:
        raise ConfigError(f"venue: {setup.venue.id!r} takes no allowances")
    try:
        atoms = parse_decimal(wanted.quantity, asset.decimals)
    except ValueError as error:
        raise OrderError(f"quantity: {error}") from None
    if atoms < 0:
        raise OrderError(f"quantity: must not be negative, was {wanted.quantity}")
    most = allowance_max(assembly.config.limits, setup.venue.id, asset.id)
    if atoms > most:
        raise OrderError(_beyond(most, asset, setup.venue.id))
    transactions = asyncio.run(_approve(setup.approve, Amount(asset.id, atoms)))
    if as_json:
        show.print_json({"asset": asset.id, "atoms": str(atoms), "transactions": transactions})
        return
    done = ", ".join(transactions) or "nothing to do, the allowance is so already"
    show.console().print(f"{wanted.quantity} {asset.id}: {done}")


def revoke(path: Path, asset: str | None, venue: str | None, *, live: bool, as_json: bool) -> None:
    """Take back what contracts may take of an asset, or of all, and say which transactions."""
    assembly = assemble(path, os.environ, SystemClock())
    assembly.require_permission(live=live)
    chosen = None if asset is None else _asset(assembly, asset)
    setup = chain_setup(assembly, venue)
    done = asyncio.run(_revoke(setup, chosen))
    if as_json:
        show.print_json({"revoked": {name: list(hashes) for name, hashes in done.items()}})
        return
    for name, hashes in done.items():
        show.console().print(f"{name}: {', '.join(hashes)}")
    if not done:
        show.console().print("nothing to do: no contract may take anything")


def allowances(path: Path, venue: str | None, *, as_json: bool) -> None:
    """Show what contracts may take of every token of a chain."""
    assembly = assemble(path, os.environ, SystemClock())
    setup = chain_setup(assembly, venue)
    rows = [_row(assembly, setup, each) for each in asyncio.run(_read(setup))]
    if as_json:
        show.print_json({"venue": setup.venue.id, "allowances": rows})
        return
    table = Table(title=f"allowances on {setup.venue.id}", title_justify="left")
    for column in ("asset", "taken for", "contract", "may take", ""):
        table.add_column(column, overflow="fold")
    for row in rows:
        why = f"[red]{row['why']}[/red]" if row["why"] else ""
        shown = UNLIMITED if row["is_unlimited"] else str(row["quantity"])
        table.add_row(str(row["asset"]), str(row["spender"]), str(row["address"]), shown, why)
    show.console().print(table)


def allowance_max(limits: Limits, venue: VenueId, asset: AssetId) -> int:
    """Return the most that may be allowed of an asset; finite whatever is configured."""
    rules = (rule for rule in limits.inventory if rule.venue == venue)
    capped = (most.atoms for rule in rules for most in rule.allowances_max if most.asset == asset)
    return min(next(capped, FINITE), FINITE)


def _asset(assembly: Assembly, name: str) -> Asset:
    asset = assembly.config.assets.get(name)
    if asset is None:
        known = ", ".join(assembly.config.assets)
        raise OrderError(f"asset: {name!r} is not configured; use one of {known}")
    return asset


def _row(assembly: Assembly, setup: VenueSetup, found: Allowance) -> dict[str, object]:
    asset = assembly.config.assets[found.asset]
    most = allowance_max(assembly.config.limits, setup.venue.id, asset.id)
    return {
        "asset": asset.id,
        "spender": found.spender,
        "address": found.address,
        "quantity": format_decimal(found.atoms, asset.decimals),
        "is_unlimited": found.atoms > FINITE,
        "why": _beyond(most, asset, setup.venue.id) if found.atoms > most else "",
    }


def _beyond(most: int, asset: Asset, venue: VenueId) -> str:
    if most == FINITE:
        return "quantity: as good as unlimited; allow what is traded"
    quantity = format_decimal(most, asset.decimals)
    return (
        f"quantity: more than inventory.{venue}.allowance_max.{asset.id}, {quantity}; allow less,"
        " or raise it"
    )


async def _read(setup: VenueSetup) -> tuple[Allowance, ...]:
    if setup.allowances is None:
        raise ConfigError(f"venue: {setup.venue.id!r} takes no allowances")
    return await setup.allowances()


async def _revoke(setup: VenueSetup, asset: Asset | None) -> dict[str, tuple[str, ...]]:
    if setup.approve is None:
        raise ConfigError(f"venue: {setup.venue.id!r} takes no allowances")
    granted = dict.fromkeys(each.asset for each in await _read(setup) if each.atoms > 0)
    wanted = [name for name in granted if asset is None or name == asset.id]
    return {name: await setup.approve(Amount(name, 0)) for name in wanted}


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
