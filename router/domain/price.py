"""Prices of one pair from several sources, and the rules by which they check each other."""

import enum
from dataclasses import dataclass

from router.domain.units import AssetId, DurationNs, InstrumentId, Pips, Price, TimestampNs


class PriceKind(enum.StrEnum):
    """What a price is of."""

    MARK = "mark"
    ORACLE = "oracle"
    BOOK_MID = "book_mid"
    POOL_MID = "pool_mid"
    INDEX = "index"
    # Of the last minutes, as the desk itself saw them: what a mid is compared with, no vote.
    POOL_TWAP = "pool_twap"
    BOOK_TWAP = "book_twap"

    @property
    def is_average(self) -> bool:
        """Whether it is of the last minutes, and not of now."""
        return self in {PriceKind.POOL_TWAP, PriceKind.BOOK_TWAP}


@dataclass(frozen=True, slots=True)
class SourcePrice:
    """One source's price.

    Attributes
    ----------
    source : str
        Who says it; prices of one source are one voice.
    instrument : InstrumentId | None
        The market it is the price of: what depends on it is blocked if the price is wrong. None
        where it is nobody's market here.
    """

    source: str
    kind: PriceKind
    instrument: InstrumentId | None
    price: Price
    at: TimestampNs

    @property
    def pair(self) -> tuple[AssetId, AssetId]:
        """The assets it prices: base in quote."""
        return self.price.base, self.price.quote


@dataclass(frozen=True, slots=True)
class PriceGuardRules:
    """When a price counts, and how far it may be from the median of all.

    Attributes
    ----------
    sources_min : int
        Fewer fresh voices than this prove nothing: then nothing is outvoted, and what needs a
        reference is refused.
    age_max, pool_age_max : DurationNs
        Older prices do not vote; those of pools are as old as the newest block.
    soft_pips, hard_pips : Pips
        Distance from the median: beyond the first it is told, beyond the second it is outvoted.
    jump_max_pips : Pips
        A change since the minutes before that a second source must confirm.
    """

    sources_min: int
    age_max: DurationNs
    pool_age_max: DurationNs
    soft_pips: Pips
    hard_pips: Pips
    jump_max_pips: Pips
