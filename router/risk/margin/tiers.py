"""Margin tiers: how much leverage a notional allows, and what it takes to keep it. Pure.

The rate that keeps a position is half of the one that opens it at the tier's most leverage. Each
tier deducts what the tiers below asked less, so that the requirement has no steps. Refuses a table
that is not one.

Source: Hyperliquid documentation, "Margin tiers", read 22 Aug 2026.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import lcm

from router.domain.error import MalformedDataError


@dataclass(frozen=True, slots=True)
class Tier:
    """What holds for notionals above a bound, up to the next tier's; the first bound is zero.

    Attributes
    ----------
    told : Fraction | None
        Maintenance rate where the venue tells one of its own.
    """

    above: Fraction
    leverage_max: int
    told: Fraction | None = None

    @property
    def rate(self) -> Fraction:
        """Maintenance margin for every unit of notional."""
        return Fraction(1, 2 * self.leverage_max) if self.told is None else self.told


@dataclass(frozen=True, slots=True)
class WholeTiers:
    """The same tiers in whole numbers, for where every account passes.

    Attributes
    ----------
    scale : int
        What bounds, rates and deductions are multiplied by.
    """

    scale: int
    bounds: tuple[int, ...]
    rates: tuple[int, ...]
    deductions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TierTable:
    """Tiers by rising notional.

    Attributes
    ----------
    deductions : tuple of Fraction
        By tier, what the maintenance margin is less than rate times notional.
    whole : WholeTiers
        The same for integers.

    Raises
    ------
    MalformedDataError
        If bounds do not rise from zero, or leverages do not fall.
    """

    tiers: tuple[Tier, ...]
    deductions: tuple[Fraction, ...] = field(init=False)
    whole: "WholeTiers" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.tiers or self.tiers[0].above != 0:
            raise MalformedDataError("the first margin tier must begin at zero")
        deductions = [Fraction(0)]
        for low, high in pairwise(self.tiers):
            if high.above <= low.above or not 1 <= high.leverage_max < low.leverage_max:
                raise MalformedDataError("margin tiers must rise, and their leverages fall")
            deductions.append(deductions[-1] + high.above * (high.rate - low.rate))
        object.__setattr__(self, "deductions", tuple(deductions))  # computed once
        object.__setattr__(self, "whole", _whole(self.tiers, deductions))

    def index(self, notional: Fraction) -> int:
        """Return which tier a notional is in; a bound belongs to the tier below it."""
        return max(0, bisect_left(self.tiers, notional, key=lambda tier: tier.above) - 1)

    def leverage_max(self, notional: Fraction) -> int:
        """Return the most leverage a position of a notional may be opened at."""
        return self.tiers[self.index(notional)].leverage_max

    def maintenance(self, notional: Fraction) -> Fraction:
        """Return the equity below which a position of a notional is liquidated."""
        index = self.index(notional)
        return notional * self.tiers[index].rate - self.deductions[index]


def table(*tiers: tuple[Fraction | int, int]) -> TierTable:
    """Return the table of (lower bound, most leverage) pairs."""
    return TierTable(tuple(Tier(Fraction(above), leverage) for above, leverage in tiers))


def flat(leverage_max: int) -> TierTable:
    """Return a table of one tier."""
    return table((0, leverage_max))


def _whole(tiers: Sequence[Tier], deductions: Sequence[Fraction]) -> WholeTiers:
    above, rates = [tier.above for tier in tiers], [tier.rate for tier in tiers]
    scale = lcm(*(number.denominator for number in (*above, *rates, *deductions)))

    def scaled(numbers: Sequence[Fraction]) -> tuple[int, ...]:
        return tuple(n.numerator * (scale // n.denominator) for n in numbers)

    return WholeTiers(scale, scaled(above), scaled(rates), scaled(deductions))


def total(values: Sequence[Fraction]) -> Fraction:
    """Add fractions; none add up to zero."""
    return sum(values, Fraction(0))
