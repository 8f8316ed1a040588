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
    planning,
    reconciling,
    scheduling,
    spreading,
    working,
)
from router.engine.admission import Step, activate, look_at_accounts
from router.execution.next_step import resume
from router.state.world import Phase, World


def step(world: World, event: Event) -> Step:
    """Fold one event into the world and say what must be done about it."""
    after, commands = _decide(world, event)
    after, more = activate(after, _at(event))
    return memory.remember(world, after, event), (*commands, *more)


def _at(event: Event) -> TimestampNs:
    return event.assessment.at if isinstance(event, RiskAssessed) else event.at


# One line a case of a closed union: splitting it would hide that it is complete.
def _decide(world: World, event: Event) -> Step:  # noqa: C901, PLR0911, PLR0912
    match event:
        case EngineStarted():
            return _started(world, event)
        case ParentSubmitted():
            return planning.submitted(world, event)
        case BasketSubmitted():
            return baskets.submitted(world, event)
        case CancelRequested():
            return altering.cancel(world, event)
        case AmendRequested():
            return altering.amend(world, event)
        case TimerFired():
            return scheduling.woken(world, event)
        case MarketObserved():
            return planning.observed(world, event)
        case ObservationFailed():
            return planning.unobservable(world, event)
        case RouteSolved():
            return planning.solved(world, event)
        case RouteRefused():
            return planning.refused(world, event)
        case BasketSolved():
            return baskets.solved(world, event)
        case BasketRefused():
            return baskets.refused(world, event)
        case ScheduleSolved():
            return spreading.solved(world, event)
        case ScheduleRefused():
            return spreading.refused(world, event)
        case AccountsObserved():
            return reconciling.accounts(world, event)
        case DeadlinePassed():
            return ending.expired(world, event)
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
    timers = tuple(
        WakeAt(parent.order.id, parent.wake_at)
        for parent in world.going.rows()
        if parent.wake_at is not None and parent.phase in {Phase.WAITING, Phase.EXECUTING}
    )
    world, look = look_at_accounts(world)
    return world, (*recovery, *guarding.cancels(world), *timers, *look)
