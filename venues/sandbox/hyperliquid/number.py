"""Decimal text to scaled integers and back.

Every amount inside the sandbox is an integer with a scale: a price counts 10^-(6-szDecimals) USD, a
size counts 10^-szDecimals coins, so that price times size is a whole number of micro-USD. This
module is the only place where text becomes such a number or the reverse. It refuses exponents,
signs where none belong, and digits that do not fit the scale.
"""

import re
from fractions import Fraction

MICRO_DECIMALS = 6
"""Decimals of the cash ledger: one unit is a millionth of a US dollar."""
MICRO = 1_000_000

_UNSIGNED = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?\Z")


def is_plain(text: str) -> bool:
    """Tell whether `text` is an unsigned decimal number without an exponent."""
    return _UNSIGNED.match(text) is not None


def normalised(text: str) -> str:
    """Return `text` as the venue prints it before hashing: no trailing zeros, no bare point."""
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    whole, point, fraction = text.partition(".")
    return (whole.lstrip("0") or "0") + point + fraction


def to_scaled(text: str, decimals: int) -> int | None:
    """Return `text` counted in 10^-decimals, or None when it has more decimals than that."""
    whole, _, fraction = normalised(text).partition(".")
    if len(fraction) > decimals:
        return None
    return int(whole + fraction.ljust(decimals, "0"))


def to_text(value: int, decimals: int) -> str:
    """Return a scaled integer the way the venue answers it: one decimal at least."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), 10**decimals)
    digits = str(fraction).rjust(decimals, "0").rstrip("0") if decimals else ""
    return f"{sign}{whole}.{digits or '0'}"


def fraction_text(value: Fraction, decimals: int) -> str:
    """Return an exact ratio as text, rounded half to even; for figures that are only shown."""
    return to_text(round(value * 10**decimals), decimals)


def ceil_div(numerator: int, denominator: int) -> int:
    """Divide, rounding towards plus infinity."""
    return -(-numerator // denominator)
