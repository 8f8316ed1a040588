"""Venues that do as they are told, a clock that jumps, and a runtime on a real journal."""

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from router import engine
from router.domain.error import NotSentError, RejectedError
from router.domain.market import BlockRef, HeadAdvanced
from router.domain.order import TERMINAL, Fill, GasPaid, OrderStatus, SignedChild
from router.domain.units import Amount, DurationNs, Rounding, TimestampNs
from router.journal.codec import decode_event
from router.journal.replay import replay
from router.port import Resolution
from router.shell import store
from router.shell.reader import Reader
from router.shell.runtime import Parts, Runtime
from router.state.market import MarketView, Staleness
from router.state.world import World
from tests.unit.engine.scene import (
    CHAIN,
    ETH,
    ETHER,
    MARGIN,
    MID,
    PERP,
    POOL,
    STARTED,
    T0,
    USDC,
    accounts,
    observation,
    plan,
)

DEADLINE_S = 20.0
GAS_ATOMS = 10**14
SNAPSHOT = replace(observation().pools[0], tick=-196_257)
BOOK, CONTEXT = observation().books[0], observation().contexts[0]
HEAD = HeadAdvanced(POOL.venue, BlockRef(7, "0x07", "0x06", T0), 10**9, 10**8, T0)
FOREVER = Staleness(DurationNs(10**18), DurationNs(10**18))


def run(coroutine):
    """Run to the end, or fail rather than hang."""

    async def bounded():
        async with asyncio.timeout(DEADLINE_S):
            return await coroutine

    return asyncio.run(bounded())


class JumpClock:
    """Time that passes only by being slept through."""

    def __init__(self):
        self.time = T0

    def now(self):
        return TimestampNs(self.time)

    async def sleep(self, duration):
        self.time += duration
        await asyncio.sleep(0)


@dataclass
class Told:
    """What a venue answers to the next calls of one kind; once told out, it does well."""

    answers: deque = field(default_factory=deque)
    calls: list = field(default_factory=list)

    def take(self, *call):
        self.calls.append(call)
        answer = self.answers.popleft() if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeVenue:
    """A venue in memory: fills at the mid, and its account says so afterwards."""

    def __init__(self, instrument, account, opening):
        self.id = instrument.venue
        self.account = account
        self.instrument = instrument
        self.opening = opening
        self.signs, self.submits, self.resolves, self.reads = Told(), Told(), Told(), Told()
        self.replaces = Told()
        self.streams_count = 0
        self.emit = None
        self.moved = {}
        self.known = set()  # children that had their effect, which none has twice
        self._streaming = asyncio.Condition()

    async def start(self):
        """Do nothing: it is here."""

    async def close(self):
        """Do nothing: it stays."""

    async def stream(self, emit):
        self.emit = emit
        for event in self.opening:
            emit(event)
        async with self._streaming:
            self.streams_count += 1
            self._streaming.notify_all()
        await asyncio.Event().wait()

    async def streamed(self, times):
        """Return once the stream was begun so many times."""
        async with self._streaming:
            await self._streaming.wait_for(lambda: self.streams_count >= times)

    async def read_account(self):
        self.reads.take()
        told = accounts(**self.moved, later=len(self.known))  # read after what it has traded
        own = next(a for a in told if a.account == self.account)
        nonce = None if own.next_nonce is None else own.next_nonce + len(self.known)
        return replace(own, next_nonce=nonce)

    async def sign(self, child):
        self.signs.take(child.id)
        return SignedChild(child.id, f"ref-{child.id}", child.nonce, "bytes")

    async def submit(self, child, signed):
        try:
            self.submits.take(child.id, signed.payload)
        except (NotSentError, RejectedError):
            raise
        except Exception:
            self._trade(child)  # whatever the caller is told, the venue has it
            raise
        self._trade(child)

    async def resolve(self, child, attempts):
        answer = self.resolves.take(child.id, attempts)
        if answer is not None and answer.status not in TERMINAL:
            return answer
        self._trade(child)  # the same bytes, sent again if they never came
        return answer or filled(child)

    async def replace(self, child, attempts, replacement):
        self.replaces.take(child.id, attempts, replacement)
        name = f"ref-{child.id}-{len(attempts) + 1}"
        return SignedChild(child.id, name, child.nonce, "other bytes", replacement)

    def _trade(self, child):
        if child.id in self.known:
            return
        self.known.add(child.id)
        for leg in child.legs:
            quantity = leg.quantity.atoms
            cash = -MID.notional(leg.quantity, Rounding.UP).atoms
            if leg.instrument.id == PERP.id:
                self._move(lots=quantity // PERP.lot_atoms, cash=cash)
            else:
                self._move(eth=quantity, usdc=cash)
        if self.instrument is POOL:
            self._move(native=-GAS_ATOMS)

    def _move(self, **changes):
        for name, atoms in changes.items():
            self.moved[name] = self.moved.get(name, 0) + atoms


def filled(child):
    """Say that a child filled whole, at the mid."""
    return Resolution(
        status=OrderStatus.FILLED,
        fills=fills_of(child),
        gas=GasPaid(GAS_ATOMS, 100_000, 7, "0x07") if child.account == CHAIN else None,
        reason="",
    )


def fills_of(child):
    return tuple(
        Fill(
            id=f"{child.id}-{leg.instrument.id}",
            child=child.id,
            instrument=leg.instrument.id,
            quantity=leg.quantity,
            notional=MID.notional(leg.quantity, Rounding.UP),
            fee=Amount(USDC.id, 0),
            at_venue=T0,
        )
        for leg in child.legs
    )


class ByHand:
    """A solver that gives books four ether and pools the rest."""

    def __init__(self):
        self.problems = []

    async def solve(self, problem):
        self.problems.append(problem)
        left = problem.quantity.atoms // ETHER
        parts = [(b.instrument, min(left, 4)) for b in problem.books[:1]]
        left -= sum(n for _, n in parts)
        parts += [(p.instrument, left) for p in problem.pools[:1] if left]
        return plan(problem, *parts)


class Floor:
    """Two venues, a reader over them, and what a runtime is made of."""

    def __init__(self):
        self.clock = JumpClock()
        self.chain = FakeVenue(POOL, CHAIN, (SNAPSHOT, HEAD))
        self.perp = FakeVenue(PERP, MARGIN, (BOOK, CONTEXT))
        self.solver = ByHand()
        self.market = MarketView((POOL, PERP), FOREVER)
        self.reader = Reader(
            {POOL.venue: self.chain, PERP.venue: self.perp},
            self.market,
            natives={POOL.venue: ETH.id},
            clock=self.clock,
        )

    def restarted(self):
        """Return the floor after a restart of ours: venues and time went on, we know nothing."""
        again = Floor()
        for ours, theirs in ((again.chain, self.chain), (again.perp, self.perp)):
            ours.moved, ours.known = theirs.moved, theirs.known
        again.clock.time = self.clock.time
        return again

    @asynccontextmanager
    async def running(self, journal, world=None):
        """Run a runtime on a journal until the block is left."""
        parts = Parts(self.reader, self.solver, journal, self.clock)
        runtime = Runtime(parts, world or World())
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(runtime.run(STARTED, stop))
            await runtime.started.wait()
            try:
                yield runtime
            finally:
                stop.set()


@asynccontextmanager
async def opened(path):
    """Open a real journal under the name that the scene's engine starts with."""
    journal = store.open_journal(path, journal_id=STARTED.journal_id)
    try:
        yield journal
    finally:
        journal.close()


async def work(floor, path, asked, *, world=None):
    """Take one order to its end and return the world it leaves."""
    async with opened(path) as journal, floor.running(journal, world) as runtime:
        runtime.submit(asked)
        await runtime.finished(asked.id)
        return runtime.world


def replayed(path):
    result = replay(store.read(path), engine.step, World(), journal_id=STARTED.journal_id)
    assert result.fault is None
    return result


def kinds(path):
    return [type(e).__name__ for e in events(path)]


def events(path):
    return [decode_event(record.event) for record in store.read(path)]
