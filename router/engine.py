"""The engine: fold one event into the world and say what must be done about it. Pure.

It alone knows the order of the stages: observe, solve, check, execute, reconcile. One parent is
worked at a time; the others wait in the order they came.
"""

from dataclasses import replace
from typing import TypeAlias

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.domain.command import (
    Command,
    ObserveAccounts,
    ObserveMarket,
    RaiseAlarm,
    ReportParent,
    SignChild,
    SolveRoute,
)
from router.domain.error import NoRouteError
from router.domain.event import (
    AccountsObserved,
    BaselineAccepted,
    ChildAcknowledged,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
    DeadlinePassed,
    EngineStarted,
    Event,
    HourStruck,
    MarketObserved,
    ObservationFailed,
    ParentSubmitted,
    RouteRefused,
    RouteSolved,
)
from router.domain.order import OrderStatus
from router.domain.units import TimestampNs
from router.domain.verdict import Refused
from router.execution import nonces, progress
from router.execution.children import Dispatch, children_of
from router.execution.next_step import fill_gap, next_step, resume
from router.execution.order_machine import ChildEvent, advance, new_child
from router.reconciliation.compare import compare, is_behind
from router.reconciliation.forced import forced_fills
from router.risk import limits as risk
from router.state.ledger import Ledger
from router.state.world import ChildState, ParentState, Phase, Reconciliation, World

Step: TypeAlias = tuple[World, tuple[Command, ...]]


# One line a case of a closed union: splitting it would hide that it is complete.
def step(world: World, event: Event) -> Step:  # noqa: C901, PLR0911
    """Fold one event into the world and say what must be done about it."""
    match event:
        case EngineStarted():
            return _started(world, event)
        case ParentSubmitted():
            return _submitted(world, event)
        case MarketObserved():
            return _observed(world, event)
        case ObservationFailed():
            return _unobservable(world, event)
        case RouteSolved():
            return _solved(world, event)
        case RouteRefused():
            return _refused(world, event)
        case AccountsObserved():
            return _accounts(world, event)
        case DeadlinePassed():
            return _deadline(world, event)
        case HourStruck():
            return _hour(world)
        case BaselineAccepted():
            return _accepted(world)
        case (
            ChildSigned()
            | ChildNotSent()
            | ChildAcknowledged()
            | ChildWentSilent()
            | ChildProgressed()
            | ChildStuck()
            | ChildReplaced()
            | ChildFilled()
            | ChildEnded()
        ):
            return _child(world, event)


# ------------------------------------------------------------------------------- start and orders


def _started(world: World, event: EngineStarted) -> Step:
    # A restart finds the world as the journal left it. What may have been sent is asked for by its
    # own name; nothing new is planned before the accounts have been looked at.
    world = replace(world, started=event, is_ready=False)
    parent = world.active
    if parent is not None and parent.phase in {Phase.OBSERVING, Phase.SOLVING}:
        world = world.with_parent(replace(parent, phase=Phase.QUEUED, problem=None))
    recovery = tuple(
        command
        for child in world.open_children()
        for command in (resume(child) if child.attempts else (SignChild(child.order),))
    )
    return world, recovery or (_look_at_accounts(world),)


def _submitted(world: World, event: ParentSubmitted) -> Step:
    order = event.order
    if order.id in world.parents:
        return world, ()
    parent = progress.new_parent(order)
    world = world.with_parent(parent)
    fault = risk.check_parent(order, world.limits, event.at)
    if fault is not None:
        return _reject(world, parent, reason=fault.message, at=event.at)
    if not sweep.scope(order, world.configured, 0).markets:
        return _reject(world, parent, reason=sweep.nobody_trades(order), at=event.at)
    world, commands = _activate(world, event.at)
    return world, (ReportParent(order.id, OrderStatus.NEW, "accepted"), *commands)


def _activate(world: World, at: TimestampNs) -> Step:
    # One parent at a time, and none before the accounts agree with the ledger.
    done: tuple[Command, ...] = ()
    if not world.is_ready or world.active is not None:
        return world, done
    for waiting in [p for p in world.parents.values() if p.phase is Phase.QUEUED]:
        fault = _no_longer_acceptable(world, waiting, at)
        if fault is None:
            world, commands = _observe(world, waiting)
            return world, (*done, *commands)
        world, commands = _end(world, waiting, reason=fault, at=at)
        done = (*done, *commands)
    return world, done


def _no_longer_acceptable(world: World, parent: ParentState, at: TimestampNs) -> str | None:
    if world.halt_reason is not None:
        return f"halted: {world.halt_reason}; find the cause, then run headrace accept"
    fault = risk.check_parent(parent.order, world.limits, at)
    return None if fault is None else fault.message


def _observe(world: World, parent: ParentState) -> Step:
    order = parent.order
    scope = sweep.scope(order, world.configured, parent.stage)
    command = ObserveMarket(order.id, scope.observed, scope.accounts, order.quote)
    return world.with_parent(replace(parent, phase=Phase.OBSERVING)), (command,)


# ---------------------------------------------------------------------------------------- planning


def _observed(world: World, event: MarketObserved) -> Step:
    parent = world.parents[event.parent]
    if parent.phase is not Phase.OBSERVING:
        return world, ()
    order = parent.order
    fault = _no_longer_acceptable(world, parent, event.at)
    if fault is not None:
        return _settle(world, parent, fault, at=event.at)
    scope = sweep.scope(order, world.configured, parent.stage)
    arrival = parent.arrival_mid
    if arrival is None:
        try:
            arrival = arrival_mid(scope, event.observation)
        except NoRouteError as error:
            return _settle(world, parent, str(error), at=event.at)
        gas_price = next((g.native_price for g in event.observation.gas), None)
        parent = replace(parent, arrival_mid=arrival, gas_price=gas_price)
    refused = risk.check_notional(order, arrival, world.limits)
    if refused is not None:
        return _settle(world, parent, refused.message, at=event.at)
    piece = sweep.Slice(order, progress.left(world, parent), arrival, scope, world.in_flight)
    problem = sweep.build_problem(piece, event.observation, world.limits)
    parent = replace(parent, phase=Phase.SOLVING, problem=problem)
    world = nonces.with_floor(world.with_parent(parent), event.observation)
    return world, (SolveRoute(problem),)


def _unobservable(world: World, event: ObservationFailed) -> Step:
    parent = world.parents[event.parent]
    if parent.phase is not Phase.OBSERVING:
        return world, ()
    return _settle(world, parent, event.reason, at=event.at)


def _solved(world: World, event: RouteSolved) -> Step:
    parent = world.parents[event.parent]
    if parent.phase is not Phase.SOLVING:
        return world, ()
    assert parent.problem is not None, "a parent that is being solved has a problem"
    fault = _no_longer_acceptable(world, parent, event.at)
    if fault is not None:
        return _settle(world, parent, fault, at=event.at)
    verdict = risk.approve(parent.problem, event.plan, progress.left(world, parent))
    if isinstance(verdict, Refused):
        return _no_plan(world, parent, verdict.message, at=event.at)
    dispatch = Dispatch(
        order=parent.order,
        round=parent.round,
        nonces=world.nonces,
        lifetime=world.limits.child_lifetime,
        at=event.at,
    )
    orders = children_of(verdict, dispatch)
    parent = replace(
        parent,
        phase=Phase.EXECUTING,
        problem=None,
        plans=(*parent.plans, event.plan),
        children=(*parent.children, *(o.id for o in orders)),
    )
    world = world.with_parent(parent)
    for order in orders:
        world = world.with_child(new_child(order))
    return world, tuple(SignChild(order) for order in orders)


def _refused(world: World, event: RouteRefused) -> Step:
    parent = world.parents[event.parent]
    if parent.phase is not Phase.SOLVING:
        return world, ()
    return _no_plan(world, replace(parent, problem=None), event.message, at=event.at)


def _no_plan(world: World, parent: ParentState, reason: str, *, at: TimestampNs) -> Step:
    # The rest may be impossible over the later venues alone, and possible over all of them.
    if parent.stage > 0 and progress.next_round(world, parent) is progress.Next.NEXT_ROUND:
        return _observe(world, replace(parent, round=parent.round + 1, stage=0))
    return _settle(world, parent, reason, at=at)


# --------------------------------------------------------------------------------------- execution


def _child(world: World, event: ChildEvent) -> Step:
    before = world.children[event.child]
    if isinstance(event, ChildNotSent) and nonces.leaves_gap(world, before):
        return world, () if before.is_terminal else fill_gap(before)
    after = advance(before, event)
    if after is before:
        return world, ()
    world = replace(world.with_child(after), epoch=world.epoch + 1)
    match event:
        case ChildFilled():
            return _filled(world, after, event)
        case ChildNotSent():
            return _ended(world, after, event.at)
        case ChildEnded():
            if event.gas is not None:
                world = _with_mined(world, after)
            return _ended(world, after, event.at)
        case _:
            return nonces.with_sent(world, after), next_step(after, event)


def _filled(world: World, child: ChildState, event: ChildFilled) -> Step:
    assert world.ledger is not None, "nothing is sent before the ledger has a baseline"
    # The child's own leg: the configuration may have changed since it was sent.
    leg = next(x for x in child.order.legs if x.instrument.id == event.fill.instrument)
    ledger = world.ledger.with_fill(leg.instrument, child.order.side, event.fill)
    alarm = progress.excess(child, leg)
    return replace(world, ledger=ledger), () if alarm is None else (RaiseAlarm(alarm),)


def _ended(world: World, child: ChildState, at: TimestampNs) -> Step:
    parent = world.parents[child.order.parent]
    if any(not c.is_terminal for c in world.children_of(parent.order.id)):
        return world, ()
    scope = sweep.scope(parent.order, world.configured, 0)
    match progress.decide(world, parent, scope.markets):
        case progress.Next.DONE:
            rest = progress.left(world, parent).atoms
            reason = f"less than a lot is left, {rest} atoms" if rest > 0 else ""
            return _settle(world, parent, reason, at=at)
        case progress.Next.LATER_STAGE:
            return _go_on(world, replace(parent, stage=child.order.stage + 1))
        case progress.Next.NEXT_ROUND:
            return _go_on(world, replace(parent, round=parent.round + 1, stage=0))
        case progress.Next.GIVE_BACK:
            reason = f"a part is left after {parent.round} rounds; last word: {child.reason}"
            return _settle(world, parent, reason, at=at)


def _go_on(world: World, parent: ParentState) -> Step:
    if world.is_ready and not progress.unexplained(world, parent):
        return _observe(world, parent)
    # Its children were resolved after a restart, or used gas for nothing that could be booked: look
    # at the accounts before planning the rest.
    world = replace(world.with_parent(replace(parent, phase=Phase.QUEUED)), is_ready=False)
    return world, (_look_at_accounts(world),)


def _with_mined(world: World, child: ChildState) -> World:
    assert child.gas is not None, "called for mined transactions only"
    assert world.ledger is not None, "nothing is sent before the ledger has a baseline"
    account = child.order.account
    newest = max(child.gas.block_number, world.mined.get(account, 0))
    return replace(
        nonces.with_used(world, account, child.order.nonce),
        ledger=world.ledger.with_gas(account, child.gas.atoms),
        mined={**world.mined, account: newest},
    )


# ------------------------------------------------------------------------ settle and reconcile


def _settle(world: World, parent: ParentState, reason: str, *, at: TimestampNs) -> Step:
    if not parent.children:
        return _finish(world, parent, reason=reason, at=at)
    parent = replace(
        parent,
        phase=Phase.RECONCILING,
        outcome=progress.outcome(world, parent, at),
        reason=reason,
        problem=None,
    )
    return world.with_parent(parent), (_look_at_accounts(world),)


def _accounts(world: World, event: AccountsObserved) -> Step:
    if any(True for _ in world.open_children()):
        return world, ()  # asked for again once they have ended
    if event.epoch != world.epoch or is_behind(event.accounts, world.mined):
        return world, (_look_at_accounts(world),)
    instruments = world.configured
    differences = (
        compare(world.ledger.with_settled(event.accounts), event.accounts, instruments)
        if world.ledger is not None
        else ()
    )
    forced = forced_fills(world.ledger, event.accounts)
    if world.ledger is not None:
        world = replace(world, reconciliation=Reconciliation(event.at, differences))
    if not differences:
        # Equal to the atom, so a fresh baseline loses nothing; what settles is counted from here.
        world = replace(world, ledger=Ledger.from_accounts(event.accounts))
    world = replace(world, is_ready=True)
    suspicions = progress.suspicions(world) if differences else ()
    sentences = (*forced, *(d.sentence for d in differences), *suspicions)
    alarms = tuple(RaiseAlarm(each) for each in sentences)
    parent = world.active
    if parent is not None and parent.phase is Phase.RECONCILING:
        world, commands = _finish(world, parent, reason=parent.reason, at=event.at)
    else:
        world, commands = _activate(world, event.at)
    return world, (*alarms, *commands)


def _deadline(world: World, event: DeadlinePassed) -> Step:
    # What is being signed or sent has a deadline of its own, and ends by itself.
    parent = world.parents[event.parent]
    if parent.phase not in {Phase.QUEUED, Phase.OBSERVING}:
        return world, ()
    return _settle(world, parent, "deadline passed before the order could be planned", at=event.at)


def _hour(world: World) -> Step:
    if world.active is not None or not world.is_ready:
        return world, ()  # they are looked at in any case
    return world, (_look_at_accounts(world),)


def _accepted(world: World) -> Step:
    if world.active is not None:
        return world, ()  # its fills belong to the ledger that is questioned
    world = replace(world, ledger=None, reconciliation=None, is_ready=False)
    return world, (_look_at_accounts(world),)


def _finish(world: World, parent: ParentState, *, reason: str, at: TimestampNs) -> Step:
    world, told = _end(world, parent, reason=reason, at=at)
    world, commands = _activate(world, at)
    return world, (*told, *commands)


def _reject(world: World, parent: ParentState, *, reason: str, at: TimestampNs) -> Step:
    return _finish(world, replace(parent, outcome=OrderStatus.REJECTED), reason=reason, at=at)


def _end(world: World, parent: ParentState, *, reason: str, at: TimestampNs) -> Step:
    status = parent.outcome or progress.outcome(world, parent, at)
    done = progress.ended(parent, status, reason=reason, at=at)
    return world.with_parent(done), (ReportParent(parent.order.id, status, reason),)


def _look_at_accounts(world: World) -> ObserveAccounts:
    return ObserveAccounts(world.accounts, world.epoch, tuple(sorted(world.mined.items())))
