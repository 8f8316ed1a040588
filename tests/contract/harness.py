"""What a venue brings to the contract suite: itself, started, against a real counterparty.

A harness can do to the counterparty what a clause needs done (lose an answer, cut a connection,
move the market, let time pass) and can look at it by other means than the venue's own code. It
inherits nothing: satisfying `Harness` is enough, with `PerpHarness` where there is margin and
`ChainHarness` where there are blocks.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from router.domain.error import MarketDataError
from router.domain.instrument import Instrument
from router.domain.market import MarketEvent, StreamLost
from router.domain.order import ChildOrder, TimeInForce
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import NS_PER_S, Amount, DurationNs, Pips, Side, TimestampNs
from router.port import Approve, Venue, VenueSetup
from router.state.market import MarketView, Staleness
from tests.contract.ground import Ground

LIFETIME = DurationNs(30 * NS_PER_S)
PAST_DEADLINE = DurationNs(6 * NS_PER_S)  # what a venue may allow for clocks that differ, and more
_HASTE = 100  # pauses between attempts to connect are shortened, deadlines are not
_NEVER_STALE = DurationNs(3600 * NS_PER_S)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the account has of the traded pair, as the counterparty itself says."""

    base_atoms: int
    quote_atoms: int


@dataclass(slots=True)
class HarnessClock:
    """The machine's time, which a harness may put forward."""

    ahead_ns: int = 0

    def now(self):
        return TimestampNs(time.time_ns() + self.ahead_ns)

    async def sleep(self, duration):
        await asyncio.sleep(duration / NS_PER_S / _HASTE)


class Harness(Protocol):
    """One started venue, its counterparty, and the hands of a rehearsal's director.

    Attributes
    ----------
    traded : Instrument
        Whose base and quote `Holdings` are counted in; every child trades this pair.
    """

    venue: Venue
    clock: HarnessClock
    instruments: Sequence[Instrument]
    traded: Instrument

    def build(self) -> Venue:
        """Make another venue of the same configuration, not started; closed with the harness."""
        ...

    async def child(self, side: Side) -> ChildOrder:
        """Return a small exact child whose bounds the market meets, read from the venue itself."""
        ...

    async def child_beyond_bound(self) -> ChildOrder:
        """Return a child whose bound the market misses by as little as the venue can tell."""
        ...

    async def child_beyond_depth(self) -> tuple[ChildOrder, int]:
        """Return a child that can fill in part, and how many base atoms its bound admits."""
        ...

    def move_market(self) -> None:
        """Let somebody else move the price up, beyond the bounds of a buying `child`."""
        ...

    async def transfer(self, atoms: int) -> None:
        """Let the quote asset come to the account, or leave it where negative, without a trade."""
        ...

    def silence(self) -> None:
        """Lose the answer to the next submission; it takes effect all the same."""
        ...

    def cut(self) -> None:
        """Break every connection to the venue; new ones can be made."""
        ...

    def mute(self, *, on: bool) -> None:
        """Keep streams open and say nothing over them, for longer than the venue puts up with."""
        ...

    async def vanish(self) -> None:
        """End the counterparty: nobody listens there any more."""
        ...

    def pass_deadline(self, child: ChildOrder) -> None:
        """Let time pass, here and there, until the child's deadline is well behind."""
        ...

    def effects(self) -> int:
        """Return how many orders of the account have taken effect at the counterparty."""
        ...

    def holdings(self) -> Holdings:
        """Return what the account has, read from the counterparty."""
        ...

    def truth(self) -> object:
        """Return the state of every market, read from the counterparty."""
        ...

    def seen(self, view: MarketView) -> object:
        """Return the state of every market as the venue told it, in the terms of `truth`."""
        ...


class PerpHarness(Harness, Protocol):
    """A harness whose venue holds positions on margin."""

    def settle_funding(self, rate: Fraction) -> None:
        """Let a settlement pass at this rate of a position's value; longs pay a positive one."""
        ...


class BookHarness(Harness, Protocol):
    """A harness at whose venue orders can wait."""

    async def waiting_child(self, side: Side, when: TimeInForce) -> ChildOrder:
        """Return a child that would wait; a selling one trades once the market has moved."""
        ...

    async def crossing_child(self, side: Side, when: TimeInForce) -> ChildOrder:
        """Return a child that would trade at once."""
        ...

    def waiting_count(self) -> int:
        """Return how many orders of the account wait, as the counterparty says."""
        ...


class ChainHarness(Harness, Protocol):
    """A harness whose venue sends transactions.

    Attributes
    ----------
    approve : Approve
        What the venue offers for allowances.
    """

    approve: Approve

    def coin_atoms(self) -> int:
        """Return what the account has of the coin that gas is paid in."""
        ...

    def has_block(self, block_hash: str) -> bool:
        """Tell whether a block is part of the chain now."""
        ...

    def nonces_used(self) -> int:
        """Return how many transactions of the account there are in blocks."""
        ...

    def reorganise(self) -> None:
        """Replace the newest block by an empty one."""
        ...

    def hold_blocks(self) -> None:
        """Have no transaction in a block from now on, until `make_block`."""
        ...

    def make_block(self, *, is_expensive: bool = False) -> None:
        """Make one, with what waits; an expensive one is beyond what was offered before it."""
        ...

    def build_mistaken(self) -> VenueSetup:
        """Make another venue that takes one pool for what it is not, not started."""
        ...


class ChangingFeeHarness(Harness, Protocol):
    """A harness whose venue's markets charge what they like."""

    def change_fee(self) -> None:
        """Let a market charge another fee, which nothing tells of."""
        ...


MakeHarness = Callable[[Ground], AbstractAsyncContextManager[Harness]]


@dataclass(slots=True)
class Tape:
    """What a stream told, and the market that follows from it."""

    view: MarketView
    events: list[MarketEvent] = field(default_factory=list)
    gaps: list[MarketDataError] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, event):
        self.events.append(event)
        try:
            self.view.fold(event)
        except MarketDataError as error:  # not thrown back, or the venue would recover from it
            self.gaps.append(error)
        self._more.set()

    async def until(self, condition):
        while not condition():
            self._more.clear()
            await self._more.wait()

    def losses(self, since=0):
        return [e for e in self.events[since:] if isinstance(e, StreamLost)]


@asynccontextmanager
async def streaming(harness, *, setup=None, emit_to=None):
    """Keep a venue's stream on tape; every change must follow from what came before it.

    Parameters
    ----------
    setup : VenueSetup | None
        Of another venue than the harness's own.
    emit_to : function | None
        Makes of the tape what the venue emits to, where that is not the tape itself.
    """
    other = harness if setup is None else setup
    instruments = tuple(other.instruments)
    tape = Tape(MarketView(instruments, Staleness(_NEVER_STALE, _NEVER_STALE)))
    emit = tape.emit if emit_to is None else emit_to(tape)
    task = asyncio.create_task(other.venue.stream(emit))
    try:
        yield tape
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), f"a stream ends by cancelling only: {task.exception()!r}"
    assert not tape.gaps


def is_complete(harness, tape):
    return tape.view.missing(harness.clock.now()) is None


async def market_now(harness):
    """Return the market as a stream of its own tells it, complete."""
    async with streaming(harness) as tape:
        await tape.until(lambda: is_complete(harness, tape))
    return tape.view


def leg(instrument, side, *, quantity_atoms, notional_atoms, bound_atoms, limit_ticks=None):
    return Leg(
        instrument=instrument,
        side=side,
        quantity_kind=QuantityKind.BASE,
        quantity=Amount(instrument.base.id, quantity_atoms),
        notional=Amount(instrument.quote.id, notional_atoms),
        bound=Amount(instrument.quote.id, bound_atoms),
        limit_ticks=limit_ticks,
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
    )


def order(harness, legs, *, number, nonce):
    return ChildOrder(
        id=f"child-{number}",
        parent="parent-1",
        venue=harness.venue.id,
        account=harness.venue.account,
        side=legs[0].side,
        legs=tuple(legs),
        nonce=nonce,
        deadline_at=TimestampNs(harness.clock.now() + LIFETIME),
        round=0,
        stage=0,
    )


def with_quantity(child, atoms):
    """Return the child with another quantity in its first leg."""
    first, *rest = child.legs
    changed = replace(first, quantity=replace(first.quantity, atoms=atoms))
    return replace(child, legs=(changed, *rest))
