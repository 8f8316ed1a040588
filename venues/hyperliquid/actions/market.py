"""A market as actions name it: its number, and the grids of its prices and sizes.

Refuses to know its name, its book or its leverage table; `leverage_max` is that of small positions.
"""

from dataclasses import dataclass
from typing import Final

from router.domain.units import format_decimal
from venues.hyperliquid.spec import PRICE_AND_SIZE_DECIMALS

SPOT_PRICE_AND_SIZE_DECIMALS: Final = 8
_SPOT_FIRST: Final = 10_000
_BUILT_FIRST: Final = 100_000  # of a dex that a builder deployed
_BUILT_PER_DEX: Final = 10_000
_OUTCOME_FIRST: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Market:
    """One market.

    Attributes
    ----------
    asset : int
        Its number in actions.
    leverage_max : int or None
        None where there is no leverage.
    """

    asset: int
    size_decimals: int
    price_decimals: int
    leverage_max: int | None

    @property
    def is_spot(self) -> bool:
        """Whether assets change hands, and no position is kept."""
        return _SPOT_FIRST <= self.asset < _BUILT_FIRST

    @property
    def is_outcome(self) -> bool:
        """Whether it pays by an outcome, at a price from 0 to 1."""
        return self.asset >= _OUTCOME_FIRST

    @property
    def value_decimals(self) -> int:
        """How many decimals a tick times a lot has."""
        return self.price_decimals + self.size_decimals

    def price_text(self, ticks: int) -> str:
        """Write a price."""
        return format_decimal(ticks, self.price_decimals)

    def size_text(self, lots: int) -> str:
        """Write a size."""
        return format_decimal(lots, self.size_decimals)


def perpetual(index: int, *, size_decimals: int, leverage_max: int, dex: int = 0) -> Market:
    """Return the perpetual at a place in the metadata of a dex; the first dex is the venue's."""
    asset = _BUILT_FIRST + dex * _BUILT_PER_DEX + index if dex else index
    decimals = PRICE_AND_SIZE_DECIMALS - size_decimals
    return Market(asset, size_decimals, decimals, leverage_max)


def spot(index: int, *, size_decimals: int) -> Market:
    """Return the spot market of an ``index`` in the spot metadata."""
    return Market(
        _SPOT_FIRST + index, size_decimals, SPOT_PRICE_AND_SIZE_DECIMALS - size_decimals, None
    )
