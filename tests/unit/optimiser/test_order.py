"""One order's answer, made of a split."""

from fractions import Fraction

import pytest

from router.domain.plan import QuantityKind
from router.domain.units import PICO_PER_UNIT, Side
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.exact.rooms import rooms_of
from router.optimiser.exact.rounding import Draft
from router.optimiser.gas.search import Solved
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from router.optimiser.order import base_atoms, by_one_source, cost_rate, drafts, rounds_badly
from tests.unit.optimiser.world import MID, UNIT, USD, book, pool, problem


def solved_of(made):
    market = prepare(made)
    selection = select(market, range(len(market.pools)))
    scaled = scale(selection, made.quantity.atoms / UNIT)
    split = solve_continuous(scaled)
    assert split is not None
    return Solved(selection, scaled, split)


def draft_of(solved):
    problem_ = solved.selection.market.problem
    (found,) = drafts([solved], rooms=rooms_of([problem_]))
    assert isinstance(found, Draft)
    return problem_, found


@pytest.mark.parametrize("side", list(Side))
def test_the_rate_of_drafts_is_their_cost_over_their_notional_rounded_up(side):
    chosen = [
        draft_of(solved_of(problem(side=side, quantity=quantity, pools=(pool(),), books=(book(),))))
        for quantity in (3.0, 50.0)
    ]

    rate = cost_rate(chosen)

    cost = sum(Fraction(draft.cost) for _, draft in chosen)
    worth = sum(Fraction(draft.base, UNIT) * int(MID) * USD for _, draft in chosen)
    exact = cost / worth * PICO_PER_UNIT
    assert exact <= rate < exact + 1


def test_an_order_that_fixes_its_base_has_that_and_one_that_fixes_cash_what_it_was_solved_for():
    base = prepare(problem(quantity=3.0, pools=(pool(),)))
    cash = prepare(problem(quantity=6_000.0, kind=QuantityKind.CASH, pools=(pool(),)))

    assert base_atoms(base, 2.0) == 3 * UNIT
    assert base_atoms(cash, 2.5) == 5 * UNIT // 2


def test_coarse_lots_round_badly_and_fine_ones_do_not():
    fine = solved_of(problem(quantity=50.0, pools=(pool(),), books=(book(),)))
    only_books = solved_of(problem(quantity=0.01234567, books=(book(),)))

    assert not rounds_badly(draft_of(fine)[1], fine)
    assert rounds_badly(draft_of(only_books)[1], only_books)  # less than a lot is left over


def test_every_source_is_asked_alone_where_books_carry_the_rest():
    dear = (pool(fee_pips=10_000, spacing=200), pool("pool-b", fee_pips=10_000, spacing=200))
    carried = solved_of(problem(quantity=5.0, pools=dear, books=(book(),)))
    shared = solved_of(problem(quantity=500.0, pools=(pool(), pool("pool-b"))))

    alone = list(by_one_source(carried))

    assert [s.selection.pools for s in alone] == [(0,), (1,)]
    assert list(by_one_source(shared)) == []
