"""The order state change matrices of FIX 4.4, written by hand, on the engine itself.

X is the order, Y and Z are the requests. Each line is a message: its type, then what it says.
"""

from dataclasses import replace

import pytest

from router.domain.algo import LimitUntil
from router.domain.event import DeadlinePassed, FillVoided
from router.domain.order import Persistence
from router.domain.units import NS_PER_S, DurationNs, Pips, TimestampNs
from tests.unit.engine.altered import S
from tests.unit.engine.scene import LIMITS, PERP, POOL, order
from tests.unit.gateway.fix_messages.told import rows, started, x

NEW = "8 150=A 39=A 11=X 38=10 14=0 151=10"
TAKEN = "8 150=0 39=0 11=X 38=10 14=0 151=10"
BEGUN = [NEW, TAKEN]


def check(desk, *expected):
    assert rows(desk) == [*BEGUN, *expected]


def test_1_filled_in_two_parts():
    desk = started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    desk.trade(child, 6, name="b")
    desk.finish(child, S.FILLED)
    desk.settled()

    check(
        desk,
        "8 150=F 39=1 11=X 38=10 14=4 151=6",
        "8 150=F 39=2 11=X 38=10 14=10 151=0",
    )


def test_2_rejected():
    desk = started()
    desk.submit(x(slippage_max_pips=Pips(20_000)))

    assert rows(desk) == ["8 150=8 39=8 11=X 38=10 14=0 151=0 103=3"]
    assert desk.messages()[0].body.get(58).startswith("C03-slippage: ")


def test_3_a_cancel_of_an_untouched_order():
    desk = started()
    child = desk.working()
    desk.cancel("Y")
    desk.finish(child)
    desk.settled()

    check(
        desk,
        "8 150=6 39=6 11=Y 41=X 38=10 14=0 151=10",
        "8 150=4 39=4 11=Y 41=X 38=10 14=0 151=0",
    )


def test_3_a_cancel_of_an_order_that_sent_nothing_is_done_at_once():
    desk = started()
    desk.submit(x())
    desk.cancel("Y")

    assert rows(desk) == [NEW, "8 150=4 39=4 11=Y 41=X 38=10 14=0 151=0"]


def test_4_a_fill_that_crosses_the_cancel_of_a_part_filled_order():
    desk = started()
    child = desk.working()
    desk.trade(child, 2, name="a")
    desk.cancel("Y")
    desk.trade(child, 5, name="b")
    desk.finish(child)
    desk.settled()

    check(
        desk,
        "8 150=F 39=1 11=X 38=10 14=2 151=8",
        "8 150=6 39=6 11=Y 41=X 38=10 14=2 151=8",
        "8 150=F 39=6 11=X 38=10 14=7 151=3",
        "8 150=4 39=4 11=Y 41=X 38=10 14=7 151=0",
    )


def test_5_a_cancel_that_loses_to_the_last_fill():
    desk = started()
    child = desk.working()
    desk.cancel("Y")
    desk.trade(child, 10, name="a")
    desk.refuse_cancel(child)
    desk.finish(child, S.FILLED)
    desk.settled()

    check(
        desk,
        "8 150=6 39=6 11=Y 41=X 38=10 14=0 151=10",
        "8 150=F 39=6 11=X 38=10 14=10 151=0",
        "9 39=2 11=Y 41=X 102=0 434=1",
    )


@pytest.mark.parametrize("name", ["Y", "Z"])
def test_6_a_cancel_of_what_has_ended(name):
    desk = started()
    child = desk.working()
    desk.trade(child, 10, name="a")
    desk.finish(child, S.FILLED)
    desk.settled()
    desk.cancel(name)

    assert rows(desk)[-1] == f"9 39=2 11={name} 41=X 102=0 434=1"


def test_6_a_cancel_of_what_has_filled_and_still_reconciles():
    desk = started()
    child = desk.working()
    desk.trade(child, 10, name="a")
    desk.finish(child, S.FILLED)
    desk.cancel("Y")

    assert rows(desk)[-1] == "9 39=2 11=Y 41=X 102=0 434=1"


def test_7_replaced_by_more_before_any_fill():
    desk = started()
    child = desk.working()
    desk.amend("Y", ethers=12)
    desk.finish(child)

    check(
        desk,
        "8 150=E 39=E 11=Y 41=X 38=10 14=0 151=10",
        "8 150=5 39=0 11=Y 41=X 38=12 14=0 151=12",
    )


def test_7_replaced_at_once_where_nothing_was_sent_is_new_and_not_taken_twice():
    desk = started()
    desk.submit(x())
    desk.amend("Y", ethers=12)
    desk.resting_again(PERP, 12)

    assert rows(desk) == [NEW, "8 150=5 39=0 11=Y 41=X 38=12 14=0 151=12"]


def test_8_replaced_by_more_after_a_fill_and_filled_under_the_new_name():
    desk = started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    desk.amend("Y", ethers=12)
    desk.trade(child, 1, name="b")
    desk.finish(child)
    rest = desk.resting_again(PERP, 7)
    desk.trade(rest, 7, name="c")

    check(
        desk,
        "8 150=F 39=1 11=X 38=10 14=4 151=6",
        "8 150=E 39=E 11=Y 41=X 38=10 14=4 151=6",
        "8 150=F 39=E 11=X 38=10 14=5 151=5",
        "8 150=5 39=1 11=Y 41=X 38=12 14=5 151=7",
        "8 150=F 39=2 11=Y 38=12 14=12 151=0",
    )


def test_9_a_filled_order_is_not_replaced():
    desk = started()
    child = desk.working()
    desk.trade(child, 10, name="a")
    desk.finish(child, S.FILLED)
    desk.settled()
    desk.amend("Y", ethers=12)

    assert rows(desk)[-1] == "9 39=2 11=Y 41=X 102=0 434=2"


def test_10_other_terms_lose_to_a_full_fill():
    desk = started()
    child = desk.working()
    desk.amend("Y", ethers=12)
    desk.trade(child, 10, name="a")
    desk.finish(child, S.FILLED)
    desk.settled()

    check(
        desk,
        "8 150=E 39=E 11=Y 41=X 38=10 14=0 151=10",
        "8 150=F 39=E 11=X 38=10 14=10 151=0",
        "9 39=2 11=Y 41=X 102=0 434=2",
    )


def test_11_replaced_by_less_than_ordered_and_more_than_filled():
    desk = started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    desk.amend("Y", ethers=6)
    desk.finish(child)
    rest = desk.resting_again(PERP, 2)
    desk.trade(rest, 2, name="b")

    check(
        desk,
        "8 150=F 39=1 11=X 38=10 14=4 151=6",
        "8 150=E 39=E 11=Y 41=X 38=10 14=4 151=6",
        "8 150=5 39=1 11=Y 41=X 38=6 14=4 151=2",
        "8 150=F 39=2 11=Y 38=6 14=6 151=0",
    )


@pytest.mark.parametrize("ethers", [4, 1])
def test_12_and_13_replaced_by_what_has_filled_or_less(ethers):
    desk = started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    desk.amend("Y", ethers=ethers)
    desk.finish(child)
    desk.settled()

    check(
        desk,
        "8 150=F 39=1 11=X 38=10 14=4 151=6",
        "8 150=E 39=E 11=Y 41=X 38=10 14=4 151=6",
        "8 150=5 39=2 11=Y 41=X 38=4 14=4 151=0",
    )


def test_14_replaced_twice_in_turn():
    desk = started()
    child = desk.working()
    desk.amend("Y", ethers=12)
    desk.finish(child)
    child = desk.resting_again(PERP, 12)
    desk.amend("Z", ethers=8)
    desk.finish(child)

    check(
        desk,
        "8 150=E 39=E 11=Y 41=X 38=10 14=0 151=10",
        "8 150=5 39=0 11=Y 41=X 38=12 14=0 151=12",
        "8 150=E 39=E 11=Z 41=Y 38=12 14=0 151=12",
        "8 150=5 39=0 11=Z 41=Y 38=8 14=0 151=8",
    )


@pytest.mark.parametrize(("ask", "whose"), [("amend", "2"), ("cancel", "1")])
def test_15_a_second_request_while_the_first_is_under_way(ask, whose):
    desk = started()
    child = desk.working()
    desk.amend("Y", ethers=12)
    desk.cancel("Z") if ask == "cancel" else desk.amend("Z", ethers=8)
    desk.finish(child)

    check(
        desk,
        "8 150=E 39=E 11=Y 41=X 38=10 14=0 151=10",
        f"9 39=E 11=Z 41=X 102=3 434={whose}",
        "8 150=5 39=0 11=Y 41=X 38=12 14=0 151=12",
    )


def test_16_after_a_refused_replacement_the_order_goes_by_its_older_name():
    desk = started()
    child = desk.working()
    desk.amend("Y", ethers=10_000)
    desk.amend("Z", ethers=12)
    desk.finish(child)

    check(
        desk,
        "9 39=0 11=Y 41=X 102=99 434=2",
        "8 150=E 39=E 11=Z 41=X 38=10 14=0 151=10",
        "8 150=5 39=0 11=Z 41=X 38=12 14=0 151=12",
    )


def test_17_ended_without_being_asked():
    desk = started()
    child = desk.working(x(venues=(PERP.venue,)), rests=False)
    desk.trade(child, 3, name="a")
    last_round = replace(desk.parent, round=LIMITS.plan_rounds_max)
    desk.world = desk.world.with_parent(last_round)
    desk.end(child, S.CANCELED, why="reduced by the venue")
    desk.settled()

    check(
        desk,
        "8 150=F 39=1 11=X 38=10 14=3 151=7",
        "8 150=4 39=4 11=X 38=10 14=3 151=0",
    )


def test_21_a_dated_order_that_waited_in_vain_expires():
    waits = x(algo=LimitUntil(DurationNs(5 * NS_PER_S)))
    desk = started()
    desk.submit(waits)
    late = TimestampNs(waits.deadline_at + 1)
    desk.now = late
    desk.feed(DeadlinePassed(order().id, late))

    assert rows(desk) == [TAKEN, "8 150=C 39=C 11=X 38=10 14=0 151=0"]


def test_21_a_fill_at_the_deadline_wins():
    desk = started()
    child = desk.working(x(algo=LimitUntil(DurationNs(5 * NS_PER_S))))
    desk.now = order().deadline_at
    desk.trade(child, 10, name="a")
    desk.finish(child, S.FILLED)
    desk.feed(DeadlinePassed(order().id, desk.tick()))
    desk.settled()

    assert rows(desk) == [TAKEN, "8 150=F 39=2 11=X 38=10 14=10 151=0"]


@pytest.mark.parametrize("filled", [4, 0])
def test_22_what_an_order_at_once_did_not_fill_is_given_back(filled):
    desk = started()
    child = desk.working(x(persistence=Persistence.IMMEDIATE, venues=(PERP.venue,)), rests=False)
    if filled:
        desk.trade(child, filled, name="a")
    desk.end(child, S.CANCELED)
    desk.settled()

    fills = [f"8 150=F 39=1 11=X 38=10 14={filled} 151={10 - filled}"] if filled else []
    check(desk, *fills, f"8 150=4 39=4 11=X 38=10 14={filled} 151=0")


def test_22_all_or_nothing_gives_all_back():
    desk = started()
    whole = x(persistence=Persistence.WHOLE, venues=(POOL.venue,))
    child = desk.working(whole, instrument=POOL)
    desk.finish(child, S.REJECTED)
    desk.settled()

    check(desk, "8 150=4 39=4 11=X 38=10 14=0 151=0")


def test_23_a_fill_that_is_taken_back_while_the_order_is_at_work():
    desk = started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    desk.trade(child, 3, name="b")
    (first, second) = desk.world.children[child.id].fills
    desk.feed(FillVoided(child.id, first.id, None, "a reorg", "ann", desk.tick()))

    check(
        desk,
        "8 150=F 39=1 11=X 38=10 14=4 151=6",
        "8 150=F 39=1 11=X 38=10 14=7 151=3",
        "8 150=H 39=1 11=X 38=10 14=3 151=7",
    )
    told = desk.messages()
    assert told[-1].body.get(19) == told[2].body.get(17)
    assert desk.world.children[child.id].fills == (second,)


def test_23_a_fill_that_was_another():
    desk = started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    (first,) = desk.world.children[child.id].fills
    right = replace(
        first,
        id="right",
        quantity=replace(first.quantity, atoms=first.quantity.atoms // 2),
        notional=replace(first.notional, atoms=first.notional.atoms // 2),
    )
    desk.feed(FillVoided(child.id, first.id, right, "misread", "ann", desk.tick()))

    check(
        desk,
        "8 150=F 39=1 11=X 38=10 14=4 151=6",
        "8 150=G 39=1 11=X 38=10 14=2 151=8",
    )
    told = desk.messages()
    assert (told[-1].body.get(32), told[-1].body.get(31)) == ("2", "3000")
    assert told[-1].body.get(19) == told[2].body.get(17)


def test_each_report_has_an_identity_of_its_own():
    desk = started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    desk.amend("Y", ethers=12)
    desk.finish(child)
    rest = desk.resting_again(PERP, 8)
    desk.trade(rest, 8, name="b")

    named = [message.body.get(17) for message in desk.messages() if message.kind == "8"]
    assert len(set(named)) == len(named) == 6
