from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity.constant_product import CURVE_ROOT_SPAN, RESERVE_MAX, Pool, check, curve, swap
from router.liquidity.oracle import (
    InconsistentPoolError,
    InsufficientLiquidityError,
    LiquidityError,
)

E18 = 10**18
EPS = np.finfo(np.float64).eps
DECIMALS = st.sampled_from((0, 6, 8, 18))
reserves = st.integers(1, 10**6) | st.integers(10**6, 10**30) | st.integers(1, RESERVE_MAX)
fees = st.sampled_from((0, 500, 2500, 3000, 999_999))
pools = st.builds(Pool, reserves, reserves, fees)
amounts = st.integers(1, 10**6) | st.integers(1, RESERVE_MAX)


def sides(pool, *, zero_for_one):
    """Return the reserves in the order input, output."""
    both = pool.reserve0, pool.reserve1
    return both if zero_for_one else both[::-1]


def paid_and_received(done, *, zero_for_one):
    both = done.amount0, -done.amount1
    return both if zero_for_one else (done.amount1, -done.amount0)


# UniswapV2Pair.spec.ts: input, reserve of the input, reserve of the output -> output; whole tokens
# but for the last.
@pytest.mark.parametrize(
    ("paid", "reserve_in", "reserve_out", "received"),
    [
        (1, 5, 10, 1662497915624478906),
        (1, 10, 5, 453305446940074565),
        (2, 5, 10, 2851015155847869602),
        (2, 10, 5, 831248957812239453),
        (1, 10, 10, 906610893880149131),
        (1, 100, 100, 987158034397061298),
        (1, 1000, 1000, 996006981039903216),
    ],
)
def test_official_outputs(paid, reserve_in, reserve_out, received):
    pool = Pool(reserve_in * E18, reserve_out * E18, 3000)
    mirrored = Pool(reserve_out * E18, reserve_in * E18, 3000)

    down = swap(pool, zero_for_one=True, amount_specified=paid * E18)
    up = swap(mirrored, zero_for_one=False, amount_specified=paid * E18)

    assert (down.amount0, down.amount1) == (paid * E18, -received)
    assert (up.amount0, up.amount1) == (-received, paid * E18)
    assert down.pool == Pool((reserve_in + paid) * E18, reserve_out * E18 - received, 3000)
    assert up.pool == Pool(reserve_out * E18 - received, (reserve_in + paid) * E18, 3000)


def test_official_small_amounts():
    # UniswapV2Router01.spec.ts.
    pool = Pool(100, 100, 3000)

    assert swap(pool, zero_for_one=True, amount_specified=2).amount1 == -1
    assert swap(pool, zero_for_one=True, amount_specified=-1).amount0 == 2


def test_an_exact_output_adds_an_atom_even_where_nothing_was_rounded():
    pool = Pool(1000, 1000, 0)

    done = swap(pool, zero_for_one=True, amount_specified=-500)

    assert done.amount0 == 1001  # 1000 keeps the product


@given(pools, amounts, st.booleans())
def test_an_output_is_the_most_that_the_pair_lets_go(pool, amount, zero_for_one):
    reserve_in, reserve_out = sides(pool, zero_for_one=zero_for_one)
    try:
        done = swap(pool, zero_for_one=zero_for_one, amount_specified=amount)
    except LiquidityError:
        whole = Fraction(amount * (10**6 - pool.fee_pips), 10**6)
        nothing = whole * reserve_out / (reserve_in + whole) < 1
        assert nothing or reserve_in + amount > RESERVE_MAX
        return
    paid, received = paid_and_received(done, zero_for_one=zero_for_one)

    # The pair's own requirement, named K.
    product = reserve_in * reserve_out * 10**6
    counted = (reserve_in + paid) * 10**6 - paid * pool.fee_pips
    assert counted * (reserve_out - received) >= product
    assert counted * (reserve_out - received - 1) < product
    assert paid == amount
    assert done.fee_amount == -(-amount * pool.fee_pips // 10**6)


@given(pools, amounts, st.booleans())
def test_an_input_is_at_most_an_atom_more_than_the_pair_asks(pool, amount, zero_for_one):
    reserve_in, reserve_out = sides(pool, zero_for_one=zero_for_one)
    try:
        done = swap(pool, zero_for_one=zero_for_one, amount_specified=-amount)
    except InsufficientLiquidityError:
        assert amount >= reserve_out
        return
    except LiquidityError:
        least = Fraction(
            reserve_in * amount * 10**6, (reserve_out - amount) * (10**6 - pool.fee_pips)
        )
        assert reserve_in + least + 1 > RESERVE_MAX
        return
    paid, received = paid_and_received(done, zero_for_one=zero_for_one)

    product = reserve_in * reserve_out * 10**6
    assert received == amount
    for less, enough in ((0, True), (2, False)):
        counted = (reserve_in + paid - less) * 10**6 - (paid - less) * pool.fee_pips
        assert (counted * (reserve_out - received) >= product) is enough


@given(pools, amounts, st.booleans())
def test_a_round_trip_never_gains_and_a_swap_never_lowers_the_product(pool, amount, zero_for_one):
    assume(sides(pool, zero_for_one=zero_for_one)[0] + amount <= RESERVE_MAX)
    try:
        there = swap(pool, zero_for_one=zero_for_one, amount_specified=amount)
        _, received = paid_and_received(there, zero_for_one=zero_for_one)
        back = swap(there.pool, zero_for_one=not zero_for_one, amount_specified=received)
    except LiquidityError:
        assume(False)  # noqa: FBT003 - hypothesis' own way to give up an example

    check(there.pool)
    assert there.amount0 + back.amount0 >= 0
    assert there.amount1 + back.amount1 >= 0
    product = pool.reserve0 * pool.reserve1
    assert product <= there.pool.reserve0 * there.pool.reserve1
    assert product <= back.pool.reserve0 * back.pool.reserve1


def test_an_output_beyond_the_pair_says_what_is_there():
    with pytest.raises(InsufficientLiquidityError) as beyond:
        swap(Pool(1000, 1000, 3000), zero_for_one=True, amount_specified=-1000)

    assert beyond.value.available == 999


@pytest.mark.parametrize("amount", [1, -1])
@pytest.mark.parametrize("pool", [Pool(0, 0, 3000), Pool(0, 5, 3000), Pool(5, 0, 3000)])
def test_a_pair_without_reserves_is_refused(pool, amount):
    check(pool)
    with pytest.raises(InsufficientLiquidityError):
        swap(pool, zero_for_one=True, amount_specified=amount)


def test_what_the_contracts_refuse_is_refused():
    pool = Pool(RESERVE_MAX - 10, 100, 3000)

    with pytest.raises(LiquidityError, match="not be zero"):
        swap(pool, zero_for_one=True, amount_specified=0)
    with pytest.raises(LiquidityError, match="at least one atom"):
        swap(pool, zero_for_one=True, amount_specified=10)
    with pytest.raises(LiquidityError, match="112 bits"):
        swap(Pool(RESERVE_MAX - 10, RESERVE_MAX, 3000), zero_for_one=True, amount_specified=11)
    assert swap(
        Pool(RESERVE_MAX - 10, RESERVE_MAX, 3000), zero_for_one=True, amount_specified=10
    ).pool == Pool(RESERVE_MAX, RESERVE_MAX - 9, 3000)


@pytest.mark.parametrize("fee_pips", [-1, 10**6])
def test_an_impossible_fee_is_refused(fee_pips):
    with pytest.raises(LiquidityError, match="fee_pips"):
        Pool(1, 1, fee_pips)


@pytest.mark.parametrize("change", [{"reserve0": -1}, {"reserve1": RESERVE_MAX + 1}])
def test_reserves_that_a_pair_cannot_have_are_found(change):
    with pytest.raises(InconsistentPoolError, match=next(iter(change))):
        check(replace(Pool(1, 1, 3000), **change))


def atoms_of(pool, *, base_is_token0, decimals0, decimals1):
    """Return reserve and scale of base, then of quote."""
    token0 = pool.reserve0, 10**decimals0
    token1 = pool.reserve1, 10**decimals1
    return (*token0, *token1) if base_is_token0 else (*token1, *token0)


@given(pools, DECIMALS, DECIMALS, st.booleans(), st.floats(1e-9, 1.0))
def test_buying_costs_the_exact_amount_within_an_atom(
    pool, decimals0, decimals1, base_is_token0, share
):
    terms = {"base_is_token0": base_is_token0, "decimals0": decimals0, "decimals1": decimals1}
    priced = curve(pool, Side.BUY, **terms)
    reserve, base, _, quote = atoms_of(pool, **terms)
    # A hair below the capacity, where a full input reserve may turn on the last digit.
    atoms = int(share * priced.capacity * (1.0 - 1e-9) * base)
    assume(0 < atoms <= priced.capacity * base)

    exact = swap(pool, zero_for_one=not base_is_token0, amount_specified=-atoms)
    cost = float(priced.cost(atoms / base)) * quote

    paid, _ = paid_and_received(exact, zero_for_one=not base_is_token0)
    floats = 16 * EPS * paid * reserve / (reserve - atoms)
    assert -floats <= paid - cost <= 1 + floats


@given(pools, DECIMALS, DECIMALS, st.booleans(), st.floats(1e-9, 1.0))
def test_selling_brings_the_exact_amount_within_an_atom(
    pool, decimals0, decimals1, base_is_token0, share
):
    terms = {"base_is_token0": base_is_token0, "decimals0": decimals0, "decimals1": decimals1}
    priced = curve(pool, Side.SELL, **terms)
    _, base, _, quote = atoms_of(pool, **terms)
    atoms = int(share * priced.capacity * (1.0 - 1e-9) * base)
    assume(0 < atoms <= priced.capacity * base)
    proceeds = -float(priced.cost(atoms / base)) * quote
    assume(proceeds >= 1.0 + 1e-9)  # less than an atom is refused

    exact = swap(pool, zero_for_one=base_is_token0, amount_specified=atoms)

    _, received = paid_and_received(exact, zero_for_one=base_is_token0)
    floats = 16 * EPS * proceeds
    assert -floats <= proceeds - received <= 1 + floats


@given(pools, st.sampled_from(Side), st.booleans(), st.floats(1e-6, 1.0))
def test_a_price_limit_cuts_the_curve_where_its_marginal_price_is(
    pool, side, base_is_token0, share
):
    terms = {"base_is_token0": base_is_token0, "decimals0": 6, "decimals1": 6}
    whole = curve(pool, side, **terms)
    assume(whole.quantity.size)  # with the last atoms of room, a float has no price in between
    quantity = share * whole.capacity
    limit = float(whole.sign * whole.marginal(quantity))

    cut = curve(pool, side, **terms, price_limit=limit)

    # A root off by an epsilon moves the quantity by an epsilon of the virtual reserve.
    reserve = float(whole.depth[0] / min(whole.root_start[0], np.sqrt(limit)))
    assert cut.capacity == pytest.approx(quantity, abs=16 * EPS * reserve)
    assert np.all(whole.sign * (cut.root_end - whole.root_end[: cut.root_end.size]) <= 0.0)
    assert curve(pool, side, **terms, price_limit=-1.0).capacity == (
        0.0 if side is Side.BUY else whole.capacity
    )


def test_a_curve_ends_at_its_span():
    pool = Pool(10**24, 10**24, 3000)
    terms = {"base_is_token0": True, "decimals0": 18, "decimals1": 18}

    buy, sell = curve(pool, Side.BUY, **terms), curve(pool, Side.SELL, **terms)

    assert float(buy.root_end[0] / buy.root_start[0]) == pytest.approx(CURVE_ROOT_SPAN)
    assert float(sell.root_start[0] / sell.root_end[0]) == pytest.approx(CURVE_ROOT_SPAN)
    assert buy.capacity == pytest.approx(10**6 * (1 - 1 / CURVE_ROOT_SPAN), rel=4 * EPS)


@pytest.mark.parametrize("side", Side)
def test_an_empty_pair_has_an_empty_curve(side):
    empty = curve(Pool(0, 7, 3000), side, base_is_token0=True, decimals0=18, decimals1=18)

    assert empty.capacity == 0.0
