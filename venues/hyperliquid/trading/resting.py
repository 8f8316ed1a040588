"""Orders of ours that wait at the book: what is known of each, and which must be asked about. Pure.

Takes pushed reports and fills, and answers to questions, in any order and as often as they come. An
end outweighs all that was said before it, and a lesser rest a greater one. An order has ended once
the venue says so and the fills known make up what it traded. Refuses to ask, and to conclude
anything from an order's not being shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.order import ChildOrder, Fill, OrderStatus, TimeInForce
from router.domain.units import NS_PER_S, DurationNs, Side, TimestampNs
from router.port import Resolution
from venues.hyperliquid import translate
from venues.hyperliquid.spec import size_decimals
from venues.hyperliquid.trading import reading
from venues.hyperliquid.trading.facts import E8_DECIMALS, FillKey, FillReport, OrderReport
from venues.hyperliquid.trading.orders import READ_LAG

ASK_AGAIN: Final = DurationNs(NS_PER_S)  # what is suspect or incomplete
LOOK_EVERY: Final = DurationNs(30 * NS_PER_S)  # where a stream tells what happens meanwhile
LOOK_EVERY_ALONE: Final = DurationNs(5 * NS_PER_S)  # where none does


@dataclass(slots=True)
class Waiting:
    """One order.

    Attributes
    ----------
    word : OrderReport | None
        The venue's last word on it.
    placed_ms : int | None
        The venue's time of its placing; where it is known, its fills can be asked for.
    looked_at : TimestampNs | None
        When the venue was last asked, of what is known of its answer.
    unknown_at : TimestampNs | None
        The same, where the answer was that there is no such order.
    suspect_at : TimestampNs | None
        When something last happened that may have ended it.
    is_cancelled : bool
        Whether it is to end: its bytes must not be sent again.
    said : object
        What `resolve` last returned of it.
    """

    child: ChildOrder
    reference: str
    word: OrderReport | None = None
    placed_ms: int | None = None
    looked_at: TimestampNs | None = None
    unknown_at: TimestampNs | None = None
    suspect_at: TimestampNs | None = None
    is_cancelled: bool = False
    said: object = None
    fills: dict[FillKey, FillReport] = field(default_factory=dict)

    @property
    def filled_e8(self) -> int:
        """How much the fills known come to."""
        return sum(fill.size_e8 for fill in self.fills.values())

    @property
    def is_short(self) -> bool:
        """Whether fills are missing that the venue's word tells of."""
        return self.word is not None and self.filled_e8 < self.word.traded_e8

    @property
    def is_settled(self) -> bool:
        """Whether it has ended, with all its fills."""
        if self.word is None:
            return False
        has_ended = self.word.has_ended or self.filled_e8 >= size_e8(self.child)
        return has_ended and not self.is_short


class Resting:
    """All that wait, by our own ids."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}
        self._by_oid: dict[int, str] = {}

    def follow(self, child: ChildOrder, reference: str) -> Waiting:
        """Return what is known of a child; from now on it is followed."""
        return self._waiting.setdefault(reference, Waiting(child, reference))

    def get(self, reference: str) -> Waiting | None:
        """Return what is known of an order that is followed."""
        return self._waiting.get(reference)

    def drop(self, reference: str) -> None:
        """Forget one that has ended."""
        waiting = self._waiting.pop(reference, None)
        if waiting is not None and waiting.word is not None:
            self._by_oid.pop(waiting.word.oid, None)

    def accept(
        self, waiting: Waiting, oid: int, *, filled: str | None, at: TimestampNs, is_live: bool
    ) -> None:
        """Take the answer to its placing: it rests, or `filled` of it traded at once.

        That it rests does not say that none of it traded; a stream does.
        """
        filled_e8 = 0 if filled is None else reading.e8(filled, "totalSz")
        left_e8 = size_e8(waiting.child) - filled_e8
        is_whole = left_e8 <= 0
        report = told(waiting, oid, left_e8=left_e8, status="filled" if is_whole else "open")
        self._learn(waiting, report)
        says_all = is_live or waiting.child.time_in_force is TimeInForce.POST_ONLY
        waiting.looked_at = at if says_all else None
        waiting.unknown_at = None
        if filled is not None and not is_whole:
            waiting.suspect_at = at  # whether the rest waits was not said

    def report(self, report: OrderReport) -> str | None:
        """Take what was pushed of an order; return our id of it where it is followed."""
        waiting = self._of(report.oid, report.cloid)
        if waiting is None:
            return None
        self._learn(waiting, report)
        return waiting.reference

    def looked(
        self, waiting: Waiting, report: OrderReport, *, placed_ms: int, asked_at: TimestampNs
    ) -> None:
        """Take what the venue answered of an order."""
        self._learn(waiting, report)
        waiting.placed_ms, waiting.looked_at = placed_ms, asked_at
        waiting.unknown_at = None

    def unknown(self, waiting: Waiting, *, asked_at: TimestampNs) -> None:
        """Take the answer that the venue does not know it."""
        waiting.looked_at = waiting.unknown_at = asked_at

    def fill(self, fill: FillReport) -> str | None:
        """Take a fill of the account; return our id of its order where that is followed."""
        waiting = self._of(fill.oid, fill.cloid)
        if waiting is None:
            return None
        waiting.fills[fill.key] = fill
        return waiting.reference

    def suspect(self, references: Iterable[str], *, at: TimestampNs) -> None:
        """Note that orders may have ended."""
        for reference in references:
            waiting = self._waiting.get(reference)
            if waiting is not None:
                waiting.suspect_at = at

    def suspect_all(self, *, at: TimestampNs) -> None:
        """Note that news may have been missed."""
        self.suspect(self._waiting, at=at)

    def named(self, oids: Iterable[int]) -> tuple[str, ...]:
        """Return our ids of orders that the venue names by its own."""
        return tuple(self._by_oid[oid] for oid in oids if oid in self._by_oid)

    @property
    def references(self) -> tuple[str, ...]:
        """Every order that is followed."""
        return tuple(self._waiting)

    def due(self, now: TimestampNs, *, is_live: bool) -> tuple[Waiting, ...]:
        """Return those that have to be asked about now."""
        return tuple(
            waiting
            for waiting in self._waiting.values()
            if (moment := due_at(waiting, is_live=is_live)) is not None and moment <= now
        )

    def short(self) -> tuple[Waiting, ...]:
        """Return those whose fills are not all known, and can be asked for."""
        return tuple(
            waiting
            for waiting in self._waiting.values()
            if waiting.is_short and waiting.placed_ms is not None
        )

    def _of(self, oid: int, cloid: str | None) -> Waiting | None:
        reference = self._by_oid.get(oid, cloid)
        return None if reference is None else self._waiting.get(reference)

    def _learn(self, waiting: Waiting, report: OrderReport) -> None:
        symbol = waiting.child.legs[0].instrument.symbol
        if report.coin != symbol:
            raise MalformedDataError(f"the order is in {report.coin}, not in {symbol}")
        self._by_oid[report.oid] = waiting.reference
        if waiting.word is None or _weight(report) > _weight(waiting.word):
            waiting.word = report


def due_at(waiting: Waiting, *, is_live: bool) -> TimestampNs | None:
    """Return from when on an order has to be asked about; None where all is known of it."""
    looked_at, suspect_at = waiting.looked_at, waiting.suspect_at
    if waiting.is_settled:
        return None
    if looked_at is None:
        return TimestampNs(0)
    if suspect_at is not None and looked_at < suspect_at:
        return suspect_at
    word = waiting.word
    is_open_question = word is None or word.has_ended or waiting.is_short
    if is_open_question or (suspect_at is not None and looked_at < suspect_at + READ_LAG):
        return TimestampNs(looked_at + ASK_AGAIN)
    return TimestampNs(looked_at + (LOOK_EVERY if is_live else LOOK_EVERY_ALONE))


def resolution(waiting: Waiting) -> Resolution | None:
    """Return what is known of an order; None where the venue has not shown it."""
    word, instrument = waiting.word, waiting.child.legs[0].instrument
    if word is None:
        return None
    fills = fills_of(waiting)
    lots = waiting.child.legs[0].quantity.atoms // instrument.lot_atoms
    filled = sum(fill.quantity.atoms for fill in fills) // instrument.lot_atoms
    if word.has_ended and waiting.is_short:
        reason = f"{word.status}, but fills of {filled} lots alone are reported"
        return Resolution(OrderStatus.IN_DOUBT, fills, None, reason)
    if filled == lots:
        return Resolution(OrderStatus.FILLED, fills, None, "")
    status = translate.order_status(word.status, filled=filled, lots=lots)
    return Resolution(status, fills, None, word.status)


def fills_of(waiting: Waiting) -> tuple[Fill, ...]:
    """Return the fills of an order, oldest first."""
    child = waiting.child
    fills = (
        reading.child_fill(fill, child.id, child.legs[0].instrument)
        for fill in waiting.fills.values()
    )
    return tuple(sorted(fills, key=lambda fill: (fill.at_venue, fill.id)))


# An end outweighs what came before it; among equals, the one that tells of more trading.
def _weight(report: OrderReport) -> tuple[bool, int]:
    return report.has_ended, report.traded_e8


def size_e8(child: ChildOrder) -> int:
    """Return how much was ordered."""
    leg = child.legs[0]
    unit: int = 10 ** (E8_DECIMALS - size_decimals(leg.instrument))
    return leg.quantity.atoms // leg.instrument.lot_atoms * unit


def told(waiting: Waiting, oid: int, *, left_e8: int, status: str) -> OrderReport:
    """Return the report of an order by an answer that tells its rest and no more."""
    child = waiting.child
    return OrderReport(
        oid=oid,
        cloid=waiting.reference,
        coin=child.legs[0].instrument.symbol,
        is_buy=child.side is Side.BUY,
        size_e8=size_e8(child),
        left_e8=left_e8,
        status=status,
    )
