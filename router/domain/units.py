"""Quantities and prices as integers with a unit, and the names of things.

Refuses floats: every number here is exact, and every inexact division names its rounding.
"""

import enum
import re
from dataclasses import dataclass
from typing import NewType

AssetId = NewType("AssetId", str)  # "ETH", "USDC": the economic asset, whatever token carries it
VenueId = NewType("VenueId", str)  # "uniswap_v3", "hyperliquid"
InstrumentId = NewType("InstrumentId", str)  # unique over all venues
AccountId = NewType("AccountId", str)  # "<venue or chain>:<address>"
ParentId = NewType("ParentId", str)
ChildId = NewType("ChildId", str)  # derived; the idempotency key at the venue
BasketId = NewType("BasketId", str)
QuoteId = NewType("QuoteId", str)

TimestampNs = NewType("TimestampNs", int)  # since the Unix epoch, UTC
DurationNs = NewType("DurationNs", int)
Pips = NewType("Pips", int)  # 1e-6, a hundredth of a basis point; positive is worse for us
Pico = NewType("Pico", int)  # 1e-12 of a dimensionless rate; how solver floats enter the ledger

NATIVE = AssetId("NATIVE")  # the coin a chain takes for gas, apart from any token wrapping it

PIPS_PER_UNIT = 1_000_000
PICO_PER_UNIT = 10**12
NS_PER_S = 1_000_000_000
# No exponents, separators or foreign digits: what is typed is what is meant. 78 digits hold 2**256.
_PLAIN_DECIMAL = re.compile(r"(-?)([0-9]{1,78})(?:\.([0-9]{1,40}))?")


class Side(enum.Enum):
    """Which way the base asset goes."""

    BUY = "buy"
    SELL = "sell"


class Rounding(enum.Enum):
    """Where an inexact division goes; callers choose the side that is against us."""

    DOWN = "down"  # towards minus infinity
    UP = "up"  # towards plus infinity


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Divide integers, rounding as told; the denominator must be positive."""
    assert denominator > 0, "a price or scale has a positive denominator"
    if rounding is Rounding.DOWN:
        return numerator // denominator
    return -(-numerator // denominator)


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity of one asset, counted in its smallest unit ("atoms": wei, lots)."""

    asset: AssetId
    atoms: int

    def __add__(self, other: "Amount") -> "Amount":
        assert self.asset == other.asset, f"{self.asset} and {other.asset} do not add up"
        return Amount(self.asset, self.atoms + other.atoms)

    def __sub__(self, other: "Amount") -> "Amount":
        assert self.asset == other.asset, f"{self.asset} and {other.asset} do not subtract"
        return Amount(self.asset, self.atoms - other.atoms)


@dataclass(frozen=True, slots=True)
class Price:
    """An exact ratio: ``quote_atoms`` of ``quote`` for every ``base_atoms`` of ``base``."""

    base: AssetId
    quote: AssetId
    quote_atoms: int
    base_atoms: int

    def __post_init__(self) -> None:
        assert self.quote_atoms > 0, "a price is positive"
        assert self.base_atoms > 0, "a price is per a positive quantity"

    def notional(self, quantity: Amount, rounding: Rounding) -> Amount:
        """Value `quantity` in the quote asset, rounding as told."""
        assert quantity.asset == self.base, f"price is per {self.base}, got {quantity.asset}"
        return Amount(
            self.quote, divide(quantity.atoms * self.quote_atoms, self.base_atoms, rounding)
        )

    def quantity(self, notional: Amount, rounding: Rounding) -> Amount:
        """Return how much base `notional` buys at this price, rounding as told."""
        assert notional.asset == self.quote, f"price is in {self.quote}, got {notional.asset}"
        return Amount(
            self.base, divide(notional.atoms * self.base_atoms, self.quote_atoms, rounding)
        )

    def is_above(self, other: "Price") -> bool:
        """Compare exactly; both prices must be of the same pair."""
        assert (self.base, self.quote) == (other.base, other.quote), "prices of different pairs"
        return self.quote_atoms * other.base_atoms > other.quote_atoms * self.base_atoms

    def shifted(self, pips: int, rounding: Rounding) -> "Price":
        """Return the price `pips` higher (or lower if negative)."""
        numerator = self.quote_atoms * (PIPS_PER_UNIT + pips)
        scale = 10**18  # keeps 18 more digits than the ratio itself had
        return Price(
            self.base,
            self.quote,
            divide(numerator * scale, PIPS_PER_UNIT, rounding),
            self.base_atoms * scale,
        )


def parse_decimal(text: str, decimals: int) -> int:
    """Read a plain decimal string as atoms of ``10**-decimals``; exact or an error.

    Raises
    ------
    ValueError
        If the text is anything but ASCII digits with an optional sign and point, or has more
        decimals than the asset.
    """
    found = _PLAIN_DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError(f"must be a plain decimal number such as 0.25, was {text!r}")
    sign, whole, fraction = found[1], found[2], (found[3] or "").rstrip("0")
    if len(fraction) > decimals:
        raise ValueError(f"must have at most {decimals} decimals, was {text!r}")
    atoms = int(whole + fraction.ljust(decimals, "0"))
    return -atoms if sign else atoms


def format_decimal(atoms: int, decimals: int) -> str:
    """Write atoms as a plain decimal string without an exponent or trailing zeros."""
    sign = "-" if atoms < 0 else ""
    whole, fraction = divmod(abs(atoms), 10**decimals)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:0{decimals}d}".rstrip("0")
