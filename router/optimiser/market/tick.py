"""Prices a book accepts.

Hyperliquid takes integers, and prices of at most five significant figures (venue documentation,
"Tick and lot size"); other books are held to the same rule, which only coarsens a limit.
"""

from typing import Final

from router.domain.instrument import Instrument
from router.domain.units import PIPS_PER_UNIT, Price, Rounding, Side, divide

_FIGURES_MAX: Final = 5


def valid_limit_ticks(ticks: int, side: Side, *, tick_decimals: int) -> int:
    """Return the valid price nearest to `ticks` that is no worse than it for us.

    A buy's limit goes down and a sell's up, so the price never passes what was agreed.
    """
    if ticks <= 0:
        return 0
    rounding = Rounding.DOWN if side is Side.BUY else Rounding.UP
    figures: int = 10 ** max(len(str(ticks)) - _FIGURES_MAX, 0)
    step = min(figures, int(10**tick_decimals))  # a whole number is valid whatever its length
    return divide(ticks, step, rounding) * step


def limit_ticks(instrument: Instrument, side: Side, *, limit: Price) -> int:
    """Return the worst price a book may be asked for so that price and fee keep the limit."""
    unit = instrument.tick_price(1)
    buying = side is Side.BUY
    fee_factor = PIPS_PER_UNIT + (instrument.fee_pips if buying else -instrument.fee_pips)
    ticks = divide(
        limit.quote_atoms * unit.base_atoms * PIPS_PER_UNIT,
        limit.base_atoms * unit.quote_atoms * fee_factor,
        Rounding.DOWN if buying else Rounding.UP,
    )
    return valid_limit_ticks(ticks, side, tick_decimals=instrument.tick_decimals)
