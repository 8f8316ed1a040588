from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.units import (
    PIPS_PER_UNIT,
    Amount,
    AssetId,
    Price,
    Rounding,
    divide,
    format_decimal,
    parse_decimal,
)

ETH, USDC = AssetId("ETH"), AssetId("USDC")

# As wide as the ledger's numbers get: a squared Q64.96 price has 320 bits.
positive = st.integers(min_value=1, max_value=2**320)
integers = st.integers(min_value=-(2**320), max_value=2**320)
roundings = st.sampled_from(Rounding)
prices = st.builds(lambda q, b: Price(ETH, USDC, q, b), positive, positive)
EXACT = {Rounding.DOWN: floor, Rounding.UP: ceil}


def ratio(price):
    return Fraction(price.quote_atoms, price.base_atoms)


@given(integers, positive, roundings)
def test_a_division_is_the_exact_one_rounded_as_told(numerator, denominator, rounding):
    assert divide(numerator, denominator, rounding) == EXACT[rounding](
        Fraction(numerator, denominator)
    )


@pytest.mark.parametrize(
    ("numerator", "down", "up"), [(7, 3, 4), (-7, -4, -3), (8, 4, 4), (-8, -4, -4), (0, 0, 0)]
)
def test_down_is_towards_minus_infinity_and_up_towards_plus(numerator, down, up):
    assert divide(numerator, 2, Rounding.DOWN) == down
    assert divide(numerator, 2, Rounding.UP) == up


@pytest.mark.parametrize("denominator", [0, -1])
def test_only_a_positive_denominator_divides(denominator):
    with pytest.raises(AssertionError, match="positive"):
        divide(1, denominator, Rounding.DOWN)


@given(integers, integers)
def test_amounts_of_one_asset_add_and_subtract_exactly(a, b):
    first, second = Amount(ETH, a), Amount(ETH, b)

    assert first + second == Amount(ETH, a + b)
    assert (first + second) - second == first


def test_amounts_of_two_assets_do_not_mix():
    with pytest.raises(AssertionError, match="ETH and USDC"):
        Amount(ETH, 1) + Amount(USDC, 1)
    with pytest.raises(AssertionError, match="ETH and USDC"):
        Amount(ETH, 1) - Amount(USDC, 1)


@pytest.mark.parametrize(("quote_atoms", "base_atoms"), [(0, 1), (-1, 1), (1, 0), (1, -1)])
def test_a_price_is_positive(quote_atoms, base_atoms):
    with pytest.raises(AssertionError, match="positive"):
        Price(ETH, USDC, quote_atoms, base_atoms)


@given(prices, integers, roundings)
def test_a_notional_is_the_exact_value_rounded_once(price, atoms, rounding):
    notional = price.notional(Amount(ETH, atoms), rounding)

    assert notional == Amount(USDC, EXACT[rounding](atoms * ratio(price)))


@given(prices, integers, roundings)
def test_a_quantity_is_the_exact_one_rounded_once(price, atoms, rounding):
    quantity = price.quantity(Amount(USDC, atoms), rounding)

    assert quantity == Amount(ETH, EXACT[rounding](atoms / ratio(price)))


def test_a_price_values_only_its_own_pair():
    price = Price(ETH, USDC, 3_000, 1)

    with pytest.raises(AssertionError, match="per ETH"):
        price.notional(Amount(USDC, 1), Rounding.UP)
    with pytest.raises(AssertionError, match="in USDC"):
        price.quantity(Amount(ETH, 1), Rounding.UP)
    with pytest.raises(AssertionError, match="different pairs"):
        price.is_above(Price(USDC, ETH, 1, 1))


@given(prices, prices)
def test_prices_compare_as_the_ratios_they_are(a, b):
    assert a.is_above(b) is (ratio(a) > ratio(b))


@given(prices, positive)
def test_a_ratio_written_in_larger_numbers_is_the_same_price(price, factor):
    same = Price(ETH, USDC, price.quote_atoms * factor, price.base_atoms * factor)

    assert not same.is_above(price)
    assert not price.is_above(same)


@given(prices, st.integers(min_value=-(PIPS_PER_UNIT - 1), max_value=PIPS_PER_UNIT), roundings)
def test_a_shifted_price_is_within_a_last_digit_of_the_exact_one_on_the_side_told(
    price, pips, rounding
):
    shifted = ratio(price.shifted(pips, rounding))

    exact = ratio(price) * Fraction(PIPS_PER_UNIT + pips, PIPS_PER_UNIT)
    # One unit in the last of the 18 digits that shifting adds to the ratio's own.
    unit = Fraction(1, price.base_atoms * 10**18)
    if rounding is Rounding.DOWN:
        assert exact - unit < shifted <= exact
    else:
        assert exact <= shifted < exact + unit


@given(st.integers(-(2**256), 2**256), st.integers(min_value=0, max_value=18))
def test_what_is_written_reads_back_to_the_atom(atoms, decimals):
    assert parse_decimal(format_decimal(atoms, decimals), decimals) == atoms


@given(integers, st.integers(min_value=0, max_value=30))
def test_what_is_written_is_the_number_without_exponent_or_trailing_zeros(atoms, decimals):
    text = format_decimal(atoms, decimals)

    assert Fraction(text) == Fraction(atoms, 10**decimals)
    assert "e" not in text.lower()
    assert "." not in text or text[-1] not in "0."


@pytest.mark.parametrize(
    ("text", "atoms"),
    [
        ("0", 0),
        ("1", 1_000_000),
        ("-1", -1_000_000),
        ("0.000001", 1),
        ("2.50", 2_500_000),
        (f"{2**256}", 2**256 * 10**6),
    ],
)
def test_a_decimal_reads_exactly(text, atoms):
    assert parse_decimal(text, 6) == atoms


NO_NUMBERS = (
    *("", " ", "ten", "1,5", "1.2.3", "0x10", "--1", "+1", ".5", "5.", " 1", "1\n", "1/2"),
    *("1e", "1e6", "1e-7", "1e9999999", "1e-9999999", "1_000", "\u0661", "9" * 79),
)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_refused_and_quoted(text):
    with pytest.raises(ValueError, match="must be a plain decimal number") as refusal:
        parse_decimal(text, 6)

    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize("text", ["NaN", "nan", "sNaN", "-NaN", "inf", "-Infinity"])
def test_what_is_not_finite_is_refused(text):
    with pytest.raises(ValueError, match="must be a plain decimal number"):
        parse_decimal(text, 6)


@pytest.mark.parametrize("text", ["0.0000001", "1.0000005", "-0.0000001"])
def test_what_is_finer_than_the_asset_is_refused_rather_than_rounded(text):
    with pytest.raises(ValueError, match="at most 6 decimals"):
        parse_decimal(text, 6)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, max_value=10**40))
def test_no_decimal_is_read_as_another(number):
    scaled = Fraction(number) * 10**6

    if scaled.denominator == 1:
        assert parse_decimal(f"{number:f}", 6) == scaled
    else:
        with pytest.raises(ValueError, match="at most 6 decimals"):
            parse_decimal(f"{number:f}", 6)


def test_a_decimal_written_by_the_standard_library_reads_the_same():
    assert parse_decimal(str(Decimal("1234.567800")), 6) == 1_234_567_800
