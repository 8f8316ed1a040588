"""One run from one seed: the real engine and shell in a world that is made up, from start to rest.

The process is started, crashed and started again on what its disk has kept; the venues go on all
the while. Faults stop after a while, and then everything must come to rest.
"""

import asyncio
import traceback
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from router import engine
from router.domain.command import Command
from router.domain.event import Event
from router.domain.order import ChildOrder, SignedChild
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import NS_PER_S, DurationNs
from router.journal.replay import replay
from router.shell.reader import Reader
from router.shell.runtime import Parts, Runtime
from router.shell.switchboard import Switchboard
from router.simulation import clients, weather
from router.simulation.chain import Chain
from router.simulation.chain_venue import ChainVenue, Means
from router.simulation.checks_desk import SameAgain
from router.simulation.clients import FAULTS_END_S, Desk, Script
from router.simulation.disk import Disk, Journal
from router.simulation.exchange import Exchange
from router.simulation.exchange_venue import ExchangeVenue
from router.simulation.inspector import Inspector, Violation
from router.simulation.link import Link
from router.simulation.scene import End, Truth
from router.simulation.solver import SimulatedSolver
from router.simulation.town import CHAIN, ETH, EXCHANGE, INSTRUMENTS, JOURNAL_ID, STARTED
from router.simulation.transaction import Mined
from router.simulation.virtual_time import SkewedClock, VirtualTimeLoop
from router.state.market import MarketView, Staleness
from router.state.recorded import Recorded
from router.state.world import World

_STALENESS: Final = Staleness(DurationNs(12 * NS_PER_S), DurationNs(6 * NS_PER_S))
_REST_BY_S: Final = 240.0  # of orders whose deadlines all lie in the first 100
_AFTERMATH_S: Final = 16.0  # longer than anything can still be on its way
_LOOK_EVERY_S: Final = 1.0
_ASK_AGAIN_S: Final = 10.0
_LEAST_S: Final = 0.001
_REPLAYED_EVERY: Final = 4  # seeds: it takes a quarter of a run, and every restart replays, too
_CRASHES_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run came out.

    Attributes
    ----------
    digest : str
        Of all records, sendings and effects: equal for equal runs.
    orders, filled : int
        How many there were, and how many of them traded to the end.
    """

    seed: int
    violation: Violation | None
    digest: str
    events_count: int
    sendings_count: int
    effects_count: int
    lives_count: int
    orders: int
    filled: int
    virtual_s: float


def simulate(seed: int) -> Outcome:
    """Run one seed to its end."""
    loop = VirtualTimeLoop()
    try:
        run = _Run(seed, loop)
        loop.run_until_complete(run.work())
        return run.outcome()
    finally:
        loop.close()


@dataclass(slots=True)
class _Life:
    """One process, from its start to its crash."""

    runtime: Runtime
    journal: Journal
    switchboard: Switchboard
    clock: SkewedClock
    stop: asyncio.Event
    task: "asyncio.Task[None]"
    asked_s: dict[int, float]


class _Run:
    """What one seed is made of."""

    def __init__(self, seed: int, loop: VirtualTimeLoop) -> None:
        self._seed = seed
        self._loop = loop
        self._weather = weather.drawn(self._rng("weather"))
        self._chain = Chain(loop, self._rng("chain"), self._now)
        self._exchange = Exchange(loop, self._rng("exchange"), self._now)
        self._disk = Disk()
        self._ended = asyncio.Event()
        self._truth = Truth(self._chain, self._exchange)
        self._inspector = Inspector(self._truth, self._ended.set)
        self._chain.on_mined = self._mined
        self._exchange.on_fill = lambda order, fill: self._inspector.note(
            f"{order.name} {fill.id}\n"
        )
        self._script: Script = clients.drawn(self._rng("clients"))
        self._lives_count = 0
        self._beside: set[asyncio.Task[SwitchSetting]] = set()

    async def work(self) -> None:
        """Live as often as it takes, then look at what is left."""
        self._chain.begin()
        self._exchange.begin()
        rng = self._rng("crashes")
        crashes = sorted(
            rng.uniform(0.5, FAULTS_END_S) for _ in range(rng.randint(0, _CRASHES_MAX))
        )
        for crash_s in crashes:
            life = self._born()
            await self._until(life, crash_s)
            await self._kill(life)
            if self._inspector.violation is not None:
                return
            await self._pause(rng.uniform(0.1, 3.0))
        life = self._born()
        await self._until(life, _REST_BY_S)
        await self._finish(life)

    def outcome(self) -> Outcome:
        """Return what there is to say of it."""
        world, inspector = self._inspector.world, self._inspector
        done = [p for p in world.parents.values() if p.status.value == "filled"]
        for record in self._disk.records:
            inspector.note(record.hash.hex())
        return Outcome(
            seed=self._seed,
            violation=inspector.violation,
            digest=inspector.digest,
            events_count=inspector.events_count,
            sendings_count=inspector.sendings_count,
            effects_count=len(self._chain.mined) + len(self._exchange.fills),
            lives_count=self._lives_count,
            orders=len(world.parents),
            filled=len(done),
            virtual_s=self._loop.time(),
        )

    def _rng(self, purpose: str) -> Random:
        return Random(f"{self._seed} {purpose}")  # noqa: S311 - it must be the same again

    def _now(self) -> weather.Weather:
        return self._weather if self._loop.time() < FAULTS_END_S else weather.CALM

    def _mined(self, mined: Mined) -> None:
        self._inspector.note(f"{mined.transaction.hash} in {mined.gas.block_hash}\n")

    # One life of the process.

    def _born(self) -> _Life:
        self._lives_count += 1
        number = self._lives_count
        self._disk.mend()
        world = self._recovered()
        clock = SkewedClock(self._loop, weather.skew(self._rng(f"skew {number}")))
        journal = Journal(
            self._disk, self._loop, rng=self._rng(f"disk {number}"), weather=self._now
        )
        switchboard = Switchboard(clock)
        on_chain, at_book = (self._means(name, clock, switchboard) for name in ("chain", "book"))
        reader = Reader(
            {
                CHAIN: ChainVenue(self._chain, on_chain),
                EXCHANGE: ExchangeVenue(self._exchange, at_book, self._loop),
            },
            MarketView(INSTRUMENTS, _STALENESS),
            natives={CHAIN: ETH.id},
            clock=clock,
        )
        solver = SimulatedSolver(clock, self._rng(f"solver {number}"), self._now)
        runtime = Runtime(Parts(reader, solver, journal, clock, switchboard), world)
        runtime.follow(self._followed)
        stop = asyncio.Event()
        started = replace(STARTED, at=clock.now())
        task = self._loop.create_task(runtime.run(started, stop))
        return _Life(runtime, journal, switchboard, clock, stop, task, {})

    def _means(self, venue: str, clock: SkewedClock, switchboard: Switchboard) -> Means:
        rng = self._rng(f"{venue} {self._lives_count}")
        link = Link(self._loop, rng, self._now)

        def sent(child: ChildOrder, signed: SignedChild) -> None:
            held = switchboard.settings.get(FIRM)
            is_halted = held is not None and held.state is TradingState.HALTED
            self._inspector.sending(child, signed, is_halted=is_halted)

        return Means(link, rng, clock, self._now, sent)

    def _followed(self, recorded: Recorded) -> None:
        self._inspector.step(recorded.event, recorded.after, recorded.commands)

    # What the disk has: what was watched, and beyond it what a crash kept and nobody acted on.
    def _recovered(self) -> World:
        inspector, taken = self._inspector, 0

        def step(world: World, event: Event) -> tuple[World, tuple[Command, ...]]:
            nonlocal taken
            after, commands = engine.step(world, event)
            taken += 1
            if taken == inspector.events_count and after != inspector.world:
                sentence = "the journal adds up to another world than was lived in"
                inspector.broke(sentence, check=SameAgain.name)
            if taken > inspector.events_count:
                inspector.step(event, after, commands)
            return after, commands

        report = replay(self._disk.records, step, World(), journal_id=JOURNAL_ID)
        if report.fault is not None:
            inspector.broke(report.fault.sentence, check=SameAgain.name)
        return report.world

    async def _until(self, life: _Life, end_s: float) -> None:
        await life.runtime.started.wait()
        while self._loop.time() < end_s and not self._ended.is_set() and not life.task.done():
            self._ask(life)
            if self._is_at_rest(life.runtime.world):
                return
            await self._pause(min(self._next_s(life), end_s) - self._loop.time())

    def _ask(self, life: _Life) -> None:
        now_s, world = self._loop.time(), life.runtime.world
        desk = Desk(life.runtime, life.switchboard, life.clock.now(), self._spawn)
        for place, wish in enumerate(self._script.wishes):
            is_due = life.asked_s.get(place, wish.at_s) <= now_s
            if is_due and not wish.is_known(world):
                life.asked_s[place] = now_s + _ASK_AGAIN_S
                wish.do(desk)

    def _next_s(self, life: _Life) -> float:
        now_s = self._loop.time()
        wishes = enumerate(self._script.wishes)
        due = (life.asked_s.get(place, wish.at_s) for place, wish in wishes)
        return min((at_s for at_s in due if at_s > now_s), default=now_s + _LOOK_EVERY_S)

    def _is_at_rest(self, world: World) -> bool:
        is_asked = all(order.id in world.parents for order in self._script.orders)
        return self._loop.time() > FAULTS_END_S and is_asked and not world.going

    async def _kill(self, life: _Life) -> None:
        self._surfaced(life)
        life.journal.crash()
        life.task.cancel()
        await asyncio.wait([life.task])

    async def _finish(self, life: _Life) -> None:
        if self._inspector.violation is None and not life.task.done():
            await self._pause(_AFTERMATH_S)
        self._surfaced(life)
        life.stop.set()
        await asyncio.wait([life.task])
        self._surfaced(life)
        if self._inspector.violation is not None:
            return
        end = End(self._inspector.world, self._truth, self._inspector.world, fault="")
        if self._seed % _REPLAYED_EVERY == 0:
            report = replay(self._disk.records, engine.step, World(), journal_id=JOURNAL_ID)
            fault = "" if report.fault is None else report.fault.sentence
            end = replace(end, replayed=report.world, fault=fault)
        self._inspector.end(end)

    # A desk that broke by itself is a finding as any other.
    def _surfaced(self, life: _Life) -> None:
        if not life.task.done() or life.task.cancelled():
            return
        error = life.task.exception()
        if error is not None:
            self._inspector.broke(_told(error))

    def _spawn(self, work: Coroutine[None, None, SwitchSetting]) -> None:
        task = self._loop.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, _LEAST_S))  # noqa: TID251 - of the run's own time


def _told(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name} ({frame.filename.rsplit('/')[-1]}): {error}"
