"""The part of a perp leg's impact that is its mark against the arrival mid."""

import pytest

from router.domain.plan import CostSplit
from router.domain.units import Side
from router.optimiser.solve import solve
from tests.unit.optimiser.world import UNIT, USD, book, pool, problem


@pytest.mark.parametrize(
    ("side", "price", "dollars"),
    [
        (Side.BUY, 2_000.5, 0.5),
        (Side.BUY, 1_999.5, -0.5),
        (Side.SELL, 2_000.5, -0.5),
        (Side.SELL, 1_999.5, 0.5),
    ],
)
def test_basis_is_the_mark_against_the_arrival_mid_and_counts_once(side, price, dollars):
    made = problem(side=side, quantity=20.0, books=(book(price=price, levels=20),))

    (leg,) = solve(made).legs

    assert leg.cost.basis == round(dollars * USD * leg.quantity.atoms / UNIT)
    sign = 1 if side is Side.BUY else -1
    at_mid = 2_000 * USD * leg.quantity.atoms // UNIT
    assert leg.cost.impact == sign * (leg.notional.atoms - at_mid)
    cost = leg.cost
    assert cost.total == cost.impact + cost.fees + cost.gas + cost.funding


def test_a_plan_has_the_basis_of_its_legs_and_pools_have_none():
    shallow = book(price=1_999.5, levels=5, level_usd=5_000.0)
    made = problem(quantity=50.0, pools=(pool(),), books=(shallow,))

    found = solve(made)

    on_chain = [leg for leg in found.legs if leg.limit_ticks is None]
    assert on_chain
    assert all(leg.cost.basis == 0 for leg in on_chain)
    assert found.cost.basis == sum(leg.cost.basis for leg in found.legs) < 0


def test_parts_are_added_one_by_one():
    assert CostSplit(1, 2, 4, 8, 16) + CostSplit(1, 1, 1, 1, 1) == CostSplit(2, 3, 5, 9, 17)
