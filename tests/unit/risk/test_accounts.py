"""Accounts of a survey, with numbers worked by hand."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.event import EngineStarted
from router.domain.margin import Reservation
from router.domain.risk import GateRules, Zone
from router.domain.stress import Scenario
from router.domain.units import NS_PER_S, Amount, DurationNs
from router.risk.accounts import Judged, account_risks
from router.risk.assessment import assess
from router.state.world import World
from tests.unit.engine.scene import DOLLAR, LIMITS, MARGIN, PERP, POOL, T0, USDC
from tests.unit.risk.ten_ethers import LOTS, seen

GAP = Scenario(name="gap -20 %", gap_pips=-200_000)
LIMITED = replace(
    LIMITS, stresses=(GAP,), gate=GateRules(DurationNs(10 * NS_PER_S), DurationNs(NS_PER_S))
)


def only(survey, **changes):
    judged = Judged(LIMITED, (POOL, PERP), {}, **changes)
    (risk,) = account_risks(survey, judged)
    return risk


def test_margin_and_what_is_free_are_those_of_the_venues_rules():
    risk = only(seen())

    assert (risk.found.equity_atoms, risk.value_atoms) == (10_000 * DOLLAR, 10_000 * DOLLAR)
    assert risk.found.initial_atoms == 3_000 * DOLLAR  # a tenth of 30,000
    assert risk.found.maintenance_atoms == 600 * DOLLAR  # two percent
    assert risk.available_atoms == 7_000 * DOLLAR
    assert risk.transfer_requirement_atoms == 3_000 * DOLLAR
    assert risk.ratio_pips == 60_000  # 600 of 10,000


def test_the_liquidation_price_and_its_distance_are_where_equity_meets_maintenance():
    (position,) = only(seen()).positions

    # 10,000 - 10 (3,000 - p) = 0.02 * 10 p  =>  p = 20,000 / 9.8 = 2,040.816...
    price = Fraction(20_000 * 10, 98)
    found = Fraction(position.liquidation.quote_atoms, position.liquidation.base_atoms)
    assert found * 10**12 == price
    assert position.distance_pips == int((1 - price / 3_000) * 1_000_000)
    assert (position.lots, position.notional_atoms) == (LOTS, 30_000 * DOLLAR)


def test_the_worst_scenario_is_reckoned_to_the_atom():
    worst = only(seen(equity=6_100)).found.worst

    # A fall of a fifth takes 6,000; 24,000 are left to keep by 2 %.
    assert (worst.scenario, worst.equity_atoms) == ("gap -20 %", 100 * DOLLAR)
    assert worst.maintenance_atoms == 480 * DOLLAR
    assert worst.room_atoms == -380 * DOLLAR


def test_what_legs_in_flight_may_take_is_not_free():
    assert only(seen(), reserved={MARGIN: 500 * DOLLAR}).available_atoms == 6_500 * DOLLAR


def test_an_account_that_does_not_answer_is_told_and_not_left_out():
    risk = only(seen(unreadable=True))

    assert risk.found.unknown == "no answer in time"
    assert (risk.positions, risk.found.worst, risk.found.equity_atoms) == ((), None, 0)


@pytest.mark.parametrize(
    ("equity", "why"),
    [(10_000, ""), (6_480, ""), (6_479, "gap -20 % leaves it 1 USDC short")],
)
def test_the_report_says_which_accounts_only_reduce_and_why(equity, why):
    world = World(started=EngineStarted("journal", (POOL, PERP), LIMITED, "test", T0))

    report = assess(world, seen(equity=equity), epoch=3, at=T0)

    (account,) = report.accounts
    assert why in account.reduces_only
    assert bool(account.reduces_only) is bool(why)
    assert report.assessment.accounts == (account.found,)
    assert (report.epoch, account.found.zone) == (3, Zone.SAFE)


def test_reservations_of_several_legs_add_up_in_the_report():
    world = World(started=EngineStarted("journal", (POOL, PERP), LIMITED, "test", T0))
    legs = [Reservation(MARGIN, Amount(USDC.id, n * DOLLAR)) for n in (100, 250)]

    (account,) = assess(world, seen(), epoch=0, at=T0, reservations=legs).accounts

    assert account.available_atoms == 6_650 * DOLLAR


def test_an_equity_that_cash_and_positions_do_not_explain_is_not_believed():
    survey = seen()
    chain, perp = survey.observation.accounts
    torn = replace(perp, equity_atoms=perp.equity_atoms + 4)
    shown = replace(survey.observation, accounts=(chain, torn))

    risk = only(replace(survey, observation=shown))

    assert "equity is 10000.000004 USDC by its venue" in risk.found.unknown
