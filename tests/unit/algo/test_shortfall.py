"""The problem of a schedule from what was observed, and the pace of one that is there."""

from dataclasses import replace

import pytest

from router.algo.pace import pace
from router.algo.progress import Progress
from router.algo.room import room
from router.algo.shortfall import schedule_problem
from router.domain.algo import Shortfall
from router.domain.error import NoRouteError
from router.domain.margin import MarginAccount, Reservation
from router.domain.plan import BookCandidate, ChainCash, QuantityKind
from router.domain.schedule import Schedule
from router.domain.units import NS_PER_S, Amount, DurationNs, Pico, Pips, Side, TimestampNs
from router.liquidity.impact import impact_of
from tests.unit.algo.shortfall_market import day_of, routing
from tests.unit.engine.scene import (
    CHAIN,
    DOLLAR,
    ETH,
    ETHER,
    MARGIN,
    MID,
    PERP,
    T0,
    USDC,
    observation,
    order,
)

MINUTE = 60 * NS_PER_S
HOUR = 60 * MINUTE
ALGO = Shortfall(
    start_at=T0,
    end_at=TimestampNs(T0 + 2 * HOUR),
    interval=DurationNs(10 * MINUTE),
    aversion=Pico(2_000_000),
    volatility_pips=Pips(40_000),
    half_life=DurationNs(30 * MINUTE),
    catch_up_pips=Pips(500_000),
)
LATE = TimestampNs(T0 + 24 * HOUR)
PARENT = replace(order(300, algo=ALGO), deadline_at=LATE)
WHOLE = routing(day_of(1))


def schedule(*ethers):
    """Return a schedule of cumulative ethers, ten minutes apart."""
    rows = tuple((TimestampNs(T0 + k * 10 * MINUTE), n * ETHER) for k, n in enumerate(ethers))
    return Schedule(rows, Pico(0), Pico(0), Pico(0), Pico(0), Pico(0))


def released(parent, of, *, filled, minute):
    """Return the ethers released, and in which minute to look again."""
    done = Progress(Amount(ETH.id, filled * ETHER), None, 0, (), observation(), schedule=of)
    found = pace(parent, done, TimestampNs(T0 + minute * MINUTE))
    wake = None if found.wake_at is None else (found.wake_at - T0) / MINUTE
    return found.released.atoms / ETHER, wake


def perp(*, lots=0, leverage=5, rate=0):
    (seen,) = observation().books
    return BookCandidate(
        instrument=PERP,
        snapshot=replace(seen, asks=((300_010, 10**7),), bids=((299_990, 10**7),)),
        mark_ticks=300_000,
        funding_rate_per_hour=Pico(rate),
        position_lots=lots,
        leverage=leverage,
        quantity_max_lots=None,
    )


def at_the_perp(*books, equity=100_000, **changes):
    account = MarginAccount(MARGIN, equity * DOLLAR, 0)
    return replace(WHOLE, pools=(), chains=(), books=books, margins=(account,), **changes)


def test_each_slice_is_released_when_its_time_has_come():
    plan = schedule(120, 180, 240, 300)

    assert released(PARENT, plan, filled=0, minute=0) == (120, 10)
    assert released(PARENT, plan, filled=120, minute=9) == (120, 10)
    assert released(PARENT, plan, filled=120, minute=10) == (180, 20)
    assert released(PARENT, plan, filled=180, minute=25) == (240, 30)


def test_the_last_slice_takes_all_that_is_left():
    plan = schedule(120, 180, 240, 300)

    assert released(PARENT, plan, filled=0, minute=30) == (300, None)


def test_a_slice_catches_up_by_half_of_its_own_at_most():
    plan = schedule(120, 180, 240, 300)

    assert released(PARENT, plan, filled=100, minute=10) == (180, 20), "80 are within 90"
    assert released(PARENT, plan, filled=60, minute=10) == (150, 20), "120 are not"


def test_nothing_is_released_before_the_first_slice():
    plan = schedule(120, 300)

    assert released(PARENT, plan, filled=0, minute=-1) == (0, 0)


def test_an_amended_order_follows_its_schedule_in_proportion():
    plan, half = schedule(120, 180, 240, 300), replace(PARENT, quantity=Amount(ETH.id, 150 * ETHER))

    assert released(half, plan, filled=0, minute=0) == (60, 10)
    assert released(half, plan, filled=60, minute=10) == (90, 20)
    assert released(half, plan, filled=140, minute=20) == (140, 30), "what has filled has filled"


def test_a_problem_has_the_orders_time_impact_and_risk():
    at = TimestampNs(T0 + 30 * MINUTE)

    found = schedule_problem(PARENT, ALGO, WHOLE, at=at)

    begins = [each.begins_at for each in found.intervals]
    assert begins == [at + k * 10 * MINUTE for k in range(9)]
    assert found.intervals[-1].ends_at == ALGO.end_at
    assert found.quantity == WHOLE.quantity
    assert (found.half_life, found.volatility_pips) == (ALGO.half_life, ALGO.volatility_pips)
    # Two millionths a dollar, of 900,000 dollars.
    assert found.aversion_pico == 1_800_000_000_000
    impact = impact_of(WHOLE, slices=9)
    assert found.transient_pico == impact.transient > 0
    assert {each.temporary_pico for each in found.intervals} == {impact.temporary}
    assert {each.quantity_max for each in found.intervals} == {impact.room}
    assert found.margin_max == ()


def test_an_order_ends_at_its_deadline_if_that_is_sooner():
    soon = replace(PARENT, deadline_at=TimestampNs(T0 + 25 * MINUTE))

    found = schedule_problem(soon, ALGO, WHOLE, at=T0)

    assert [each.ends_at - T0 for each in found.intervals] == [
        10 * MINUTE,
        20 * MINUTE,
        25 * MINUTE,
    ]


def test_an_order_whose_time_is_over_is_one_slice():
    found = schedule_problem(PARENT, ALGO, WHOLE, at=LATE)

    assert [each.begins_at for each in found.intervals] == [LATE]


def test_a_position_pays_at_the_hours_it_is_held_through():
    hour = TimestampNs(-(-T0 // HOUR) * HOUR)
    at = TimestampNs(hour - 15 * MINUTE)

    found = schedule_problem(PARENT, ALGO, at_the_perp(perp(rate=7_000_000)), at=at)

    # The slices of -15 and -5 minutes: the second is held through the hour, and so is its seventh.
    paying = [k for k, each in enumerate(found.intervals) if each.held_pico]
    assert paying == [1, 7]
    assert found.intervals[1].held_pico == 7_000_000


def test_a_pair_without_a_market_of_its_own_is_refused():
    with pytest.raises(NoRouteError, match="use twap"):
        schedule_problem(PARENT, ALGO, replace(WHOLE, pools=()), at=T0)


def test_margin_that_funding_eats_lets_less_and_less_be_traded():
    rich = at_the_perp(perp(rate=10**10), equity=500_000)  # one percent an hour
    poor = at_the_perp(perp(rate=10**10), equity=183_000)

    path = schedule_problem(PARENT, ALGO, poor, at=T0).margin_max

    # Five times 183,000 dollars is worth 305 ethers. T0 is in the last quarter of an hour: the
    # second slice ends after the hour, for which 300 ethers pay 9,000, and so does the eighth.
    assert T0 % HOUR // MINUTE == 13
    assert [amount.atoms / ETHER for amount in path] == [305] * 4 + [290] * 6 + [275] * 2
    assert schedule_problem(PARENT, ALGO, rich, at=T0).margin_max == ()


@pytest.mark.parametrize(
    ("side", "kind", "spendable", "expected"),
    [
        (Side.BUY, QuantityKind.BASE, Amount(USDC.id, 6_000 * DOLLAR), 2 * ETHER),
        (Side.BUY, QuantityKind.CASH, Amount(USDC.id, 6_000 * DOLLAR), 6_000 * DOLLAR),
        (Side.SELL, QuantityKind.BASE, Amount(ETH.id, 2 * ETHER), 2 * ETHER),
        (Side.SELL, QuantityKind.CASH, Amount(ETH.id, 2 * ETHER), 6_000 * DOLLAR),
    ],
)
def test_cash_on_a_chain_is_room_less_what_is_reserved(side, kind, spendable, expected):
    asset = ETH.id if kind is QuantityKind.BASE else USDC.id
    quarter = Amount(spendable.asset, spendable.atoms // 4)
    problem = replace(
        WHOLE,
        side=side,
        kind=kind,
        quantity=Amount(asset, 1),
        chains=(ChainCash(CHAIN, (spendable,), 0, None),),
    )
    nothing = Amount(USDC.id, 0)

    assert room(problem, paid=nothing) == Amount(asset, expected)
    busy = replace(problem, reservations=(Reservation(CHAIN, quarter),))
    assert room(busy, paid=nothing) == Amount(asset, expected * 3 // 4)


def test_a_perp_account_has_room_at_its_leverage_and_for_what_it_cuts():
    nothing, ten_short = Amount(USDC.id, 0), -100_000

    def ethers(problem):
        return room(problem, paid=nothing).atoms / ETHER

    assert ethers(at_the_perp(perp(), equity=30_000)) == 50
    # Ten ethers short bind 6,000: what is left opens 40 more, beside the ten cut and ten turned.
    assert ethers(at_the_perp(perp(lots=ten_short), equity=30_000)) == 60
    assert ethers(at_the_perp(perp(lots=-ten_short), equity=30_000)) == 40
    held = at_the_perp(perp(lots=ten_short), equity=30_000)
    only = replace(held, margins=(replace(held.margins[0], reduces_only=True),))
    assert ethers(only) == 10
    assert room(at_the_perp(perp(), equity=30_000), paid=Amount(USDC.id, 3_000 * DOLLAR)) == Amount(
        ETH.id, 45 * ETHER
    )
    assert MID.quote == USDC.id
