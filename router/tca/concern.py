"""Whose event it is."""

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
from router.domain.units import ParentId
from router.state.world import World


def parent_of(event: Event, world: World) -> ParentId | None:
    """Return the parent an event belongs to, or None where it concerns all of them."""
    match event:
        case ParentSubmitted():
            return event.order.id
        case (
            MarketObserved()
            | ObservationFailed()
            | RouteSolved()
            | RouteRefused()
            | DeadlinePassed()
            | CancelRequested()
            | AmendRequested()
            | TimerFired()
            | ScheduleSolved()
            | ScheduleRefused()
            | ControlTripped()
        ):
            return event.parent
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
            | FillVoided()
            | ChildEnded()
        ):
            return world.children[event.child].order.parent
        case (
            EngineStarted()
            | AccountsObserved()
            | HourStruck()
            | BasketSubmitted()
            | BasketSolved()
            | BasketRefused()
            | BaselineAccepted()
            | RiskAssessed()
            | FundingObserved()
            | SwitchSet()
            | LimitsChanged()
        ):
            return None
