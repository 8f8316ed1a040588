from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.units import Side
from router.optimiser.market.tick import valid_limit_ticks


def is_valid(ticks: int, tick_decimals: int) -> bool:
    """Apply the venue's own words: a whole number, or five significant figures."""
    price = Decimal(ticks).scaleb(-tick_decimals)
    figures = len(price.normalize().as_tuple().digits)
    return price == price.to_integral_value() or figures <= 5


@pytest.mark.parametrize(
    ("ticks", "decimals", "buy", "sell"),
    [
        (12345, 1, 12345, 12345),  # 1234.5
        (123456, 2, 123450, 123460),  # 1234.56 has six figures
        (123456, 1, 123450, 123460),  # 12345.6 has six figures, and whole numbers are valid
        (123456, 0, 123456, 123456),
        (1234567, 1, 1234560, 1234570),  # 123456.7 becomes whole, not five figures
        (999999, 2, 999990, 1000000),
        (7, 4, 7, 7),
    ],
)
def test_prices_keep_the_rule_of_five_figures(ticks, decimals, buy, sell):
    assert valid_limit_ticks(ticks, Side.BUY, tick_decimals=decimals) == buy
    assert valid_limit_ticks(ticks, Side.SELL, tick_decimals=decimals) == sell


@given(st.integers(1, 10**9), st.integers(0, 6))
def test_a_limit_is_valid_and_never_worse_than_agreed(ticks, decimals):
    buy = valid_limit_ticks(ticks, Side.BUY, tick_decimals=decimals)
    sell = valid_limit_ticks(ticks, Side.SELL, tick_decimals=decimals)

    assert buy <= ticks <= sell
    assert is_valid(buy, decimals)
    assert is_valid(sell, decimals)
    nothing_between = not is_valid(ticks, decimals) or buy == ticks == sell
    assert nothing_between
