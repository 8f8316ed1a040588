"""Funding rates of the last days, by asset and venue, one an hour. Immutable and bounded.

What a venue said it would pay is kept by the hour it was said in, what it paid by the hour it was
paid for, so that both stand side by side.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final, TypeAlias

from router.domain.account import AccountSnapshot
from router.domain.event import AccountsObserved, Event, FundingObserved, MarketObserved
from router.domain.funding import FundingKind, FundingSample, FundingState
from router.domain.units import (
    NS_PER_S,
    AccountId,
    AssetId,
    InstrumentId,
    Pico,
    Price,
    TimestampNs,
)

HOURS_MAX: Final = 7 * 24
SERIES_MAX: Final = 4_096  # of assets and venues; what comes beyond is not remembered
HOUR_NS: Final = 3_600 * NS_PER_S

Key: TypeAlias = tuple[AssetId, str, FundingKind]


@dataclass(frozen=True, slots=True)
class FundingPoint:
    """One rate, and the hour it is of, counted from the epoch."""

    hour: int
    rate_per_hour: Pico
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class Own:
    """What is known of a market the desk trades: whose it is, what it settles on, its cap."""

    asset: AssetId
    source: str
    price: Price | None
    cap_per_hour: Pico | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a market is on the watchlist.

    Attributes
    ----------
    over_at : TimestampNs
        When something last held it in its state.
    reasons : tuple of str
        What did.
    """

    state: FundingState
    over_at: TimestampNs
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FundingMemory:
    """What venues paid and said they would pay.

    Attributes
    ----------
    series : Mapping[Key, tuple of FundingPoint]
        Ascending by hour, one an hour, of the last seven days.
    own : Mapping[InstrumentId, Own]
    standings : Mapping[InstrumentId, Standing]
        Set by the watch alone.
    equity : Mapping[AccountId, int]
        Of perp accounts, in collateral atoms, as last read.
    """

    series: Mapping[Key, tuple[FundingPoint, ...]] = field(default_factory=dict)
    own: Mapping[InstrumentId, Own] = field(default_factory=dict)
    standings: Mapping[InstrumentId, Standing] = field(default_factory=dict)
    equity: Mapping[AccountId, int] = field(default_factory=dict)

    def sources(self, asset: AssetId) -> tuple[str, ...]:
        """Return who tells rates of an asset, sorted."""
        return tuple(sorted({source for known, source, _ in self.series if known == asset}))

    def rates(self, asset: AssetId, source: str, *, since: int = 0) -> dict[int, Pico]:
        """Return a venue's rate by hour: what was paid, else what it last said it would pay."""
        found = {}
        for kind in (FundingKind.PREDICTED, FundingKind.REALISED):
            points = self.series.get((asset, source, kind), ())
            first = bisect_left(points, since, key=attrgetter("hour"))
            found.update({point.hour: point.rate_per_hour for point in points[first:]})
        return found

    def latest(self, asset: AssetId, source: str, since: TimestampNs) -> FundingPoint | None:
        """Return what a venue last said it would pay, else what it last paid; None if too old."""
        for kind in (FundingKind.PREDICTED, FundingKind.REALISED):
            points = self.series.get((asset, source, kind), ())
            if points and points[-1].at >= since:
                return points[-1]
        return None

    def realised(self, asset: AssetId, source: str) -> FundingPoint | None:
        """Return what a venue last paid."""
        points = self.series.get((asset, source, FundingKind.REALISED), ())
        return points[-1] if points else None


def folded(memory: FundingMemory, event: Event) -> FundingMemory:
    """Return the memory with what an event tells of funding."""
    match event:
        case FundingObserved():
            # One of a time to come would push out all others, and be the newest until then.
            known = (s for s in event.samples if s.at <= event.at + HOUR_NS)
            return _with_samples(memory, known)
        case AccountsObserved():
            return _with_equity(memory, event.accounts)
        case MarketObserved():
            return _with_equity(memory, event.observation.accounts)
        case _:
            return memory


def hour_of(sample: FundingSample) -> int:
    """Return the hour a rate is of; what is settled on the hour is of the one before."""
    shift = HOUR_NS // 2 if sample.kind is FundingKind.REALISED else 0
    return (sample.at - shift) // HOUR_NS


def _with_samples(memory: FundingMemory, samples: Iterable[FundingSample]) -> FundingMemory:
    series, own = dict(memory.series), dict(memory.own)
    for sample in samples:
        key = (sample.asset, sample.source, sample.kind)
        if key not in series and len(series) >= SERIES_MAX:
            continue
        point = FundingPoint(hour_of(sample), sample.rate_per_hour, sample.at)
        series[key] = _with_point(series.get(key, ()), point)
        if sample.instrument is not None:
            own[sample.instrument] = _known(own.get(sample.instrument), sample)
    return replace(memory, series=series, own=own)


# The newest word of an hour stands; late ones are put where they belong.
def _with_point(points: tuple[FundingPoint, ...], point: FundingPoint) -> tuple[FundingPoint, ...]:
    place = bisect_left(points, point.hour, key=attrgetter("hour"))
    is_known = place < len(points) and points[place].hour == point.hour
    if is_known and points[place].at > point.at:
        return points
    made = (*points[:place], point, *points[place + is_known :])
    return made[bisect_left(made, made[-1].hour - HOURS_MAX + 1, key=attrgetter("hour")) :]


def _known(before: Own | None, sample: FundingSample) -> Own:
    price = sample.price or (None if before is None else before.price)
    cap = sample.cap_per_hour or (None if before is None else before.cap_per_hour)
    return Own(sample.asset, sample.source, price, cap)


def _with_equity(memory: FundingMemory, accounts: tuple[AccountSnapshot, ...]) -> FundingMemory:
    told = {a.account: a.equity_atoms for a in accounts if a.block is None}
    if all(memory.equity.get(account) == atoms for account, atoms in told.items()):
        return memory
    return replace(memory, equity={**memory.equity, **told})
