"""What a customer's FIX engine is told, message by message: the order states of FIX 4.4.

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
    replace,
    replace_waiting,
    rests,
    status,
    waits,
)

FAR = "2000"  # a limit that no seller meets


# Orders.


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


# Replacements.


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


def test_after_a_refused_replacement_the_old_name_still_stands(peer):
    name, wrong, right, stop = fresh("wait"), fresh("wrong"), fresh("right"), fresh("stop")
    waits(peer, name, "0.5")
    expect(peer, "0/0", name=name)

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


# Trades that are taken back.


def test_a_trade_is_corrected_and_another_is_taken_back(desk, peer):
    name, other = fresh("full"), fresh("full")
    new(peer, name, "0.02")
    trade = expect_all(peer, "A/A", "0/0", "F/2", name=name)
    half = {"quantity": "0.01", "notional": str(Decimal(trade[31]) / 100), "fee": "0"}

    desk.floor.await_ended(name, client="alpha")
    bust(desk, trade, corrected=half)
    expect(peer, "G/4", name=name, ref=trade[17], last="0.01", cum="0.01", left="0")
    desk.floor.accept()
    new(peer, other, "0.02")
    trade = expect_all(peer, "A/A", "0/0", "F/2", name=other)
    desk.floor.await_ended(other, client="alpha")
    bust(desk, trade)
    expect(peer, "H/4", name=other, ref=trade[17], cum="0", left="0", avg="0")
    desk.floor.accept()


def bust(desk, trade, **corrected):
    """Have the desk take a trade back, as the venue told it on the telephone."""
    words = {"child": trade[198], "fill": trade[527], "reason": "the venue erred", "by": "risk"}
    desk.floor.ask("bust", **words, **corrected)


# The session.


def test_messages_that_were_lost_on_the_way_to_us_are_sent_again_as_they_were(peer):
    name = fresh("full")
    new(peer, name)
    expect_all(peer, "A/A", "0/0", "F/2", name=name)
    theirs = peer.fresh[-3:]
    before = len(peer.came)

    peer.forget(3)
    peer.silence("gap-in")

    again = [message for message in peer.came[before:] if message.is_repeated]
    assert [message.number for message in again] == [message.number for message in theirs]
    assert [message.body for message in again] == [message.body for message in theirs]


def test_messages_that_were_lost_on_the_way_to_them_are_asked_for_and_the_next_is_taken(peer):
    name = fresh("full")

    peer.skip_numbers(4)
    new(peer, name)

    assert peer.admin("2")[7] is not None
    expect_all(peer, "A/A", "0/0", "F/2", name=name)


def test_numbers_begin_again_when_both_agree_and_orders_are_what_they_were(peer):
    name, stop = fresh("wait"), fresh("stop")
    waits(peer, name)
    expect(peer, "0/0", name=name)

    peer.stop()
    peer.logged("logout")
    peer.reset()
    peer.start()
    peer.logged("logon")
    told = [peer.next()]  # where each order stands, in case a report was lost with the numbers
    while told[-1][11] != name:
        told.append(peer.next())
    assert {message[150] for message in told} == {"I"}
    assert told[-1][39] == "0"

    cancel(peer, stop, name)
    expect(peer, "4/4", name=stop, original=name)
    assert peer.numbers()[0] <= len(told) + 4


def test_an_order_at_work_outlives_its_session_and_what_happened_is_told_after(desk, peer):
    name = fresh("wait")
    waits(peer, name)
    order = expect(peer, "0/0", name=name)[37]

    peer.stop()
    peer.logged("logout")
    desk.floor.ask("cancel", order=order, request=fresh("by-the-desk"), by="risk", wait_s="0")
    peer.start()
    peer.logged("logon")

    expect(peer, "4/4", name=name, original=None)


def test_orders_of_a_session_that_asks_for_it_end_when_it_is_cut_off(desk, peer):
    kept, gone = fresh("kept"), fresh("gone")
    waits(peer, kept)
    expect(peer, "0/0", name=kept)
    with desk.customer("EMS-COD") as other:
        other.start()
        other.logged("logon")
        waits(other, gone, t1="second")
        expect(other, "0/0", name=gone)

        other.stop()
        other.logged("logout")
        desk.floor.await_ended(gone, client="alpha")
        other.start()
        other.logged("logon")

        message = expect(other, "4/4", name=gone, original=None)
        assert "disconnect" in message[58].lower()
        other.stop()
        other.logged("logout")
    cancel(peer, fresh("stop"), kept)
    expect(peer, "4/4")


def test_a_drop_copy_tells_of_the_same_orders_and_takes_none(desk, peer):
    name = fresh("full")
    with desk.customer("EMS-COPY") as copy:
        copy.start()
        copy.logged("logon")
        new(peer, name)
        own = [expect(peer, shorthand, name=name) for shorthand in ("A/A", "0/0", "F/2")]

        told = []  # after all that had happened before it came
        while len(told) < len(own):
            message = copy.next()
            told.extend([message] if message[11] == name else [])
        new(copy, fresh("never"))
        expect(copy, "j", t372="D", t380="6")
        copy.stop()
        copy.logged("logout")

    assert [message[17] for message in told] == [message[17] for message in own]
    assert {message[797] for message in told} == {"Y"}
