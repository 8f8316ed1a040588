"""Numbers as the venue prints them: decimal strings with one decimal at least.

Sizes and prices are exact. Ratios are rounded half to even, margins downwards: of a margin of
11.3837557 the venue shows 11.383755 (recorded answer of `clearinghouseState`).
"""

from fractions import Fraction

from venues.sandbox.hyperliquid.config import CoinConfig, SpotPairConfig
from venues.sandbox.hyperliquid.number import MICRO, MICRO_DECIMALS, fraction_text, to_text

_RATE_DECIMALS = 10
NONE_MONEY = "0.0"


def side(*, is_buy: bool) -> str:
    """Return the venue's letter for a side."""
    return "B" if is_buy else "A"


def money(micro_usd: int) -> str:
    """Return micro-USD as text."""
    return to_text(micro_usd, MICRO_DECIMALS)


def rate(value: Fraction) -> str:
    """Return a rate as a fraction with ten decimals at most."""
    return fraction_text(value, _RATE_DECIMALS)


def pips(value: int) -> str:
    """Return millionths as a fraction."""
    return fraction_text(Fraction(value, MICRO), MICRO_DECIMALS)


def price(value: int, spec: CoinConfig | SpotPairConfig) -> str:
    """Return a price on the grid."""
    return to_text(value, spec.price_decimals)


def size(value: int, spec: CoinConfig | SpotPairConfig) -> str:
    """Return a size on the grid."""
    return to_text(value, spec.size_decimals)


def between(value: Fraction, spec: CoinConfig | SpotPairConfig) -> str:
    """Return a price in grid units that may lie between two prices of the grid, such as a mid."""
    return fraction_text(value / 10**spec.price_decimals, spec.price_decimals + 1)
