"""New orders and their cancels, message by message: the order states of FIX 4.4.

Each case was written down from the specification; a message more, less or other fails.
"""

from decimal import Decimal

from tests.integration.certification.script import (
    FOK,
    GTD,
    IOC,
    LIMIT,
    SELL,
    cancel,
    expect,
    expect_all,
    fresh,
    moment,
    new,
    rests,
    waits,
)

FAR = "2000"  # a limit that no seller meets


def test_an_order_fills(peer):
    name = fresh("full")

    new(peer, name, "0.01")

    expect(peer, "A/A", name=name, quantity="0.01", left="0.01", cum="0", avg="0")
    expect(peer, "0/0", name=name, left="0.01", cum="0")
    expect(peer, "F/2", name=name, last="0.01", left="0", cum="0.01", account="main")


def test_an_order_in_the_book_fills_part_by_part(desk, peer):
    name = fresh("parts")

    rests(peer, name, "1", t20015="1")
    expect(peer, "0/0", name=name, left="1")
    (order,) = desk.venue.await_resting(lambda orders: len(orders) == 1)
    desk.venue.book(0)
    desk.venue.stranger_trades(-1_500)
    first = expect(peer, "F/1", name=name)
    desk.venue.stranger_trades(-15_000)
    expect(peer, "F/2", name=name, cum="1", left="0")

    assert order.size == 10_000
    assert 0 < Decimal(first[14]) < 1
    assert Decimal(first[151]) == 1 - Decimal(first[14])


def test_what_an_immediate_order_does_not_get_is_given_back(desk, peer):
    name = fresh("ioc")
    desk.venue.direct("stop_publishing", on=True)  # the desk still believes in the full book
    desk.venue.book(1)

    new(peer, name, "20", t59=IOC)

    expect_all(peer, "A/A", "0/0", name=name, quantity="20", left="20")
    filled = Decimal(0)
    while (message := peer.next())[150] == "F":
        filled += Decimal(message[32])
        assert (message[39], message[11]) == ("1", name)
    assert (message[150], message[39], message[41]) == ("4", "4", None)
    assert (Decimal(message[14]), message[151]) == (filled, "0")
    assert 0 < filled < 20


def test_an_immediate_order_that_finds_nothing_is_given_back(peer):
    name = fresh("ioc")

    new(peer, name, "1", t59=IOC, t40=LIMIT, t44=FAR)

    expect(peer, "A/A", name=name)
    expect(peer, "4/4", name=name, original=None, cum="0", left="0")


def test_all_or_nothing_in_one_transaction_fills_wholly(peer):
    name = fresh("fok")

    new(peer, name, "0.5", t59=FOK, t100="uniswap_v3")

    expect_all(peer, "A/A", "0/0", name=name, left="0.5")
    expect(peer, "F/2", name=name, last="0.5", cum="0.5", left="0")


def test_all_or_nothing_that_cannot_be_wholly_is_nothing(peer):
    name = fresh("fok")

    new(peer, name, "0.5", t59=FOK, t100="uniswap_v3", t40=LIMIT, t44=FAR)

    expect(peer, "A/A", name=name)
    expect(peer, "4/4", name=name, cum="0", left="0")


def test_an_order_ends_with_its_time(peer):
    name = fresh("gtd")

    waits(peer, name, t59=GTD, t126=moment(1.2), t20008="0.5")

    expect(peer, "0/0", name=name)
    expect(peer, "C/C", name=name, original=None, cum="0", left="0")


def test_an_order_that_cannot_be_is_rejected_and_says_why(peer):
    symbol, account, limit = fresh("symbol"), fresh("account"), fresh("limit")

    new(peer, symbol, t55="DOGE/USDC")
    expect(peer, "8/8", name=symbol, order="NONE", why="1", left="0", cum="0")
    new(peer, account, t1="second")
    expect(peer, "8/8", name=account, order="NONE", why="15")
    new(peer, limit, "5000")
    expect(peer, "A/A", name=limit)
    expect(peer, "8/8", name=limit, why="3", left="0", cum="0")


def test_a_name_stands_for_one_order(peer):
    name = fresh("twice")
    waits(peer, name)
    expect(peer, "0/0", name=name)

    waits(peer, name)
    expect(peer, "8/8", name=name, order="NONE", why="6")

    waits(peer, name, t97="Y")
    expect(peer, "I/0", name=name, left="0.5", exec="0")
    waits(peer, name, "0.7", t97="Y")
    expect(peer, "8/8", name=name, order="NONE", why="6")
    cancel(peer, fresh("stop"), name)
    expect(peer, "4/4")


def test_an_order_that_may_have_been_sent_before_and_was_not_is_taken(peer):
    name = fresh("resend")

    new(peer, name, t97="Y")

    expect_all(peer, "A/A", "0/0", "F/2", name=name)


# Cancels.


def test_a_waiting_order_is_canceled(peer):
    name, stop = fresh("wait"), fresh("stop")
    waits(peer, name)
    expect(peer, "0/0", name=name)

    cancel(peer, stop, name)

    expect(peer, "4/4", name=stop, original=name, cum="0", left="0")


def test_a_cancel_of_what_rests_is_pending_until_the_venue_has_done_it(desk, peer):
    name, stop = fresh("rest"), fresh("stop")
    rests(peer, name)
    expect(peer, "0/0", name=name)
    desk.venue.await_resting(lambda orders: len(orders) == 1)

    cancel(peer, stop, name)

    expect(peer, "6/6", name=stop, original=name, left="2")
    expect(peer, "4/4", name=stop, original=name, left="0", cum="0")
    desk.venue.await_resting(lambda orders: not orders)


def test_a_fill_on_the_way_is_told_under_the_old_name_and_the_cancel_keeps_it(desk, peer):
    name, stop = fresh("rest"), fresh("stop")
    rests(peer, name)
    expect(peer, "0/0", name=name)
    desk.venue.await_resting(lambda orders: len(orders) == 1)
    desk.venue.direct("delay", at="exchange", ms=600, on=True)

    cancel(peer, stop, name)
    expect(peer, "6/6", name=stop, original=name)
    desk.venue.book(0)
    desk.venue.stranger_trades(-1_500)

    part = expect(peer, "F/6", name=name, original=None)
    last = expect(peer, "4/4", name=stop, original=name, left="0")
    assert Decimal(last[14]) == Decimal(part[14]) > 0


def test_a_cancel_that_loses_to_the_last_fill_is_too_late(desk, peer):
    name, stop = fresh("rest"), fresh("stop")
    rests(peer, name, "1", t20015="1")
    expect(peer, "0/0", name=name)
    desk.venue.await_resting(lambda orders: len(orders) == 1)
    desk.venue.direct("delay", at="exchange", ms=600, on=True)

    cancel(peer, stop, name)
    expect(peer, "6/6", name=stop, original=name)
    desk.venue.book(0)
    desk.venue.stranger_trades(-15_000)

    expect(peer, "F/6", name=name, cum="1", left="0")
    expect(peer, "9", name=stop, original=name, status="2", why_not="0", answers="1")


def test_a_cancel_of_what_has_ended_or_never_was_is_refused(peer):
    name = fresh("full")
    new(peer, name)
    order = expect_all(peer, "A/A", "0/0", "F/2", name=name)[37]

    late, lost = fresh("late"), fresh("lost")
    cancel(peer, late, name)
    expect(peer, "9", name=late, original=name, order=order, status="2", why_not="0", answers="1")
    cancel(peer, lost, "never-sent")
    expect(peer, "9", name=lost, order="NONE", status="8", why_not="1", answers="1")


def test_a_cancel_that_names_another_side_is_refused(peer):
    name = fresh("wait")
    waits(peer, name)
    expect(peer, "0/0", name=name)

    cancel(peer, fresh("side"), name, t54=SELL)
    expect(peer, "9", status="0", why_not="99", answers="1")
    cancel(peer, fresh("stop"), name)
    expect(peer, "4/4")


def test_an_order_canceled_by_others_says_so(desk, peer):
    name = fresh("wait")
    waits(peer, name)
    order = expect(peer, "0/0", name=name)[37]

    desk.floor.ask("cancel", order=order, request="by-the-desk", by="risk", wait_s="0")

    expect(peer, "4/4", name=name, original=None, left="0")


def test_all_orders_are_canceled_at_once_each_with_its_own_report(peer):
    names, stop = [fresh("wait") for _ in range(3)], fresh("all")
    for name in names:
        waits(peer, name)
        expect(peer, "0/0", name=name)

    peer.send("q", {11: stop, 530: "7", 60: moment()})

    told = [peer.next() for _ in range(4)]  # the answer and the reports in whichever order
    assert {m[11]: m[533] or m[39] for m in told} == {stop: "3", **dict.fromkeys(names, "4")}
    assert {m[41] for m in told} == {None}
