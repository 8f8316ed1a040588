"""Fills by the venue's word and by ours."""

import pytest

from router.domain.command import ObserveMarket, ResolveChild
from router.domain.event import BaselineAccepted, ChildFilled
from router.domain.order import OrderStatus
from tests.unit.engine.scene import DOLLAR, Driver, order
from tests.unit.reconciliation.scene import (
    LOTS_PER_ETHER,
    kinds,
    look,
    open_child,
    planted,
    started,
    venue_fill,
)

PATIENCE_S = 30


def accept(driver, read):
    driver.feed(BaselineAccepted("seen", driver.tick()))
    return look(driver, read)


def test_a_trade_by_another_order_halts_by_name_and_is_the_only_difference():
    driver = started()
    foreign = venue_fill("ETH:5:77", lots=3, dollars=1_000, fee=2)

    told = look(driver, planted(lots=3, cash=-1_000 * DOLLAR - 2, perp={"fills": (foreign,)}))

    assert kinds(driver) == ["foreign_fill"]
    assert len(told) == 1
    assert "ETH:5:77" in told[0]
    assert "bought 3 lots" in driver.world.halt_reason


def test_a_foreign_trade_halts_until_it_is_accepted_and_then_orders_go_on():
    driver = started()
    fills = {"fills": (venue_fill("77", lots=3, dollars=1_000),)}
    read = planted(lots=3, cash=-1_000 * DOLLAR, perp=fills)
    look(driver, read)
    assert look(driver, read) == [], "told once"
    driver.submit(order())
    assert driver.world.parents["parent-one"].status is OrderStatus.REJECTED

    accept(driver, read)
    driver.submit(order(name="two"))

    assert kinds(driver) == []
    assert any(isinstance(c, ObserveMarket) for c in driver.commands)
    assert look(driver, planted(lots=3, cash=-1_000 * DOLLAR, later=20, perp=fills)) == []
    assert kinds(driver) == []


def test_a_foreign_trade_is_found_while_an_order_of_ours_is_at_work():
    driver = started()
    open_child(driver)
    foreign = venue_fill("77", lots=-3, dollars=1_000)

    told = look(driver, planted(lots=-3, cash=1_000 * DOLLAR, perp={"fills": (foreign,)}))

    assert kinds(driver) == ["foreign_fill"]
    assert len(told) == 1


def test_a_foreign_trade_that_was_in_the_baseline_already_is_no_news():
    driver = started()

    look(driver, planted(perp={"fills": (venue_fill("old", lots=3, dollars=1_000, at=-1),)}))

    assert kinds(driver) == []


def test_what_a_foreign_trade_does_not_explain_is_a_difference_beside_it():
    driver = started()
    foreign = venue_fill("77", lots=3, dollars=1_000)

    look(driver, planted(lots=4, cash=-1_000 * DOLLAR, perp={"fills": (foreign,)}))

    assert sorted(kinds(driver)) == ["foreign_fill", "position"]


def test_a_fill_that_we_do_not_know_yet_is_asked_for_and_neither_told_nor_halted_over():
    driver = started()
    child = open_child(driver)
    ours = venue_fill("f", lots=LOTS_PER_ETHER, dollars=3_000, reference=f"ref-{child.id}")
    read = planted(lots=LOTS_PER_ETHER, cash=-3_000 * DOLLAR, perp={"fills": (ours,)})
    before = driver.world.ledger

    told = look(driver, read)

    assert (told, kinds(driver)) == ([], [])
    assert driver.command(ResolveChild).child == child
    assert driver.world.ledger.positions == before.positions, "the child's own report books it"


def test_a_missing_fill_that_lasts_is_told_once_and_booked_when_the_venue_answers():
    driver = started()
    child = open_child(driver)
    name = f"f-{child.id}"
    ours = venue_fill(name, lots=LOTS_PER_ETHER, dollars=3_000, reference=f"ref-{child.id}")
    read = planted(lots=LOTS_PER_ETHER, cash=-3_000 * DOLLAR, perp={"fills": (ours,)})

    told = [line for _ in range(PATIENCE_S + 5) for line in look(driver, read)]
    assert len(told) == 1
    assert told[0].startswith("missing fill")
    driver.fill(child, 1)

    assert look(driver, read) == []
    assert kinds(driver) == []
    assert child.account not in driver.world.noted


def test_a_fill_of_a_child_that_had_ended_halts():
    driver = started()
    child = open_child(driver)
    driver.end(child, OrderStatus.CANCELED)
    late = venue_fill("late", lots=LOTS_PER_ETHER, dollars=3_000, reference=f"ref-{child.id}")

    told = look(driver, planted(lots=LOTS_PER_ETHER, cash=-3_000 * DOLLAR, perp={"fills": (late,)}))

    assert "late_fill" in kinds(driver)
    assert any(child.id in line for line in told)


def test_a_fill_reported_twice_under_one_id_is_booked_once():
    driver = started()
    child = open_child(driver)
    fill = driver.fill(child, 10)
    once = driver.world

    driver.feed(ChildFilled(child.id, fill, driver.tick()))

    assert driver.commands == ()
    assert driver.world.ledger == once.ledger
    assert driver.world.reconciliation == once.reconciliation


def test_a_fill_reported_under_two_ids_beyond_what_was_sent_halts_at_once():
    driver = started()
    child = open_child(driver)
    driver.fill(child, 10, name="a")

    driver.fill(child, 10, name="b")

    assert kinds(driver) == ["overfill"]
    assert child.id in driver.world.halt_reason


def test_an_overfill_stays_when_the_account_agrees_and_ends_when_it_is_accepted():
    driver = started()
    child = open_child(driver)
    driver.fill(child, 10, name="a")
    driver.fill(child, 10, name="b")
    driver.end(child, OrderStatus.FILLED)
    both = {"lots": 20 * LOTS_PER_ETHER, "cash": -60_000 * DOLLAR}
    fills = tuple(
        venue_fill(
            f"{n}-{child.id}",
            lots=10 * LOTS_PER_ETHER,
            dollars=30_000,
            reference=f"ref-{child.id}",
            at=0,
        )
        for n in "ab"
    )
    read = planted(**both, perp={"fills": fills})

    look(driver, read)
    look(driver, read)
    assert kinds(driver) == ["overfill"]

    accept(driver, read)
    assert kinds(driver) == []


def test_a_fill_reported_under_two_ids_within_what_was_sent_is_found_by_the_venues_own_list():
    driver = started()
    child = open_child(driver)
    driver.fill(child, 4, name="a")
    driver.fill(child, 4, name="b")
    driver.end(child, OrderStatus.CANCELED)
    real = venue_fill(
        f"a-{child.id}",
        lots=4 * LOTS_PER_ETHER,
        dollars=12_000,
        reference=f"ref-{child.id}",
        at=0,
    )

    told = look(
        driver,
        planted(lots=4 * LOTS_PER_ETHER, cash=-12_000 * DOLLAR, perp={"fills": (real,)}),
    )

    assert kinds(driver) == ["duplicated_fill"]
    assert f"b-{child.id}" in told[0]


@pytest.mark.parametrize("asked", [None, ()])
def test_a_venue_that_was_not_asked_for_fills_shows_none_to_be_wrong(asked):
    driver = started()
    child = open_child(driver)
    driver.fill(child, 4, name="a")
    driver.end(child, OrderStatus.CANCELED)

    look(
        driver,
        planted(lots=4 * LOTS_PER_ETHER, cash=-12_000 * DOLLAR, perp={"orders": asked}),
    )

    assert kinds(driver) == []


def test_a_replay_finds_the_same_and_does_the_same():
    driver = started()
    fills = {"fills": (venue_fill("77", lots=3, dollars=1_000),)}
    look(driver, planted(lots=3, cash=-1_000 * DOLLAR, perp=fills))
    child_world = driver.world

    again = Driver()
    for event in driver.history:
        again.feed(event)

    assert again.world == child_world
