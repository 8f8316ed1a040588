"""What news of a child shows to be wrong at once, before any account is looked at. Pure."""

from dataclasses import replace

from router.domain.command import RaiseAlarm
from router.domain.difference import Difference, DifferenceKind
from router.domain.event import ChildEnded, ChildFilled, Event
from router.domain.order import OrderStatus, TimeInForce
from router.engine.admission import Step
from router.execution import progress
from router.state.world import ChildState, Reconciliation, World

_WAITS = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.IN_DOUBT})


def noticed(before: World, after: World, event: Event) -> Step:
    """Halt over a child that traded more than was sent; tell of one somebody else canceled."""
    match event:
        case ChildFilled():
            if after.children[event.child] is before.children[event.child]:
                return after, ()  # told before
            return _overfilled(after, event), ()
        case ChildEnded(status=OrderStatus.CANCELED):
            child = before.children[event.child]
            if not _waited(child):
                return after, ()
            difference = Difference(
                child.order.account,
                child.order.id,
                1,
                0,
                DifferenceKind.MANUAL_CANCEL,
                f"{child.order.id} was canceled, and not by us: {event.reason or 'no reason told'}",
                child=child.order.id,
            )
            return after, (RaiseAlarm(difference.sentence),)
        case _:
            return after, ()


def _waited(child: ChildState) -> bool:
    return child.order.time_in_force is not TimeInForce.IMMEDIATE and child.status in _WAITS


# The alarm is raised where the fill is booked.
def _overfilled(world: World, event: ChildFilled) -> World:
    child = world.children[event.child]
    leg = next((x for x in child.order.legs if x.instrument.id == event.fill.instrument), None)
    excess = None if leg is None else progress.excess(child, leg)
    if leg is None or excess is None:
        return world
    done = sum(f.quantity.atoms for f in child.fills if f.instrument == leg.instrument.id)
    found = Difference(
        child.order.account,
        child.order.id,
        leg.quantity.atoms,
        done,
        DifferenceKind.OVERFILL,
        excess,
        child=child.order.id,
    )
    before = () if world.reconciliation is None else world.reconciliation.differences
    others = tuple(each for each in before if (each.kind, each.item) != (found.kind, found.item))
    return replace(world, reconciliation=Reconciliation(event.at, (*others, found)))
