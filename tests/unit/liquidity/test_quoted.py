from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity import constant_product
from router.liquidity.oracle import (
    InconsistentPoolError,
    InsufficientLiquidityError,
    LiquidityError,
)
from router.liquidity.quoted import Pool, check, concave, curve, swap

EPS = np.finfo(np.float64).eps
EVERY_WAY = [(side, base_is_token0) for side in Side for base_is_token0 in (True, False)]
DECIMALS = st.sampled_from((0, 6, 8, 18))
numbers = st.integers(1, 10**6) | st.integers(1, 10**30)


@st.composite
def any_points(draw, *, min_size=0):
    """Return quotes of a pool that may do anything, but for inputs that ascend."""
    inputs = sorted(draw(st.sets(numbers, min_size=min_size, max_size=12)))
    return tuple((amount_in, draw(numbers)) for amount_in in inputs)


pools = st.builds(Pool, any_points(), any_points())


def slopes(chords):
    return [Fraction(b[1] - a[1], b[0] - a[0]) for a, b in pairwise(chords)]


def paid_and_received(done, *, zero_for_one):
    paid, received = done.amount0, -done.amount1
    return (paid, received) if zero_for_one else (done.amount1, -done.amount0)


def one_way(points):
    """Return a pool that takes token0 for token1 only."""
    return Pool(points, ())


def bought(pool, amount_in):
    return -swap(pool, zero_for_one=True, amount_specified=amount_in).amount1


@given(any_points())
def test_chords_are_concave_and_rise_from_the_origin(points):
    chords = concave(points)

    assert chords[0] == (0, 0)
    found = slopes(chords)
    assert all(slope > 0 for slope in found)
    assert all(after <= before for before, after in pairwise(found))


@given(any_points())
def test_no_quote_is_bettered(points):
    pool = one_way(points)

    for amount_in, amount_out in points if len(concave(points)) > 1 else ():
        done = swap(pool, zero_for_one=True, amount_specified=amount_in)
        paid, received = paid_and_received(done, zero_for_one=True)
        # A quote that brings less for more is the end: nothing is filled beyond.
        assert received <= amount_out or paid < amount_in


def test_quotes_that_are_concave_are_kept_as_they_are():
    points = ((10, 100), (20, 190), (40, 350))

    assert concave(points) == ((0, 0), *points)


def test_a_quote_that_is_too_good_is_lowered_to_what_came_before():
    assert concave(((10, 100), (20, 250), (40, 350))) == ((0, 0), (10, 100), (20, 200), (40, 350))
    assert concave(((3, 10), (6, 21), (7, 25))) == ((0, 0), (3, 10), (6, 20), (7, 23))


def test_where_more_buys_no_more_the_pool_ends():
    assert concave(((10, 100), (20, 100), (40, 350))) == ((0, 0), (10, 100))


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_between_quotes_an_output_is_rounded_down_and_an_input_up(zero_for_one):
    points = ((10, 100), (40, 200))
    pool = Pool(*((points, ()) if zero_for_one else ((), points)))

    made = [
        paid_and_received(
            swap(pool, zero_for_one=zero_for_one, amount_specified=amount),
            zero_for_one=zero_for_one,
        )
        for amount in (3, 10, 11, 40, -30, -100, -101, -200)
    ]

    assert made == [
        *((3, 30), (10, 100), (11, 103), (40, 200)),
        *((3, 30), (10, 100), (11, 101), (40, 200)),
    ]


@given(pools, st.booleans(), numbers, st.booleans())
def test_a_swap_lies_on_the_chords_or_less_than_an_atom_below(
    pool, zero_for_one, amount, is_exact_in
):
    chords = pool.chords(zero_for_one=zero_for_one)
    assume(len(chords) > 1)

    done = swap(
        pool, zero_for_one=zero_for_one, amount_specified=amount if is_exact_in else -amount
    )

    paid, received = paid_and_received(done, zero_for_one=zero_for_one)
    last = chords[-1]
    if is_exact_in:
        assert paid == min(amount, last[0])
        assert 0 <= on_chords(chords, paid) - received < 1
    else:
        assert received == min(amount, last[1])
        flipped = [(b, a) for a, b in chords]
        assert 0 <= paid - on_chords(flipped, received) < 1
    assert (done.fee_amount, done.ticks_crossed, done.pool) == (0, 0, Pool((), ()))


def on_chords(chords, at):
    (x0, y0), (x1, y1) = next(pair for pair in pairwise(chords) if pair[1][0] >= at)
    return y0 + Fraction(y1 - y0, x1 - x0) * (at - x0)


# The quotes of a real pool, on a grid like that of a quoter.
@st.composite
def quoted_reserves(draw):
    reserves = draw(st.integers(10**14, 10**28)), draw(st.integers(10**14, 10**28))
    real = constant_product.Pool(*reserves, draw(st.sampled_from((0, 3000, 300_000))))
    sizes = [reserves[0] * part // 10**4 for part in (50, 100, 177, 316, 1000, 3160, 20_000)]
    points = tuple((size, bought_exactly(real, size)) for size in sizes)
    return real, points


def part_of(atoms, share):
    """Return a share of an amount: one atom at least, and no more than all of it."""
    return min(max(int(atoms * share), 1), atoms)


def bought_exactly(real, amount_in):
    return -constant_product.swap(real, zero_for_one=True, amount_specified=amount_in).amount1


@given(quoted_reserves(), st.floats(1e-9, 1.0))
def test_an_execution_is_never_worse_than_planned_and_better_by_the_stated_bound_at_most(
    quotes, share
):
    real, points = quotes
    amount_in = part_of(points[-1][0], share)
    pool = one_way(points)
    assert pool.chords(zero_for_one=True)[1:] == points

    better = bought_exactly(real, amount_in) - bought(pool, amount_in)

    assert better >= 0
    assert better <= stated_bound(pool.chords(zero_for_one=True), amount_in)


def stated_bound(chords, amount_in):
    steep = slopes(chords)
    widths = [b[0] - a[0] for a, b in pairwise(chords)]
    place = next(k for k, (_, end) in enumerate(pairwise(chords)) if end[0] >= amount_in)
    bounds = [
        widths[place] * abs(steep[place] - steep[other])
        + 2
        + Fraction(widths[place], widths[other])
        for other in (place - 1, place + 1)
        if 0 <= other < len(steep)
    ]
    return min(bounds)


@given(quoted_reserves(), st.floats(1e-9, 1.0))
def test_an_exact_output_never_costs_more_than_planned(quotes, share):
    real, points = quotes
    amount_out = part_of(points[-1][1], share)

    planned = swap(one_way(points), zero_for_one=True, amount_specified=-amount_out)

    # What the planned input really buys is at least the output.
    assert bought_exactly(real, planned.amount0) >= amount_out


@pytest.mark.parametrize("zero_for_one", [True, False])
@pytest.mark.parametrize("amount", [5, -5])
def test_a_direction_without_quotes_has_nothing(zero_for_one, amount):
    pool = Pool(*(((), ((1, 1),)) if zero_for_one else (((1, 1),), ())))

    with pytest.raises(InsufficientLiquidityError):
        swap(pool, zero_for_one=zero_for_one, amount_specified=amount)
    with pytest.raises(LiquidityError, match="must not be zero"):
        swap(pool, zero_for_one=not zero_for_one, amount_specified=0)


@given(pools)
def test_quotes_in_order_are_sound(pool):
    check(pool)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (((5, 1), (5, 2)), "one_for_zero must have ascending inputs"),
        (((0, 1),), "one_for_zero must have ascending inputs"),
        (((1, 0),), "one_for_zero must have outputs above zero"),
    ],
)
def test_quotes_that_no_quoter_gives_are_refused(points, reason):
    with pytest.raises(InconsistentPoolError, match=reason):
        check(Pool((), points))


@given(pools, st.sampled_from(EVERY_WAY), DECIMALS, DECIMALS)
def test_the_curve_is_convex_and_holds_what_the_pool_does(pool, way, decimals0, decimals1):
    side, base_is_token0 = way
    zero_for_one = base_is_token0 is (side is Side.SELL)

    made = curve(
        pool, side, base_is_token0=base_is_token0, decimals0=decimals0, decimals1=decimals1
    )

    last_in, last_out = pool.chords(zero_for_one=zero_for_one)[-1]
    held = last_out if side is Side.BUY else last_in
    decimals = decimals0 if base_is_token0 else decimals1
    assert made.capacity == pytest.approx(held / 10**decimals, rel=20 * EPS)
    signed = made.sign * made.root_start
    assert np.all(np.diff(signed) >= 0.0)
    assert np.all(made.root_start == made.root_end)
    assert np.all(np.isinf(made.depth))


@given(pools, st.sampled_from(EVERY_WAY), DECIMALS, DECIMALS, st.floats(1e-6, 1.0))
def test_a_swap_is_worse_than_the_curve_by_an_atom_at_most_and_never_better(
    pool, way, decimals0, decimals1, share
):
    side, base_is_token0 = way
    buying = side is Side.BUY
    zero_for_one = base_is_token0 is not buying
    last_in, last_out = pool.chords(zero_for_one=zero_for_one)[-1]
    assume(last_in > 0)
    base = part_of(last_out if buying else last_in, share)
    made = curve(
        pool, side, base_is_token0=base_is_token0, decimals0=decimals0, decimals1=decimals1
    )
    decimals = (decimals0, decimals1) if base_is_token0 else (decimals1, decimals0)

    done = swap(pool, zero_for_one=zero_for_one, amount_specified=-base if buying else base)

    paid, received = paid_and_received(done, zero_for_one=zero_for_one)
    quantity = min(base / 10.0 ** decimals[0], made.capacity)
    expected = float(made.cost(quantity)) * 10.0 ** decimals[1]
    worse = (paid if buying else -received) - expected
    noise = 4 * EPS * len(pool.chords(zero_for_one=zero_for_one)) * (paid if buying else received)
    # Of an amount of many digits the quantity itself is known to an epsilon only.
    noise += 4 * EPS * abs(expected) + steepest(pool, zero_for_one, buying=buying) * base * 4 * EPS
    assert -noise <= worse <= 1 + noise


def steepest(pool, zero_for_one, *, buying):
    """Return the most that an atom of base moves in quote."""
    found = slopes(pool.chords(zero_for_one=zero_for_one))
    return float(1 / found[-1] if buying else found[0])


@pytest.mark.parametrize(("side", "limit", "kept"), [(Side.BUY, 0.11, 2), (Side.SELL, 9.0, 2)])
def test_chords_beyond_the_limit_are_left_out(side, limit, kept):
    # Prices of token0: 10, 9.5 and 5 when it is sold; 0.1, 0.105 and 0.2 when it is bought.
    points = ((100, 1000), (200, 1950), (300, 2450))
    pool = Pool(points, points)
    terms = {"base_is_token0": True, "decimals0": 0, "decimals1": 0}

    made = curve(pool, side, **terms, price_limit=limit)

    whole = curve(pool, side, **terms)
    assert whole.quantity.size == 3
    np.testing.assert_array_equal(made.quantity, whole.quantity[:kept])
