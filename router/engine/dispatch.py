"""The engine: fold one event into the world and say what must be done about it. Pure.

It alone knows the order of the stages: observe, solve, check, execute, reconcile. One plan is made
at a time, each beside what is in flight; what was planned is executed side by side.
"""

from dataclasses import replace

from router.domain.command import Command, SignChild, WakeAt
from router.domain.event import (
    AccountsObserved,
    AmendRequested,
    BaselineAccepted,
    BasketRefused,
    BasketSolved,
    BasketSubmitted,
    CancelRequested,
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
    DeadlinePassed,
    EngineStarted,
    Event,
    FillVoided,
    FundingObserved,
    HourStruck,
    LimitsChanged,
    MarketObserved,
    ObservationFailed,
    ParentSubmitted,
    RiskAssessed,
    RouteRefused,
    RouteSolved,
    ScheduleRefused,
    ScheduleSolved,
    SwitchSet,
    TimerFired,
)
from router.domain.units import TimestampNs
from router.engine import (
    altering,
    baskets,
    ending,
    guarding,
    memory,
    noticing,
    planning,
    reconciling,
    scheduling,
    spreading,
    voiding,
    working,
)
from router.engine.admission import Step, activate, look_at_accounts
from router.execution import parent_machine
from router.execution.next_step import resume
from router.state.world import Phase, World


def step(world: World, event: Event) -> Step:
    """Fold one event into the world and say what must be done about it."""
    after, commands = _decide(world, event)
    after, noticed = noticing.noticed(world, after, event)
    commands = (*commands, *noticed)
    after, more = _gone_on(after, _at(event))
    after, told = parent_machine.advanced(world, after, event=event, commands=(*commands, *more))
    return memory.remember(world, after, event), told


# What closes a basket may take something back, and that may be planned at once.
def _gone_on(world: World, at: TimestampNs) -> Step:
    world, commands = activate(world, at)
    world, closed = baskets.followed(world, at)
    if not closed:
        return world, commands
    world, begun = activate(world, at)
    return world, (*commands, *closed, *begun)


def _at(event: Event) -> TimestampNs:
    return event.assessment.at if isinstance(event, RiskAssessed) else event.at


# One line a case of a closed union: splitting it would hide that it is complete.
def _decide(world: World, event: Event) -> Step:  # noqa: C901, PLR0911, PLR0912
    match event:
        case EngineStarted():
            return _started(world, event)
        case ParentSubmitted():
            return planning.submitted(world, event)
        case CancelRequested():
            return altering.cancel(world, event)
        case AmendRequested():
            return altering.amend(world, event)
        case TimerFired():
            return scheduling.woken(world, event)
        case MarketObserved() | ObservationFailed():
            return _looked(world, event)
        case RouteSolved():
            return planning.solved(world, event)
        case RouteRefused():
            return planning.refused(world, event)
        case ScheduleSolved() | ScheduleRefused():
            return _scheduled(world, event)
        case BasketSubmitted() | BasketSolved() | BasketRefused():
            return _basket(world, event)
        case AccountsObserved():
            return reconciling.accounts(world, event)
        case DeadlinePassed():
            return ending.expired(world, event)
        case FillVoided():
            return voiding.voided(world, event)
        case HourStruck():
            return reconciling.hour(world)
        case BaselineAccepted():
            return reconciling.accepted(world, event)
        case RiskAssessed():
            return guarding.assessed(world, event)
        case FundingObserved():
            return guarding.funding(world, event)
        case SwitchSet():
            return guarding.switched(world, event)
        case LimitsChanged():
            return guarding.limits_changed(world, event)
        case ControlTripped():
            return guarding.tripped(world, event)
        case (
            ChildSigned()
            | ChildNotSent()
            | ChildAcknowledged()
            | ChildWentSilent()
            | ChildProgressed()
            | ChildStuck()
            | ChildReplaced()
            | ChildCancelRefused()
            | ChildFilled()
            | ChildEnded()
        ):
            return working.child(world, event)


def _scheduled(world: World, event: ScheduleSolved | ScheduleRefused) -> Step:
    if isinstance(event, ScheduleSolved):
        return spreading.solved(world, event)
    return spreading.refused(world, event)


def _basket(world: World, event: BasketSubmitted | BasketSolved | BasketRefused) -> Step:
    match event:
        case BasketSubmitted():
            return baskets.submitted(world, event)
        case BasketSolved():
            return baskets.solved(world, event)
        case BasketRefused():
            return baskets.refused(world, event)


# What is planned together is observed in the name of its first.
def _looked(world: World, event: MarketObserved | ObservationFailed) -> Step:
    several = baskets.is_of_one(world, event.parent)
    if isinstance(event, MarketObserved):
        return (baskets.observed if several else planning.observed)(world, event)
    return (baskets.unobservable if several else planning.unobservable)(world, event)


def _started(world: World, event: EngineStarted) -> Step:
    # A restart finds the world as the journal left it. What may have been sent is asked for by its
    # own name; nothing new is planned before the accounts have been looked at.
    world = replace(world, started=event, is_ready=False, limits_now=None, is_looking=False)
    world = replace(world, unread=frozenset(world.accounts))
    for parent in tuple(world.planning.rows()):
        world = world.with_parent(replace(parent, phase=Phase.QUEUED, problem=None))
    recovery: tuple[Command, ...] = tuple(
        command
        for child in world.open_children()
        for command in (resume(child) if child.attempts else (SignChild(child.order),))
    )
    timers = tuple(WakeAt(name, at) for name, at in sorted(world.timers.items()))
    world, look = look_at_accounts(world)
    return world, (*look, *recovery, *guarding.cancels(world), *timers)
