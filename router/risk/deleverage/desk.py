"""What a deleveraging is decided on: accounts, positions, what their markets take, what is hedged.

Prices are in collateral atoms for one lot, quantities in lots or in whole units of the asset, all
exact. A position is valued at what its venue's mark is about to be: where the book has gone against
us and the mark has not followed, at the book's mid. The other way round the mark stands, so that a
position is never thought worth more than the venue says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from router.domain.instrument import Instrument
from router.domain.risk import Zone, ZoneRules
from router.domain.units import PIPS_PER_UNIT, AccountId, AssetId, InstrumentId, Pips
from router.risk.margin.tiers import TierTable

LEAD_MAX: Final = Fraction(5, 100)
"""A book further from the mark than this is believed only so far: it may be somebody's doing."""

Level: TypeAlias = tuple[Fraction, int]  # collateral atoms for a lot, lots


@dataclass(frozen=True, slots=True)
class Market:
    """Where a position can be closed now.

    Attributes
    ----------
    mark : Fraction
        As the venue told it last.
    bids, asks : tuple of Level
        Best first, fees not in.
    notional_max : Fraction | None
        Most that one order may be worth.
    """

    instrument: Instrument
    mark: Fraction
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    notional_max: Fraction | None = None

    @property
    def lot(self) -> Fraction:
        """How much of the asset a lot is, in whole units."""
        return Fraction(self.instrument.lot_atoms, 10**self.instrument.base.decimals)

    @property
    def fee(self) -> Fraction:
        """Fee for every unit of notional."""
        return Fraction(self.instrument.fee_pips, PIPS_PER_UNIT)

    @property
    def mid(self) -> Fraction:
        """Middle of the book, or the mark where a side is empty."""
        if not self.bids or not self.asks:
            return self.mark
        return (self.bids[0][0] + self.asks[0][0]) / 2

    def fair(self, *, is_long: bool) -> Fraction:
        """Return what a lot of a position is worth, against us."""
        ahead = min(max(self.mid, self.mark * (1 - LEAD_MAX)), self.mark * (1 + LEAD_MAX))
        return min(self.mark, ahead) if is_long else max(self.mark, ahead)

    def closing(self, *, is_long: bool) -> tuple[Level, ...]:
        """Return the side of the book that closes a position."""
        return self.bids if is_long else self.asks


@dataclass(frozen=True, slots=True)
class Held:
    """A position that can be made smaller.

    Attributes
    ----------
    lots : int
        Signed, not zero.
    """

    account: AccountId
    instrument: InstrumentId
    lots: int
    tiers: TierTable

    @property
    def is_long(self) -> bool:
        """Whether it gains by a rise."""
        return self.lots > 0


@dataclass(frozen=True, slots=True)
class Account:
    """An account that is kept from being liquidated.

    Attributes
    ----------
    equity, equity_at_mark : Fraction
        Of what positions are thought worth, and of what the venue says.
    elsewhere : Fraction
        Maintenance margin of positions that cannot be cut now.
    """

    id: AccountId
    rules: ZoneRules
    zone: Zone
    equity: Fraction
    equity_at_mark: Fraction
    elsewhere: Fraction


@dataclass(frozen=True, slots=True)
class Desk:
    """All of it at one moment.

    Attributes
    ----------
    markets : Mapping
        Those that can be traded now.
    net : Mapping
        What the whole firm holds of an asset, in whole units; negative is short.
    unknown : frozenset of AssetId
        Assets some of which may be where nobody could look: everything in them may be a hedge.
    slippage_max_pips : Pips
        No order may ask for more.
    """

    accounts: tuple[Account, ...]
    held: tuple[Held, ...]
    markets: Mapping[InstrumentId, Market]
    net: Mapping[AssetId, Fraction]
    unknown: frozenset[AssetId]
    slippage_max_pips: Pips
