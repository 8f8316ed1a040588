"""Who is closed first when somebody else's loss has no cover: the venue's ranking index. Pure.

The venue documents one expression and no public figure of it; the profit of a short is its inverse
price ratio, which is our reading. Low leverage ranks low and still does not protect: what decides
is profit. Refuses accounts without value, which are themselves what others are closed against.

Source: Hyperliquid documentation, "Auto-deleveraging", read 22 Nov 2026.
"""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Exposure:
    """One position and the account behind it.

    Attributes
    ----------
    size : Fraction, [base]
        Signed; negative is short.
    account_value : Fraction, [collateral]
        Positive; of the isolated position if it is one.
    """

    size: Fraction
    entry: Fraction
    mark: Fraction
    account_value: Fraction


def index(exposure: Exposure) -> Fraction:
    """Return the ranking index; the highest of a side is closed first."""
    assert exposure.account_value > 0, "an account without value is not ranked"
    ratio = exposure.mark / exposure.entry
    profit = ratio if exposure.size > 0 else 1 / ratio
    return profit * abs(exposure.size) * exposure.mark / exposure.account_value
