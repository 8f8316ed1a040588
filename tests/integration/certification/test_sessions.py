"""Trades that are taken back, and what a session keeps when numbers, lines and peers are lost."""

from decimal import Decimal

import pytest

from tests.integration.certification.script import (
    cancel,
    expect,
    expect_all,
    fresh,
    new,
    waits,
)


@pytest.mark.soak
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


@pytest.mark.soak
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
