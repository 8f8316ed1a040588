"""Margin arithmetic: tiers, maintenance, liquidation price.

Pure functions over exact ratios. Money is in USD here, as `Fraction`; callers round when they show
it. Source: the venue's documentation on margining and margin tiers, read August 2026. It knows
neither accounts nor books, and it liquidates nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from venues.sandbox.hyperliquid.number import MICRO


@dataclass(frozen=True, slots=True)
class MarginTier:
    """From `lower_bound_usd` of notional on, at most `max_leverage`."""

    lower_bound_usd: int
    max_leverage: int

    @property
    def maintenance_rate(self) -> Fraction:
        """Half the initial margin at the tier's maximum leverage."""
        return Fraction(1, 2 * self.max_leverage)


@dataclass(frozen=True, slots=True)
class MarginTable:
    """The tiers of one asset, lowest bound first; the first bound is zero."""

    table_id: int
    description: str
    tiers: tuple[MarginTier, ...]

    def rates(self) -> Iterator[tuple[MarginTier, Fraction]]:
        """Yield each tier with its deduction in USD, which keeps maintenance continuous."""
        deduction = Fraction(0)
        previous = self.tiers[0]
        for tier in self.tiers:
            step = tier.maintenance_rate - previous.maintenance_rate
            deduction += tier.lower_bound_usd * step
            previous = tier
            yield tier, deduction

    def tier_at(self, notional: Fraction) -> tuple[MarginTier, Fraction]:
        """Return the tier and deduction that apply to a position of this notional."""
        *_, found = (row for row in self.rates() if row[0].lower_bound_usd <= notional)
        return found

    def maintenance(self, notional: Fraction) -> Fraction:
        """Return the maintenance margin of one position, in USD."""
        tier, deduction = self.tier_at(notional)
        return notional * tier.maintenance_rate - deduction


class Steps:
    """A margin table in whole numbers, for the places where every order passes.

    Amounts are micro-USD; what does not come out even is rounded up, against the account.
    """

    __slots__ = ("_rows", "max_leverage")

    def __init__(self, table: MarginTable) -> None:
        self.max_leverage = table.tiers[0].max_leverage
        # From the highest tier down: bound, leverage, and the deduction as a ratio.
        self._rows = tuple(
            (
                tier.lower_bound_usd * MICRO,
                tier.max_leverage,
                deduction.numerator * MICRO,
                deduction.denominator,
            )
            for tier, deduction in reversed(list(table.rates()))
        )

    def leverage_at(self, notional: int) -> int:
        """Return the most leverage of a position of this notional; a bound is in the tier below."""
        return next(leverage for bound, leverage, *_ in self._rows if bound < notional or not bound)

    def maintenance(self, notional: int) -> int:
        """Return the maintenance margin of one position."""
        for bound, leverage, deducted, per in self._rows:
            if bound <= notional:
                return -((2 * leverage * deducted - notional * per) // (2 * leverage * per))
        raise AssertionError("the first tier of a margin table begins at zero")


@dataclass(frozen=True, slots=True)
class Exposure:
    """One position seen from the margin bucket that carries it.

    `account_value` is the equity of the bucket and `other_maintenance` what its other positions
    need.
    """

    size: Fraction
    mark: Fraction
    account_value: Fraction
    other_maintenance: Fraction = Fraction(0)


def liquidation_price(exposure: Exposure, table: MarginTable) -> Fraction | None:
    """Return the mark at which equity equals maintenance, other marks held; None if there is none.

    Notes
    -----
    Solves ``AV + (p - mark) * size = |size| * p * rate - deduction + other`` in each tier and keeps
    the solution whose own notional lies in that tier.
    """
    size = exposure.size
    if size == 0:
        return None
    fixed = exposure.account_value - exposure.mark * size - exposure.other_maintenance
    for tier, deduction in table.rates():
        price = (fixed + deduction) / (abs(size) * tier.maintenance_rate - size)
        if price > 0 and table.tier_at(abs(size) * price)[0] == tier:
            return price
    return None
