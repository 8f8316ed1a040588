"""What an order would do to the prices of its markets, against what swaps and levels say."""

from dataclasses import replace

import pytest

from router.domain.market import ReservesSnapshot
from router.domain.plan import BookCandidate, PoolCandidate, QuantityKind, RoutingProblem
from router.domain.units import Amount, InstrumentId, ParentId, Pico, Pips, Price, Side
from router.liquidity.impact import impact_of
from tests.unit.engine.scene import (
    BLOCK,
    DOLLAR,
    ETH,
    ETHER,
    MID,
    PERP,
    POOL,
    T0,
    USDC,
    observation,
)

ORDER = 10 * ETHER
BPS = 10**8


def reserves(ethers, *, name="pool", fee=0):
    owner = replace(POOL, id=InstrumentId(name), fee_pips=Pips(fee))
    held = (ethers * ETHER, ethers * 3_000 * DOLLAR)
    return PoolCandidate(owner, ReservesSnapshot(owner.id, BLOCK, fee, *held, T0), 0)


def book(asks, *, rate=0):
    (seen,) = observation().books
    return BookCandidate(
        instrument=replace(PERP, fee_pips=Pips(0)),
        snapshot=replace(seen, asks=tuple(asks), bids=tuple((6 * 10**5 - t, n) for t, n in asks)),
        mark_ticks=300_000,
        funding_rate_per_hour=Pico(rate),
        position_lots=0,
        leverage=5,
        quantity_max_lots=None,
    )


def problem(*, pools=(), books=(), side=Side.BUY, kind=QuantityKind.BASE, quantity=None):
    limit = 3_030 if side is Side.BUY else 2_970
    return RoutingProblem(
        parent=ParentId("parent-one"),
        side=side,
        kind=kind,
        quantity=quantity or Amount(ETH.id, ORDER),
        arrival_mid=MID,
        limit_price=Price(ETH.id, USDC.id, limit * DOLLAR, ETHER),
        holding_horizon_s=0,
        gas_fee_wei=0,
        slippage_tolerance_pips=Pips(1_000),
        pools=pools,
        books=books,
        chains=(),
        margins=(),
    )


@pytest.mark.parametrize("side", Side)
def test_a_pool_moves_by_twice_the_order_over_its_reserve(side):
    found = impact_of(problem(pools=(reserves(100_000),), side=side), slices=10)

    # x * y = k: ten of a hundred thousand ethers move the price by twice a ten-thousandth.
    assert found.transient == pytest.approx(2 * BPS, rel=1e-3)
    assert found.temporary == 0


def test_pools_of_one_fee_share_an_order_and_one_that_is_dearer_costs_its_own_slice():
    alike = impact_of(problem(pools=(reserves(10_000), reserves(30_000, name="b"))), slices=10)
    tiers = (reserves(10_000), reserves(30_000, name="b", fee=50))
    dearer = impact_of(problem(pools=tiers), slices=10)

    assert alike.transient == pytest.approx(5 * BPS, rel=1e-3)
    assert alike.temporary == 0
    assert dearer.temporary > 0


def test_levels_of_a_book_are_a_move_too():
    # One ether a level, a dollar apart: ten ethers move the price by ten dollars or so.
    found = impact_of(
        problem(books=(book([(300_000 + 100 * k, 10_000) for k in range(60)]),)), slices=10
    )

    # On average a unit of the one, two, four that are probed costs 0, 0.5, 1.5 dollars more.
    fitted = 2 * (1 * 0 + 4 * 0.5 + 16 * 1.5) / (1 + 8 + 64)
    assert found.transient == pytest.approx(10 * fitted / 3_000 * 1e12, rel=1e-6)


def test_there_is_room_up_to_the_limit_price():
    levels = [(300_000 + 1_000 * k, 10_000) for k in range(9)]  # four of them up to 3,030

    found = impact_of(problem(books=(book(levels),)), slices=10)

    assert found.room.asset == ETH.id
    assert found.room.atoms == pytest.approx(4 * ETHER, rel=1e-9)


def test_a_cash_order_is_measured_in_cash():
    cash = Amount(USDC.id, 30_000 * DOLLAR)
    pools = (reserves(100_000),)

    found = impact_of(problem(pools=pools, kind=QuantityKind.CASH, quantity=cash), slices=10)

    assert found.transient == pytest.approx(2 * BPS, rel=1e-3)
    # Half a percent of the reserve moves the price by one, to the limit.
    assert found.room.asset == USDC.id
    assert found.room.atoms == pytest.approx(500 * 3_000 * DOLLAR, rel=0.02)


@pytest.mark.parametrize(("side", "sign"), [(Side.BUY, 1), (Side.SELL, -1)])
def test_funding_is_paid_for_the_part_that_the_book_takes(side, sign):
    deep = book([(300_001, 10**9)], rate=1_000_000)

    alone = impact_of(problem(books=(deep,), side=side), slices=10)
    beside = impact_of(problem(books=(deep,), pools=(reserves(100_000),), side=side), slices=10)

    assert alone.held_per_hour == sign * 1_000_000
    assert 0 <= sign * beside.held_per_hour < 1_000_000


def test_without_a_market_of_the_pair_nothing_is_known():
    assert impact_of(problem(), slices=10) is None
    assert impact_of(problem(books=(book([]),)), slices=10) is None
