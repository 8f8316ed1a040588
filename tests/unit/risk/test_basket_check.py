"""What the accounts bear of several plans together, and of each alone."""

from dataclasses import replace

import pytest

from router.algo.together import together
from router.domain.plan import NoRouteReason
from router.risk.basket_check import beyond_alone, beyond_together
from tests.unit.engine.basket_scene import (
    BTC_PERP,
    BTC_POOL,
    BUY_ETH,
    COIN,
    SELL_BTC,
    Baskets,
    planned,
)
from tests.unit.engine.scene import DOLLAR, ETHER, PERP, POOL


@pytest.fixture
def desk():
    found = Baskets()
    found.begin()
    return found


def poor(desk, equity):
    """Leave the perp account so much equity; each order needs 6,000 at ten times."""
    chain, perp = desk.shown.accounts
    desk.shown = replace(desk.shown, accounts=(chain, replace(perp, equity_atoms=equity * DOLLAR)))


def both(desk, eth, btc):
    desk.give(BUY_ETH, SELL_BTC)
    first, second = desk.look()
    return [(first, planned(first, eth)), (second, planned(second, btc))]


def test_plans_that_fit_together_are_borne(desk):
    assert beyond_together(both(desk, (PERP, 20 * ETHER), (BTC_PERP, COIN))) is None


def test_plans_that_fit_alone_may_not_fit_together(desk):
    poor(desk, 10_000)
    pairs = both(desk, (PERP, 20 * ETHER), (BTC_PERP, COIN))

    assert beyond_alone(pairs, 0) is None
    assert beyond_alone(pairs, 1) is None
    assert beyond_together(pairs).reason is NoRouteReason.INSUFFICIENT_MARGIN


def test_a_plan_that_does_not_fit_alone_is_named(desk):
    poor(desk, 5_000)
    pairs = both(desk, (PERP, 20 * ETHER), (BTC_POOL, COIN))

    assert beyond_alone(pairs, 0).reason is NoRouteReason.INSUFFICIENT_MARGIN
    assert beyond_alone(pairs, 1) is None


def test_cash_is_spent_once(desk):
    chain, perp = desk.shown.accounts
    tight = tuple(
        replace(a, atoms=60_000 * DOLLAR) if a.asset == "USDC" else a for a in chain.spendable
    )
    desk.shown = replace(desk.shown, accounts=(replace(chain, spendable=tight), perp))
    buys = replace(SELL_BTC, side=BUY_ETH.side)
    desk.give(BUY_ETH, buys)
    first, second = desk.look()
    pairs = [
        (first, planned(first, (POOL, 10 * ETHER))),
        (second, planned(second, (BTC_POOL, COIN * 6 // 10))),
    ]

    found = beyond_together(pairs)

    assert found.reason is NoRouteReason.INSUFFICIENT_BALANCE
    assert "together" in found.message


def test_problems_made_to_be_together_say_the_same_of_every_account(desk):
    desk.give(BUY_ETH, SELL_BTC)
    first, second = desk.look()

    again = together((first, second), desk.seen())

    assert again[0].margins == again[1].margins
    assert again[0].scenarios == again[1].scenarios
    assert again == (first, second)
