"""The grids of price and size, and the bands around a reference price.

Arithmetic on integers only. A price may be any integer, or have five significant figures and as
many decimals as the market allows; a size has the decimals of its market.
"""

from venues.sandbox.hyperliquid.number import normalised, to_scaled

_SIGNIFICANT_FIGURES_MAX = 5
_FINE_DECIMALS = 18
"""Prices on the wire have no more decimals; texts off the grid are compared at this scale."""


def on_tick(price_text: str, price_decimals: int) -> bool:
    """Tell whether a price is an integer, or has few enough figures and decimals."""
    text = normalised(price_text)
    whole, point, fraction = text.partition(".")
    if not point:
        return True
    figures = len((whole + fraction).lstrip("0"))
    return figures <= _SIGNIFICANT_FIGURES_MAX and len(fraction) <= price_decimals


def is_zero(price_text: str) -> bool:
    """Tell whether a number on the wire is nothing but zeros."""
    return not price_text.strip("0.")


def is_within(price_text: str, reference: int, *, decimals: int, percent: int) -> bool:
    """Tell whether a price lies no more than `percent` away from a reference on its own grid."""
    fine = to_scaled(price_text, _FINE_DECIMALS)
    assert fine is not None, "a number on the wire has at most eighteen decimals"
    scaled = reference * 10 ** (_FINE_DECIMALS - decimals)
    return bool(abs(fine - scaled) * 100 <= scaled * percent)


def aggressive(reference: int, *, is_buy: bool, percent: int, price_decimals: int) -> int:
    """Return a limit `percent` beyond the reference, rounded away from the book onto the grid."""
    raw = reference * (100 + percent if is_buy else 100 - percent)
    by_figures = 10 ** max(0, len(str(raw // 100)) - _SIGNIFICANT_FIGURES_MAX)
    tick = min(by_figures, 10**price_decimals)
    step = 100 * tick
    ticks = -(-raw // step) if is_buy else raw // step
    return max(int(ticks * tick), 1)
