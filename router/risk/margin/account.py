"""What an account is worth, what its positions bind, and what may be taken out. Pure.

A bucket is a signed cash leg and the positions it keeps: all cross positions share one bucket, each
isolated position has its own. The cash leg holds the cost of the positions, so that entry prices
are not needed. Refuses to round.

Source: Hyperliquid documentation, "Margining" and "Liquidations", read 22 Aug 2026.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from router.risk.margin.tiers import TierTable, total

TRANSFER_SHARE: Final = Fraction(1, 10)  # of the notional that must stay behind a withdrawal
BACKSTOP_SHARE: Final = Fraction(2, 3)  # of maintenance; below it the book is not asked any more


@dataclass(frozen=True, slots=True)
class Holding:
    """One position.

    Attributes
    ----------
    size : Fraction, [base]
        Signed; negative is short.
    mark : Fraction, [collateral / base]
    leverage : int
        Chosen by the account.
    """

    size: Fraction
    mark: Fraction
    leverage: int
    tiers: TierTable

    @property
    def notional(self) -> Fraction:
        """Value of the position without its sign."""
        return abs(self.size) * self.mark

    @property
    def initial(self) -> Fraction:
        """Margin to open it."""
        return self.notional / self.leverage

    @property
    def maintenance(self) -> Fraction:
        """Margin to keep it, whatever leverage was chosen."""
        return self.tiers.maintenance(self.notional)

    @property
    def may_be_opened(self) -> bool:
        """Whether the tier of its notional allows its leverage."""
        return 1 <= self.leverage <= self.tiers.leverage_max(self.notional)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A cash leg and the positions it keeps."""

    cash: Fraction
    holdings: tuple[Holding, ...]

    @property
    def value(self) -> Fraction:
        """Cash, and the positions at their marks."""
        return self.cash + total([h.size * h.mark for h in self.holdings])

    @property
    def initial(self) -> Fraction:
        """Margin that opened the positions, at their marks of now."""
        return total([h.initial for h in self.holdings])

    @property
    def maintenance(self) -> Fraction:
        """Value below which positions are liquidated."""
        return total([h.maintenance for h in self.holdings])

    @property
    def available(self) -> Fraction:
        """Margin left to open more; a gain that is not taken yet counts."""
        return max(Fraction(0), self.value - self.initial)

    @property
    def transfer_requirement(self) -> Fraction:
        """Value that must stay when something is taken out."""
        notional = total([h.notional for h in self.holdings])
        return max(self.initial, TRANSFER_SHARE * notional)

    @property
    def withdrawable(self) -> Fraction:
        """What may be taken out: of the cross bucket, or of an isolated position's margin."""
        return max(Fraction(0), self.value - self.transfer_requirement)

    @property
    def is_liquidatable(self) -> bool:
        """Whether the venue sells positions on the book."""
        return self.value < self.maintenance

    @property
    def is_backstopped(self) -> bool:
        """Whether the venue's liquidator takes positions and margin over."""
        return self.value < BACKSTOP_SHARE * self.maintenance

    @property
    def is_insolvent(self) -> bool:
        """Whether others are deleveraged against it."""
        return self.value < 0


@dataclass(frozen=True, slots=True)
class StandardAccount:
    """An account of one dex that shares nothing with spot or other dexs.

    Attributes
    ----------
    isolated : tuple of Bucket
        With one position each.
    """

    cross: Bucket
    isolated: tuple[Bucket, ...]

    @property
    def value(self) -> Fraction:
        """What the account is worth, isolated margin included."""
        return self.cross.value + total([bucket.value for bucket in self.isolated])

    @property
    def cash(self) -> Fraction:
        """The cash legs of all buckets."""
        return self.cross.cash + total([bucket.cash for bucket in self.isolated])

    @property
    def margin_used(self) -> Fraction:
        """Initial margin of the cross positions, and everything isolated positions hold."""
        return self.cross.initial + total([bucket.value for bucket in self.isolated])

    @property
    def withdrawable(self) -> Fraction:
        """What may be taken out; isolated positions neither give nor bind."""
        return self.cross.withdrawable
