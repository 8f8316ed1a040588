"""The engine: fold one event into the world and say what must be done about it. Pure.

It alone knows the order of the stages: observe, solve, check, execute, reconcile. One parent is
worked at a time; the others wait in the order they came.
"""

from dataclasses import replace
from typing import TypeAlias

from router.algo import sweep
from router.domain.command import (
    Command,
    ObserveAccounts,
    ObserveMarket,
    RaiseAlarm,
    ReportParent,
    ResolveChild,
    SignChild,
    SolveRoute,
    SubmitChild,
)
from router.domain.error import NoRouteError
from router.domain.event import (
    AccountsObserved,
    ChildAcknowledged,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildSigned,
    ChildWentSilent,
    EngineStarted,
    Event,
    Limits,
    MarketObserved,
    ObservationFailed,
    ParentSubmitted,
    RouteRefused,
    RouteSolved,
)
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.observation import Observation
from router.domain.order import OrderStatus
from router.domain.units import AccountId, TimestampNs
from router.domain.verdict import Refused
from router.execution import progress
from router.execution.children import Dispatch, children_of
from router.execution.order_machine import ChildEvent, advance, new_child
from router.reconciliation.compare import compare
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
        case (
            ChildSigned()
            | ChildNotSent()
            | ChildAcknowledged()
            | ChildWentSilent()
            | ChildFilled()
            | ChildEnded()
        ):
            return _child(world, event)


# ------------------------------------------------------------------------------- start and orders


def _started(world: World, event: EngineStarted) -> Step:
    # A restart finds the world as the journal left it. What may have been sent is asked for by its
    # own name; what was being read or solved is read afresh.
    world = replace(world, started=event)
    recovery: list[Command] = []
    for child in world.open_children():
        if child.signed is None:
            recovery.append(SignChild(child.order))
        else:
            recovery.append(ResolveChild(child.order, child.signed))
    if not recovery:
        recovery.append(ObserveAccounts(world.accounts, world.epoch))
    parent = world.active
    if parent is not None and parent.phase in {Phase.OBSERVING, Phase.SOLVING}:
        world, commands = _observe(world, parent)
        return world, (*recovery, *commands)
    return world, tuple(recovery)


def _submitted(world: World, event: ParentSubmitted) -> Step:
    order = event.order
    if order.id in world.parents:
        return world, ()
    parent = progress.new_parent(order)
    world = world.with_parent(parent)
    fault = risk.check_parent(order, _limits(world), event.at)
    if fault is not None:
        return _finish(world, parent, OrderStatus.REJECTED, reason=fault.message, at=event.at)
    if not sweep.eligible(order, _instruments(world), 0):
        reason = sweep.nobody_trades(order)
        return _finish(world, parent, OrderStatus.REJECTED, reason=reason, at=event.at)
    world, commands = _activate(world, event.at)
    return world, (ReportParent(order.id, OrderStatus.NEW, "accepted"), *commands)


def _activate(world: World, at: TimestampNs) -> Step:
    # Nothing is traded before the ledger has its baseline, and one parent at a time.
    if world.ledger is None or world.active is not None:
        return world, ()
    waiting = next((p for p in world.parents.values() if p.phase is Phase.QUEUED), None)
    if waiting is None:
        return world, ()
    if world.halt_reason is not None:
        reason = f"halted: {world.halt_reason}; find the cause, then start with a new journal"
        return _finish(world, waiting, OrderStatus.REJECTED, reason=reason, at=at)
    return _observe(world, waiting)


def _observe(world: World, parent: ParentState) -> Step:
    order = parent.order
    instruments = sweep.eligible(order, _instruments(world), parent.stage)
    command = ObserveMarket(
        parent=order.id,
        instruments=tuple(i.id for i in instruments),
        accounts=tuple(dict.fromkeys(i.account for i in instruments)),
    )
    return world.with_parent(replace(parent, phase=Phase.OBSERVING)), (command,)


# ---------------------------------------------------------------------------------------- planning


def _observed(world: World, event: MarketObserved) -> Step:
    parent = world.parents[event.parent]
    if parent.phase is not Phase.OBSERVING:
        return world, ()
    order = parent.order
    if order.deadline_at <= event.at:
        return _settle(
            world, parent, "deadline passed before the order could be planned", at=event.at
        )
    instruments = sweep.eligible(order, _instruments(world), parent.stage)
    arrival = parent.arrival_mid
    if arrival is None:
        try:
            arrival = sweep.arrival_mid(instruments, event.observation)
        except NoRouteError as error:
            return _settle(world, parent, str(error), at=event.at)
        fault = risk.check_notional(order, arrival, _limits(world))
        if fault is not None:
            return _settle(world, parent, fault.message, at=event.at)
        gas_price = next((g.native_price for g in event.observation.gas), None)
        parent = replace(parent, arrival_mid=arrival, gas_price=gas_price)
    piece = sweep.Slice(order, progress.left(world, parent), arrival, instruments)
    problem = sweep.build_problem(piece, event.observation, _limits(world))
    parent = replace(parent, phase=Phase.SOLVING, problem=problem)
    world = _with_nonces(world.with_parent(parent), event.observation)
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
    verdict = risk.approve(parent.problem, event.plan, progress.left(world, parent))
    if isinstance(verdict, Refused):
        return _no_plan(world, parent, verdict.message, at=event.at)
    dispatch = Dispatch(
        order=parent.order,
        round=parent.round,
        nonces=world.nonces,
        lifetime=_limits(world).child_lifetime,
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
    after = advance(before, event)
    if after is before:
        return world, ()
    world = replace(world.with_child(after), epoch=world.epoch + 1)
    match event:
        case ChildSigned():
            world = _with_nonce_taken(world, after)
            return world, (SubmitChild(after.order, event.signed),)
        case ChildAcknowledged() | ChildWentSilent():
            assert after.signed is not None, "only signed bytes are sent"
            return world, (ResolveChild(after.order, after.signed),)
        case ChildFilled():
            return _filled(world, after, event)
        case ChildNotSent():
            return _ended(world, after, event.at)
        case ChildEnded():
            if event.gas is not None:
                world = _with_gas(world, after)
            return _ended(world, after, event.at)


def _filled(world: World, child: ChildState, event: ChildFilled) -> Step:
    assert world.ledger is not None, "nothing is sent before the ledger has a baseline"
    instrument = world.instruments[event.fill.instrument]
    ledger = world.ledger.with_fill(instrument, child.order.side, event.fill)
    world = replace(world, ledger=ledger)
    parent = world.parents[child.order.parent]
    if progress.left(world, parent).atoms >= 0:
        return world, ()
    alarm = f"{parent.order.id}: filled more than ordered, {progress.filled(world, parent).atoms}"
    return world, (RaiseAlarm(alarm),)


def _ended(world: World, child: ChildState, at: TimestampNs) -> Step:
    parent = world.parents[child.order.parent]
    if any(not c.is_terminal for c in world.children_of(parent.order.id)):
        return world, ()
    candidates = sweep.eligible(parent.order, _instruments(world), 0)
    match progress.decide(world, parent, candidates):
        case progress.Next.DONE:
            return _settle(world, parent, "", at=at)
        case progress.Next.LATER_STAGE:
            return _observe(world, replace(parent, stage=child.order.stage + 1))
        case progress.Next.NEXT_ROUND:
            return _observe(world, replace(parent, round=parent.round + 1, stage=0))
        case progress.Next.GIVE_BACK:
            reason = f"a part is left after {parent.round} rounds; last word: {child.reason}"
            return _settle(world, parent, reason, at=at)


def _with_nonces(world: World, observation: Observation) -> World:
    # What the chain says is a floor: it may not have seen our newest transaction yet.
    observed = {a.account: a.next_nonce for a in observation.accounts if a.next_nonce is not None}
    merged = {a: max(n, world.nonces.get(a, 0)) for a, n in observed.items()}
    return replace(world, nonces={**world.nonces, **merged})


def _with_nonce_taken(world: World, child: ChildState) -> World:
    # A chain's nonce is taken by being mined, and only then: bytes that never are leave it free.
    if child.order.legs[0].instrument.kind is InstrumentKind.SPOT_POOL:
        return world
    return _nonce_used(world, child.order.account, child.order.nonce)


def _with_gas(world: World, child: ChildState) -> World:
    assert child.gas is not None, "called for mined transactions only"
    assert world.ledger is not None, "nothing is sent before the ledger has a baseline"
    ledger = world.ledger.with_gas(child.order.account, child.gas.atoms)
    world = replace(world, ledger=ledger)
    return _nonce_used(world, child.order.account, child.order.nonce)


def _nonce_used(world: World, account: AccountId, nonce: int) -> World:
    following = max(nonce + 1, world.nonces.get(account, 0))
    return replace(world, nonces={**world.nonces, account: following})


# ------------------------------------------------------------------------ settle and reconcile


def _settle(world: World, parent: ParentState, reason: str, *, at: TimestampNs) -> Step:
    expired = parent.order.deadline_at <= at
    otherwise = OrderStatus.EXPIRED if expired else OrderStatus.REJECTED
    outcome = progress.final_status(world, parent, otherwise)
    if not parent.children:
        return _finish(world, parent, outcome, reason=reason, at=at)
    parent = replace(parent, phase=Phase.RECONCILING, outcome=outcome, reason=reason, problem=None)
    return world.with_parent(parent), (ObserveAccounts(world.accounts, world.epoch),)


def _accounts(world: World, event: AccountsObserved) -> Step:
    if any(True for _ in world.open_children()):
        return world, ()  # asked for again once they have ended
    if event.epoch != world.epoch:
        return world, (ObserveAccounts(world.accounts, world.epoch),)
    if world.ledger is None:
        return _activate(replace(world, ledger=Ledger.from_accounts(event.accounts)), event.at)
    differences = compare(world.ledger.with_funding(event.accounts), event.accounts)
    world = replace(world, reconciliation=Reconciliation(event.at, differences))
    if not differences:
        # Equal to the atom, so a fresh baseline loses nothing, and funding is counted from here.
        world = replace(world, ledger=Ledger.from_accounts(event.accounts))
    alarms = tuple(RaiseAlarm(d.sentence) for d in differences)
    parent = world.active
    if parent is None or parent.phase is not Phase.RECONCILING:
        world, commands = _activate(world, event.at)
        return world, (*alarms, *commands)
    assert parent.outcome is not None, "a parent that is being reconciled has an outcome"
    world, commands = _finish(world, parent, parent.outcome, reason=parent.reason, at=event.at)
    return world, (*alarms, *commands)


def _finish(
    world: World, parent: ParentState, status: OrderStatus, *, reason: str, at: TimestampNs
) -> Step:
    done = progress.ended(parent, status, reason=reason, at=at)
    world, commands = _activate(world.with_parent(done), at)
    return world, (ReportParent(parent.order.id, status, reason), *commands)


def _limits(world: World) -> Limits:
    assert world.started is not None, "the first event is EngineStarted"
    return world.started.limits


def _instruments(world: World) -> tuple[Instrument, ...]:
    assert world.started is not None, "the first event is EngineStarted"
    return world.started.instruments
