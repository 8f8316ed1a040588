"""The engine: fold one event into the world and say what must be done about it. Pure.

It alone knows the order of the stages: observe, solve, check, execute, reconcile. One parent is
worked at a time; the others wait in the order they came.
"""

from dataclasses import replace

from router.domain.command import SignChild
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
    SwitchSet,
)
from router.engine import ending, guarding, memory, planning, reconciling, working
from router.engine.admission import Step, look_at_accounts
from router.execution.next_step import resume
from router.state.world import Phase, World


def step(world: World, event: Event) -> Step:
    """Fold one event into the world and say what must be done about it."""
    after, commands = _decide(world, event)
    return memory.remember(world, after, event), commands


# One line a case of a closed union: splitting it would hide that it is complete.
def _decide(world: World, event: Event) -> Step:  # noqa: C901, PLR0911, PLR0912
    match event:
        case EngineStarted():
            return _started(world, event)
        case ParentSubmitted():
            return planning.submitted(world, event)
        case MarketObserved():
            return planning.observed(world, event)
        case ObservationFailed():
            return planning.unobservable(world, event)
        case RouteSolved():
            return planning.solved(world, event)
        case RouteRefused():
            return planning.refused(world, event)
        case AccountsObserved():
            return reconciling.accounts(world, event)
        case DeadlinePassed():
            return ending.expired(world, event)
        case HourStruck():
            return reconciling.hour(world)
        case BaselineAccepted():
            return reconciling.accepted(world)
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
            | ChildFilled()
            | ChildEnded()
        ):
            return working.child(world, event)


def _started(world: World, event: EngineStarted) -> Step:
    # A restart finds the world as the journal left it. What may have been sent is asked for by its
    # own name; nothing new is planned before the accounts have been looked at.
    world = replace(world, started=event, is_ready=False, limits_now=None)
    parent = world.active
    if parent is not None and parent.phase in {Phase.OBSERVING, Phase.SOLVING}:
        world = world.with_parent(replace(parent, phase=Phase.QUEUED, problem=None))
    recovery = tuple(
        command
        for child in world.open_children()
        for command in (resume(child) if child.attempts else (SignChild(child.order),))
    )
    return world, (*recovery, *guarding.cancels(world)) or (look_at_accounts(world),)
