import pytest

from router.domain.units import Rounding
from router.liquidity.fixed_point import Q96, UINT160_MAX, UINT256_MAX
from router.liquidity.oracle import PriceLimitError
from router.liquidity.swap_step import (
    amount0_delta,
    amount1_delta,
    compute_swap_step,
    next_price_from_input,
    next_price_from_output,
)

# Square roots of price ratios as the Uniswap V3 core test-suite encodes them.
P_1_1 = Q96
P_101_100 = 79623317895830914510639640423
P_121_100 = Q96 * 11 // 10
P_1000_100 = 250541448375047931186413801569
P_10000_100 = 10 * Q96
E18 = 10**18

# SwapMath.spec.ts: price, target, liquidity, remaining, fee -> next, in, out, fee amount.
OFFICIAL_STEPS = [
    (
        (P_1_1, P_101_100, 2 * E18, E18, 600),
        (P_101_100, 9975124224178055, 9925619580021728, 5988667735148),
    ),
    (
        (P_1_1, P_101_100, 2 * E18, -E18, 600),
        (P_101_100, 9975124224178055, 9925619580021728, 5988667735148),
    ),
    (
        (P_1_1, P_1000_100, 2 * E18, E18, 600),
        (118818475322642227089037862318, 999400000000000000, 666399946655997866, 600000000000000),
    ),
    (
        (P_1_1, P_10000_100, 2 * E18, -E18, 600),
        (158456325028528675187087900672, 2 * E18, E18, 1200720432259356),
    ),
    (
        (
            417332158212080721273783715441582,
            1452870262520218020823638996,
            159344665391607089467575320103,
            -1,
            1,
        ),
        (417332158212080721273783715441581, 1, 1, 1),
    ),
    (
        (2, 1, 1, 3915081100057732413702495386755767, 1),
        (1, 39614081257132168796771975168, 0, 39614120871253040049813),
    ),
    (
        (2413, 79887613182836312, 1985041575832132834610021537970, 10, 1872),
        (2413, 0, 0, 10),
    ),
    (
        (
            20282409603651670423947251286016,
            20282409603651670423947251286016 * 11 // 10,
            1024,
            -4,
            3000,
        ),
        (20282409603651670423947251286016 * 11 // 10, 26215, 0, 79),
    ),
    (
        (
            20282409603651670423947251286016,
            20282409603651670423947251286016 * 9 // 10,
            1024,
            -263000,
            3000,
        ),
        (20282409603651670423947251286016 * 9 // 10, 1, 26214, 1),
    ),
]


@pytest.mark.parametrize(("given", "expected"), OFFICIAL_STEPS)
def test_official_swap_steps(given, expected):
    price, target, liquidity, remaining, fee_pips = given

    step = compute_swap_step(price, target, liquidity, remaining=remaining, fee_pips=fee_pips)

    assert step == expected


# SqrtPriceMath.spec.ts.
def test_official_prices_from_input():
    tenth = E18 // 10
    assert next_price_from_input(P_1_1, E18, tenth, zero_for_one=False) == (
        87150978765690771352898345369
    )
    assert next_price_from_input(P_1_1, E18, tenth, zero_for_one=True) == (
        72025602285694852357767227579
    )
    assert next_price_from_input(P_1_1, 10 * E18, 2**100, zero_for_one=True) == 624999999995069620


def test_official_prices_from_output():
    tenth = E18 // 10
    assert next_price_from_output(P_1_1, E18, tenth, zero_for_one=False) == (
        88031291682515930659493278152
    )
    assert next_price_from_output(P_1_1, E18, tenth, zero_for_one=True) == (
        71305346262837903834189555302
    )


def test_nothing_in_or_out_leaves_the_price():
    for zero_for_one in (True, False):
        assert next_price_from_input(P_1_1, E18, 0, zero_for_one=zero_for_one) == P_1_1
        assert next_price_from_output(P_1_1, E18, 0, zero_for_one=zero_for_one) == P_1_1


def test_an_input_beyond_256_bits_divides_before_it_adds():
    # Chosen so that the contract's ceil(n / (floor(n / price) + amount)) and the exact
    # ceil(n * price / (n + amount * price)) differ: n is one more than a multiple of the first
    # divisor, and the second is larger by a fraction.
    divisor = 2**98 + 1
    liquidity = pow(2**96, -1, divisor)
    numerator, price = liquidity << 96, 2**159 + 1
    amount = divisor - numerator // price
    assert amount * price > UINT256_MAX
    assert -(-numerator * price // (numerator + amount * price)) == numerator // divisor

    reached = next_price_from_input(price, liquidity, amount, zero_for_one=True)

    assert reached == numerator // divisor + 1


def test_an_input_without_end_leaves_the_lowest_price():
    assert next_price_from_input(P_1_1, 1, UINT256_MAX // 2, zero_for_one=True) == 1


def test_more_output_than_the_range_holds_is_refused():
    with pytest.raises(PriceLimitError, match="token1"):
        next_price_from_output(P_1_1, E18, E18, zero_for_one=True)
    with pytest.raises(PriceLimitError, match="token0"):
        next_price_from_output(P_1_1, E18, E18, zero_for_one=False)


def test_a_price_beyond_160_bits_is_refused():
    with pytest.raises(PriceLimitError, match="160 bits"):
        next_price_from_input(UINT160_MAX, 1, 1, zero_for_one=False)


def test_amounts_between_prices_round_as_told():
    # From 1 to 1.21 (square roots 1 and 1.1): dx = L * (1 - 1/1.1), dy = L * 0.1.
    assert amount1_delta(P_1_1, P_121_100, E18, rounding=Rounding.DOWN) == E18 // 10 - 1
    assert amount1_delta(P_121_100, P_1_1, E18, rounding=Rounding.UP) == E18 // 10
    assert amount0_delta(P_1_1, P_121_100, E18, rounding=Rounding.UP) == 90909090909090910
    assert amount0_delta(P_121_100, P_1_1, E18, rounding=Rounding.DOWN) == 90909090909090909
