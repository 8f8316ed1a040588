"""Commands made true: each runs as a task, and its outcome comes back as an event.

What stays unknown is asked again, at a bounded pace, and never sent anew under another name.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, TypeAlias

from router.custody.policy import Act, act_of
from router.domain.command import (
    CancelChild,
    Command,
    ObserveAccounts,
    ObserveMarket,
    RaiseAlarm,
    ReplaceChild,
    ReportParent,
    ResolveChild,
    SignChild,
    SolveBasket,
    SolveRoute,
    SolveSchedule,
    SubmitChild,
    TellFinding,
    WakeAt,
)
from router.domain.error import (
    InDoubtError,
    NotSentError,
    RejectedError,
    StaleDataError,
    VenueError,
)
from router.domain.event import (
    AccountsObserved,
    BasketRefused,
    BasketSolved,
    ChildAcknowledged,
    ChildCancelRefused,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
    ControlTripped,
    Event,
    MarketObserved,
    ObservationFailed,
    RouteRefused,
    RouteSolved,
    ScheduleRefused,
    ScheduleSolved,
)
from router.domain.order import TERMINAL, ChildOrder, OrderStatus, Replacement, SignedChild
from router.domain.units import ChildId, DurationNs, TimestampNs
from router.domain.verdict import Refused
from router.port import Clock, Resolution
from router.reconciliation.compare import is_behind, is_current, without_old_fills
from router.shell import observe
from router.shell.reader import Reader
from router.shell.solver_pool import Solver
from router.shell.timers import Timers

Post: TypeAlias = Callable[[Event], None]
Waiting: TypeAlias = Callable[[], None]
Refresh: TypeAlias = Callable[[], Awaitable[None]]
Forbids: TypeAlias = Callable[[ChildOrder, Act], str | None]

_OBSERVE_TRIES_MAX: Final = 100
_OBSERVE_PAUSE: Final = DurationNs(100_000_000)
_RESOLVE_PAUSE_MIN: Final = DurationNs(50_000_000)
_RESOLVE_PAUSE_MAX: Final = DurationNs(2_000_000_000)
_REPLACE_TRIES_MAX: Final = 30
_REPLACE_PAUSE: Final = DurationNs(1_000_000_000)
_ACCOUNT_PAUSE: Final = DurationNs(500_000_000)
_LOOK_PAUSE_MIN: Final = DurationNs(10_000_000)
_LOOK_PAUSE_MAX: Final = DurationNs(2_000_000_000)
_CANCEL_PAUSE_MIN: Final = DurationNs(100_000_000)
_CANCEL_PAUSE_MAX: Final = DurationNs(2_000_000_000)


class Effects:
    """Performs commands; holds nothing but the tasks under way.

    Parameters
    ----------
    waiting : function
        Called whenever something has to be tried again: others may not be able to wait so long.
    refresh : function
        Has accounts assessed, if that was not done lately; no decision is taken before.
    forbids : function
        The signer's own gate: why something is not done with a child. Asked right before each
        signature and each sending, whatever the engine decided.
    """

    def __init__(
        self,
        reader: Reader,
        solver: Solver,
        *,
        clock: Clock,
        post: Post,
        waiting: Waiting,
        refresh: Refresh,
        forbids: Forbids,
    ) -> None:
        self._reader = reader
        self._venues = reader.venues
        self._solver = solver
        self._clock = clock
        self._post = post
        self._waiting = waiting
        self._refresh = refresh
        self._forbids = forbids
        self._tasks: set[asyncio.Task[None]] = set()
        self._resolving: dict[ChildId, tuple[SignedChild, ...]] = {}
        self._told: dict[ChildId, set[str]] = {}  # fills, so that none is on record twice
        self._silent: set[ChildId] = set()  # sent, and the venue has not said that it has them
        self._replacing: set[ChildId] = set()
        self._cancelling: set[ChildId] = set()
        self._looked_at = TimestampNs(0)
        self._look_pause = _LOOK_PAUSE_MIN
        self._timers = Timers(clock, post)

    # One line a case of a closed union: splitting it would hide that it is complete.
    def perform(  # noqa: C901, PLR0912
        self, command: Command, group: asyncio.TaskGroup
    ) -> None:
        """Begin to make a command true."""
        match command:
            case ObserveMarket():
                self._start(group, self._observe_market(command))
            case SolveRoute():
                self._start(group, self._solve(command))
            case SolveBasket():
                self._start(group, self._solve_basket(command))
            case SolveSchedule():
                self._start(group, self._solve_schedule(command))
            case WakeAt():
                self._timers.set(command, group)
            case SignChild():
                self._start(group, self._sign(command))
            case SubmitChild():
                self._start(group, self._submit(command))
            case ResolveChild():
                self._start(group, self._resolve(command))
            case ReplaceChild():
                self._start(group, self._replace(command))
            case CancelChild():
                self._start(group, self._cancel(command))
            case ObserveAccounts():
                self._start(group, self._observe_accounts(command))
            case TellFinding():
                told = ControlTripped(command.parent, command.finding, self._clock.now())
                self._post(told)
            case RaiseAlarm():
                observe.alarm_raised(command.message)
            case ReportParent():
                observe.parent_order_told(
                    command.parent, status=command.status.value, message=command.message
                )

    def cancel(self) -> None:
        """Stop what is under way; what was in flight is resolved after the next start."""
        self._timers.cancel()
        for task in self._tasks:
            task.cancel()

    def _start(self, group: asyncio.TaskGroup, work: Coroutine[None, None, None]) -> None:
        task = group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _observe_market(self, command: ObserveMarket) -> None:
        reason = ""
        for _ in range(_OBSERVE_TRIES_MAX):
            try:
                await self._refresh()
                observation = await self._reader.observe(
                    command.instruments, command.accounts, quote=command.quote
                )
            except (StaleDataError, VenueError) as error:
                reason = str(error)
                await self._pause(_OBSERVE_PAUSE)
                continue
            seen = observation.accounts
            if not is_current(seen, dict(command.blocks_min), dict(command.fills_at)):
                reason = "the accounts were read before what last moved them"
                await self._pause(_OBSERVE_PAUSE)
                continue
            self._post(MarketObserved(command.parent, observation, self._clock.now()))
            return
        self._post(ObservationFailed(command.parent, reason, self._clock.now()))

    async def _solve(self, command: SolveRoute) -> None:
        outcome = await self._solver.solve(command.problem)
        parent, now = command.problem.parent, self._clock.now()
        if isinstance(outcome, Refused):
            self._post(RouteRefused(parent, outcome.reason, outcome.message, now))
        else:
            self._post(RouteSolved(parent, outcome, now))

    async def _solve_basket(self, command: SolveBasket) -> None:
        outcome = await self._solver.solve_basket(command.problems)
        now = self._clock.now()
        if isinstance(outcome, Refused):
            self._post(BasketRefused(command.basket, outcome.reason, outcome.message, now))
        else:
            self._post(BasketSolved(command.basket, outcome, now))

    async def _solve_schedule(self, command: SolveSchedule) -> None:
        outcome = await self._solver.solve_schedule(command.problem)
        parent, now = command.problem.parent, self._clock.now()
        if isinstance(outcome, Refused):
            self._post(ScheduleRefused(parent, outcome.reason, outcome.message, now))
        else:
            self._post(ScheduleSolved(parent, outcome, now))

    async def _observe_accounts(self, command: ObserveAccounts) -> None:
        # Without this answer nothing new is traded, so it is asked for as long as it takes; where
        # it is asked again and again, what is in flight needs a moment to show.
        idle = self._clock.now() - self._looked_at
        pause = min(2 * self._look_pause, _LOOK_PAUSE_MAX)
        self._look_pause = DurationNs(_LOOK_PAUSE_MIN if idle > _LOOK_PAUSE_MAX else pause)
        if idle < self._look_pause:
            await self._clock.sleep(DurationNs(self._look_pause - idle))
        while True:
            try:
                accounts = await self._reader.accounts(command.accounts)
            except VenueError as error:
                observe.account_unreadable(reason=str(error))
                await self._pause(_ACCOUNT_PAUSE)
                continue
            if is_behind(accounts, dict(command.blocks_min)):
                observe.account_unreadable(reason="the node is behind a transaction of ours")
                await self._pause(_ACCOUNT_PAUSE)
                continue
            self._looked_at = self._clock.now()
            accounts = without_old_fills(accounts, dict(command.since))
            self._post(AccountsObserved(accounts, command.epoch, self._looked_at))
            return

    async def _sign(self, command: SignChild) -> None:
        child = command.child
        try:
            self._pass(child, Act.SIGN)
            signed = await self._venues[child.venue].sign(child)
        except VenueError as error:
            # Whatever failed, nothing was sent.
            self._post(ChildNotSent(child.id, str(error), self._clock.now()))
            return
        self._post(ChildSigned(child.id, signed, self._clock.now()))

    async def _submit(self, command: SubmitChild) -> None:
        child, is_first = command.child, command.signed.replacement is None
        try:
            self._pass(child, act_of(command.signed.replacement))
            await self._venues[child.venue].submit(child, command.signed)
        except InDoubtError as error:
            self._silent.add(child.id)
            self._post(ChildWentSilent(child.id, str(error), self._clock.now()))
        except (NotSentError, RejectedError) as error:
            now = self._clock.now()
            if not is_first:
                # That a second transaction did not go says nothing of the first of its nonce.
                self._post(ChildWentSilent(child.id, str(error), now))
            elif isinstance(error, NotSentError) or child.legs[0].instrument.is_on_chain:
                # What no node takes can never be mined: its nonce is free, as if it were not sent.
                self._post(ChildNotSent(child.id, str(error), now))
            else:
                rejected = OrderStatus.REJECTED
                self._post(ChildEnded(child.id, rejected, str(error), gas=None, at=now))
        else:
            self._post(ChildAcknowledged(child.id, self._clock.now()))

    async def _resolve(self, command: ResolveChild) -> None:
        child, is_asked = command.child, command.child.id in self._resolving
        self._resolving[child.id] = command.attempts
        if is_asked:
            return  # until it has ended, and from now on by its newest attempt too
        pause, asked_count, progress = _RESOLVE_PAUSE_MIN, 0, None
        while True:
            asked_count += 1
            attempts = self._resolving[child.id]
            try:
                resolution = await self._venues[child.venue].resolve(child, attempts)
            except VenueError as error:
                observe.child_unresolved(child.id, reason=str(error), attempts_count=asked_count)
            else:
                if resolution.status is not OrderStatus.IN_DOUBT:
                    pause = _RESOLVE_PAUSE_MIN  # a venue that knows it waits for news by itself
                self._report(child.id, resolution)
                if resolution.status in TERMINAL:
                    break
                if resolution.progress not in {None, progress}:
                    progress = resolution.progress
                    self._tell_progress(child.id, resolution)
            await self._pause(pause)
            pause = DurationNs(min(2 * pause, _RESOLVE_PAUSE_MAX))
        del self._resolving[child.id]

    async def _replace(self, command: ReplaceChild) -> None:
        child, reason = command.child, ""
        for _ in range(_REPLACE_TRIES_MAX):
            try:
                signed = await self._venues[child.venue].replace(
                    child, command.attempts, self._allowed(command)
                )
            except VenueError as error:
                reason = str(error)
                observe.child_unreplaced(child.id, reason=reason)
                await self._pause(_REPLACE_PAUSE)
            else:
                self._post(ChildReplaced(child.id, signed, self._clock.now()))
                break
        else:
            self._tell_unreplaced(command, reason)
        self._replacing.discard(child.id)

    # Harmless to repeat, so it is asked for until the venue said something to it.
    async def _cancel(self, command: CancelChild) -> None:
        child, pause = command.child, _CANCEL_PAUSE_MIN
        if child.id in self._cancelling:
            return
        self._cancelling.add(child.id)
        try:
            while True:
                try:
                    await self._venues[child.venue].cancel(child, command.attempts)
                except RejectedError as error:
                    self._post(ChildCancelRefused(child.id, str(error), self._clock.now()))
                except VenueError as error:
                    observe.child_unresolved(child.id, reason=str(error), attempts_count=0)
                    await self._pause(pause)
                    pause = DurationNs(min(2 * pause, _CANCEL_PAUSE_MAX))
                    continue
                return
        finally:
            self._cancelling.discard(child.id)

    # The last word before a key is used, or its signature leaves the house.
    def _pass(self, child: ChildOrder, act: Act) -> None:
        reason = self._forbids(child, act)
        if reason is not None:
            raise NotSentError(child.venue, reason)

    # What must not be repeated at a higher price is cancelled: it would hold up those behind it.
    def _allowed(self, command: ReplaceChild) -> Replacement:
        wanted = command.replacement
        if self._forbids(command.child, act_of(wanted)) is None:
            return wanted
        return Replacement.CANCEL

    def _tell_unreplaced(self, command: ReplaceChild, reason: str) -> None:
        child, now = command.child, self._clock.now()
        if command.attempts:
            # What was sent may be mined as it is; whoever follows it asks again.
            self._post(ChildWentSilent(child.id, reason, now))
        else:
            self._post(ChildNotSent(child.id, reason, now))

    async def _pause(self, duration: DurationNs) -> None:
        await self._clock.sleep(duration)
        self._waiting()

    def _report(self, child: ChildId, resolution: Resolution) -> None:
        # Fills first: the last word on a child comes after all of them.
        now = self._clock.now()
        if child in self._silent and resolution.status is not OrderStatus.IN_DOUBT:
            self._silent.discard(child)
            if resolution.status not in TERMINAL:
                self._post(ChildAcknowledged(child, now))
        told = self._told.setdefault(child, set())
        for fill in resolution.fills:
            if fill.id not in told:
                told.add(fill.id)
                self._post(ChildFilled(child, fill, now))
        if resolution.status in TERMINAL:
            del self._told[child]
            self._post(ChildEnded(child, resolution.status, resolution.reason, resolution.gas, now))
        elif resolution.wanted is not None and child not in self._replacing:
            self._replacing.add(child)
            self._post(ChildStuck(child, resolution.wanted, resolution.reason, now))

    def _tell_progress(self, child: ChildId, resolution: Resolution) -> None:
        assert resolution.progress is not None, "there is news"
        now = self._clock.now()
        self._post(ChildProgressed(child, resolution.progress, resolution.reason, now))
