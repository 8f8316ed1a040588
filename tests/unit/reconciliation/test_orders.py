"""Orders that wait at a venue, by its word and by ours."""

from router.domain.command import CancelChild, ResolveChild
from router.domain.event import ChildEnded
from router.domain.order import OrderStatus
from tests.unit.reconciliation.scene import (
    kinds,
    look,
    open_child,
    planted,
    started,
    venue_order,
    waiting_child,
)


def test_a_foreign_order_is_told_once_and_left_alone():
    driver = started()
    read = planted(perp={"orders": (venue_order("900", reference="0xsomebody"),)})

    first, second = look(driver, read), look(driver, read)

    assert len(first) == 1
    assert first[0].startswith("foreign order")
    assert "900" in first[0]
    assert second == []
    assert kinds(driver) == []
    assert not any(isinstance(c, CancelChild) for c in driver.commands)


def test_a_foreign_order_that_went_away_and_came_back_is_told_again():
    driver = started()
    waits = planted(perp={"orders": (venue_order("900"),)})
    look(driver, waits)
    look(driver, planted())

    assert len(look(driver, waits)) == 1


def test_a_foreign_order_is_not_told_again_where_the_venue_was_not_asked_meanwhile():
    driver = started()
    waits = planted(perp={"orders": (venue_order("900"),)})
    look(driver, waits)
    look(driver, planted(perp={"orders": None}))

    assert look(driver, waits) == []


def test_an_order_that_waits_before_the_first_baseline_is_told_too():
    driver = started()
    driver.world = type(driver.world)()

    driver.feed(driver.history[0])
    told = look(driver, planted(perp={"orders": (venue_order("900"),)}))

    assert len(told) == 1
    assert driver.world.ledger is not None


def test_our_own_order_that_waits_is_no_difference():
    driver = started()
    child = waiting_child(driver)

    told = look(driver, planted(perp={"orders": (venue_order("1", reference=f"ref-{child.id}"),)}))

    assert told == []
    assert child.account not in driver.world.noted


def test_an_order_the_venue_does_not_show_is_asked_for_again_and_told_once_it_lasts():
    driver = started()
    child = waiting_child(driver)
    read = planted(perp={"orders": ()})

    first = look(driver, read)
    asked = [c for c in driver.commands if isinstance(c, ResolveChild)]
    later = [line for _ in range(40) for line in look(driver, read)]

    assert first == []
    assert [c.child.id for c in asked] == [child.id]
    assert len(later) == 1
    assert later[0].startswith("lost order")
    assert kinds(driver) == []


def test_an_order_is_not_lost_where_the_account_moved_since_it_was_asked_for():
    driver = started()
    before = driver.world.epoch
    waiting_child(driver)

    look(driver, planted(perp={"orders": ()}), epoch=before)

    assert not any(isinstance(c, ResolveChild) for c in driver.commands)


def test_an_immediate_order_is_never_lost():
    driver = started()
    child = open_child(driver)

    look(driver, planted(perp={"orders": ()}))

    assert child.account not in driver.world.noted


def test_an_order_that_still_waits_though_its_child_has_ended_is_canceled_once():
    driver = started()
    child = waiting_child(driver)
    driver.end(child, OrderStatus.EXPIRED)
    read = planted(perp={"orders": (venue_order("12", reference=f"ref-{child.id}"),)})

    told = look(driver, read)
    canceled = [c.child.id for c in driver.commands if isinstance(c, CancelChild)]
    look(driver, read)

    assert canceled == [child.id]
    assert told[0].startswith("lingering order")
    assert not any(isinstance(c, CancelChild) for c in driver.commands)
    assert kinds(driver) == []


def test_a_waiting_order_that_somebody_else_canceled_is_told_by_name_and_its_parent_goes_on():
    driver = started()
    child = waiting_child(driver)

    driver.feed(
        ChildEnded(child.id, OrderStatus.CANCELED, "canceled by the owner", None, driver.tick())
    )

    told = [c.message for c in driver.commands if hasattr(c, "message")]
    assert any(line.startswith("manual cancel") and child.id in line for line in told)
    assert kinds(driver) == []


def test_an_immediate_order_that_ends_as_canceled_was_canceled_by_nobody():
    driver = started()
    child = open_child(driver)

    driver.end(child, OrderStatus.CANCELED)

    assert not any("manual cancel" in getattr(c, "message", "") for c in driver.commands)
