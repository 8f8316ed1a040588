"""Margin tables as the house knows them: tiers by notional, each with what it takes to keep it.

The rate that keeps a position is half of the one that opens it at the tier's most leverage, rounded
up. Refuses a table that is not one, and to trade a coin whose table is not told.

Source: Hyperliquid documentation, "Margin tiers", read 22 Aug 2026.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.margin import MarginTier
from router.domain.units import PICO_PER_UNIT, Pico, Rounding, divide
from venues.hyperliquid import wire
from venues.hyperliquid.spec import COLLATERAL_DECIMALS
from venues.hyperliquid.translate import exact

_LISTED_FROM: Final = 50  # a table below is a single tier of that leverage, and need not be told


def margin_tiers(metadata: wire.Metadata) -> Mapping[str, tuple[MarginTier, ...]]:
    """Return the tiers of every coin whose table is told, bounds in collateral atoms.

    Raises
    ------
    MalformedDataError
        If a table's bounds do not rise from zero, or its leverages do not fall.
    """
    listed = {table.id: _tiers(table) for table in metadata.margin_tables}
    found = ((coin.coin, _tiers_of(coin, listed)) for coin in metadata.coins)
    return {coin: tiers for coin, tiers in found if tiers}


def require_tiers(tiers: Mapping[str, tuple[MarginTier, ...]], coin: str) -> tuple[MarginTier, ...]:
    """Return the tiers of a coin that is to be traded.

    Raises
    ------
    MalformedDataError
        If its table is not told.
    """
    if coin not in tiers:
        raise MalformedDataError(f"{coin}: its marginTableId is not among the marginTables")
    return tiers[coin]


def _tiers_of(
    coin: wire.CoinMeta, listed: Mapping[int, tuple[MarginTier, ...]]
) -> tuple[MarginTier, ...]:
    number = coin.margin_table
    if number is None:  # answers of 2023 know no tables
        return (_tier("0", coin.leverage_max),)
    if number in listed:
        return listed[number]
    return (_tier("0", number),) if number < _LISTED_FROM else ()


def _tiers(table: wire.MarginTable) -> tuple[MarginTier, ...]:
    tiers = tuple(_tier(tier.notional_from, tier.leverage_max) for tier in table.tiers)
    if not tiers or tiers[0].above_atoms != 0:
        raise MalformedDataError(f"marginTables: the first tier of {table.id} must begin at zero")
    for low, high in pairwise(tiers):
        if high.above_atoms <= low.above_atoms or high.leverage_max >= low.leverage_max:
            raise MalformedDataError(
                f"marginTables: tiers of {table.id} must rise, and their leverages fall"
            )
    return tiers


def _tier(notional_from: str, leverage_max: int) -> MarginTier:
    if leverage_max < 1:
        raise MalformedDataError(f"maxLeverage must be at least 1, was {leverage_max}")
    return MarginTier(
        above_atoms=exact(notional_from, COLLATERAL_DECIMALS, "lowerBound"),
        leverage_max=leverage_max,
        maintenance=Pico(divide(PICO_PER_UNIT, 2 * leverage_max, Rounding.UP)),
    )
