"""Who says what of a pair: every price of an observation, one way round, as exact ratios. Pure.

Only prices of the very same two assets are compared. A dollar of one issuer is not one of another:
what a perpetual's oracle is quoted in is taken for the perpetual's own quote, and the bands must
leave room for the difference between the two.
"""

from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import TypeAlias

from router.domain.instrument import Instrument
from router.domain.observation import Observation
from router.domain.price import PriceGuardRules, PriceKind, SourcePrice
from router.domain.units import NS_PER_S, PIPS_PER_UNIT, AssetId, InstrumentId, Pips, TimestampNs
from router.state.prices import told_by_book, told_by_context, told_by_pool

Pair: TypeAlias = tuple[AssetId, AssetId]


@dataclass(frozen=True, slots=True)
class Said:
    """One price of the pair, in quote atoms for a base atom."""

    source: str
    kind: PriceKind
    instrument: InstrumentId | None
    value: Fraction
    age: int

    @property
    def name(self) -> str:
        """What it is, for a person."""
        words = self.kind.replace("_", " ")
        return f"{words} of {self.source if self.instrument is None else self.instrument}"

    def age_max(self, rules: PriceGuardRules) -> int:
        """Return how old it may be."""
        return rules.pool_age_max if self.kind is PriceKind.POOL_MID else rules.age_max


def all_prices(
    observation: Observation, instruments: tuple[Instrument, ...]
) -> tuple[SourcePrice, ...]:
    """Return what every observed market says, and what was told beside."""
    known = {i.id: i for i in instruments}
    told = list(observation.prices)
    for pool in observation.pools:
        if pool.instrument in known:
            told.extend(told_by_pool(known[pool.instrument], pool))
    for book in observation.books:
        if book.instrument in known:
            told.extend(told_by_book(known[book.instrument], book))
    for context in observation.contexts:
        if context.instrument in known:
            told.extend(told_by_context(known[context.instrument], context))
    return tuple(told)


def said_of(pair: Pair, prices: tuple[SourcePrice, ...], at: TimestampNs) -> tuple[Said, ...]:
    """Return what is said of a pair; a price the other way round is turned."""
    found = []
    for each in prices:
        value = Fraction(each.price.quote_atoms, each.price.base_atoms)
        if each.pair == pair:
            found.append(Said(each.source, each.kind, each.instrument, value, at - each.at))
        elif each.pair == pair[::-1]:
            found.append(Said(each.source, each.kind, each.instrument, 1 / value, at - each.at))
    return tuple(found)


def voices(said: list[Said]) -> dict[str, Fraction]:
    """Return what each source says: the median of its prices.

    A mark speaks only where its book has no mid: it is made of the book and the oracle.
    """
    with_mid = {s.source for s in said if s.kind is PriceKind.BOOK_MID}
    by_source: dict[str, list[Fraction]] = {}
    for each in said:
        if each.kind is not PriceKind.MARK or each.source not in with_mid:
            by_source.setdefault(each.source, []).append(each.value)
    return {source: median(values) for source, values in by_source.items()}


def is_within(value: Fraction, other: Fraction, pips: Pips) -> bool:
    """Tell whether a price is at most so far from another, exactly."""
    return abs(value - other) * PIPS_PER_UNIT <= pips * other


def distance(value: Fraction, other: Fraction) -> str:
    """Say how far a price is from another, in per cent rounded away from zero."""
    off = (value / other - 1) * 10_000
    hundredths = -((-abs(off)) // 1)
    return f"{hundredths // 100}.{hundredths % 100:02d} % {'above' if off > 0 else 'below'}"


def seconds(age: int) -> str:
    """Say an age in seconds."""
    return f"{age // NS_PER_S}.{age % NS_PER_S * 10 // NS_PER_S} s"
