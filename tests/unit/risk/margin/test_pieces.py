"""Margin as convex pieces: the account's own function, and the optimiser's, on random tables."""

from fractions import Fraction
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from router.domain.margin import InitialMargin, MarginTier
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.market.accounts import initial_lines, maintenance_lines
from router.risk.margin.pieces import (
    initial_margin,
    initial_pieces,
    largest,
    maintenance_pieces,
)
from router.risk.margin.tiers import Tier, TierTable, table

FLOAT = Fraction(1, 10**12)  # of the margin: what the optimiser's floats resolve


@st.composite
def told(draw):
    """Draw the tiers of a market as a venue tells them: bounds rise, leverages fall."""
    count = draw(st.integers(1, 4))
    leverages = draw(st.lists(st.integers(1, 100), min_size=count, max_size=count, unique=True))
    bounds = draw(
        st.lists(st.integers(1, 10**15), min_size=count - 1, max_size=count - 1, unique=True)
    )
    rows = zip([0, *sorted(bounds)], sorted(leverages, reverse=True), strict=True)
    return tuple(MarginTier(at, most, Pico(-(-PICO_PER_UNIT // (2 * most)))) for at, most in rows)


def table_of(tiers):
    return TierTable(
        tuple(
            Tier(Fraction(t.above_atoms), t.leverage_max, Fraction(t.maintenance, PICO_PER_UNIT))
            for t in tiers
        )
    )


def notionals(tiers):
    bounds = [t.above_atoms for t in tiers]
    near = [max(0, bound + shift) for bound in bounds for shift in (-1, 0, 1)]
    return st.one_of(st.sampled_from(near), st.integers(0, 3 * 10**15)).map(Fraction)


def by_lines(lines, notional):
    return max(Fraction(rate) * notional - Fraction(deduction) for rate, deduction in lines)


@given(st.data(), told())
def test_the_largest_line_is_the_maintenance_margin_and_the_optimisers(data, tiers):
    ours = table_of(tiers)
    notional = data.draw(notionals(tiers))
    pieces = maintenance_pieces(ours)

    assert largest(pieces, notional) == ours.maintenance(notional)
    theirs = by_lines(maintenance_lines(tiers, 1.0), notional)
    assert abs(theirs - largest(pieces, notional)) <= FLOAT * (notional + 1)


@given(st.data(), told(), st.integers(1, 100), st.sampled_from(InitialMargin))
def test_the_largest_line_is_the_optimisers_opening_margin(data, tiers, leverage, rule):
    notional = data.draw(notionals(tiers))
    book = SimpleNamespace(tiers=tiers, leverage=leverage, initial_margin=rule)
    ours = largest(initial_pieces(table_of(tiers), leverage, rule), notional)

    assert abs(by_lines(initial_lines(book), notional) - ours) <= FLOAT * (notional + 1)
    exact = initial_margin(notional, table_of(tiers), leverage=leverage, rule=rule)
    assert ours <= exact
    assert ours == exact or rule is InitialMargin.CAPPED


@given(told(), st.integers(1, 100), st.sampled_from(InitialMargin))
def test_pieces_are_convex_slopes_rise_and_intercepts_fall(tiers, leverage, rule):
    for pieces in (
        maintenance_pieces(table_of(tiers)),
        initial_pieces(table_of(tiers), leverage, rule),
    ):
        assert pieces[0].intercept == 0
        slopes = [piece.slope for piece in pieces]
        intercepts = [piece.intercept for piece in pieces]
        assert slopes == sorted(slopes)
        assert intercepts == sorted(intercepts, reverse=True)


def test_margin_that_jumps_asks_the_whole_notional_at_the_tiers_rate():
    # 100 at 10x; above 1,000 the whole of it at 5x: 1,001 / 5.
    tiers = table((0, 10), (1_000, 5))

    def margin(notional):
        return initial_margin(Fraction(notional), tiers, leverage=20, rule=InitialMargin.CAPPED)

    assert margin(1_000) == 100
    assert margin(1_001) == Fraction(1_001, 5)


def test_marginal_tiers_ask_each_part_at_its_own_rate():
    tiers = table((0, 10), (1_000, 5))

    # 1,000 / 10 and 500 / 5.
    margin = initial_margin(Fraction(1_500), tiers, leverage=20, rule=InitialMargin.MARGINAL)

    assert margin == 200
