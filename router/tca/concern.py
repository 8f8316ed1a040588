"""Whose event it is."""

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
            | ChildFilled()
            | ChildEnded()
        ):
            return world.children[event.child].order.parent
        case (
            EngineStarted()
            | AccountsObserved()
            | HourStruck()
            | BaselineAccepted()
            | RiskAssessed()
            | FundingObserved()
            | SwitchSet()
            | LimitsChanged()
        ):
            return None
