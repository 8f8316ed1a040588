"""What one account alone must survive: the same rows as for all, in orders alone and in baskets."""

from dataclasses import replace

import pytest

from router.domain.error import NoRouteError, OrderError
from router.domain.margin import StressScenario
from router.domain.plan import NoRouteReason, PlannedRoute
from router.domain.units import Pips
from router.optimiser.basket import solve_basket
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.test_basket import EVERYWHERE, pair_of_perps
from tests.unit.optimiser.world import book, pool, problem

TIGHT = 70_000.0
BINDS = 10**8  # a hundredth of a percent of what it is worth, in pico
BASIS = StressScenario("basis", Pips(0), Pips(0), mark_pips=Pips(-100_000))


def own(made, *scenarios):
    margins = tuple(replace(m, scenarios=scenarios) for m in made.margins)
    return replace(made, margins=margins)


def tight(*scenarios, equity=10_000.0):
    return own(problem(quantity=100.0, pools=(pool(),), books=(book(),), equity=equity), *scenarios)


def test_in_a_basket_a_scenario_of_the_account_is_worth_what_it_is_as_one_of_all():
    orders = pair_of_perps(TIGHT, seed=3)
    alone = [own(replace(made, scenarios=()), *EVERYWHERE) for made in orders]

    of_all, of_one = solve_basket(orders), solve_basket(alone)

    assert of_one.cost.total == pytest.approx(of_all.cost.total, rel=1e-6)
    rows = {m.row for m in of_one.certificate.multipliers if m.value > BINDS}
    assert "stress:perp:me:gap +30 %" in rows


def test_a_row_that_binds_is_named_by_its_account_and_moves_the_order_elsewhere():
    free, bound = solve(tight()), solve(tight(BASIS))

    on_book = [
        sum(leg.quantity.atoms for leg in plan.legs if not leg.instrument.is_on_chain)
        for plan in (free, bound)
    ]
    assert on_book[1] < on_book[0]
    binding = {m.row for m in bound.certificate.multipliers if m.value > BINDS}
    assert "stress:perp:me:basis" in binding
    # A tenth is lost, and a tenth of the 90 % left keeps it: 19 % of what is on the book.
    worth = on_book[1] * 2_000 / 10**18
    assert worth * 0.19 == pytest.approx(10_000.0, rel=0.01)


def test_a_proof_with_rows_of_an_account_is_checked_and_a_forged_one_is_found_out():
    made = tight(BASIS)
    plan = solve(made)

    assert all(check.holds for check in verify_plan(PlannedRoute(made, plan)))
    harder = own(made, replace(BASIS, mark_pips=Pips(-200_000)))
    found = {c.name: c.holds for c in verify_plan(PlannedRoute(harder, plan))}
    assert not found["legs"]


def test_a_refusal_names_the_scenario_and_what_it_lacks():
    made = own(problem(quantity=100.0, books=(book(),), equity=25_000.0), BASIS)

    with pytest.raises(NoRouteError, match="stress scenario basis: perp:me is short") as refused:
        solve(made)
    assert refused.value.reason is NoRouteReason.STRESS


def test_names_of_an_accounts_scenarios_are_told_apart():
    twice = replace(tight(BASIS), scenarios=(replace(BASIS, mark_pips=Pips(0)),))

    with pytest.raises(OrderError, match="name each scenario of an account once"):
        solve(twice)


def test_an_account_that_may_only_reduce_says_why():
    made = problem(quantity=10.0, books=(book(),))
    reducing = replace(made.margins[0], reduces_only=True, why="it is in the zone soft")

    with pytest.raises(NoRouteError, match=r"may only reduce, by 0 ETH \(it is in the zone soft\)"):
        solve(replace(made, margins=(reducing,)))
