"""The ranking index as documented."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.risk.margin.deleveraging import Exposure, index

LONG = Exposure(
    size=Fraction(2), entry=Fraction(100), mark=Fraction(150), account_value=Fraction(600)
)


def test_the_index_is_profit_times_leverage():
    # 150 / 100 of profit, 300 / 600 of leverage.
    assert index(LONG) == Fraction(3, 4)


def test_a_short_profits_from_a_price_that_fell():
    short = replace(LONG, size=Fraction(-2), entry=Fraction(150), mark=Fraction(100))

    assert index(short) == Fraction(3, 2) * Fraction(200, 600)


def test_profit_can_outrank_leverage():
    # As in October 2025: unlevered winners were closed before levered accounts that won little.
    winner = Exposure(Fraction(-1), Fraction(100), Fraction(20), account_value=Fraction(40))
    levered = Exposure(Fraction(-1), Fraction(21), Fraction(20), account_value=Fraction(10))

    assert winner.mark / winner.account_value < levered.mark / levered.account_value
    assert index(winner) > index(levered)


def test_an_account_without_value_is_not_ranked():
    with pytest.raises(AssertionError, match="not ranked"):
        index(replace(LONG, account_value=Fraction(0)))
