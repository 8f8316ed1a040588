"""Schedules against equal slices on the same simulated days, paired, with confidence intervals.

What is compared, over days that neither schedule knows:

* at a stated aversion, the risk-adjusted cost: mean cost plus aversion times its variance, which is
  what the schedule is made to minimise. The mean cost alone may be above that of equal slices; it
  is shown beside it;
* without aversion, the mean cost itself. Schedules are made beforehand, so the market's own move
  adds nothing to a mean: it is taken out of both sides, and the raw interval shown beside it.
"""

import math
import random
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from tests.unit.algo.shortfall_market import (
    HALF_LIFE_S,
    VOLATILITY,
    day_of,
    equal_slices,
    scheduled,
    trade,
)

AVERSION = 2e-5  # for one dollar: 14,700 dollars of deviation weigh as much as 4,300 of cost
MISJUDGED = 0.3
WITHIN = 1.96  # standard errors: 95 %
DAYS, FEW = 500, 50
SEED = 20_240_601


@dataclass(frozen=True)
class Study:
    """Costs in dollars of the days, one row each: the schedule's, and those of equal slices."""

    ours: np.ndarray
    equal: np.ndarray
    ours_drift: np.ndarray
    equal_drift: np.ndarray

    def mean_difference(self):
        """Return the difference of the mean costs and half its confidence interval."""
        return interval(self.ours - self.equal)

    def driftless_difference(self):
        """Return the same without the market's own moves, whose mean is zero on both sides."""
        return interval((self.ours - self.ours_drift) - (self.equal - self.equal_drift))

    def adjusted_difference(self, aversion):
        """Return the difference of mean plus aversion times variance, and half its interval.

        A day adds its cost and its squared distance from the mean: the delta method.
        """
        return interval(adjusted(self.ours, aversion) - adjusted(self.equal, aversion))


def adjusted(costs, aversion):
    return costs + aversion * (costs - costs.mean()) ** 2 * costs.size / (costs.size - 1)


def interval(values):
    return values.mean(), WITHIN * values.std(ddof=1) / math.sqrt(values.size)


def run(days, *, aversion, misjudged=0.0):
    """Trade both ways on so many days."""
    rows, equal = [], equal_slices()
    for number in range(days):
        day, drawn = day_of(SEED + number), random.Random(f"estimates {number}")
        slices, _ = scheduled(
            day,
            aversion=aversion,
            volatility=VOLATILITY * (1.0 + drawn.uniform(-misjudged, misjudged)),
            half_life_s=HALF_LIFE_S * (1.0 + drawn.uniform(-misjudged, misjudged)),
        )
        ours, theirs = trade(day, slices), trade(day, equal)
        rows.append((ours.cost, theirs.cost, ours.drift, theirs.drift))
    return Study(*np.array(rows).T)


def told(study, *, aversion, name):
    """Say what a study found, in dollars for an order of 900,000."""
    lines = [f"\n{name}, {study.ours.size} days, aversion {aversion:g} per dollar"]
    for who, costs in (("schedule", study.ours), ("twap", study.equal)):
        total = adjusted(costs, aversion).mean()
        spread = f"mean {costs.mean():9.1f}  deviation {costs.std(ddof=1):9.1f}"
        lines.append(f"  {who:9s} {spread}  risk-adjusted {total:9.1f}")
    for what, (middle, half) in {
        "mean cost": study.mean_difference(),
        "mean cost, market's moves out": study.driftless_difference(),
        "risk-adjusted cost": study.adjusted_difference(aversion),
    }.items():
        ends = f"[{middle - half:.1f}, {middle + half:.1f}]"
        lines.append(f"  schedule - twap, {what}: {middle:.1f} {ends}")
    return "\n".join(lines) + "\n"


def beats(difference):
    middle, half = difference
    return middle + half < 0.0


@pytest.mark.parametrize("misjudged", [0.0, MISJUDGED])
def test_a_schedule_without_aversion_costs_less_on_average(misjudged):
    study = run(FEW, aversion=0.0, misjudged=misjudged)

    assert beats(study.driftless_difference())


def test_a_schedule_has_less_risk_on_the_same_days():
    study = run(FEW, aversion=AVERSION)

    assert study.ours.std() < 0.8 * study.equal.std()


def test_all_at_once_is_not_found_to_cost_less():
    rows, equal = [], equal_slices()
    for number in range(FEW):
        day = day_of(SEED + number)
        ours, theirs = trade(day, (sum(equal),)), trade(day, equal)
        rows.append((ours.cost, theirs.cost, ours.drift, theirs.drift))
    study = Study(*np.array(rows).T)

    middle, half = study.driftless_difference()

    assert middle - half > 0.0


@pytest.mark.soak
@pytest.mark.parametrize("misjudged", [0.0, MISJUDGED])
def test_the_schedule_beats_equal_slices_at_the_stated_aversion(misjudged):
    study = run(DAYS, aversion=AVERSION, misjudged=misjudged)

    sys.stdout.write(told(study, aversion=AVERSION, name=f"estimates off by up to {misjudged:.0%}"))
    assert beats(study.adjusted_difference(AVERSION))


@pytest.mark.soak
@pytest.mark.parametrize("misjudged", [0.0, MISJUDGED])
def test_the_schedule_beats_the_mean_cost_of_equal_slices_without_aversion(misjudged):
    study = run(DAYS, aversion=0.0, misjudged=misjudged)

    sys.stdout.write(told(study, aversion=0.0, name=f"estimates off by up to {misjudged:.0%}"))
    assert beats(study.driftless_difference())
