"""What a plan does to a perp account, by the same arithmetic that refuses plans."""

from dataclasses import replace
from fractions import Fraction
from math import floor

from router.domain.margin import StressScenario
from router.domain.units import Pips
from router.risk.margin_check import beyond_margin, effects
from tests.unit.engine.scene import DOLLAR, PERP, plan
from tests.unit.risk.test_margin_check import problem_of

FALL = StressScenario("gap -30 %", Pips(-300_000), Pips(0))
RISE = StressScenario("gap +30 %", Pips(300_000), Pips(0))


def filled(problem):
    """Plan the problem; with what its perp leg trades at the mark, and costs against it."""
    made = plan(problem, (PERP, 4))
    (leg,) = (leg for leg in made.legs if leg.instrument.id == PERP.id)
    (book,) = problem.books
    mark = book.instrument.tick_price(book.mark_ticks)
    fair = Fraction(leg.quantity.atoms * mark.quote_atoms, mark.base_atoms)
    fee = Fraction(leg.notional.atoms * PERP.fee_pips, 1_000_000)
    loss = leg.notional.atoms - fair + Fraction(-(-fee.numerator // fee.denominator))
    return made, fair, loss


def test_equity_falls_by_what_the_fill_loses_and_margin_grows_by_the_position():
    problem = problem_of(FALL, RISE, equity=500_000 * DOLLAR)
    made, fair, loss = filled(problem)

    (effect,) = effects(problem, made)

    assert effect.before.equity == 500_000 * DOLLAR
    assert (effect.before.initial, effect.before.maintenance) == (0, 0)
    assert effect.after.equity == floor(500_000 * DOLLAR - loss)
    assert effect.after.initial * problem.books[0].leverage >= fair
    assert effect.after.initial * problem.books[0].leverage <= fair + problem.books[0].leverage
    assert effect.collateral == PERP.quote


def test_a_fall_takes_three_tenths_of_a_long_and_a_rise_gives_them():
    problem = problem_of(FALL, RISE, equity=500_000 * DOLLAR)
    made, fair, loss = filled(problem)

    ((down, before, after), (up, _, better)) = effects(problem, made)[0].left

    assert (down, up) == (FALL.name, RISE.name)
    assert before == 500_000 * DOLLAR
    kept = fair * Fraction(7, 10) / problem.books[0].leverage  # without tiers, as it was opened
    assert abs(after - (500_000 * DOLLAR - loss - fair * Fraction(3, 10) - kept)) <= 2
    assert better > after


def test_a_scenario_is_negative_exactly_where_the_plan_is_refused_for_it():
    made, fair, _ = filled(problem_of(FALL))
    poor = int(fair * Fraction(36, 100))
    refused = problem_of(FALL, equity=poor)
    enough = problem_of(FALL, equity=int(fair * Fraction(38, 100)))

    for problem in (refused, enough):
        ((_, _, after),) = effects(problem, made)[0].left
        assert (after < 0) == (beyond_margin(problem, made) is not None)
    assert beyond_margin(refused, made) is not None
    assert beyond_margin(enough, made) is None


def test_an_account_that_trades_nothing_stays_as_it_was():
    problem = problem_of(FALL)
    nothing = replace(plan(problem), legs=())

    (effect,) = effects(problem, nothing)

    assert effect.before == effect.after
    assert all(before == after for _, before, after in effect.left)
