"""A cancel at any moment of an order's life, and everything that may cross it."""

from dataclasses import replace

import pytest

from router.domain.command import (
    CancelChild,
    ObserveAccounts,
    ObserveMarket,
    ReplaceChild,
    ResolveChild,
    SignChild,
    SubmitChild,
    WakeAt,
)
from router.domain.event import (
    CancelRequested,
    ChildAcknowledged,
    ChildNotSent,
    ChildReplaced,
    ChildWentSilent,
    RouteSolved,
    TimerFired,
)
from router.domain.order import OrderStatus, Replacement, SignedChild
from router.engine.altering import refusal, take_back
from router.state.world import Phase
from tests.unit.engine.altered import S, signed, started, unsigned
from tests.unit.engine.scene import PERP, POOL, STARTED, order, plan


def queued():
    desk = started()
    desk.submit(order())
    desk.world = desk.world.with_parent(replace(desk.parent, phase=Phase.QUEUED))
    return desk


def observing():
    desk = started()
    desk.submit(order())
    return desk


def solving():
    desk = observing()
    desk.observe(order())
    return desk


def waiting():
    desk = queued()
    wake_at = order().deadline_at - 1
    desk.world = desk.world.with_parent(replace(desk.parent, phase=Phase.WAITING, wake_at=wake_at))
    return desk


@pytest.mark.parametrize("where", [waiting, queued, observing, solving], ids=lambda f: f.__name__)
def test_what_sent_nothing_ends_canceled_at_once(where):
    desk = where()

    commands = desk.cancel()

    assert (desk.parent.status, desk.parent.phase) == (S.CANCELED, Phase.DONE)
    assert desk.sequence[-1] == (S.CANCELED, (10, 0, 0))
    assert not [c for c in commands if isinstance(c, SignChild | ObserveAccounts)]


def test_a_plan_that_comes_after_the_cancel_is_not_sent():
    desk = solving()
    problem = desk.parent.problem
    desk.cancel()

    commands = desk.feed(RouteSolved(order().id, plan(problem, (PERP, 10)), desk.tick()))

    assert commands == ()
    assert not desk.world.children


def test_the_next_order_is_planned_once_the_one_before_is_canceled():
    desk = observing()
    other = order(name="two")
    desk.submit(other)

    desk.cancel()

    assert desk.command(ObserveMarket).parent == other.id


def test_an_untouched_order_is_pending_and_then_canceled():
    desk = started()
    child = desk.out()

    commands = desk.cancel()
    assert [type(c) for c in commands if not hasattr(c, "message")] == [CancelChild]
    assert desk.world.children[child.id].status is S.PENDING_CANCEL
    desk.finish(child)
    desk.settled()

    assert desk.sequence == [
        (S.NEW, (10, 0, 10)),
        (S.PENDING_CANCEL, (10, 0, 10)),
        (S.CANCELED, (10, 0, 0)),
    ]


def test_a_fill_that_crosses_the_cancel_counts_while_it_stays_pending():
    desk = started()
    child = desk.out()
    desk.trade(child, 2, name="before")
    desk.cancel()

    desk.trade(child, 3, name="crossing")
    desk.finish(child)
    desk.settled()

    assert desk.sequence == [
        (S.NEW, (10, 0, 10)),
        (S.PARTIALLY_FILLED, (10, 2, 8)),
        (S.PENDING_CANCEL, (10, 2, 8)),
        (S.PENDING_CANCEL, (10, 5, 5)),
        (S.CANCELED, (10, 5, 0)),
    ]


def test_a_cancel_that_loses_the_race_ends_filled():
    desk = started()
    child = desk.out()
    desk.cancel()
    desk.trade(child, 10, name="all")
    desk.refuse_cancel(child)

    desk.finish(child, S.FILLED)
    desk.settled()

    assert desk.sequence[-2:] == [(S.PENDING_CANCEL, (10, 10, 0)), (S.FILLED, (10, 10, 0))]


def test_a_cancel_of_what_has_filled_is_too_late_though_it_has_not_ended():
    desk = started()
    child = desk.out()
    desk.trade(child, 10, name="all")

    commands = desk.cancel()

    assert desk.parent.pending is None
    (told,) = commands
    assert (told.status, told.quantities.leaves.atoms) == (S.FILLED, 0)
    assert "too late" in told.message


def test_a_cancel_of_what_has_ended_tells_how_it_ended_and_changes_nothing():
    desk = observing()
    desk.cancel()
    before = desk.world.parents

    (told,) = desk.cancel("another")

    assert told.status is S.CANCELED
    assert "too late: the order has ended as canceled" in told.message
    assert desk.world.parents is before


def test_a_cancel_while_the_accounts_are_looked_at_is_too_late():
    desk = started()
    child = desk.out()
    desk.trade(child, 10, name="all")
    desk.finish(child, S.FILLED)
    assert desk.parent.phase is Phase.RECONCILING

    (told,) = [c for c in desk.cancel() if hasattr(c, "message")]

    assert "too late" in told.message
    assert desk.settled().status is S.FILLED


def test_nobody_knows_an_order_nobody_sent():
    desk = started()

    (told,) = desk.cancel(name="nobody")

    assert (told.parent, told.status, told.quantities) == ("nobody", S.REJECTED, None)
    assert "there is no such order" in told.message


def test_the_same_request_again_is_the_same_request():
    desk = started()
    desk.out()
    desk.cancel("once")

    (told,) = desk.cancel("once")

    assert (told.status, desk.parent.requests) == (S.PENDING_CANCEL, ("once",))
    assert "taken before" in told.message


def test_a_second_request_is_refused_while_one_is_under_way_and_stays_refused():
    desk = started()
    child = desk.out()
    desk.amend("first", ethers=12)

    (told,) = desk.cancel("second")
    assert "request first is under way" in told.message
    desk.finish(child)
    (again,) = desk.cancel("second")

    assert desk.parent.order.quantity.atoms == 12 * 10**18
    assert "refused before" in again.message
    assert desk.parent.refusals == ("second",)


def test_a_transaction_is_taken_back_by_another_of_its_nonce_and_only_once():
    desk = started()
    child = desk.out(POOL)

    desk.cancel()
    (asked,) = desk.commands_of(ReplaceChild)
    assert asked.replacement is Replacement.CANCEL
    second = SignedChild(child.id, "0x02", child.nonce, "nothing", Replacement.CANCEL)
    sent = desk.feed(ChildReplaced(child.id, second, desk.tick()))
    again = desk.feed(ChildAcknowledged(child.id, desk.tick()))

    assert sent == (SubmitChild(child, second),)
    assert [type(c) for c in again] == [ResolveChild]
    assert desk.world.children[child.id].status is S.PENDING_CANCEL
    desk.finish(child, S.CANCELED)
    assert desk.settled().status is S.CANCELED


def test_an_order_that_trades_at_once_is_waited_for():
    desk = started()
    child = desk.out(PERP, rests=False)

    desk.cancel()
    assert desk.commands_of(CancelChild, ReplaceChild) == []
    assert desk.parent.status is S.PENDING_CANCEL
    desk.trade(child, 4, name="f")
    desk.finish(child)

    assert desk.parent.phase is Phase.RECONCILING
    assert desk.settled().status is S.CANCELED


def test_bytes_that_are_signed_after_the_cancel_are_not_sent():
    desk = started()
    child = unsigned(desk)
    desk.cancel()
    assert desk.parent.status is S.PENDING_CANCEL

    commands = desk.feed(signed(child))

    assert not [c for c in commands if isinstance(c, SubmitChild)]
    assert desk.world.children[child.id].status is S.REJECTED
    assert desk.settled().status is S.CANCELED


def test_a_child_that_was_not_sent_at_all_settles_the_cancel():
    desk = started()
    child = unsigned(desk)
    desk.cancel()

    desk.feed(ChildNotSent(child.id, "no permit", desk.tick()))

    assert desk.settled().status is S.CANCELED


def test_a_cancel_that_came_before_its_order_is_asked_again():
    desk = started()
    child = desk.out()
    desk.cancel()

    commands = desk.refuse_cancel(child)
    assert desk.world.children[child.id].status is S.NEW
    assert desk.parent.status is S.PENDING_CANCEL
    (wake,) = [c for c in commands if isinstance(c, WakeAt)]
    desk.feed(TimerFired(order().id, wake.at))

    assert desk.command(CancelChild).child == child
    assert desk.world.children[child.id].status is S.PENDING_CANCEL


def test_a_cancel_without_an_answer_stays_pending_and_is_taken_up_after_a_restart():
    desk = started()
    child = desk.out()
    desk.cancel()
    desk.feed(ChildWentSilent(child.id, "timeout", desk.tick()))
    assert desk.parent.status is S.PENDING_CANCEL

    commands = desk.feed(STARTED)

    assert [type(c) for c in commands][1:3] == [ResolveChild, CancelChild]
    assert desk.parent.status is S.PENDING_CANCEL


def test_a_refused_cancel_is_asked_again_after_a_restart():
    desk = started()
    child = desk.out()
    desk.cancel()
    desk.refuse_cancel(child)

    commands = desk.feed(STARTED)

    assert [c.parent for c in commands if isinstance(c, WakeAt)] == [order().id]


def test_an_order_between_two_rounds_is_looked_at_and_then_canceled():
    desk = started()
    child = desk.out(rests=False)
    desk.trade(child, 4, name="f")
    desk.end(child, S.CANCELED, why="venue pulled it")
    assert desk.parent.phase is Phase.OBSERVING

    desk.cancel()

    assert (desk.parent.phase, desk.parent.status) == (Phase.RECONCILING, S.PENDING_CANCEL)
    assert desk.settled().status is S.CANCELED
    assert desk.sequence[-1] == (S.CANCELED, (10, 4, 0))


@pytest.mark.parametrize("status", [S.REJECTED, S.EXPIRED, S.CANCELED, S.FILLED])
def test_however_the_child_ends_the_order_is_canceled(status):
    desk = started()
    child = desk.out()
    desk.cancel()

    desk.finish(child, status)

    assert desk.settled().status is OrderStatus.CANCELED


def test_what_a_venue_cancels_unasked_is_no_cancel_of_the_order():
    desk = started()
    child = desk.out(rests=False, asked=order(venues=(PERP.venue,)))
    desk.trade(child, 4, name="f")
    desk.end(child, S.CANCELED, why="the venue took it back")
    assert desk.sequence[-1] == (S.PARTIALLY_FILLED, (10, 4, 6))

    (rest,) = desk.solve(desk.observe(order()), (PERP, 6))
    desk.sign(rest)
    desk.acknowledge(rest)
    desk.end(rest, S.CANCELED, why="again")

    assert desk.parent.phase is Phase.RECONCILING
    assert desk.settled().status is S.CANCELED
    assert desk.sequence[-1] == (S.CANCELED, (10, 4, 0))
    assert S.PENDING_CANCEL not in {each.status for each in desk.told}


def test_what_would_be_refused_can_be_asked_before():
    desk = started()
    desk.out()
    asked = CancelRequested(order().id, "c1", "ann", desk.tick())

    assert refusal(desk.world, asked) is None
    desk.feed(asked)
    assert refusal(desk.world, asked) == "it was taken before; nothing is done twice"


def test_what_was_asked_to_end_is_not_asked_twice_and_a_cancel_comes_after_a_replacement():
    desk = started()
    desk.out()

    world, first = take_back(desk.world, desk.parent, is_replaced=True)
    again = take_back(world, desk.parent, is_replaced=True)
    canceled, asked = take_back(world, desk.parent)

    assert [type(c) for c in first] == [type(c) for c in asked] == [CancelChild]
    assert again == (world, ())
    assert take_back(canceled, desk.parent) == (canceled, ())
