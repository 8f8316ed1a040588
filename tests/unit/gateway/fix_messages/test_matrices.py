"""The order state change matrices of FIX 4.4, written by hand, on the engine itself.

X is the order, Y and Z are the requests. Each line is a message: its type, then what it says.
"""

import pytest

from router.domain.units import Pips
from tests.unit.engine.altered import S
from tests.unit.engine.scene import PERP
from tests.unit.gateway.fix_messages.told import NEW, check, rows, started, x


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


@pytest.mark.parametrize("by", ["ann", "cod.ems", "mass.ems"])
def test_17_canceled_by_somebody_else(by):
    desk = started()
    child = desk.working()
    desk.cancel("unheard-of", by=by)
    desk.finish(child)
    desk.settled()

    check(
        desk,
        "8 150=6 39=6 11=X 38=10 14=0 151=10",
        "8 150=4 39=4 11=X 38=10 14=0 151=0",
    )


def test_17_given_other_terms_by_somebody_else():
    desk = started()
    child = desk.working()
    desk.amend("unheard-of", ethers=12, by="ann")
    desk.finish(child)
    child = desk.resting_again(PERP, 12)
    desk.amend("Y", ethers=8)

    check(
        desk,
        "8 150=E 39=E 11=X 38=10 14=0 151=10",
        "8 150=D 39=0 11=X 38=12 14=0 151=12",
        "8 150=E 39=E 11=Y 41=X 38=12 14=0 151=12",
    )
    assert desk.messages()[3].body.get(378) == "4"


def test_what_somebody_else_asked_in_vain_is_not_told():
    desk = started()
    child = desk.working()
    desk.amend("unheard-of", ethers=12, by="ann")
    desk.cancel("too-soon", by="ann")
    desk.trade(child, 10, name="a")
    desk.finish(child, S.FILLED)
    desk.settled()

    check(
        desk,
        "8 150=E 39=E 11=X 38=10 14=0 151=10",
        "8 150=F 39=E 11=X 38=10 14=10 151=0",
        "8 150=D 39=2 11=X 38=10 14=10 151=0",
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
