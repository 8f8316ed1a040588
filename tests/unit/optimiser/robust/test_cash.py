"""Orders that fix the cash, with aversion: the quantity found moves just that."""

from dataclasses import replace

import pytest

from router.domain.plan import PlannedRoute, QuantityKind
from router.domain.units import Side
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.robust.instances import scenario, uncertainty
from tests.unit.optimiser.world import pool, problem

SEEN, MOVED = 0.9, 0.1


# The price of a split has aversion in it; a thousand times a fee is more than the cash itself.
@pytest.mark.parametrize("aversion", [0.25, 5.0, 1_000.0])
@pytest.mark.parametrize("side", list(Side))
def test_exact_cash_is_found_whatever_the_aversion(side, aversion):
    made = problem(
        side=side,
        kind=QuantityKind.CASH,
        quantity=3_570.64,
        pools=(pool(fee_pips=3_000, spacing=60),),
    )
    unsure = uncertainty(
        scenario("as seen", weight=SEEN), scenario("away", weight=MOVED, move=1_500, pool=600_000)
    )
    averse = replace(unsure, aversion_pips=round(aversion * 1_000_000))
    planned = PlannedRoute(
        replace(made, uncertainty=averse), solve(replace(made, uncertainty=averse))
    )

    (leg,), (told,) = planned.plan.legs, planned.plan.certificate.quantities

    assert leg.notional == made.quantity
    assert abs(told - leg.quantity.atoms) <= 1e-8 * leg.quantity.atoms
    assert [c.sentence for c in verify_plan(planned) if not c.holds] == []
