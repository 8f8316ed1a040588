import itertools
from dataclasses import replace

import pytest

from router.domain.amend import Amendment, PendingRequest
from router.domain.command import RaiseAlarm, ReportParent
from router.domain.event import CancelRequested, ChildAcknowledged, ChildFilled, HourStruck
from router.domain.order import TERMINAL, OrderStatus
from router.execution import progress
from router.execution.parent_machine import TRANSITIONS, advanced, status_of
from router.execution.quantities import quantities
from tests.unit.engine.altered import S, started
from tests.unit.engine.scene import ETHER, PERP, T0, order

CANCEL = PendingRequest("r", "ann")
AMEND = PendingRequest("r", "ann", Amendment())
OPEN = {S.NEW, S.IN_DOUBT, S.PARTIALLY_FILLED, S.PENDING_CANCEL, S.PENDING_REPLACE}
OF_CHILDREN = {S.PENDING_NEW, S.SIGNED, S.REPLACED}
ENDS = TERMINAL - {S.REPLACED}
MOVES = CancelRequested(order().id, "r", "ann", T0)


def test_every_status_of_an_order_is_a_row_and_the_last_ones_lead_nowhere():
    assert set(TRANSITIONS) == set(OrderStatus) - OF_CHILDREN
    assert {status for status, to in TRANSITIONS.items() if not to} == ENDS
    assert all(to <= set(TRANSITIONS) for to in TRANSITIONS.values())


def put(status):
    """Return a world whose only order has a status by all that is known of it."""
    desk = started()
    child = desk.out()
    if status in {S.PARTIALLY_FILLED, S.FILLED}:
        desk.trade(child, 4 if status is S.PARTIALLY_FILLED else 10, name="f")
    parent, held = desk.parent, desk.world.children[child.id]
    match status:
        case S.IN_DOUBT:
            return desk.world.with_child(replace(held, status=S.IN_DOUBT))
        case S.PENDING_CANCEL:
            return desk.world.with_parent(replace(parent, status=status, pending=CANCEL))
        case S.PENDING_REPLACE:
            return desk.world.with_parent(replace(parent, status=status, pending=AMEND))
        case S.CANCELED | S.REJECTED | S.EXPIRED:
            return desk.world.with_parent(progress.ended(parent, status, reason="why", at=T0))
        case _:
            return desk.world


@pytest.mark.parametrize(
    ("old", "new"), list(itertools.product(TRANSITIONS, TRANSITIONS)), ids=lambda s: s.name
)
def test_a_move_is_in_the_table_or_stops_the_process(old, new):
    before, after = put(old), put(new)
    before = before.with_parent(replace(before.parents[order().id], status=old))

    if old is new or new in TRANSITIONS[old]:
        world, _ = advanced(before, after, event=MOVES, commands=())
        assert world.parents[order().id].status is new
    else:
        with pytest.raises(AssertionError, match="is a bug"):
            advanced(before, after, event=MOVES, commands=())


@pytest.mark.parametrize("status", OPEN, ids=lambda s: s.name)
def test_the_status_follows_from_what_is_known(status):
    world = put(status)

    assert status_of(world, world.parents[order().id]) is status


@pytest.mark.parametrize("request_", [CANCEL, AMEND])
def test_a_request_comes_before_what_has_filled_and_that_before_doubt(request_):
    world = put(S.PARTIALLY_FILLED)
    (child,) = world.children.values()
    world = world.with_child(replace(child, status=S.IN_DOUBT))
    parent = world.parents[order().id]
    is_cancel = request_ is CANCEL

    assert status_of(world, parent) is S.PARTIALLY_FILLED
    asked = replace(parent, pending=request_)
    assert status_of(world, asked) is (S.PENDING_CANCEL if is_cancel else S.PENDING_REPLACE)


def test_a_change_is_told_once_with_its_quantities():
    desk = started()
    child = desk.out()
    desk.told.clear()

    desk.trade(child, 3, name="f")
    desk.feed(desk.history[-1])  # the same fill again
    desk.feed(ChildAcknowledged(child.id, desk.tick()))

    (told,) = desk.told
    assert (told.status, told.quantities) == (
        S.PARTIALLY_FILLED,
        quantities(desk.world, desk.parent),
    )
    assert told.quantities.cumulative.atoms == 3 * ETHER


def test_what_is_reported_already_gets_its_quantities_and_is_not_told_twice():
    before, after = put(S.NEW), put(S.PENDING_CANCEL)
    told = ReportParent(order().id, S.PENDING_CANCEL, "in its own words")
    alarm = RaiseAlarm("something else")

    _, commands = advanced(before, after, event=MOVES, commands=(alarm, told))

    now = quantities(after, after.parents[order().id])
    assert commands == (alarm, replace(told, quantities=now))


def test_an_order_nobody_knows_has_no_quantities():
    told = ReportParent("nobody", S.REJECTED, "there is no such order")

    _, commands = advanced(put(S.NEW), put(S.NEW), event=MOVES, commands=(told,))

    assert commands == (told,)


def test_orders_an_event_does_not_concern_are_not_looked_at():
    before, after = put(S.FILLED), put(S.FILLED)
    broken = after.with_parent(replace(after.parents[order().id], status=S.NEW))

    world, commands = advanced(before, broken, event=HourStruck(T0), commands=())

    assert (world, commands) == (broken, ())


def test_a_fill_of_one_order_tells_nothing_of_another():
    desk = started()
    child = desk.out(PERP)
    desk.submit(order(name="two"))
    desk.told.clear()

    desk.trade(child, 1, name="f")

    assert isinstance(desk.history[-1], ChildFilled)
    assert [each.parent for each in desk.told] == [order().id]
