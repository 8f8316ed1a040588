"""How far a venue's funding is from that of the others, hour by hour. Exact.

Rates are per hour whatever a venue settles at, so venues with different intervals compare. Where
nobody else tells a rate, it is compared with nothing at all: the rate is its own spread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from router.domain.units import TimestampNs
from router.state.funding import HOUR_NS, FundingMemory, Own

FRESH_NS: Final = 2 * HOUR_NS
_DAY: Final = 24
HISTORY_MIN: Final = 24  # hours; fewer tell nothing of what is usual
Z_MOST: Final = 10_000
_Z_UNIT: Final = 100  # of a standard deviation
HOURS_OF_SPREAD: Final = 8
PICO_PER_PIP: Final = 1_000_000


Past: TypeAlias = tuple[tuple[int, int], ...]  # spreads of earlier hours, ascending by hour


@dataclass(frozen=True, slots=True)
class Spread:
    """A venue's rate of an asset now, beside the others'; rates are pico an hour.

    Attributes
    ----------
    others : tuple of (str, int)
        The other venues' rates now.
    reference : int
        Their median, rounded down; zero where there are none.
    recent : Past
        The spread of the 24 hours before this one.
    day : tuple of (int, int)
        Its own rates of the same hours.
    hour : int
        This one.
    """

    rate: int
    others: tuple[tuple[str, int], ...]
    reference: int
    recent: Past = ()
    day: tuple[tuple[int, int], ...] = ()
    hour: int = 0

    @property
    def now(self) -> int:
        """The spread of an hour."""
        return self.rate - self.reference

    @property
    def pips_8h(self) -> Fraction:
        """The spread of eight hours, in pips."""
        return Fraction(self.now * HOURS_OF_SPREAD, PICO_PER_PIP)

    def steady_rate(self, hours: int) -> int:
        """Return the rate that has held for so many hours with this one, as far as they are known.

        The one nearest to zero; zero where the sign changed. An hour's spike does not last.
        """
        return _held(self.rate, self.day, self.hour - hours)

    def steady(self, hours: int) -> int:
        """Return the spread that has held, likewise."""
        return _held(self.now, self.recent, self.hour - hours)

    def hours_on_side(self, floor: Fraction) -> int:
        """Count the hours with this one whose spread was on its side, and beyond `floor`.

        At most a day of them, and this hour.
        """
        sign = 1 if self.now > 0 else -1
        if sign * self.now <= floor:
            return 0
        count = 1
        for hour, value in reversed(self.recent):
            if hour != self.hour - count or sign * value <= floor:
                break
            count += 1
        return count


def spread_of(memory: FundingMemory, own: Own, at: TimestampNs) -> Spread | None:
    """Return a venue's spread; None where its own rate is not fresh."""
    since, this_hour = TimestampNs(at - FRESH_NS), at // HOUR_NS
    told = memory.latest(own.asset, own.source, since)
    if told is None:
        return None
    names = [name for name in memory.sources(own.asset) if name != own.source]
    latest = ((name, memory.latest(own.asset, name, since)) for name in names)
    others = tuple((name, int(point.rate_per_hour)) for name, point in latest if point is not None)
    first = this_hour - _DAY
    rates = sorted(memory.rates(own.asset, own.source, since=first).items())
    return Spread(
        rate=told.rate_per_hour,
        others=others,
        reference=_median([rate for _, rate in others]),
        recent=past_of(memory, own, at, since=first),
        day=tuple((hour, int(rate)) for hour, rate in rates if hour < this_hour),
        hour=this_hour,
    )


def past_of(memory: FundingMemory, own: Own, at: TimestampNs, *, since: int = 0) -> Past:
    """Return the spreads of the hours before this one, from an hour on, as far as others told."""
    names = [name for name in memory.sources(own.asset) if name != own.source]
    elsewhere = [memory.rates(own.asset, name, since=since) for name in names]
    found = []
    for hour, rate in sorted(memory.rates(own.asset, own.source, since=since).items()):
        beside = [series[hour] for series in elsewhere if hour in series]
        if hour < at // HOUR_NS and (beside or not names):
            found.append((hour, rate - _median(beside)))
    return tuple(found)


def deviates(now: int, past: Past, z_hundredths: int) -> bool:
    """Tell whether a spread is so many standard deviations from the mean of its past, exactly.

    With n, S and Q the count, sum and sum of squares of the past, (d - mean)**2 > z**2 var is
    (n d - S)**2 (n - 1) > z**2 n (n Q - S**2). A short past proves nothing.
    """
    n = len(past)
    if n < HISTORY_MIN:
        return False
    total, squares = sum(value for _, value in past), sum(value * value for _, value in past)
    off = (n * now - total) ** 2 * (n - 1) * _Z_UNIT**2
    return off > z_hundredths**2 * n * (n * squares - total**2)


def z_hundredths(now: int, past: Past) -> int | None:
    """Return how many hundredths of a standard deviation a spread is away, rounded down.

    None of too short a past, and `Z_MOST` where it is further or never varied.
    """
    if len(past) < HISTORY_MIN:
        return None
    low, high = 0, Z_MOST
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if deviates(now, past, middle) else (low, middle - 1)
    return low


def _held(now: int, before: Sequence[tuple[int, int]], after: int) -> int:
    values = [now, *(value for hour, value in before if hour > after)]
    if all(value > 0 for value in values):
        return min(values)
    return max(values) if all(value < 0 for value in values) else 0


def _median(rates: Sequence[int]) -> int:
    if not rates:
        return 0
    ranked, middle = sorted(rates), len(rates) // 2
    return ranked[middle] if len(rates) % 2 else (ranked[middle - 1] + ranked[middle]) // 2
