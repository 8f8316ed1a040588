"""Quantities of orders that fix their cash, found all at once."""

from dataclasses import replace

import pytest

from router.domain.plan import QuantityKind
from router.domain.units import ParentId, Side
from router.optimiser.basket_cash import solve_quantities
from router.optimiser.convex.joint import Effort
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from tests.unit.optimiser.world import pool, problem


def selection_of(made):
    market = prepare(made)
    return select(market, range(len(market.pools)))


def test_each_cash_order_moves_its_cash_and_the_others_keep_their_quantity():
    first = problem(quantity=300_000.0, kind=QuantityKind.CASH, pools=(pool(),))
    second = replace(problem(quantity=40.0, pools=(pool("pool-b", seed=3),)), parent=ParentId("b"))
    selections = [selection_of(first), selection_of(second)]

    sized = solve_quantities(selections, effort=Effort())
    quantities, scaled, split = sized.quantities, sized.scaled, sized.split
    assert split is not None

    assert quantities[1] == 40.0
    # Alone at its quantity the first order moves its cash: nothing is shared that binds.
    alone = scale(selections[0], quantities[0])
    share = split.shares[0] / scaled.demands[0].share
    paid = alone.curves[0].curve.cost(share * quantities[0])
    assert float(paid) == pytest.approx(300_000.0, rel=1e-8)
    assert split.shares.sum() == pytest.approx(1.0)


def test_two_orders_that_fix_their_cash_are_met_together():
    bought = problem(quantity=100_000.0, kind=QuantityKind.CASH, pools=(pool(),))
    sold = replace(
        problem(
            side=Side.SELL,
            quantity=50_000.0,
            kind=QuantityKind.CASH,
            pools=(pool("pool-b", fee_pips=3000, spacing=60, seed=2),),
        ),
        parent=ParentId("b"),
    )
    selections = [selection_of(bought), selection_of(sold)]

    sized = solve_quantities(selections, effort=Effort())
    quantities, scaled, split = sized.quantities, sized.scaled, sized.split
    assert split is not None

    for k, cash in enumerate((100_000.0, 50_000.0)):
        own = scale(selections[k], quantities[k])
        share = float(split.shares[k]) / scaled.demands[k].share
        paid = abs(float(own.curves[0].curve.cost(share * quantities[k])))
        assert paid == pytest.approx(cash, rel=1e-8)
