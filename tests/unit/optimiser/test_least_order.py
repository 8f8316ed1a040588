"""A leg at a book is worth the venue's least order at its own limit, and not at the quote only.

The venue values an order at its limit price, and so do the rules of the adapter: a sale of just the
minimum is planned, refused, and planned the same again.
"""

import pytest

from router.domain.error import NoRouteError
from router.domain.units import Side
from router.optimiser.solve import solve
from tests.unit.optimiser.world import book, problem


@pytest.mark.parametrize("side", Side)
def test_an_order_of_just_the_minimum_keeps_it_at_its_limit_or_is_not_planned(side):
    made = book("hl", price=2_005.0)  # 50 lots are worth 10.02 USD at the best bid

    try:
        legs = solve(problem(side=side, quantity=0.005, books=(made,))).legs
    except NoRouteError:
        legs = ()

    assert all(leg.bound.atoms >= made.instrument.notional_min_atoms for leg in legs)
