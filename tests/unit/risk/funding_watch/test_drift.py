"""Planted drift is alarmed in time, and quiet weeks are quiet, over many seeds."""

import random
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import median

import pytest

from router.domain.funding import FundingState
from router.domain.units import PICO_PER_UNIT
from router.risk.funding_watch.watch import watched
from tests.unit.engine.scene import DOLLAR, PERP
from tests.unit.risk.funding_watch.series import (
    RULES,
    ZONES,
    Venues,
    assessed,
    desk,
    maintenance_of,
)

DAYS_QUIET = 30
BEFORE = 7 * 24  # hours of quiet before the drift
ENDED = 60 * 24  # hours after which an account that still lives was not threatened
SHAPES = {
    "flip": lambda _hour: 0.0005,
    "creep": lambda hour: 0.0005 * min(hour / 96, 1.0),
    "jump": lambda _hour: 0.002,
    "shared": lambda _hour: 0.0005,
}
SLICE, WHOLE = range(4), range(500)


@dataclass
class Outcome:
    """Hours since the drift began."""

    watched: int | None
    alarmed: int | None
    threatened: int


def bleed(shape: str, seed: int) -> Outcome:
    """Let an account pay a drifting rate until it is in its soft zone."""
    rng, venues = random.Random(f"account {seed}"), Venues(seed)
    sign, leverage = rng.choice((-1, 1)), rng.choice((2, 3, 5, 8, 10))
    ethers = sign * rng.choice((10, 200, 3_000))
    world = desk(ethers=ethers, leverage=leverage)
    notional, maintenance = ethers * 3_000 * DOLLAR, maintenance_of(ethers)
    equity = Fraction(abs(notional), leverage)
    seen: dict[FundingState, int] = {}
    for hour in range(-BEFORE, ENDED):
        drift = 0.0 if hour < 0 else sign * SHAPES[shape](hour)
        memory, alarms = watched(world, venues.tick(drift, shared=shape == "shared"))
        world = replace(world, funding=memory)
        assert not alarms or hour >= 0, f"alarmed {-hour} h before the drift: {alarms}"
        for state in (FundingState.WATCHED, FundingState.ALARMED):
            if any(f" is {state} " in alarm for alarm in alarms):
                seen.setdefault(state, hour)
        equity -= Fraction(notional * venues.settled, PICO_PER_UNIT)
        if maintenance * PICO_PER_UNIT >= equity * ZONES.soft_pips * 10**6:
            return Outcome(seen.get(FundingState.WATCHED), seen.get(FundingState.ALARMED), hour)
        world = assessed(world, int(equity // 1), maintenance)
    raise AssertionError(f"{shape}, seed {seed}: the account was never threatened")


def quiet_alarms(seed: int) -> list[str]:
    """Return what is alarmed of a month without drift, whichever way the desk stands."""
    venues, rng = Venues(seed), random.Random(f"account {seed}")
    world = desk(ethers=rng.choice((-100, 100)), leverage=rng.choice((2, 3, 5, 8, 10)))
    told = []
    for _ in range(DAYS_QUIET * 24):
        memory, alarms = watched(world, venues.tick())
        world = replace(world, funding=memory)
        told.extend(alarms)
    return told


# `tell` keeps the figures in the test's report.
def check_drift(shape, seeds, tell):
    outcomes = {seed: bleed(shape, seed) for seed in seeds}

    late = {s: o for s, o in outcomes.items() if o.alarmed is None or o.alarmed >= o.threatened}
    assert late == {}
    delays = [o.alarmed for o in outcomes.values()]
    spare = [o.threatened - o.alarmed for o in outcomes.values()]
    tell("alarmed after hours, median and most", (median(delays), max(delays)))
    tell("hours before the soft zone, median and least", (median(spare), min(spare)))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drift_is_alarmed_before_maintenance_is_threatened(shape, record_property):
    check_drift(shape, SLICE, record_property)


@pytest.mark.soak
@pytest.mark.parametrize("shape", SHAPES)
def test_a_drift_is_alarmed_before_maintenance_is_threatened_whatever_the_seed(
    shape, record_property
):
    check_drift(shape, WHOLE, record_property)


def test_a_month_without_drift_is_silent():
    assert {seed: told for seed in range(2) if (told := quiet_alarms(seed))} == {}


@pytest.mark.soak
def test_a_month_without_drift_is_silent_whatever_the_seed():
    assert {seed: told for seed in WHOLE if (told := quiet_alarms(seed))} == {}


def test_the_month_is_not_silent_because_nothing_could_be_heard():
    # The same month with the bounds at a hundredth: then there is something to say.
    strict = replace(RULES, watch_pips=5, alarm_pips=25)
    venues, world = Venues(0), desk(ethers=100, leverage=3, rules=strict)
    told = []
    for _ in range(DAYS_QUIET * 24):
        memory, alarms = watched(world, venues.tick())
        world = replace(world, funding=memory)
        told.extend(alarms)

    assert told
    assert PERP.id in told[0]
