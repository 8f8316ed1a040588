"""Replacements and questions for the status, message by message, as FIX 4.4 has them."""

from decimal import Decimal

from tests.integration.certification.script import (
    cancel,
    expect,
    expect_all,
    fresh,
    moment,
    new,
    replace,
    replace_waiting,
    rests,
    status,
    waits,
)


def test_a_waiting_order_is_replaced_up_and_down_and_again(peer):
    first, second, third = fresh("wait"), fresh("up"), fresh("down")
    waits(peer, first, "0.5")
    expect(peer, "0/0", name=first)

    replace_waiting(peer, second, first, "0.7")
    expect(peer, "5/0", name=second, original=first, quantity="0.7", left="0.7", price="100")
    replace_waiting(peer, third, second, "0.2", "101")
    expect(peer, "5/0", name=third, original=second, quantity="0.2", left="0.2", price="101")
    stop = fresh("stop")
    cancel(peer, stop, third)
    expect(peer, "4/4", name=stop, original=third, left="0")


def test_a_replacement_of_what_rests_is_pending_and_then_holds(desk, peer):
    name, more, stop = fresh("rest"), fresh("more"), fresh("stop")
    rests(peer, name, "2")
    expect(peer, "0/0", name=name)
    desk.venue.await_resting(lambda orders: len(orders) == 1)

    replace(peer, more, name, "3")
    expect(peer, "E/E", name=more, original=name, quantity="2", left="2")
    expect(peer, "5/0", name=more, original=name, quantity="3", left="3")
    desk.venue.await_resting(lambda orders: len(orders) == 1)

    cancel(peer, stop, more)
    expect(peer, "6/6", name=stop, original=more)
    expect(peer, "4/4", name=stop, original=more)


def part_filled(desk, peer, name, quantity="2"):
    """Have an order rest and be hit in part; return what has filled."""
    rests(peer, name, quantity, t20015="1")
    expect(peer, "0/0", name=name)
    desk.venue.await_resting(lambda orders: len(orders) == 1)
    desk.venue.book(0)
    desk.venue.stranger_trades(-1_500)
    return Decimal(expect(peer, "F/1", name=name)[14])


def test_a_replacement_up_after_a_fill_keeps_what_has_filled(desk, peer):
    name, more, stop = fresh("rest"), fresh("more"), fresh("stop")
    done = part_filled(desk, peer, name)

    replace(peer, more, name, "3")
    expect(peer, "E/E", name=more, original=name, quantity="2")
    held = expect(peer, "5/1", name=more, original=name, quantity="3")
    desk.venue.book(100)
    desk.venue.await_resting(lambda orders: len(orders) == 1)
    assert (Decimal(held[14]), Decimal(held[151])) == (done, 3 - done)

    cancel(peer, stop, more)
    expect(peer, "6/6", name=stop, original=more)
    expect(peer, "4/4", name=stop, original=more, left="0")


def test_a_replacement_down_to_what_has_filled_fills_the_order(desk, peer):
    name, less = fresh("rest"), fresh("less")
    done = part_filled(desk, peer, name)

    replace(peer, less, name, str(done))

    expect(peer, "E/E", name=less, original=name)
    last = expect(peer, "5/2", name=less, original=name, left="0")
    assert Decimal(last[38]) == Decimal(last[14]) == done


def test_a_replacement_below_what_has_filled_is_one_to_what_has_filled(desk, peer):
    name, less = fresh("rest"), fresh("less")
    done = part_filled(desk, peer, name)

    replace(peer, less, name, "0.0001")

    expect(peer, "E/E", name=less, original=name)
    last = expect(peer, "5/2", name=less, original=name, left="0")
    assert Decimal(last[38]) == Decimal(last[14]) == done


def test_a_replacement_of_what_has_filled_is_too_late(peer):
    name, late = fresh("full"), fresh("late")
    new(peer, name)
    expect_all(peer, "A/A", "0/0", "F/2", name=name)

    replace(peer, late, name, "1")

    expect(peer, "9", name=late, original=name, status="2", why_not="0", answers="2")


def test_a_replacement_that_loses_to_the_last_fill_is_too_late(desk, peer):
    name, more = fresh("rest"), fresh("more")
    rests(peer, name, "1", t20015="1")
    expect(peer, "0/0", name=name)
    desk.venue.await_resting(lambda orders: len(orders) == 1)
    desk.venue.direct("delay", at="exchange", ms=600, on=True)

    replace(peer, more, name, "1", t20001="50")
    expect(peer, "E/E", name=more, original=name)
    desk.venue.book(0)
    desk.venue.stranger_trades(-15_000)

    expect(peer, "F/E", name=name, cum="1", left="0")
    expect(peer, "9", name=more, original=name, status="2", why_not="0", answers="2")


def test_one_request_of_an_order_is_taken_at_a_time(desk, peer):
    name, stop, second = fresh("rest"), fresh("stop"), fresh("second")
    rests(peer, name)
    expect(peer, "0/0", name=name)
    desk.venue.await_resting(lambda orders: len(orders) == 1)
    desk.venue.direct("delay", at="exchange", ms=600, on=True)

    cancel(peer, stop, name)
    expect(peer, "6/6", name=stop, original=name)
    replace(peer, second, name, "3")
    expect(peer, "9", name=second, original=name, status="6", why_not="3", answers="2")
    expect(peer, "4/4", name=stop, original=name)


def test_after_a_refused_replacement_the_old_name_still_stands(desk, peer):
    name, wrong, right, stop = fresh("wait"), fresh("wrong"), fresh("right"), fresh("stop")
    waits(peer, name, "0.5")
    expect(peer, "0/0", name=name)
    desk.floor.await_phase(name, "waiting", client="alpha")  # what it is worth is known by then

    replace_waiting(peer, wrong, name, "900000")
    expect(peer, "9", name=wrong, original=name, status="0", answers="2")
    replace_waiting(peer, right, name, "0.6")
    expect(peer, "5/0", name=right, original=name, quantity="0.6")
    cancel(peer, stop, right)
    expect(peer, "4/4", name=stop, original=right)


# Status.


def test_an_order_is_asked_for_by_each_name_it_had(peer):
    name, more, stop = fresh("wait"), fresh("more"), fresh("stop")
    waits(peer, name, "0.5")
    expect(peer, "0/0", name=name)
    replace_waiting(peer, more, name, "0.7")
    expect(peer, "5/0", name=more)

    status(peer, more, t790="q1")
    expect(peer, "I/0", name=more, quantity="0.7", left="0.7", exec="0", t790="q1")
    status(peer, "never-sent", t790="q2")
    expect(peer, "I/8", name="never-sent", order="NONE", why="5", t790="q2")
    cancel(peer, stop, more)
    expect(peer, "4/4")


def test_all_orders_at_work_are_told_and_the_last_says_so(peer):
    peer.send("AF", {584: "m0", 585: "7"})
    expect(peer, "I/8", order="NONE", t584="m0", t911="0", t912="Y")
    names = [fresh("wait") for _ in range(3)]
    for name in names:
        waits(peer, name)
        expect(peer, "0/0", name=name)

    peer.send("AF", {584: "m1", 585: "7"})

    told = [expect(peer, "I/0", t584="m1", t911="3") for _ in names]
    assert {message[11] for message in told} == set(names)
    assert [message[912] for message in told][-1] == "Y"
    assert "Y" not in [message[912] for message in told][:-1]
    stop = fresh("all")
    peer.send("q", {11: stop, 530: "7", 60: moment()})
    assert {peer.next()[11] for _ in range(4)} == {stop, *names}
