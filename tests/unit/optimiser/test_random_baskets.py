"""Baskets of every kind: planned, borne exactly and proved, or refused with what would do."""

from dataclasses import replace

import pytest

from router.domain.basket import BasketPlan, PlannedBasket
from router.domain.error import NoRouteError, OrderError
from router.domain.plan import InclusionScenario, NoRouteReason, RoutingProblem, Uncertainty
from router.domain.units import PICO_PER_UNIT, Amount, ParentId, Pico, Pips, Side
from router.optimiser.basket import solve_basket
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.baskets import random_basket
from tests.unit.optimiser.test_basket import assert_borne, hedge, order
from tests.unit.optimiser.world import book, pool


def assert_holds(orders: list[RoutingProblem], plan: BasketPlan) -> None:
    assert_borne(orders, plan)
    checks = verify_plan(PlannedBasket(tuple(orders), plan))
    assert [f"{c.name}: {c.sentence}" for c in checks if not c.holds] == []


def parts_of(orders: list[RoutingProblem], percent: float) -> list[RoutingProblem]:
    return [
        replace(o, quantity=Amount(o.quantity.asset, int(o.quantity.atoms * percent / 100)))
        for o in orders
    ]


def check_basket(seed: int) -> None:
    """Check a plan whole; of a refusal, that the part it tells is planned."""
    orders = random_basket(seed)
    try:
        plan = solve_basket(orders)
    except NoRouteError as refused:
        text = str(refused)
    else:
        assert_holds(orders, plan)
        return
    if " % of each" in text:
        percent = float(text.split("nearest feasible ")[1].split(" %", maxsplit=1)[0])
        fewer = parts_of(orders, percent)
        assert 0.0 < percent < 100.0
        assert_holds(fewer, solve_basket(fewer))


@pytest.mark.parametrize("seed", range(25))
def test_a_basket_is_planned_and_proved_or_refused_with_what_would_do(seed):
    check_basket(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(25, 425))
def test_many_baskets_are_planned_and_proved_or_refused_with_what_would_do(seed):
    check_basket(seed)


@pytest.mark.parametrize("calls", [0, 1, 3, 8])
@pytest.mark.parametrize("seed", range(4))
def test_who_is_late_has_a_basket_that_is_true_and_says_its_gap(seed, calls):
    orders, left = random_basket(seed), iter(range(calls))
    try:
        solve_basket(orders)
    except NoRouteError:
        orders = hedge(40_000.0)

    plan = solve_basket(orders, is_late=lambda: next(left, None) is None)

    assert_holds(orders, plan)


def test_an_order_that_no_book_may_fill_is_named_by_its_cap():
    reducing = replace(book(), reduces_only=True)
    orders = [
        order("buy", Side.BUY, 10.0, pools=(pool(),)),
        order("sell", Side.SELL, 10.0, books=(reducing,)),
    ]

    with pytest.raises(NoRouteError, match="perp-a may only reduce") as refused:
        solve_basket(orders)

    assert refused.value.reason is NoRouteReason.REDUCE_ONLY
    assert "no part of each fits" in str(refused.value)


@pytest.mark.parametrize(
    ("wanted", "change"),
    [
        ("names of their own", {"parent": ParentId("long")}),
        ("same scenarios", {"scenarios": ()}),
        ("agree on every margin account", {"margins": ()}),
    ],
)
def test_orders_that_cannot_be_one_basket_are_told_why(wanted, change):
    long, short = hedge(40_000.0)
    if "margins" in change:
        (margin,) = short.margins
        change = {"margins": (margin, replace(margin, equity_atoms=1))}

    with pytest.raises(OrderError, match=wanted):
        solve_basket([long, replace(short, **change)])


def test_a_basket_of_nothing_is_an_error_of_the_client():
    with pytest.raises(OrderError, match="an order at least"):
        solve_basket([])


def test_a_basket_is_not_planned_for_a_tail_that_it_would_leave_out():
    scenario = InclusionScenario("calm", Pico(PICO_PER_UNIT), Pips(0), Pips(10**6), Pips(10**6))
    averse = Uncertainty((scenario,), Pips(100_000), Pips(250_000))
    orders = [replace(o, uncertainty=averse) for o in hedge(40_000.0)]

    with pytest.raises(OrderError, match="aversion"):
        solve_basket(orders)
