import numpy as np
import pytest

from router.domain.market import BlockRef, PoolSnapshot, PoolTick, ReservesSnapshot
from router.domain.units import InstrumentId, Side, TimestampNs
from router.liquidity import concentrated, constant_product
from router.liquidity.fixed_point import Q96
from router.liquidity.oracle import InconsistentPoolError
from router.liquidity.pool import check, cost_curve, pool_of, swap
from router.liquidity.pool_curve import pool_curve

E18 = 10**18
SEEN = {
    "instrument": InstrumentId("pool"),
    "block": BlockRef(7, "0x07", "0x06", TimestampNs(1)),
    "received_at": TimestampNs(2),
}
TICKS = (PoolTick(-60, 10**24, 10**24), PoolTick(60, -(10**24), 10**24))
RANGES = PoolSnapshot(
    **SEEN,
    fee_pips=3000,
    tick_spacing=60,
    sqrt_price_x96=Q96,
    tick=0,
    liquidity=10**24,
    ticks=TICKS,
    protocol_fees_pips=(1000, 50),
)
RESERVES = ReservesSnapshot(**SEEN, fee_pips=3000, reserve0=5 * E18, reserve1=10 * E18)
TERMS = {"base_is_token0": True, "decimals0": 18, "decimals1": 18}


def test_a_snapshot_becomes_the_pool_of_its_kind():
    assert pool_of(RANGES) == concentrated.Pool(3000, 60, Q96, 0, 10**24, TICKS, (1000, 50))
    assert pool_of(RESERVES) == constant_product.Pool(5 * E18, 10 * E18, 3000)


@pytest.mark.parametrize(
    ("snapshot", "kind"), [(RANGES, concentrated), (RESERVES, constant_product)]
)
@pytest.mark.parametrize("amount", [E18, -E18])
@pytest.mark.parametrize("zero_for_one", [True, False])
def test_a_pool_of_either_kind_swaps_as_its_kind_does(snapshot, kind, amount, zero_for_one):
    pool = pool_of(snapshot)

    done = swap(pool, zero_for_one=zero_for_one, amount_specified=amount)

    assert done == kind.swap(pool, zero_for_one=zero_for_one, amount_specified=amount)
    check(done.pool)


@pytest.mark.parametrize("side", Side)
def test_a_pool_of_either_kind_has_the_curve_of_its_kind(side):
    ranges, reserves = pool_of(RANGES), pool_of(RESERVES)
    limit = 1.003 if side is Side.BUY else 0.993

    pairs = [
        (cost_curve(ranges, side, **TERMS), pool_curve(ranges, side, **TERMS)),
        (cost_curve(reserves, side, **TERMS), constant_product.curve(reserves, side, **TERMS)),
        (
            cost_curve(reserves, side, **TERMS, price_limit=limit),
            constant_product.curve(reserves, side, **TERMS, price_limit=limit),
        ),
    ]

    for made, expected in pairs:
        np.testing.assert_array_equal(made.quantity, expected.quantity)
        np.testing.assert_array_equal(made.root_start, expected.root_start)


def test_the_curve_charges_the_whole_fee_of_its_direction():
    pool = pool_of(RANGES)

    buy, sell = (cost_curve(pool, side, **TERMS) for side in (Side.BUY, Side.SELL))

    # A buyer of token0 pays token1 in, a seller token0.
    assert float(buy.marginal(0.0)) == pytest.approx(1.0 / (1.0 - 0.003050), rel=1e-15)
    assert float(sell.marginal(0.0)) == pytest.approx(-(1.0 - 0.003997), rel=1e-15)


@pytest.mark.parametrize(
    "pool",
    [
        concentrated.Pool(3000, 60, Q96, 0, 5, TICKS),
        constant_product.Pool(-1, 1, 3000),
    ],
)
def test_a_pool_of_either_kind_that_contradicts_itself_is_found(pool):
    with pytest.raises(InconsistentPoolError):
        check(pool)
