"""The live market: what the streams said last, pool by pool and book by book.

Volatile: it is rebuilt from the venues after a restart. What a decision saw of it is journaled with
the decision. Refuses to answer from state that is stale, broken or incomplete.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from router.domain.error import SequenceGapError, StaleDataError
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.market import (
    BlockRef,
    BookSnapshot,
    HeadAdvanced,
    MarketEvent,
    PerpContext,
    PoolLiquidityChanged,
    PoolSnapshot,
    PoolSwapped,
    StreamLost,
)
from router.domain.units import NS_PER_S, DurationNs, InstrumentId, TimestampNs, VenueId
from router.liquidity import concentrated
from router.liquidity.oracle import LiquidityError


@dataclass(frozen=True, slots=True)
class Staleness:
    """How old what a venue told may be before no decision is based on it."""

    head_age_max: DurationNs
    book_age_max: DurationNs


@dataclass(slots=True)
class _PoolState:
    snapshot: PoolSnapshot
    pool: concentrated.Pool
    dirty: bool = False  # changed by a log of a block whose head has not come yet


class MarketView:
    """The last known state of every configured market; the runtime is its only writer."""

    def __init__(self, instruments: tuple[Instrument, ...], staleness: Staleness) -> None:
        self.instruments = {i.id: i for i in instruments}
        self._staleness = staleness
        self._pools: dict[InstrumentId, _PoolState] = {}
        self._heads: dict[VenueId, HeadAdvanced] = {}
        self._books: dict[InstrumentId, BookSnapshot] = {}
        self._contexts: dict[InstrumentId, PerpContext] = {}
        self.events_folded_count = 0

    def fold(self, event: MarketEvent) -> None:
        """Take in one event.

        Raises
        ------
        SequenceGapError
            If a change does not follow from the state before it, or a snapshot contradicts itself;
            the pool is dropped, and the venue must be asked for a snapshot.
        """
        self.events_folded_count += 1
        match event:
            case PoolSnapshot():
                self._fold_snapshot(event)
            case PoolSwapped() | PoolLiquidityChanged():
                self._fold_pool(event)
            case HeadAdvanced():
                self._fold_head(event)
            case BookSnapshot():
                self._books[event.instrument] = event
            case PerpContext():
                self._contexts[event.instrument] = event
            case StreamLost():
                self._forget(event.venue)

    def missing(self, now: TimestampNs) -> str | None:
        """Return what keeps the view from being complete and fresh, or None."""
        for instrument in self.instruments.values():
            try:
                self._check(instrument, now)
            except StaleDataError as error:
                return str(error)
        return None

    def head(self, venue: VenueId) -> HeadAdvanced | None:
        """Return the newest head of a chain venue, or None before the first."""
        return self._heads.get(venue)

    def pools(self) -> Iterator[tuple[Instrument, PoolSnapshot]]:
        """Yield every pool with its last known state, however old."""
        return ((self.instruments[i], state.snapshot) for i, state in self._pools.items())

    def pool(self, instrument: InstrumentId, now: TimestampNs) -> PoolSnapshot:
        """Return a pool after the newest block.

        Raises
        ------
        StaleDataError
            If there is no snapshot, or the head is too old.
        """
        self._check(self.instruments[instrument], now)
        return self._pools[instrument].snapshot

    def book(self, instrument: InstrumentId, now: TimestampNs) -> tuple[BookSnapshot, PerpContext]:
        """Return a book and its context.

        Raises
        ------
        StaleDataError
            If either is absent or too old.
        """
        self._check(self.instruments[instrument], now)
        return self._books[instrument], self._contexts[instrument]

    def _check(self, instrument: Instrument, now: TimestampNs) -> None:
        if instrument.kind is InstrumentKind.SPOT_POOL:
            head = self._heads.get(instrument.venue)
            state = self._pools.get(instrument.id)
            if state is None or head is None or state.dirty:
                raise StaleDataError(f"{instrument.id}: no complete state of the pool yet")
            _check_age(instrument, now - head.received_at, self._staleness.head_age_max)
            return
        book = self._books.get(instrument.id)
        if book is None or instrument.id not in self._contexts:
            raise StaleDataError(f"{instrument.id}: no book or no mark price yet")
        _check_age(instrument, now - book.received_at, self._staleness.book_age_max)

    def _fold_snapshot(self, event: PoolSnapshot) -> None:
        self._pools.pop(event.instrument, None)
        try:
            pool = _pool_of(event)
            concentrated.check(pool)
        except LiquidityError as error:
            raise SequenceGapError(f"{event.instrument}: {error}") from error
        self._pools[event.instrument] = _PoolState(event, pool)

    def _fold_pool(self, event: PoolSwapped | PoolLiquidityChanged) -> None:
        state = self._pools.get(event.instrument)
        if state is None:
            raise SequenceGapError(f"{event.instrument}: a change came before any snapshot")
        try:
            state.pool = _after(state.pool, event)
        except LiquidityError as error:
            del self._pools[event.instrument]
            raise SequenceGapError(f"{event.instrument}: {error}") from error
        state.dirty = True

    def _fold_head(self, event: HeadAdvanced) -> None:
        self._heads[event.venue] = event
        for instrument, state in self._pools.items():
            if self.instruments[instrument].venue == event.venue:
                block = max(state.snapshot.block, event.block, key=_number)
                state.snapshot = _snapshot_of(state, block, event.received_at)
                state.dirty = False

    def _forget(self, venue: VenueId) -> None:
        self._heads.pop(venue, None)
        for instrument in self.instruments.values():
            if instrument.venue == venue:
                self._pools.pop(instrument.id, None)
                self._books.pop(instrument.id, None)
                self._contexts.pop(instrument.id, None)


def _number(block: BlockRef) -> int:
    return block.number


def _check_age(instrument: Instrument, age: int, age_max: DurationNs) -> None:
    if age > age_max:
        raise StaleDataError(
            f"{instrument.id}: last word of {instrument.venue} is {age / NS_PER_S:.1f} s old,"
            f" the limit is {age_max / NS_PER_S:.1f} s"
        )


def _pool_of(snapshot: PoolSnapshot) -> concentrated.Pool:
    return concentrated.Pool(
        fee_pips=snapshot.fee_pips,
        tick_spacing=snapshot.tick_spacing,
        sqrt_price_x96=snapshot.sqrt_price_x96,
        tick=snapshot.tick,
        liquidity=snapshot.liquidity,
        ticks=snapshot.ticks,
    )


def _after(pool: concentrated.Pool, event: PoolSwapped | PoolLiquidityChanged) -> concentrated.Pool:
    match event:
        case PoolSwapped():
            moved = replace(
                pool,
                sqrt_price_x96=event.sqrt_price_x96,
                tick=event.tick,
                liquidity=event.liquidity,
            )
            # The liquidity in the event must follow from our ticks, else a change was missed.
            concentrated.check(moved)
            return moved
        case PoolLiquidityChanged():
            return concentrated.modify_liquidity(
                pool,
                lower=event.tick_lower,
                upper=event.tick_upper,
                delta=event.liquidity_delta,
            )


def _snapshot_of(state: _PoolState, block: BlockRef, received_at: TimestampNs) -> PoolSnapshot:
    pool = state.pool
    return replace(
        state.snapshot,
        block=block,
        sqrt_price_x96=pool.sqrt_price_x96,
        tick=pool.tick,
        liquidity=pool.liquidity,
        ticks=pool.ticks,
        received_at=received_at,
    )
