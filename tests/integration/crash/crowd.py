"""A journal with very many open children, and a process that says how long a start on it takes.

The journal is written by the engine itself, on a desk of several scripted books where every order
rests. Started as a program it opens that desk as the daemon does, on venues that answer at once,
and prints one line of JSON: seconds for the imports, the replay, the connecting, and until all
accounts have been looked at.
"""

import time

BEGAN = time.monotonic()  # before the imports, which are a part of what is measured

import asyncio  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

import orjson  # noqa: E402
import uvloop  # noqa: E402

from router import engine  # noqa: E402
from router.compose import desk as desk_module  # noqa: E402
from router.compose.assembly import Assembly  # noqa: E402
from router.compose.desk import open_desk  # noqa: E402
from router.domain.account import AccountSnapshot, Position  # noqa: E402
from router.domain.command import SignChild, SolveRoute  # noqa: E402
from router.domain.event import (  # noqa: E402
    AccountsObserved,
    ChildAcknowledged,
    ChildSigned,
    EngineStarted,
    MarketObserved,
    ParentSubmitted,
    RouteSolved,
)
from router.domain.market import BookSnapshot, PerpContext  # noqa: E402
from router.domain.observation import Observation  # noqa: E402
from router.domain.order import OrderStatus, SignedChild  # noqa: E402
from router.domain.units import AccountId, Amount, InstrumentId, Pico, TimestampNs, VenueId  # noqa: E402
from router.journal import codec  # noqa: E402
from router.journal.record import make_record, trace  # noqa: E402
from router.port import Resolution, VenueSetup  # noqa: E402
from router.shell import config as config_module  # noqa: E402
from router.shell import observe, store  # noqa: E402
from router.shell.build import deciding_build  # noqa: E402
from router.shell.checkpoint_store import Checkpoints, checkpoint_path  # noqa: E402
from router.shell.clock import SystemClock  # noqa: E402
from router.state.world import World  # noqa: E402
from tests.unit.engine.scene import DOLLAR, ETH, LIMITS, PERP, T0, USDC, leg, order, plan  # noqa: E402

IMPORTED = time.monotonic()

BOOKS_COUNT = 10  # children of one parent
QUANTITY = Amount(ETH.id, 10**16)
JOURNAL_ID = "crowd"
FAR = TimestampNs(T0 + 10**18)
BOOKS = tuple(
    replace(
        PERP,
        id=InstrumentId(f"book{n}:ETH"),
        venue=VenueId(f"book{n}"),
        account=AccountId(f"book{n}:0xbb"),
    )
    for n in range(BOOKS_COUNT)
)


def account_of(book, at):
    """Return an account that has not moved: what rests has taken nothing."""
    cash = (Amount(USDC.id, 5_000_000 * DOLLAR),)
    return AccountSnapshot(
        account=book.account,
        balances=cash,
        spendable=cash,
        positions=(Position(book.id, 0, 10),),
        equity_atoms=cash[0].atoms,
        margin_used_atoms=0,
        next_nonce=None,
        block=None,
        received_at=at,
        at_venue=at,
    )


def observed(at):
    return Observation(
        pools=(),
        books=tuple(
            BookSnapshot(b.id, ((299_990, 10_000),), ((300_010, 10_000),), at, at) for b in BOOKS
        ),
        contexts=tuple(PerpContext(b.id, 300_000, 300_000, Pico(12_500_000), at) for b in BOOKS),
        accounts=tuple(account_of(b, at) for b in BOOKS),
        gas=(),
    )


def story(parents_count):
    """Yield events, the commands they led to and the world after them, until every order rests."""
    world, now = World(), T0

    def feed(event):
        nonlocal world, now
        now += 1_000_000
        world, commands = engine.step(world, event)
        made.append((event, commands, world))
        return commands

    made = []
    feed(EngineStarted(JOURNAL_ID, BOOKS, LIMITS, "test", TimestampNs(now)))
    feed(AccountsObserved(tuple(account_of(b, now) for b in BOOKS), world.epoch, now))
    for number in range(parents_count):
        parent = replace(
            order(name=str(number)),
            quantity=Amount(ETH.id, QUANTITY.atoms * BOOKS_COUNT),
            deadline_at=FAR,
            submitted_at=now,
        )
        feed(ParentSubmitted(parent, now))
        (solve,) = (
            c
            for c in feed(MarketObserved(parent.id, observed(now), now))
            if isinstance(c, SolveRoute)
        )
        parts = replace(plan(solve.problem), legs=tuple(leg(b, QUANTITY) for b in BOOKS))
        for command in feed(RouteSolved(parent.id, parts, now)):
            assert isinstance(command, SignChild)
            child = command.child
            signed = SignedChild(child.id, f"0x{child.nonce:032x}", child.nonce, "{}" * 200)
            feed(ChildSigned(child.id, signed, now))
            feed(ChildAcknowledged(child.id, now))
        yield from made
        made.clear()


def write(path, parents_count, *, behind):
    """Write the journal, and a checkpoint that is so many records behind; return the records."""
    return asyncio.run(_write(path, parents_count, behind))


async def _write(path, parents_count, behind):
    journal = store.open_journal(path, journal_id=JOURNAL_ID)
    kept_at = max(1, 2 + parents_count * (3 + 2 * BOOKS_COUNT) - behind)
    keeper = Checkpoints(
        checkpoint_path(path),
        journal_id=JOURNAL_ID,
        build=deciding_build(),
        kept=None,
        clock=SystemClock(),
    )
    count, last = 0, None
    try:
        for event, commands, world in story(parents_count):
            last = journal.append(make_record(journal.tip, codec.encode(event), trace(commands)))
            count += 1
            if count == kept_at:
                await last
                keeper.keep(world, journal.tip)
            if count % 1_000 == 0:
                await last
        await last
    finally:
        journal.close()
    return count


class RestingVenue:
    """A book where everything rests and nothing trades."""

    def __init__(self, book):
        self.id, self.account, self.book = book.venue, book.account, book
        self.asked = set()

    async def start(self):
        """Do nothing: it is here."""

    async def close(self):
        """Do nothing: it stays."""

    async def stream(self, emit):
        now = SystemClock().now()
        emit(BookSnapshot(self.book.id, ((299_990, 10_000),), ((300_010, 10_000),), now, now))
        emit(PerpContext(self.book.id, 300_000, 300_000, Pico(12_500_000), now))
        await asyncio.Event().wait()

    async def read_account(self):
        return account_of(self.book, SystemClock().now())

    async def resolve(self, child, _attempts):
        self.asked.add(child.id)
        return Resolution(OrderStatus.NEW, (), None, "")


class NoSolver:
    """Nothing is planned here."""


async def _start(config, journal):
    clock = SystemClock()
    loaded = replace(config_module.load(config, {}), journal=journal, limits=LIMITS)
    setups = tuple(
        VenueSetup(RestingVenue(b), (b,), native=None, approve=None, real_money=False)
        for b in BOOKS
    )
    marks = {"began": BEGAN, "imported": IMPORTED, "configured": time.monotonic()}
    resumed = desk_module.resumed

    def timed(*args, **options):
        found = resumed(*args, **options)
        marks["replayed"] = time.monotonic()
        return found

    desk_module.resumed = timed
    async with open_desk(Assembly(loaded, setups, clock), solver=NoSolver()) as desk:
        marks["started"] = time.monotonic()
        looked = asyncio.Event()
        desk.runtime.watch(lambda _event, world: world.is_ready and looked.set())
        await looked.wait()
        marks["looked"] = time.monotonic()
        marks["cpu"] = time.process_time()
        marks["open"] = len(desk.runtime.world.open)
        sys.stdout.write(orjson.dumps(marks).decode() + "\n")
        sys.stdout.flush()
        os._exit(0)  # as a kill would: nothing is written at the end


if __name__ == "__main__":
    observe.configure(verbose=False)
    uvloop.run(_start(Path(sys.argv[1]), Path(sys.argv[2])))
