"""A difference is told once, until it is by another amount."""

from router.domain.command import RaiseAlarm
from router.domain.event import HourStruck
from router.engine import reconciling
from router.state.world import World
from tests.unit.engine.scene import STARTED, Driver


def alarms(driver, **changes):
    driver.feed(HourStruck(driver.tick()))
    return [c.message for c in driver.reconcile(**changes) if isinstance(c, RaiseAlarm)]


def test_a_difference_that_stays_is_told_once_and_halts_all_the_same():
    driver = Driver()
    driver.start()

    assert len(alarms(driver, usdc=5)) == 1
    for _ in range(3):
        assert alarms(driver, usdc=5) == []
    assert "off by 5" in driver.world.halt_reason


def test_funding_that_moves_both_sides_makes_no_other_difference_of_it():
    driver = Driver()
    driver.start()

    (first,) = alarms(driver, cash=5, later=1)
    later = alarms(driver, cash=5 - 2 * 7, funding=-7, later=2)

    assert "off by 5" in first
    assert later == []
    assert "off by 5" in driver.world.halt_reason


def test_another_amount_or_another_item_is_another_difference():
    driver = Driver()
    driver.start()
    alarms(driver, usdc=5)

    (more,) = alarms(driver, usdc=6)
    assert "off by 6" in more
    (other,) = alarms(driver, usdc=6, eth=1)
    assert other.startswith("ETH of")


def test_a_difference_that_went_away_is_told_when_it_comes_back():
    driver = Driver()
    driver.start()
    alarms(driver, usdc=5)
    assert alarms(driver) == []
    assert driver.world.halt_reason is None

    assert len(alarms(driver, usdc=5)) == 1


def test_a_restart_does_not_tell_it_again():
    driver = Driver()
    driver.start()
    alarms(driver, usdc=5)

    driver.feed(STARTED)

    assert alarms(driver, usdc=5) == []


def test_accounts_that_are_looked_at_in_any_case_are_not_asked_for_at_the_hour():
    driver = Driver()
    driver.start()

    assert reconciling.hour(World()) == (World(), ())
    assert reconciling.hour(driver.world)[1] != ()
