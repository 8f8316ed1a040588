"""The live market: what the streams said last, pool by pool and book by book.

Volatile: it is rebuilt from the venues after a restart. What a decision saw of it is journaled with
the decision. Refuses to answer from state that is stale, broken or incomplete.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from router.domain.error import BrokenPoolError, SequenceGapError, StaleDataError
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.market import (
    AnyPoolSnapshot,
    BookSnapshot,
    ChainReorganised,
    HeadAdvanced,
    MarketEvent,
    MarketTraded,
    PerpContext,
    PoolEvent,
    PoolQuarantined,
    PoolSnapshot,
    QuotedSnapshot,
    ReservesSnapshot,
    StreamLost,
    VenueWarned,
)
from router.domain.observation import Volume
from router.domain.price import SourcePrice
from router.domain.snapshot import Pace
from router.domain.units import NS_PER_S, DurationNs, InstrumentId, TimestampNs, VenueId
from router.liquidity.mid import has_mid, pool_mid
from router.liquidity.oracle import LiquidityError
from router.state.pool_memory import PoolMemory
from router.state.prices import averaged, book_mid, told_by_book, told_by_context, told_by_pool
from router.state.twap import Twap
from router.state.volume import Volumes

AVERAGE_WINDOW: Final = DurationNs(300 * NS_PER_S)


@dataclass(frozen=True, slots=True)
class Staleness:
    """How old what a venue told may be before no decision is based on it.

    Attributes
    ----------
    average_window : DurationNs
        What mean prices are of.
    """

    head_age_max: DurationNs
    book_age_max: DurationNs
    average_window: DurationNs = AVERAGE_WINDOW


class MarketView:
    """The last known state of every configured market; the runtime is its only writer.

    Parameters
    ----------
    run : str
        What its volumes are counted since; those of two runs do not compare.
    """

    def __init__(
        self, instruments: tuple[Instrument, ...], staleness: Staleness, run: str = ""
    ) -> None:
        self.instruments = {i.id: i for i in instruments}
        self._staleness = staleness
        self._pools: dict[InstrumentId, PoolMemory] = {}
        self._quarantined: dict[InstrumentId, str] = {}
        self._heads: dict[VenueId, HeadAdvanced] = {}  # also of venues whose stream is lost
        self._lost: set[VenueId] = set()
        self._books: dict[InstrumentId, BookSnapshot] = {}
        self._contexts: dict[InstrumentId, PerpContext] = {}
        self._volumes = Volumes(instruments, run)
        self._twaps = {i: Twap(staleness.average_window) for i in self.instruments}
        self.events_folded_count = 0

    def fold(self, event: MarketEvent) -> None:
        """Take in one event.

        Raises
        ------
        BrokenPoolError
            If a change does not follow from the state of its pool, or a snapshot contradicts
            itself; the pool is not used until its next snapshot, which must be asked for.
        SequenceGapError
            If a reorganisation goes further back than what is remembered; the venue must be asked
            for snapshots of all pools.
        """
        self.events_folded_count += 1
        match event:
            case HeadAdvanced():
                self._heads[event.venue] = event
                self._lost.discard(event.venue)
                self._average_pools(event)
            case BookSnapshot():
                self._books[event.instrument] = event
                self._average_book(event)
            case PerpContext():
                self._contexts[event.instrument] = event
            case MarketTraded():
                self._volumes.traded(event)
            case StreamLost():
                self._fold_loss(event.venue)
            case ChainReorganised():
                self._fold_reorganisation(event)
            case VenueWarned():
                return
            case _:
                self._fold_pool(event)

    def missing(self, now: TimestampNs) -> str | None:
        """Return what keeps the view from being complete and fresh, or None.

        Pools in quarantine are passed over, unless they are all that a chain has.
        """
        for instrument in self.instruments.values():
            if instrument.id in self._quarantined and not self._has_nothing_else(instrument.venue):
                continue
            try:
                self._check(instrument, now)
            except StaleDataError as error:
                return str(error)
        return None

    @property
    def quarantined(self) -> Mapping[InstrumentId, str]:
        """Why each pool that cannot be trusted now is not used."""
        return self._quarantined

    def head(self, venue: VenueId) -> HeadAdvanced | None:
        """Return the newest head of a chain venue; None before the first, or once it is lost."""
        return None if venue in self._lost else self._heads.get(venue)

    def pools(self) -> Iterator[tuple[Instrument, AnyPoolSnapshot]]:
        """Yield every pool with its last known state, however old."""
        return ((self.instruments[i], self._state(i, memory)) for i, memory in self._pools.items())

    def pool(self, instrument: InstrumentId, now: TimestampNs) -> AnyPoolSnapshot:
        """Return a pool after the newest block.

        Raises
        ------
        StaleDataError
            If there is no state that can be trusted, or the head is too old.
        """
        self._check(self.instruments[instrument], now)
        return self._state(instrument, self._pools[instrument])

    def book(self, instrument: InstrumentId, now: TimestampNs) -> tuple[BookSnapshot, PerpContext]:
        """Return a book and its context.

        Raises
        ------
        StaleDataError
            If either is absent or too old.
        """
        self._check(self.instruments[instrument], now)
        return self._books[instrument], self._contexts[instrument]

    def prices(self, instrument: InstrumentId, now: TimestampNs) -> tuple[SourcePrice, ...]:
        """Return what a market says of its price; nothing where it is stale."""
        known = self.instruments[instrument]
        try:
            if known.kind is InstrumentKind.SPOT_POOL:
                return told_by_pool(known, self.pool(instrument, now))
            book, context = self.book(instrument, now)
        except StaleDataError:
            return ()
        return (*told_by_book(known, book), *told_by_context(known, context))

    def average(self, instrument: InstrumentId, now: TimestampNs) -> tuple[SourcePrice, ...]:
        """Return the mean price of the last minutes, if one was seen."""
        known = self.instruments[instrument]
        mean = self._twaps[instrument].mean(now, (known.base.id, known.quote.id))
        return () if mean is None else (averaged(known, mean, now),)

    def paces(self) -> tuple[Pace, ...]:
        """Return how each market moved in the last minutes, as far as that was seen."""
        seen = ((instrument, *twap.drift()) for instrument, twap in self._twaps.items())
        return tuple(Pace(*one) for one in seen if one[2])

    def volumes(self, instruments: tuple[InstrumentId, ...]) -> tuple[Volume, ...]:
        """Return what markets have traded since they are followed; some tell no trades."""
        return self._volumes.of(instruments)

    def _average_pools(self, head: HeadAdvanced) -> None:
        for instrument, memory in self._pools.items():
            known, twap = self.instruments[instrument], self._twaps[instrument]
            if known.venue != head.venue or not twap.wants(head.received_at):
                continue
            pool = self._state(instrument, memory)
            if has_mid(pool):
                mid = pool_mid(known, pool)
                twap.add(head.received_at, mid, block=head.block.number)

    def _average_book(self, book: BookSnapshot) -> None:
        twap = self._twaps[book.instrument]
        if twap.wants(book.received_at):
            mid = book_mid(self.instruments[book.instrument], book)
            if mid is not None:
                twap.add(book.received_at, mid)

    def _check(self, instrument: Instrument, now: TimestampNs) -> None:
        if instrument.kind is InstrumentKind.SPOT_POOL:
            self._check_pool(instrument, now)
            return
        book = self._books.get(instrument.id)
        if book is None or instrument.id not in self._contexts:
            raise StaleDataError(f"{instrument.id}: no book or no mark price yet")
        _check_age(instrument, now - book.received_at, self._staleness.book_age_max)

    def _check_pool(self, instrument: Instrument, now: TimestampNs) -> None:
        reason = self._quarantined.get(instrument.id)
        if reason is not None:
            raise StaleDataError(f"{instrument.id}: is in quarantine: {reason}")
        head, memory = self.head(instrument.venue), self._pools.get(instrument.id)
        # A change of a block whose head has not come yet may be one of several.
        if memory is None or head is None or memory.changed_in > head.block.number:
            raise StaleDataError(f"{instrument.id}: no complete state of the pool yet")
        _check_age(instrument, now - head.received_at, self._staleness.head_age_max)

    def _state(self, instrument: InstrumentId, memory: PoolMemory) -> AnyPoolSnapshot:
        head, snapshot = self._heads.get(self.instruments[instrument].venue), memory.snapshot
        if head is None or head.block.number < snapshot.block.number:
            return memory.state(snapshot.block, snapshot.received_at)
        return memory.state(head.block, head.received_at)

    def _has_nothing_else(self, venue: VenueId) -> bool:
        pools = [i.id for i in self.instruments.values() if _is_pool_of(i, venue)]
        return all(i in self._quarantined for i in pools)

    def _fold_pool(self, event: PoolEvent | AnyPoolSnapshot | PoolQuarantined) -> None:
        match event:
            case PoolSnapshot() | ReservesSnapshot() | QuotedSnapshot():
                self._fold_snapshot(event)
            case PoolQuarantined():
                self._quarantine(event.instrument, event.reason)
            case _:
                self._fold_change(event)

    def _fold_snapshot(self, event: AnyPoolSnapshot) -> None:
        memory = self._pools.get(event.instrument)
        try:
            # Quotes come anew after every block; what they were is remembered for another branch.
            if isinstance(event, QuotedSnapshot) and memory is not None and memory.precedes(event):
                memory.requote(event)
            else:
                self._pools[event.instrument] = PoolMemory(event)
        except LiquidityError as error:
            raise self._broken(event.instrument, str(error)) from error
        self._quarantined.pop(event.instrument, None)

    def _fold_change(self, event: PoolEvent) -> None:
        memory = self._pools.get(event.instrument)
        if memory is None:
            if event.instrument in self._quarantined:
                return
            raise self._broken(event.instrument, "a change came before any snapshot")
        try:
            memory.apply(event)
        except LiquidityError as error:
            raise self._broken(event.instrument, f"block {event.block_number}: {error}") from error
        self._volumes.changed(event)

    def _fold_reorganisation(self, event: ChainReorganised) -> None:
        self._lost.add(event.venue)  # until the first head of the other branch
        head = self._heads.get(event.venue)
        if head is not None:
            self._heads[event.venue] = replace(head, block=event.ancestor)
        number = event.ancestor.number
        for known in self.instruments.values():
            if known.venue == event.venue:
                self._twaps[known.id].rewind(number)
                self._volumes.rewind(known.id, number)
        beyond = [
            instrument
            for instrument, memory in self._pools.items()
            if self.instruments[instrument].venue == event.venue and not memory.rewind(number)
        ]
        for instrument in beyond:
            self._quarantine(instrument, f"its state after block {number} is not remembered")
        if beyond:
            raise SequenceGapError(
                f"{event.venue}: {', '.join(beyond)} cannot be taken back to block {number}"
            )

    # Pools are kept: the chain goes on where it was, or sends snapshots of all of them.
    def _fold_loss(self, venue: VenueId) -> None:
        self._lost.add(venue)
        for instrument in self.instruments.values():
            if instrument.venue == venue:
                self._books.pop(instrument.id, None)
                self._contexts.pop(instrument.id, None)

    def _broken(self, instrument: InstrumentId, reason: str) -> BrokenPoolError:
        self._quarantine(instrument, reason)
        return BrokenPoolError(instrument, reason)

    def _quarantine(self, instrument: InstrumentId, reason: str) -> None:
        self._pools.pop(instrument, None)
        self._quarantined[instrument] = reason


def _is_pool_of(instrument: Instrument, venue: VenueId) -> bool:
    return instrument.venue == venue and instrument.kind is InstrumentKind.SPOT_POOL


def _check_age(instrument: Instrument, age: int, age_max: DurationNs) -> None:
    if age > age_max:
        raise StaleDataError(
            f"{instrument.id}: last word of {instrument.venue} is {age / NS_PER_S:.1f} s old,"
            f" the limit is {age_max / NS_PER_S:.1f} s"
        )
