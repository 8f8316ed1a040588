"""Why there is no plan: the row that is short, by how much, and how much would do."""

import re
from dataclasses import replace

import pytest

from router.domain.error import NoRouteError
from router.domain.margin import StressScenario
from router.domain.plan import NoRouteReason, QuantityKind
from router.domain.units import Amount, Pips, Side
from router.optimiser.refusal import check_candidates
from router.optimiser.solve import solve
from tests.unit.optimiser.world import UNIT, book, pool, problem

FALL = StressScenario("gap -30 %", Pips(-300_000), Pips(0))


def refused(made):
    with pytest.raises(NoRouteError) as caught:
        solve(made)
    return caught.value


def nearest(error):
    told = re.search(r"nearest feasible quantity ([\d.,e+-]+) ETH", str(error))
    assert told, str(error)
    return float(told[1].replace(",", ""))


def resized(made, quantity):
    return replace(made, quantity=Amount(made.quantity.asset, int(quantity * UNIT)))


def test_a_scenario_that_forbids_the_order_is_named_with_what_is_short():
    made = replace(problem(quantity=100.0, books=(book(),), equity=30_000.0), scenarios=(FALL,))

    error = refused(made)

    assert error.reason is NoRouteReason.STRESS
    assert "gap -30 %" in str(error)
    assert "perp:me" in str(error)
    # A long of n dollars loses 0.3 n and must keep its margin of a tenth of 0.7 n: about 81,000.
    assert nearest(error) == pytest.approx(30_000 / (0.3 + 0.07) / 2_000, rel=0.01)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    "changes",
    [{"equity": 3_000.0}, {"equity": 30_000.0, "scenarios": True}],
    ids=["initial margin", "scenario"],
)
def test_the_nearest_quantity_is_feasible_and_hardly_more_is(side, changes):
    rest = {k: v for k, v in changes.items() if k != "scenarios"}
    made = problem(side=side, quantity=100.0, books=(book(),), **rest)
    if "scenarios" in changes:
        rise = StressScenario("gap +30 %", Pips(300_000), Pips(0))
        made = replace(made, scenarios=(FALL, rise))
    quantity = nearest(refused(made))

    assert solve(resized(made, quantity)).legs
    assert nearest(refused(resized(made, quantity * 1.01))) == pytest.approx(quantity, rel=1e-3)


def test_cash_that_is_short_is_told_in_the_asset_that_is_short():
    buying = problem(quantity=100.0, pools=(pool(),), cash=100_000.0)
    selling = problem(side=Side.SELL, quantity=100.0, pools=(pool(),), cash=100_000.0)

    bought, sold = refused(buying), refused(selling)

    assert (bought.reason, sold.reason) == (NoRouteReason.INSUFFICIENT_BALANCE,) * 2
    assert "USDC" in str(bought)
    assert "short 50 ETH" in str(sold)
    assert nearest(sold) == pytest.approx(50.0)


def test_an_account_that_may_only_reduce_is_named():
    made = problem(quantity=10.0, books=(replace(book(), reduces_only=True),))

    assert refused(made).reason is NoRouteReason.REDUCE_ONLY


@pytest.mark.parametrize("kind", list(QuantityKind))
def test_nothing_to_trade_on_and_nothing_to_trade_are_said_at_once(kind):
    with pytest.raises(NoRouteError) as nobody:
        check_candidates(problem(kind=kind))
    with pytest.raises(NoRouteError) as nothing:
        check_candidates(problem(kind=kind, quantity=0.0, pools=(pool(),)))

    assert nobody.value.reason is NoRouteReason.NO_VENUE
    assert nothing.value.reason is NoRouteReason.BELOW_MINIMUM
