"""Limits or switches set while an order is being solved: what was asked before is void."""

from dataclasses import replace
from typing import Final

import pytest

from router.domain.command import ObserveMarket, SignChild
from router.domain.event import (
    LimitsChanged,
    MarketObserved,
    RouteRefused,
    RouteSolved,
    SwitchSet,
)
from router.domain.order import OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Amount, Pips
from router.state.world import Phase
from tests.unit.engine.scene import (
    DOLLAR,
    LIMITS,
    PERP,
    POOL,
    USDC,
    Driver,
    observation,
    order,
    plan,
)
from tests.unit.risk.controls.scene import firm

SMALLER: Final = (Amount(USDC.id, 10_000 * DOLLAR),)  # the order is worth 30,000


def solving():
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)
    return driver, asked, driver.observe(asked)


@pytest.mark.parametrize(
    "limits",
    [
        replace(LIMITS, order_notional_max=SMALLER),
        replace(LIMITS, controls=firm(order_notional_max=SMALLER)),
        replace(LIMITS, controls=firm(confirm_above=SMALLER)),
        replace(LIMITS, controls=firm(daily_notional_max=SMALLER)),
    ],
)
def test_a_limit_lowered_while_an_order_is_solved_holds_for_it(limits):
    driver, asked, problem = solving()

    driver.feed(LimitsChanged(limits, "ann", driver.tick()))
    driver.feed(RouteSolved(asked.id, plan(problem, (PERP, 4), (POOL, 6)), driver.tick()))

    assert not [c for c in driver.commands if isinstance(c, SignChild)]
    assert driver.world.parents[asked.id].phase is Phase.OBSERVING
    driver.feed(MarketObserved(asked.id, observation(), driver.tick()))
    assert driver.world.parents[asked.id].status is OrderStatus.REJECTED
    assert not driver.world.children


def test_an_order_goes_on_under_limits_that_still_allow_it():
    driver, asked, problem = solving()

    driver.feed(
        LimitsChanged(replace(LIMITS, slippage_tolerance_pips=Pips(2_000)), "ann", driver.tick())
    )
    assert not driver.commands  # the answer comes first
    driver.feed(RouteSolved(asked.id, plan(problem, (PERP, 4), (POOL, 6)), driver.tick()))
    assert isinstance(driver.command(ObserveMarket), ObserveMarket)

    asked_anew = driver.observe(asked)
    assert asked_anew.slippage_tolerance_pips == Pips(2_000)
    assert driver.solve(asked_anew, (PERP, 4), (POOL, 6))


def test_what_could_not_be_solved_under_the_old_limits_is_asked_anew():
    driver, asked, _ = solving()
    driver.feed(LimitsChanged(replace(LIMITS, plan_rounds_max=3), "ann", driver.tick()))

    refused = RouteRefused(asked.id, NoRouteReason.NO_LIQUIDITY, "nothing", driver.tick())
    driver.feed(refused)

    assert driver.world.parents[asked.id].phase is Phase.OBSERVING
    assert driver.world.parents[asked.id].status is OrderStatus.NEW


def test_what_is_switched_to_reduce_only_while_it_is_solved_is_not_left_to_the_signer_to_refuse():
    driver, asked, problem = solving()

    at = driver.tick()
    driver.feed(SwitchSet(SwitchSetting(FIRM, TradingState.REDUCE_ONLY, "ann", "a drill", at), at))

    assert driver.solve(problem, (PERP, 4), (POOL, 6)) == []
    assert all(margin.reduces_only for margin in driver.observe(asked).margins)
