"""The later matrices of FIX 4.4: requests in turn, ends nobody asked for, fills taken back.

X is the order, Y and Z are the requests. Each line is a message: its type, then what it says.
"""

from dataclasses import replace

import pytest

from router.domain.algo import LimitUntil
from router.domain.event import DeadlinePassed, FillVoided
from router.domain.order import Persistence
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from tests.unit.engine.altered import S
from tests.unit.engine.scene import LIMITS, PERP, POOL, order
from tests.unit.gateway.fix_messages.told import TAKEN, check, rows, started, x


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
