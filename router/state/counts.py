"""What the desk did lately: what controls over a time are judged by. Immutable, and bounded."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from immutables import Map

from router.domain.change import changed
from router.domain.scope import Scope
from router.domain.units import (
    Amount,
    AssetId,
    DurationNs,
    InstrumentId,
    ParentId,
    Price,
    Side,
    TimestampNs,
)

_S: Final = 10**9
_MIN: Final = 60 * _S
_SEEN_MAX: Final = 1_000  # orders that are remembered, to know a similar one
_SEEN_FOR: Final = 60 * _S
_SWEEP_EVERY: Final = 60 * _S
_STRATEGIES_MAX: Final = 256  # whose losing slices are counted


class Measure(enum.Enum):
    """What is counted."""

    ORDERS = "orders"
    MESSAGES = "messages"  # to venues
    CHILDREN = "children"  # by parent
    ENDED = "ended"  # children
    UNFILLED = "unfilled"  # children that ended without a fill
    ERRORS = "errors"  # of a venue: not sent, no answer, refused
    NOTIONAL = "notional"  # filled, by quote asset
    RESULT = "result"  # gained, by asset; negative is lost
    GAS_HOUR = "gas_hour"  # wei
    GAS_DAY = "gas_day"  # wei
    IMPACT = "impact"  # pips by which a market was moved, each way


@dataclass(frozen=True, slots=True)
class Window:
    """How long something is remembered, in how many parts."""

    part_ns: int
    parts_count: int


# A part counts whole until all of it is outside: what is judged is never less than what was.
WINDOWS: Final[Mapping[Measure, Window]] = {
    Measure.ORDERS: Window(_S, 60),
    Measure.MESSAGES: Window(_S // 10, 100),
    Measure.CHILDREN: Window(_S, 60),
    Measure.ENDED: Window(_MIN, 60),
    Measure.UNFILLED: Window(_MIN, 60),
    Measure.ERRORS: Window(10 * _S, 360),
    Measure.NOTIONAL: Window(15 * _MIN, 96),
    Measure.RESULT: Window(15 * _MIN, 96),
    Measure.GAS_HOUR: Window(_MIN, 60),
    Measure.GAS_DAY: Window(15 * _MIN, 96),
    Measure.IMPACT: Window(10 * _S, 60),
}

Key: TypeAlias = tuple[Measure, str, str]
Tally: TypeAlias = tuple[tuple[int, int], ...]  # number of the part and its sum, ascending


@dataclass(frozen=True, slots=True)
class Seen:
    """An order that was taken in."""

    id: ParentId
    at: TimestampNs
    strategy: str
    side: Side
    base: AssetId
    quote: AssetId
    quantity: Amount
    limit_price: Price | None


_NEVER: Final = TimestampNs(0)


@dataclass(frozen=True, slots=True)
class Activity:
    """Counts and sums over the last day.

    Attributes
    ----------
    swept_at : TimestampNs
        When what is too old was last thrown away.
    crossings : tuple of (ParentId, ParentId)
        Orders of ours that could have met: an older one, and the newer that was refused for it.
    losing : Mapping[str, int]
        Losing slices in a row, by strategy.
    marks : Mapping[InstrumentId, int]
        Perp positions: what a lot was last worth, in collateral atoms, rounded up.
    result : Mapping[AssetId, int]
        Profit and loss as far as it is counted.
    """

    tallies: Map[Key, Tally] = field(default_factory=Map)
    swept_at: TimestampNs = _NEVER
    seen: tuple[Seen, ...] = ()
    crossings: tuple[tuple[ParentId, ParentId], ...] = ()
    losing: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[InstrumentId, int] = field(default_factory=dict)
    result: Mapping[AssetId, int] = field(default_factory=dict)

    def total(
        self,
        measure: Measure,
        whose: Scope | ParentId,
        at: TimestampNs,
        *,
        asset: str = "",
        within: DurationNs | None = None,
    ) -> int:
        """Return what was counted until a moment, within a time or the measure's whole window."""
        window = WINDOWS[measure]
        span = window.part_ns * window.parts_count if within is None else within
        first = (at - span) // window.part_ns
        tally = self.tallies.get((measure, _label(whose), asset), ())
        return sum(count for part, count in tally if first <= part <= _last(measure, at))

    def added(
        self,
        measure: Measure,
        whose: Scope | ParentId,
        at: TimestampNs,
        *,
        count: int,
        asset: str = "",
    ) -> "Activity":
        """Return the activity with something more; what is too old is forgotten."""
        if not count:
            return self
        window, key = WINDOWS[measure], (measure, _label(whose), asset)
        tally = self.tallies.get(key, ())
        # Time that went backwards is counted as the latest that was, unless that clock was wrong.
        latest = tally[-1][0] if tally else 0
        part = at // window.part_ns
        part = max(part, latest) if latest <= _last(measure, at) else part
        before = tuple((p, n) for p, n in tally if part - window.parts_count <= p < part)
        here = sum(n for p, n in tally if p >= part)
        tallies = self.tallies.set(key, (*before, (part, here + count)))
        if abs(at - self.swept_at) < _SWEEP_EVERY:
            return changed(self, tallies=tallies)
        kept = {k: counted for k, counted in tallies.items() if not _is_over(k[0], counted, at)}
        return changed(self, tallies=Map(kept), swept_at=at)

    def less(
        self,
        measure: Measure,
        whose: Scope | ParentId,
        since: TimestampNs,
        *,
        count: int,
        asset: str = "",
    ) -> "Activity":
        """Return the activity without something that was counted since a moment, never below 0."""
        key = (measure, _label(whose), asset)
        first = since // WINDOWS[measure].part_ns - 1  # venues' clocks are not ours
        tally: list[tuple[int, int]] = []
        for part, here in self.tallies.get(key, ()):
            taken = min(here, count) if part >= first else 0
            count -= taken
            tally.append((part, here - taken))
        return changed(self, tallies=self.tallies.set(key, tuple(tally))) if tally else self

    def with_seen(self, seen: Seen) -> "Activity":
        """Return the activity with one more order."""
        old = 0
        while old < len(self.seen) and self.seen[old].at <= seen.at - _SEEN_FOR:
            old += 1
        first = max(old, len(self.seen) + 1 - _SEEN_MAX)
        return changed(self, seen=(*self.seen[first:], seen))

    def with_losing(self, strategy: str, count: int) -> "Activity":
        """Return the activity with a strategy's losing slices in a row."""
        others = {name: n for name, n in self.losing.items() if name != strategy}
        if count:
            others[strategy] = count
        return changed(self, losing=dict(tuple(others.items())[-_STRATEGIES_MAX:]))

    def without(self, measure: Measure, whose: Scope) -> "Activity":
        """Return the activity as if nothing had been counted."""
        label = _label(whose)
        kept = {k: t for k, t in self.tallies.items() if k[:2] != (measure, label)}
        return changed(self, tallies=Map(kept))


def _label(whose: Scope | ParentId) -> str:
    return whose.label if isinstance(whose, Scope) else f"parent:{whose}"


# The last part that a clock which was set back explains: what is later would never be over.
def _last(measure: Measure, at: TimestampNs) -> int:
    window = WINDOWS[measure]
    return at // window.part_ns + window.parts_count


def _is_over(measure: Measure, tally: Tally, at: TimestampNs) -> bool:
    window = WINDOWS[measure]
    return tally[-1][0] < at // window.part_ns - window.parts_count
