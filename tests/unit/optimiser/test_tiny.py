"""Orders of a few hundred atoms of quote: what is kept free for whole atoms is a share of them."""

import pytest

from router.domain.error import NoRouteError
from router.domain.plan import NoRouteReason
from router.optimiser.solve import solve
from tests.unit.optimiser.world import MID, pool, problem


# The gap is of the grain of 16 atoms that rooms are tightened by, and no proof is that fine.
@pytest.mark.parametrize(("usd", "left"), [(0.0001, 0.7), (0.0001, 0.9), (0.0005, 0.55)])
def test_an_order_of_few_atoms_is_refused_as_such_and_does_not_fail_the_solver(usd, left):
    pools = (
        pool("a", account="chain:a", fee_pips=100, depth_usd=3 * usd),
        pool("b", account="chain:b", seed=2, fee_pips=3_000, depth_usd=3 * usd),
    )
    made = problem(quantity=usd / MID, pools=pools, cash=usd * left)

    with pytest.raises(NoRouteError, match="too few atoms") as refused:
        solve(made)
    assert refused.value.reason is NoRouteReason.BELOW_MINIMUM
