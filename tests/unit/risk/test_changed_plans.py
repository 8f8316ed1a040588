"""What the gate says to a plan that was changed in what would be sent."""

from dataclasses import replace

import pytest

from router.domain.plan import NoRouteReason
from router.domain.units import Amount
from router.domain.verdict import Approved, Refused
from router.risk.limits import approve
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, PERP, POOL, USDC, plan
from tests.unit.risk.test_limits import LEFT, changed, problem_of


# An instrument's name and a book's bound alone say nothing: what is sent is the rest, and ticks.
@pytest.mark.parametrize(
    ("instrument", "changes"),
    [
        (PERP, {"limit_ticks": 310_000}),
        (PERP, {"limit_ticks": None}),
        (PERP, {"instrument": replace(PERP, symbol="BTC")}),
        (PERP, {"instrument": replace(PERP, account=POOL.account)}),
        (PERP, {"instrument": replace(PERP, fee_pips=0)}),
        (PERP, {"quantity": Amount(ETH.id, 0)}),
        (PERP, {"bound": Amount(ETH.id, 1)}),
        (POOL, {"instrument": replace(POOL, symbol="0x" + "bd" * 20)}),
        (POOL, {"instrument": replace(POOL, router="another")}),
        (POOL, {"quantity": Amount(ETH.id, -ETHER), "bound": Amount(USDC.id, -3_003 * DOLLAR)}),
        (POOL, {"notional": Amount(ETH.id, ETHER)}),
        (POOL, {"bound": Amount(ETH.id, ETHER)}),
    ],
    ids=[
        "ticks beyond the limit",
        "no ticks",
        "another coin",
        "another account",
        "no fee",
        "nothing",
        "bound in base",
        "another pool",
        "another router",
        "backwards",
        "paid in base",
        "pool bound in base",
    ],
)
def test_a_plan_whose_leg_was_changed_in_what_is_sent_is_not_approved(instrument, changes):
    problem = problem_of()
    sound = plan(problem, (instrument, 1))
    assert isinstance(approve(problem, sound, LEFT), Approved)

    refused = approve(problem, changed(sound, **changes), LEFT)

    assert isinstance(refused, Refused)
    assert refused.reason in {NoRouteReason.SOLVER, NoRouteReason.LIMIT_PRICE}
