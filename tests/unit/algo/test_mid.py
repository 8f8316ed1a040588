from dataclasses import replace
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.algo.mid import arrival_mid
from router.algo.sweep import Scope, limit_price
from router.domain.error import NoRouteError
from router.domain.market import BookSnapshot, PoolTick, ReservesSnapshot
from router.domain.observation import Observation
from router.domain.plan import NoRouteReason
from router.domain.units import InstrumentId, Side
from router.liquidity.fixed_point import sqrt_price_to_tick
from router.liquidity.mid import pool_mid
from tests.unit.engine.scene import (
    BLOCK,
    DOLLAR,
    ETHER,
    PERP,
    POOL,
    T0,
    observation,
    order,
)
from tests.unit.optimiser import world

OTHER = replace(PERP, id=InstrumentId("hyperliquid:BTC"), symbol="BTC")


def instrument(name, *, base_is_token0=True):
    return replace(POOL, id=InstrumentId(name), base_is_token0=base_is_token0)


def snapshot(owner, ratio, liquidity):
    """Return a pool at a price of `ratio` quote atoms for one base atom, as the pool writes it.

    Its liquidity, in units large enough for whole atoms, lies over the whole range.
    """
    seen = ratio if owner.base_is_token0 else 1 / ratio
    root = isqrt((seen.numerator << 192) // seen.denominator)
    (known,) = observation().pools
    whole = liquidity * 10**18
    first, last = known.ticks
    ends = (PoolTick(first.index, whole, whole), PoolTick(last.index, -whole, whole))
    return replace(
        known,
        instrument=owner.id,
        sqrt_price_x96=root,
        tick=sqrt_price_to_tick(root),
        liquidity=whole,
        ticks=ends if whole else (),
    )


def seen(*pools, books=()):
    return replace(observation(), pools=pools, books=books)


def as_ratio(price):
    return Fraction(price.quote_atoms, price.base_atoms)


@given(st.integers(min_value=2**64, max_value=2**150))
def test_a_pool_mid_is_exact_in_both_token_orders(root):
    (known,) = observation().pools
    pool = replace(known, sqrt_price_x96=root)

    forward = pool_mid(instrument("a"), pool)
    backward = pool_mid(instrument("a", base_is_token0=False), pool)

    assert as_ratio(forward) == Fraction(root, 2**96) ** 2
    assert as_ratio(backward) == Fraction(2**96, root) ** 2


def test_the_arrival_mid_is_that_of_the_pool_where_half_the_depth_is_reached():
    a, b, c = (instrument(name) for name in "abc")
    cheap, middle, dear = (Fraction(n, 10**12) for n in (2_900, 3_000, 3_100))
    pools = (snapshot(c, dear, 30), snapshot(a, cheap, 30), snapshot(b, middle, 30))

    mid = arrival_mid(Scope((a, b, c), ()), seen(*pools))

    assert float(as_ratio(mid)) == pytest.approx(float(middle), rel=1e-12)


def test_a_thin_pool_cannot_move_the_arrival_mid_however_wrong_its_price():
    deep, thin = instrument("deep"), instrument("thin")
    fair, absurd = Fraction(3_000, 10**12), Fraction(1, 10**12)
    pools = (snapshot(thin, absurd, 99), snapshot(deep, fair, 100))

    mid = arrival_mid(Scope((deep, thin), ()), seen(*pools))

    assert float(as_ratio(mid)) == pytest.approx(float(fair), rel=1e-12)


def test_pools_of_either_token_order_are_ranked_by_the_same_price():
    low = instrument("low", base_is_token0=False)
    middle = instrument("middle")
    high = instrument("high", base_is_token0=False)
    prices = {low: 2_900, middle: 3_000, high: 3_100}
    pools = tuple(snapshot(i, Fraction(p, 10**12), 10) for i, p in prices.items())

    mid = arrival_mid(Scope(tuple(prices), ()), seen(*pools))

    assert float(as_ratio(mid)) == pytest.approx(3_000e-12, rel=1e-12)


def test_an_empty_pool_and_a_pool_of_another_pair_have_no_say():
    known, empty, foreign = instrument("known"), instrument("empty"), instrument("foreign")
    pools = (
        snapshot(empty, Fraction(1, 10**12), 0),
        snapshot(foreign, Fraction(1, 10**12), 10**30),
        snapshot(known, Fraction(3_000, 10**12), 1),
    )

    mid = arrival_mid(Scope((known, empty), ()), seen(*pools))

    assert float(as_ratio(mid)) == pytest.approx(3_000e-12, rel=1e-12)


def test_where_no_pool_is_seen_the_mid_is_halfway_through_the_book_to_half_a_tick():
    book = BookSnapshot(PERP.id, ((299_990, 1),), ((300_011, 1),), T0, T0)

    mid = arrival_mid(Scope((PERP,), ()), seen(books=(book,)))

    # 300,000.5 ticks of a cent: dollars for an ether, in atoms of both.
    assert as_ratio(mid) == Fraction(6_000_010, 2_000) * DOLLAR / ETHER


@pytest.mark.parametrize(
    "book",
    [
        BookSnapshot(PERP.id, (), ((300_011, 1),), T0, T0),
        BookSnapshot(PERP.id, ((299_990, 1),), (), T0, T0),
        BookSnapshot(OTHER.id, ((299_990, 1),), ((300_011, 1),), T0, T0),
    ],
    ids=["no bids", "no asks", "another market"],
)
def test_without_a_mid_anywhere_there_is_no_route(book):
    with pytest.raises(NoRouteError, match="no pool or book of the pair shows a price") as refused:
        arrival_mid(Scope((PERP, POOL), ()), seen(books=(book,)))

    assert refused.value.reason is NoRouteReason.NO_LIQUIDITY


def test_a_pool_with_reserves_has_the_mid_of_their_ratio_and_the_depth_of_their_mean():
    deep, thin = instrument("deep"), instrument("thin")
    fair = ReservesSnapshot(deep.id, BLOCK, 3000, 10 * ETHER, 30_000 * DOLLAR, T0)
    absurd = ReservesSnapshot(thin.id, BLOCK, 3000, ETHER, DOLLAR, T0)

    mid = arrival_mid(Scope((thin, deep), ()), seen(absurd, fair))

    assert as_ratio(mid) == Fraction(3_000 * DOLLAR, ETHER)


def one_tick_pool(name, *, price, dollars):
    """Return a pool whose whole liquidity lies within one tick spacing around its price."""
    made = world.pool(name, fee_pips=100, spacing=1, price=price)
    # dollars = L * (sqrt(upper) - sqrt(price)): half a tick is a factor of 1 + 2.5e-5.
    root = made.snapshot.sqrt_price_x96 / 2**96
    liquidity = int(dollars * world.USD / (root * 5e-5))
    lower = made.snapshot.tick
    ticks = (
        PoolTick(lower, liquidity, liquidity),
        PoolTick(lower + 1, -liquidity, liquidity),
    )
    return replace(made, snapshot=replace(made.snapshot, liquidity=liquidity, ticks=ticks))


def test_little_money_in_one_tick_does_not_move_the_arrival_mid():
    honest = [world.pool("honest-a", depth_usd=5e6), world.pool("honest-b", depth_usd=5e6, seed=3)]
    hostile = one_tick_pool("hostile", price=world.MID * 1.05, dollars=200_000)
    pools = (*honest, hostile)
    scope = Scope(tuple(p.instrument for p in pools), ())
    watched = Observation(tuple(p.snapshot for p in pools), (), (), (), ())

    arrival = arrival_mid(scope, watched)

    fair = world.MID * world.USD / world.UNIT
    assert abs(arrival.quote_atoms / arrival.base_atoms / fair - 1) < 0.01
    worst = limit_price(order(1, side=Side.BUY), arrival)
    assert worst.quote_atoms / worst.base_atoms / fair < 1.02
