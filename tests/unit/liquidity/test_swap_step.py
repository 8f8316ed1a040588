import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.liquidity.fixed_point import (
    Q96,
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    UINT128_MAX,
    UINT160_MAX,
    UINT256_MAX,
)
from router.liquidity.oracle import PriceLimitError
from router.liquidity.swap_step import (
    amounts_between,
    fee_on,
    next_price_from_input,
    next_price_from_output,
    unfinished_input,
    unfinished_output,
)
from tests.unit.liquidity.reference import v3_step, v4_step

# Square roots of price ratios as the Uniswap V3 core test-suite encodes them.
P_1_1 = Q96
P_101_100 = 79623317895830914510639640423
P_121_100 = Q96 * 11 // 10
P_1000_100 = 250541448375047931186413801569
P_10000_100 = 10 * Q96
E18 = 10**18


def step_of(price, target, liquidity, remaining, fee_pips):
    """Go to the target or as far as `remaining` reaches, with the signs of V3."""
    terms = {"zero_for_one": price >= target, "fee_pips": fee_pips, "remaining": abs(remaining)}
    amount_in, amount_out = amounts_between(price, target, liquidity)
    fee = fee_on(amount_in, fee_pips)
    if abs(remaining) >= (amount_in + fee if remaining > 0 else amount_out):
        return target, amount_in, amount_out, fee
    unfinished = unfinished_input if remaining > 0 else unfinished_output
    return unfinished(price, liquidity, **terms)


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
    assert step_of(*given) == expected


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


def test_amounts_between_prices_round_against_the_trader():
    # From 1 to 1.21 (square roots 1 and 1.1): dx = L * (1 - 1/1.1), dy = L * 0.1; the root of 1.21
    # is cut off at 96 bits, so dy falls short of a tenth by less than an atom.
    assert amounts_between(P_1_1, P_121_100, E18) == (E18 // 10, 90909090909090909)
    assert amounts_between(P_121_100, P_1_1, E18) == (90909090909090910, E18 // 10 - 1)
    assert amounts_between(P_1_1, P_1_1, E18) == (0, 0)


prices = st.integers(SQRT_PRICE_MIN_X96, SQRT_PRICE_MAX_X96 - 1) | st.integers(
    SQRT_PRICE_MIN_X96.bit_length(), SQRT_PRICE_MAX_X96.bit_length() - 1
).flatmap(lambda bits: st.integers(1 << bits, (2 << bits) - 1)).filter(
    lambda price: SQRT_PRICE_MIN_X96 <= price < SQRT_PRICE_MAX_X96
)
nearby = st.integers(-100, 100)


@st.composite
def steps(draw):
    price = draw(prices)
    target = draw(prices | nearby.map(lambda apart: price + apart))
    target = min(max(target, SQRT_PRICE_MIN_X96), SQRT_PRICE_MAX_X96 - 1)
    liquidity = draw(st.integers(0, 100) | st.integers(0, UINT128_MAX))
    whole_in, whole_out = amounts_between(price, target, liquidity)
    # Amounts beside those that just reach the target are the ones that rounding decides.
    remaining = draw(
        st.integers(1, 1000)
        | st.integers(1, 10**40)
        | nearby.map(lambda apart: max(whole_in + apart, 1))
        | nearby.map(lambda apart: max(whole_out + apart, 1))
    )
    fee_pips = draw(st.sampled_from((0, 1, 100, 3000, 999_999)) | st.integers(0, 999_999))
    return price, target, liquidity, remaining, fee_pips


@given(steps())
def test_a_step_is_the_one_of_uniswap_v3(given_step):
    price, target, liquidity, remaining, fee_pips = given_step

    for signed in (remaining, -remaining):
        step = (price, target, liquidity, signed, fee_pips)

        assert step_of(*step) == v3_step(*step)


@given(steps())
def test_uniswap_v4_only_divides_an_unfinished_input_differently(given_step):
    price, target, liquidity, remaining, fee_pips = given_step

    for signed in (remaining, -remaining):
        step = (price, target, liquidity, signed, fee_pips)

        reached, amount_in, amount_out, fee = step_of(*step)

        v4 = v4_step(*step)
        assert (reached, amount_in + fee, amount_out) == (v4[0], v4[1] + v4[3], v4[2])
        if reached == target or signed < 0:
            assert (amount_in, fee) == (v4[1], v4[3])


def test_uniswap_v4_calls_the_dust_of_an_unfinished_input_input():
    # SwapMath.t.sol of the V4 core test-suite has 9 and 1 where V3 has 0 and 10.
    step = (2413, 79887613182836312, 1985041575832132834610021537970, 10, 1872)

    assert v3_step(*step) == (2413, 0, 0, 10)
    assert v4_step(*step) == (2413, 9, 0, 1)


@given(steps())
def test_at_a_fee_of_all_everything_paid_in_is_fee(given_step):
    price, target, liquidity, remaining, _ = given_step

    done = step_of(price, target, liquidity, remaining, 10**6)

    whole_in, _ = amounts_between(price, target, liquidity)
    assert done == ((price, 0, 0, remaining) if whole_in else (target, 0, 0, 0))
    v4 = v4_step(price, target, liquidity, remaining, 10**6)
    assert done == v4
