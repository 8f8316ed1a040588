"""The runtime: events in, records to disk, commands out. It moves things and decides nothing.

Order of things: step (pure, in memory), append, and only when the record is durable, act. A fault
that nobody foresaw ends the process: restart and crash recovery are the same path.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from router import engine
from router.custody.policy import Act
from router.domain.basket import Basket
from router.domain.error import ConfigError, JournalError, OrderError
from router.domain.event import (
    BasketSubmitted,
    ControlTripped,
    DeadlinePassed,
    EngineStarted,
    Event,
    HourStruck,
    LimitsChanged,
    ParentSubmitted,
    SwitchSet,
)
from router.domain.order import ChildOrder, ParentOrder
from router.domain.switch import SwitchSetting
from router.domain.units import NS_PER_S, DurationNs, InstrumentId, ParentId, TimestampNs
from router.journal import codec
from router.journal.record import Record, Tip, make_record, trace
from router.port import Clock, Obedient, TellsFunding
from router.risk.assessment import RiskReport
from router.risk.controls import conserved
from router.shell import observe
from router.shell.checkpoint_store import Checkpoints
from router.shell.effects import Effects
from router.shell.funding_poll import FundingPoll
from router.shell.index_poll import IndexPoll
from router.shell.reader import Reader
from router.shell.risk_watch import RiskWatch, Told
from router.shell.same_order import is_of_basket, is_same_order
from router.shell.solver_pool import Solver
from router.shell.streams import follow
from router.shell.switchboard import Switchboard
from router.state.recorded import Recorded
from router.state.world import ParentState, Phase, World

Watcher: TypeAlias = Callable[[Event, World], None]
Follower: TypeAlias = Callable[[Recorded], None]

_BEHIND_MAX: Final = 1_000  # records not yet durable; beyond it submissions are refused
_EXPIRE_EVERY: Final = DurationNs(NS_PER_S // 20)
_PARENTS_OPEN_MAX: Final = 10_000  # waiting parents; beyond it submissions are refused


@dataclass(frozen=True, slots=True)
class _Step:
    durable: "asyncio.Future[None]"
    tip: Tip
    recorded: Recorded


class RecordSink(Protocol):
    """Where records become durable; `router.shell.store.JournalStore` is one."""

    @property
    def tip(self) -> Tip:
        """The end of the chain, counting what was accepted."""
        ...

    def append(self, record: Record) -> "asyncio.Future[None]":
        """Accept a record; the future is done once it is durable."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What a runtime is made of.

    Attributes
    ----------
    switchboard : Switchboard | None
        None: one of its own, in memory alone.
    checkpoints : Checkpoints | None
        None: a start replays the whole journal.
    """

    reader: Reader
    solver: Solver
    journal: RecordSink
    clock: Clock
    switchboard: Switchboard | None = None
    checkpoints: Checkpoints | None = None


class Runtime:
    """One engine, its journal and its venues."""

    def __init__(self, parts: Parts, world: World) -> None:
        self.world = world
        self._parts = parts
        self._tip = parts.journal.tip
        self._waiting: deque[_Step] = deque()
        self._appended = asyncio.Event()
        self.started = asyncio.Event()
        self._watchers: list[Watcher] = []
        self._followers: list[Follower] = []
        self._group: asyncio.TaskGroup | None = None
        self._expired_at = TimestampNs(0)
        self._switchboard = parts.switchboard or Switchboard(parts.clock)
        for venue in parts.reader.venues.values():
            if isinstance(venue, Obedient):
                venue.obey(self._switchboard)
        self._risk = RiskWatch(
            parts.reader, clock=parts.clock, world=lambda: self.world, post=self.post
        )
        self._funding = FundingPoll(
            tuple(v for v in parts.reader.venues.values() if isinstance(v, TellsFunding)),
            clock=parts.clock,
            world=lambda: self.world,
            post=self.post,
        )
        self._indices = IndexPoll(
            parts.reader.indices, clock=parts.clock, keep=parts.reader.keep_prices
        )
        self._effects = Effects(
            parts.reader,
            parts.solver,
            clock=parts.clock,
            post=self.post,
            waiting=self._expire,
            refresh=self._risk.refresh,
            forbids=self._forbids,
        )

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with each event once it is durable, and the world after it."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Stop calling `watcher`."""
        self._watchers.remove(watcher)

    def follow(self, follower: Follower) -> None:
        """Call `follower` with each event once it is durable, and all that belongs to it."""
        self._followers.append(follower)

    def watch_risk(self, told: Told) -> None:
        """Call `told` with every report of the accounts' risk."""
        self._risk.watch(told)

    def unwatch_risk(self, told: Told) -> None:
        """Stop calling `told` with reports."""
        self._risk.unwatch(told)

    async def risk_report(self) -> RiskReport:
        """Assess all accounts now, on record or not."""
        return await self._risk.report()

    async def run(self, start: EngineStarted, stop: asyncio.Event) -> None:
        """Work until `stop` is set; a fault in any part ends all of it.

        Raises
        ------
        ConfigError
            If a child is in flight at a venue or in a pool that is no longer configured.
        ExceptionGroup
            Whatever a part failed with; what was journaled is safe.
        """
        for child in self.world.open_children():
            if child.order.venue not in self._parts.reader.venues:
                raise ConfigError(
                    f"venues.{child.order.venue}: order {child.order.id} is in flight there;"
                    " put the venue back until it has ended"
                )
            gone = sorted(_pools_of(child.order) - {i.id for i in start.instruments})
            if gone:
                raise ConfigError(
                    f"{gone[0]}: order {child.order.id} is in flight there; put the pool back"
                    " until it has ended"
                )
        async with asyncio.TaskGroup() as group:
            self._group = group
            reader = self._parts.reader
            streams = follow(reader.venues, reader.market, self._parts.clock)
            tasks = [group.create_task(streams), group.create_task(self._dispatch())]
            self.post(start)
            self._switchboard.begin(self.world.switches, self._tell_switch)
            watches = (self._risk, self._funding, self._indices)
            tasks.extend(group.create_task(watch.run()) for watch in watches)
            self._strike_later()
            self.started.set()
            try:
                await stop.wait()
            finally:
                self._strike.cancel()
            for task in tasks:
                task.cancel()
            self._effects.cancel()

    @property
    def behind(self) -> int:
        """How many records are not known to be durable."""
        return len(self._waiting)

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the disk that orders are refused."""
        return len(self._waiting) >= _BEHIND_MAX

    @property
    def reader(self) -> Reader:
        """What markets and accounts are read by."""
        return self._parts.reader

    @property
    def durable_sequence(self) -> int:
        """The newest record that is known to be durable."""
        return self._tip.sequence - len(self._waiting)

    @property
    def durable_world(self) -> World:
        """The world after that record: what was told of orders is what it holds of them."""
        return self._waiting[0].recorded.before if self._waiting else self.world

    def crowded(self, orders: int) -> str | None:
        """Say why so many more orders cannot be taken in now; None where they can."""
        if self.is_behind:
            return f"the journal's disk is {len(self._waiting)} records behind; send it again later"
        waiting = len(self.world.queued)
        if waiting + orders > _PARENTS_OPEN_MAX:
            return f"{waiting} orders are waiting; send it again later"
        return None

    async def flushed(self) -> Tip | None:
        """Return the journal's tip once all that was posted is durable, None if it is not."""
        try:
            if self._waiting:
                await asyncio.shield(self._waiting[-1].durable)
        except JournalError:
            return None
        return self._tip

    def tell_rest(self) -> None:
        """Tell followers what became durable after the end; nothing of it is done.

        To be called once all is `flushed`.
        """
        while self._waiting:
            recorded = self._waiting.popleft().recorded
            for follower in self._followers:
                follower(recorded)

    def post(self, event: Event) -> None:
        """Take in an event: step, append; its commands are done once the record is durable."""
        before = self.world
        self.world, commands = engine.step(before, event)
        self._switchboard.learn(before.switches, self.world.switches)
        record = make_record(self._tip, codec.encode(event), trace(commands))
        self._tip = record.tip
        durable = self._parts.journal.append(record)
        told = Recorded(record.sequence, before, event, self.world, commands, record.hash)
        self._waiting.append(_Step(durable, record.tip, told))
        self._appended.set()
        if isinstance(event, LimitsChanged):
            self._risk.limits_changed()
            self._funding.limits_changed()

    def submit(self, order: ParentOrder) -> ParentState:
        """Take in a parent order; the same order again is the same order.

        Raises
        ------
        OrderError
            If the id stands for another order already, or too many are waiting.
        """
        known = self.world.parents.get(order.id)
        if known is not None:
            if not is_same_order(known.first_order or known.order, order):
                raise OrderError(
                    f"client_order_id {order.client_order_id!r} stands for another order already;"
                    " choose a new one"
                )
            return known
        self._require_room(1)
        self.post(ParentSubmitted(order, self._parts.clock.now()))
        return self.world.parents[order.id]

    def submit_basket(self, basket: Basket, orders: tuple[ParentOrder, ...]) -> None:
        """Take in the orders of a basket; the same basket again is the same basket.

        Raises
        ------
        OrderError
            If the id stands for something else already, or too many are waiting.
        """
        known = [self.world.parents.get(order.id) for order in orders]
        if any(state is not None for state in known):
            if not all(map(is_of_basket, known, orders)):
                raise OrderError(
                    "client_order_id: stands for another basket or order already; choose a new one"
                )
            return
        self._require_room(len(orders))
        self.post(BasketSubmitted(basket, orders, self._parts.clock.now()))

    async def finished(self, parent: ParentId) -> ParentState:
        """Return a parent once it is done and that is durable."""
        done = asyncio.Event()

        def look(_event: Event, world: World) -> None:
            state = world.parents.get(parent)
            if state is not None and state.phase is Phase.DONE:
                done.set()

        self.watch(look)
        try:
            if not self._waiting and self.world.parents[parent].phase is Phase.DONE:
                return self.world.parents[parent]
            await done.wait()
        finally:
            self.unwatch(look)
        return self.world.parents[parent]

    def _require_room(self, count: int) -> None:
        problem = self.crowded(count)
        if problem is not None:
            raise OrderError(problem)

    # On record as far as the journal takes it; it is in force already.
    def _tell_switch(self, setting: SwitchSetting) -> None:
        self.post(SwitchSet(setting, self._parts.clock.now()))

    # The signer's gate: the kill switch, and that no more leaves than came in.
    def _forbids(self, child: ChildOrder, act: Act) -> str | None:
        reason = self._switchboard.refusal(child, act)
        if reason is not None or act is Act.CANCEL:
            return reason
        torn = conserved(self.world, child)
        if torn is None:
            return None
        self.post(ControlTripped(child.parent, torn, self._parts.clock.now()))
        return torn.message

    def _expire(self) -> None:
        # Nothing can be read or settled at the moment; orders with a deadline are told in time.
        now = self._parts.clock.now()
        if 0 <= now - self._expired_at < _EXPIRE_EVERY:
            return  # many may be trying again at a time
        self._expired_at, world = now, self.world
        for parent in (*world.queued.rows(), *world.planning.rows()):
            if parent.phase is not Phase.SOLVING and parent.order.deadline_at <= now:
                self.post(DeadlinePassed(parent.order.id, now))

    def _strike_later(self) -> None:
        every_s = self.world.limits.reconciliation.look_every / NS_PER_S
        self._strike = asyncio.get_running_loop().call_later(every_s, self._strike_now)

    def _strike_now(self) -> None:
        self.post(HourStruck(self._parts.clock.now()))
        self._strike_later()

    async def _dispatch(self) -> None:
        while True:
            await self._appended.wait()
            self._appended.clear()
            while self._waiting:
                taken = self._waiting[0]
                if not taken.durable.done():
                    # Whoever waits may be stopped, the disk not.
                    await asyncio.shield(taken.durable)
                taken.durable.result()
                self._waiting.popleft()
                self._act(taken)

    def _act(self, taken: "_Step") -> None:
        assert self._group is not None, "only a running runtime acts"
        recorded = taken.recorded
        observe.event_recorded(
            type(recorded.event).__name__,
            sequence=recorded.sequence,
            commands_count=len(recorded.commands),
        )
        for watcher in tuple(self._watchers):
            watcher(recorded.event, recorded.after)
        for follower in self._followers:
            follower(recorded)
        if self._parts.checkpoints is not None:
            self._parts.checkpoints.consider(recorded.after, taken.tip)
        for command in recorded.commands:
            self._effects.perform(command, self._group)


# A pool that is no longer configured could not be asked what it traded.
def _pools_of(child: ChildOrder) -> set[InstrumentId]:
    hops = (hop.instrument for leg in child.legs for hop in leg.hops)
    legs = (leg.instrument for leg in child.legs if not leg.hops)
    return {instrument.id for instrument in (*legs, *hops)}
