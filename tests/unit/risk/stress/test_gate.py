"""Accounts share margin where they were assessed lately and survive; else they only reduce."""

from dataclasses import replace

import pytest

from router.domain.command import ReportParent, SolveRoute
from router.domain.error import NoRouteError
from router.domain.event import MarketObserved, RiskAssessed, RouteRefused
from router.domain.order import OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.risk import AccountAssessment, Assessment, GateRules, ScenarioOutcome, Zone
from router.domain.units import DurationNs, TimestampNs
from router.optimiser.solve import solve
from router.risk.limits import approve
from router.risk.stress.gate import reduced_accounts
from tests.unit.engine.scene import (
    DOLLAR,
    LIMITS,
    MARGIN,
    PERP,
    STARTED,
    T0,
    Driver,
    observation,
    order,
    plan,
)

AGE_MAX = DurationNs(5 * 10**9)
GATED = replace(LIMITS, gate=GateRules(AGE_MAX, DurationNs(10**9)))
WELL = AccountAssessment(MARGIN, PERP.venue, 10**9, 10**8, 10**7, Zone.SAFE, None)
SHORT = ScenarioOutcome("gap -30 %", 0, 0, -1_500_000)


def assessed(*accounts, at=T0):
    return Assessment(accounts, (), TimestampNs(at))


def gated(assessment, limits=GATED):
    driver = Driver()
    driver.feed(replace(STARTED, limits=limits))
    driver.reconcile()
    return replace(driver.world, assessment=assessment)


def why(assessment, *, later=0):
    return reduced_accounts(gated(assessment), TimestampNs(T0 + later)).get(MARGIN, "")


def test_without_rules_nothing_is_asked():
    assert reduced_accounts(gated(None, LIMITS), T0) == {}


def test_an_account_that_was_not_assessed_only_reduces():
    assert "not assessed yet" in why(None)
    assert "not assessed yet" in why(assessed())
    assert reduced_accounts(gated(None), T0).keys() == {MARGIN}  # no chain account is asked


def test_an_assessment_holds_up_to_its_age_and_no_longer():
    assert why(assessed(WELL), later=AGE_MAX) == ""
    words = why(assessed(WELL), later=AGE_MAX + 10**9)
    assert words == "its last stress assessment is 6.0 s old, the limit is 5.0 s"


def test_a_scenario_that_is_not_survived_is_told_with_what_it_lacks():
    words = why(assessed(replace(WELL, worst=SHORT)))
    assert words == ("stress scenario gap -30 % leaves it 1.5 USDC short; add collateral or reduce")
    assert why(assessed(replace(WELL, worst=replace(SHORT, room_atoms=0)))) == ""


@pytest.mark.parametrize("zone", Zone)
def test_the_soft_zone_and_worse_only_reduce(zone):
    words = why(assessed(replace(WELL, zone=zone)))
    assert bool(words) == (zone not in {Zone.SAFE, Zone.EARLY})
    assert not words or f"the zone {zone}" in words


def test_what_could_not_be_assessed_only_reduces():
    assert why(assessed(replace(WELL, unknown="no mark"))) == "it could not be assessed: no mark"


def driven(account):
    """Return the problem of an order while an account is assessed as told."""
    driver = Driver()
    driver.feed(replace(STARTED, limits=GATED))
    driver.reconcile()
    driver.feed(RiskAssessed(assessed(account, at=driver.now)))
    asked = replace(order(1), venues=(PERP.venue,))
    driver.submit(asked)
    driver.feed(MarketObserved(asked.id, observation(), driver.tick()))
    return driver, driver.command(SolveRoute).problem


def test_a_refusal_says_to_the_client_why_the_account_may_not_grow():
    driver, problem = driven(replace(WELL, worst=SHORT))
    with pytest.raises(NoRouteError) as refused:
        solve(problem)
    reason, message = refused.value.reason, str(refused.value)

    driver.feed(RouteRefused(problem.parent, reason, message, driver.tick()))

    told = driver.command(ReportParent)
    assert (reason, told.status) == (NoRouteReason.REDUCE_ONLY, OrderStatus.REJECTED)
    assert "gap -30 % leaves it 1.5 USDC short" in told.message


def test_the_second_gate_says_it_too():
    _, problem = driven(replace(WELL, zone=Zone.HARD))

    verdict = approve(problem, plan(problem, (PERP, 1)), problem.quantity)

    assert verdict.reason is NoRouteReason.REDUCE_ONLY
    assert "it is in the zone hard" in verdict.message


def test_an_account_that_is_well_grows():
    _, problem = driven(replace(WELL, equity_atoms=10**6 * DOLLAR))

    (leg,) = solve(problem).legs

    assert [m.why for m in problem.margins] == [""]
    assert leg.instrument == PERP
