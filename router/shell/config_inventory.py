"""The tables ``[inventory.<chain>]``: what of each chain's coin is kept, what may be allowed.

Left out, nothing is kept back and no gas is reckoned at its worst; how many transactions may be in
flight is said by the chain's own table.
"""

from collections.abc import Mapping
from typing import Final

from router.domain.error import ConfigError
from router.domain.instrument import Asset
from router.domain.inventory import IN_FLIGHT_MAX, ChainInventory
from router.domain.units import Amount, VenueId, parse_decimal
from router.shell.config_fields import PlainDecimal, Strict

_WEI_PER_GWEI: Final = 10**9
_COIN_DECIMALS: Final = 18


class ChainInventorySettings(Strict):
    """The table of one chain; `native_reserve` is in units of its coin.

    `allowance_max` has the most that contracts may be allowed to take, in units of the asset.
    """

    native_reserve: PlainDecimal
    allowance_max: Mapping[str, PlainDecimal] = {}


def chain_inventories(
    where: str,
    tables: Mapping[str, ChainInventorySettings],
    *,
    chains: Mapping[str, Mapping[str, object]],
    assets: Mapping[str, Asset],
) -> tuple[ChainInventory, ...]:
    """Return the rules of the chains that have a table.

    Parameters
    ----------
    chains : Mapping
        The chains' own tables, which their own model checks: the cap of a fee, and how many
        transactions may be in flight, are taken from there.

    Raises
    ------
    ConfigError
        Naming the key that is wrong, and the remedy.
    """
    unknown = next((name for name in tables if name not in chains), None)
    if unknown is not None:
        known = ", ".join(chains) or "none"
        raise ConfigError(f"{where}.{unknown}: is no chain of this file; use one of: {known}")
    return tuple(
        _rule(f"{where}.{name}", table, name=name, chain=chains[name], assets=assets)
        for name, table in tables.items()
    )


def _rule(
    where: str,
    table: ChainInventorySettings,
    *,
    name: str,
    chain: Mapping[str, object],
    assets: Mapping[str, Asset],
) -> ChainInventory:
    cap, most = chain.get("fee_cap_gwei"), chain.get("in_flight_max")
    if not isinstance(cap, int):
        raise ConfigError(f"{where}: needs chains.{name}.fee_cap_gwei; set it there")
    return ChainInventory(
        venue=VenueId(name),
        native_reserve_wei=_atoms(f"{where}.native_reserve", table.native_reserve, _COIN_DECIMALS),
        fee_cap_wei=cap * _WEI_PER_GWEI,
        in_flight_max=most if isinstance(most, int) else IN_FLIGHT_MAX,
        allowances_max=tuple(
            _allowance(f"{where}.allowance_max.{asset}", assets.get(asset), text)
            for asset, text in table.allowance_max.items()
        ),
    )


def _allowance(where: str, asset: Asset | None, text: str) -> Amount:
    if asset is None:
        raise ConfigError(f"{where}: is not in [assets]; add it there or correct it")
    return Amount(asset.id, _atoms(where, text, asset.decimals))


def _atoms(where: str, text: str, decimals: int) -> int:
    try:
        atoms = parse_decimal(text, decimals)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    if atoms < 0:
        raise ConfigError(f"{where}: must not be negative, was {text}")
    return atoms
