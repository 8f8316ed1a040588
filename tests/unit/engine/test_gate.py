"""Which accounts a plan may draw on: those assessed lately, whole, and found to survive."""

from dataclasses import replace

import pytest

from router.domain.event import EngineStarted, RiskAssessed
from router.domain.risk import (
    AccountAssessment,
    Assessment,
    GateRules,
    ScenarioOutcome,
    Zone,
)
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.risk import guards
from tests.unit.engine.scene import DOLLAR, LIMITS, MARGIN, PERP, POOL, T0, Driver, order

AGE_MAX = DurationNs(10 * NS_PER_S)
GATED = replace(LIMITS, gate=GateRules(AGE_MAX, DurationNs(5 * NS_PER_S)))


def found(**changes):
    sound = AccountAssessment(
        account=MARGIN,
        venue=PERP.venue,
        equity_atoms=500_000 * DOLLAR,
        initial_atoms=0,
        maintenance_atoms=0,
        zone=Zone.SAFE,
        worst=ScenarioOutcome("gap -30 %", 500_000 * DOLLAR, 0, 500_000 * DOLLAR),
    )
    return replace(sound, **changes)


def ready():
    driver = Driver()
    driver.feed(EngineStarted("journal", (POOL, PERP), GATED, "test", T0))
    driver.reconcile()
    return driver


def margin_after(*assessments, late_ns=0):
    """Return the margin account of the problem that is made after some assessments."""
    driver = ready()
    for each in assessments:
        driver.feed(RiskAssessed(Assessment((each,), (), driver.tick())))
    wanted = order()
    driver.submit(wanted)
    driver.now += late_ns
    (margin,) = driver.observe(wanted).margins
    return margin


def test_an_account_that_was_found_sound_may_grow():
    margin = margin_after(found())

    assert (margin.reduces_only, margin.why) == (False, "")


def test_an_account_nobody_assessed_only_reduces():
    margin = margin_after()

    assert margin.reduces_only
    assert "not assessed yet" in margin.why


@pytest.mark.parametrize("over_ns", [0, 1])
def test_an_assessment_counts_up_to_its_age_and_no_longer(over_ns):
    # Between assessment and observation the driver's clock ticks twice.
    margin = margin_after(found(), late_ns=AGE_MAX - 2 * NS_PER_S + over_ns)

    assert margin.reduces_only is bool(over_ns)
    assert ("old" in margin.why) is bool(over_ns)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"unknown": "no answer"}, "could not be assessed: no answer"),
        ({"worst": ScenarioOutcome("fall", 0, 1, -1)}, "fall leaves it 0.000001 USDC short"),
        ({"zone": Zone.SOFT}, "zone soft"),
        ({"zone": Zone.HARD}, "zone hard"),
        ({"zone": Zone.LIQUIDATED}, "zone liquidated"),
    ],
)
def test_what_is_wrong_with_an_account_is_why_it_only_reduces(changes, why):
    margin = margin_after(found(**changes))

    assert margin.reduces_only
    assert why in margin.why


@pytest.mark.parametrize(
    "changes", [{"zone": Zone.EARLY}, {"worst": ScenarioOutcome("gap", 0, 0, 0)}, {"worst": None}]
)
def test_what_is_only_near_does_not_keep_it_from_growing(changes):
    assert not margin_after(found(**changes)).reduces_only


def test_the_newest_assessment_counts():
    assert not margin_after(found(zone=Zone.HARD), found()).reduces_only
    assert margin_after(found(), found(zone=Zone.HARD)).reduces_only


def test_a_change_of_zone_is_told_once():
    at = TimestampNs(T0)
    calm, near = (Assessment((found(zone=z),), (), at) for z in (Zone.SAFE, Zone.SOFT))

    assert guards.news(None, calm) == guards.news(near, near) == guards.news(near, calm) == ()
    (sentence,) = guards.news(calm, near)
    assert "in the zone soft (was safe)" in sentence
