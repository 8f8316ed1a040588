"""Margin as lines for the optimiser, against the exact tables of the risk room."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.margin import InitialMargin, MarginTier
from router.domain.units import PICO_PER_UNIT, Pico, Rounding, Side, divide
from router.optimiser.market.accounts import (
    Member,
    adds_at_most,
    initial_lines,
    maintenance_lines,
    position_share,
)
from router.optimiser.market.value import lots_value, mark_value
from router.risk.margin.tiers import TierTable, table
from tests.unit.optimiser.world import MID, USD, book

BOUNDS = (0, 20_000 * USD, 50_000 * USD)
LEVERAGES = (25, 10, 5)
TIERS = tuple(
    MarginTier(above, leverage, Pico(divide(PICO_PER_UNIT, 2 * leverage, Rounding.UP)))
    for above, leverage in zip(BOUNDS, LEVERAGES, strict=True)
)
EXACT: TierTable = table(*zip(BOUNDS, LEVERAGES, strict=True))
NOTIONAL = 1_000_000.0  # of the orders together, in dollars


def largest(lines, notional):
    return max(rate * notional - deduction for rate, deduction in lines)


def test_maintenance_is_that_of_the_exact_table():
    rng = random.Random(1)
    for atoms in (*BOUNDS, *(rng.randrange(200_000 * USD) for _ in range(200))):
        told = largest(maintenance_lines(TIERS, 1.0), atoms)
        assert told == pytest.approx(float(EXACT.maintenance(Fraction(atoms))), abs=1e-3)


def test_without_tiers_maintenance_is_the_initial_rate():
    assert maintenance_lines((), 0.125) == [(0.125, 0.0)]


def test_initial_margin_follows_the_rule_of_the_venue():
    fixed = replace(book(leverage=20), tiers=TIERS)
    marginal = replace(fixed, initial_margin=InitialMargin.MARGINAL)
    capped = replace(fixed, initial_margin=InitialMargin.CAPPED)

    assert initial_lines(fixed) == [(1 / 20, 0.0)]
    assert initial_lines(capped) == [(1 / 20, 0.0)]  # of the lowest tier; the others are jumps
    # Each tier's own rate for the part inside it, at the leverage set where the tier allows more.
    expected = 20_000 / 20 + 30_000 / 10 + 10_000 / 5
    assert largest(initial_lines(marginal), 60_000 * USD) == pytest.approx(expected * USD)


@pytest.mark.parametrize(
    ("position", "leverage", "dollars"),
    [
        (0, 10, 50_000),  # the tier of 10x ends at 50,000
        (0, 25, 20_000),
        (0, 5, float("inf")),
        (50_000, 10, 40_000),  # 5 ETH long are 10,000 already
        (-50_000, 10, 60_000),
        (500_000, 10, 0),  # more than the tier allows: nothing may be added
        (-500_000, 10, 150_000),  # and 100,000 short are closed first
    ],
)
def test_the_tier_that_allows_the_leverage_ends_what_may_be_added(position, leverage, dollars):
    made = replace(book(position_lots=position, leverage=leverage), tiers=TIERS)
    member = Member(0, made, Side.BUY, MID)

    assert adds_at_most(member, NOTIONAL) * NOTIONAL == pytest.approx(dollars)


def test_a_cap_on_the_position_and_reduce_only_bound_it_too():
    short = book(position_lots=-50_000)
    member = Member(0, replace(short, position_max_atoms=3_000 * USD), Side.BUY, MID)
    reducing = Member(0, replace(short, reduces_only=True), Side.BUY, MID)
    adding = Member(0, replace(short, reduces_only=True), Side.SELL, MID)

    assert adds_at_most(member, NOTIONAL) * NOTIONAL == pytest.approx(13_000)
    assert adds_at_most(reducing, NOTIONAL) * NOTIONAL == pytest.approx(10_000)
    assert adds_at_most(adding, NOTIONAL) == 0.0


def test_a_position_is_positive_where_the_order_adds():
    made = book(position_lots=-50_000)

    assert position_share(Member(0, made, Side.BUY, MID), NOTIONAL) == pytest.approx(-0.01)
    assert position_share(Member(0, made, Side.SELL, MID), NOTIONAL) == pytest.approx(0.01)


def test_lots_are_worth_their_ticks_rounded_as_told():
    made = book(price=2_000.1)

    assert mark_value(made, 3, rounding=Rounding.DOWN) == 600_030
    one_tick = lots_value(made.instrument, 1, rounding=Rounding.DOWN)
    assert one_tick == 10  # a tenth of a dollar for a ten-thousandth of base
