"""The band of a plan as sent: exact where nothing happens, scenarios worked out by hand."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.error import OrderError
from router.domain.units import PICO_PER_UNIT, Side
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from router.optimiser.robust.band import band, sent_worth
from router.optimiser.robust.solve import solve_robust
from router.optimiser.robust.views import book_views, limit_rate, views
from router.optimiser.solve import solve
from tests.unit.optimiser.robust.instances import AS_SEEN, scenario, uncertainty
from tests.unit.optimiser.world import MID, UNIT, USD, book, pool, problem, random_problem, via_usdt

SIDES = pytest.mark.parametrize("side", Side)


def whole(order):
    market = prepare(order)
    return select(market, range(len(market.pools)))


def planned(**more):
    order = problem(pools=(pool(),), books=(book(),), gas_usd=3.0, **more)
    return order, solve(order)


@SIDES
def test_where_nothing_happens_the_band_is_the_slippage_of_the_plan(side):
    order, plan = planned(side=side)

    found = band(plan.legs, whole(order), AS_SEEN)

    # A pip more where the float sum is a hair above the exact number.
    for pips in (found.best, found.expected, found.worst, found.tail):
        assert plan.slippage <= pips <= plan.slippage + 1


@SIDES
def test_the_worth_of_a_plan_as_sent_is_nowhere_below_the_bound_of_its_split(side):
    order, plan = planned(side=side, quantity=400.0)
    selection = whole(order)
    told = uncertainty(
        scenario("as seen", weight=0.7), scenario("thin", weight=0.3, pool=300_000, book=300_000)
    )
    scaled = scale(selection, 400.0)

    found = solve_robust(scaled, told, views(scaled, [selection]))
    sent = sent_worth(plan.legs, selection, told)

    # The nominal plan, with gas and whole lots, can only be worse than the best robust one.
    assert sent >= found.lower * PICO_PER_UNIT
    as_seen = sent_worth(plan.legs, selection, AS_SEEN)
    assert as_seen == pytest.approx(plan.certificate.rounded_cost, abs=1_000)


@SIDES
def test_a_move_against_the_order_costs_just_that(side):
    order, plan = planned(side=side)

    found = band(
        plan.legs,
        whole(order),
        uncertainty(
            scenario("still", weight=0.75), scenario("moved", weight=0.25, move=1_000), tail=0.5
        ),
    )

    assert found.best == pytest.approx(plan.slippage, abs=1)
    assert found.worst == pytest.approx(plan.slippage + 1_000, abs=1)
    assert found.expected == pytest.approx(plan.slippage + 250, abs=1)
    assert found.tail == pytest.approx(plan.slippage + 500, abs=1)


def test_levels_that_left_are_worked_out_one_by_one():
    order = problem(books=(book(levels=60),), quantity=300.0)
    plan = solve(order)
    (leg,) = plan.legs

    found = band(
        plan.legs, whole(order), uncertainty(scenario("thin", weight=1.0, book=500_000), tail=1.0)
    )

    def paid(depth):
        left, cost = Fraction(leg.quantity.atoms, 10**14), Fraction(0)
        for ticks, lots in order.books[0].snapshot.asks:
            taken = min(left, lots * depth)
            cost += taken * ticks * Fraction(10**14, UNIT) / 10 * (1 + Fraction(450, 10**6))
            left -= taken
        assert left == 0
        return cost

    more = paid(Fraction(1, 2)) - paid(Fraction(1))
    seen = Fraction(leg.cost.total, USD)
    slippage = (seen + more) / (Fraction(leg.quantity.atoms, UNIT) * int(MID))
    assert more > 0
    assert found.worst == found.best == found.tail
    assert found.worst - math.ceil(slippage * 10**6) in {0, 1}


def test_a_book_cap_of_the_order_is_no_depth_that_could_leave():
    capped = replace(book(), quantity_max_lots=1_000)
    market = prepare(problem(pools=(pool(),), books=(capped,)))

    (view,) = book_views(market).values()

    assert market.book_curves[0].capacity == pytest.approx(0.1)
    assert view.curve.capacity > 10.0
    assert view.limit_rate == limit_rate(market) == pytest.approx(0.1)


@SIDES
def test_routes_have_a_band_too(side):
    order = problem(side=side, pools=(pool(depth_usd=1e6),), routes=(via_usdt(),), quantity=300.0)
    plan = solve(order)
    told = uncertainty(
        scenario("as seen", weight=0.5), scenario("half left", weight=0.5, pool=500_000), tail=0.5
    )

    found = band(plan.legs, whole(order), told)

    assert any(leg.hops for leg in plan.legs)
    assert plan.slippage <= found.best <= plan.slippage + 1
    assert found.best < found.expected < found.worst
    assert found.tail == found.worst


def test_a_plan_without_legs_has_no_band():
    order, _ = planned()

    with pytest.raises(OrderError, match="leg"):
        band((), whole(order), AS_SEEN)


@pytest.mark.parametrize("seed", range(12))
def test_whole_problems_are_solved_with_a_certificate(seed):
    order = random_problem(seed, binding=seed % 2 == 0)
    selection = whole(order)
    scaled = scale(selection, order.quantity.atoms / UNIT)
    told = uncertainty(
        scenario("as seen", weight=0.6),
        scenario("thin pools", weight=0.2, pool=400_000, move=100),
        scenario("thin books", weight=0.2, book=250_000, move=300),
    )

    found = solve_robust(scaled, told, views(scaled, [selection]))

    if found is not None:
        assert found.gap <= found.gap_max
        assert all(scaled.uses(found.shares) <= scaled.rooms() + 1e-9)
