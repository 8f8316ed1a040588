"""What is found of an account while a plan is made holds for that plan, too."""

from dataclasses import replace

from router.domain.command import ObserveMarket, SolveRoute
from router.domain.event import LimitsChanged, MarketObserved, RiskAssessed
from router.domain.risk import AccountAssessment, Assessment, GateRules, ScenarioOutcome, Zone
from router.domain.units import DurationNs
from tests.unit.engine.scene import LIMITS, MARGIN, PERP, Driver, observation, order

GATE = GateRules(age_max=DurationNs(10**12), interval=DurationNs(10**9))


def assessed(driver, *, room):
    at = driver.tick()
    worst = ScenarioOutcome("fall", 100, 90, room)
    found = AccountAssessment(MARGIN, PERP.venue, 100, 90, 80, Zone.SAFE, worst)
    driver.feed(RiskAssessed(Assessment((found,), (), at)))


def solving():
    driver = Driver()
    driver.start()
    driver.feed(LimitsChanged(replace(LIMITS, gate=GATE), "ann", driver.tick()))
    assessed(driver, room=5)
    parent = order()
    driver.submit(parent)
    return driver, parent, driver.observe(parent)


def test_a_plan_that_opens_is_not_sent_once_its_account_was_found_short():
    driver, parent, problem = solving()
    assert not problem.margins[0].reduces_only

    assessed(driver, room=-1)

    assert driver.solve(problem, (PERP, 10)) == []
    assert isinstance(driver.commands[-1], ObserveMarket)
    driver.feed(MarketObserved(parent.id, observation(), driver.tick()))
    assert driver.command(SolveRoute).problem.margins[0].reduces_only


def test_a_plan_goes_out_where_its_account_was_found_safe_again():
    driver, _, problem = solving()

    assessed(driver, room=4)

    assert len(driver.solve(problem, (PERP, 10))) == 1
