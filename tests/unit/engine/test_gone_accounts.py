"""An account that a restart no longer configures holds nobody up for ever."""

from dataclasses import replace

from router.domain.command import ObserveAccounts, ObserveMarket, RaiseAlarm
from router.domain.event import AccountsObserved, EngineStarted
from router.domain.order import OrderStatus
from router.domain.units import TimestampNs
from router.state.world import Phase
from tests.unit.engine.scene import CHAIN, LIMITS, PERP, POOL, Driver, accounts, order
from tests.unit.engine.story import GAS, executed_perp_leg, executed_pool_leg


def test_an_order_that_settles_ends_without_an_account_that_is_gone_and_somebody_is_told():
    driver, asked = Driver(), order()
    driver.start()
    executed_perp_leg(driver, asked)
    executed_pool_leg(driver, asked, 6)
    assert driver.world.parents[asked.id].phase is Phase.RECONCILING

    driver.feed(EngineStarted("journal", (PERP,), LIMITS, "test", driver.tick()))
    read_perp(driver, filled=4)

    parent = driver.world.parents[asked.id]
    assert (parent.phase, parent.status) == (Phase.DONE, OrderStatus.FILLED)
    (alarm,) = (c.message for c in driver.commands if isinstance(c, RaiseAlarm))
    assert alarm.startswith(f"{CHAIN}: no longer configured, so {asked.id} ends without a look")
    assert not [c for c in driver.commands if isinstance(c, ObserveAccounts)]


def test_what_is_unexplained_at_an_account_that_is_gone_does_not_stop_all_planning():
    driver, asked = Driver(), order()
    limits = replace(LIMITS, plan_rounds_max=3)
    driver.feed(EngineStarted("journal", (POOL, PERP), limits, "test", driver.tick()))
    driver.reconcile()
    driver.submit(asked)
    (child,) = driver.solve(driver.observe(asked), (POOL, 10))
    driver.sign(child)
    driver.end(child, OrderStatus.REJECTED, gas=GAS, why="its logs do not say what was traded")
    driver.reconcile(native=-GAS.atoms)
    (child,) = driver.solve(driver.observe(asked), (PERP, 4))
    driver.sign(child)

    driver.feed(EngineStarted("journal", (PERP,), limits, "test", driver.tick()))
    read_perp(driver)
    driver.fill(child, 2)
    driver.end(child, OrderStatus.CANCELED)
    read_perp(driver, filled=2)

    assert driver.world.is_ready
    assert driver.world.parents[asked.id].phase is Phase.OBSERVING
    assert any(isinstance(c, ObserveMarket) for c in driver.commands)


def read_perp(driver, *, filled=0):
    _, perp = accounts(cash=-filled * 3_000 * 10**6, lots=filled * 10**4)
    perp = replace(perp, at_venue=TimestampNs(driver.now + 1))
    driver.feed(AccountsObserved((perp,), driver.world.epoch, driver.tick()))
