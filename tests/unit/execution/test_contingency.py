"""The order of sending and what is done about each partial outcome, from the plan alone."""

from dataclasses import replace

import pytest

from router.domain.units import Amount
from router.execution.contingency import contingency
from tests.unit.engine.basket_scene import BTC_PERP, BUY_ETH, COIN, SELL_BTC, Baskets, planned
from tests.unit.engine.scene import DOLLAR, ETHER, PERP, POOL, USDC, Driver, order, plan


@pytest.fixture(scope="module")
def problem():
    desk = Driver()
    desk.start()
    desk.submit(order())
    return desk.observe(order())


def whats(found):
    return " / ".join(each.what for each in found.outcomes)


def test_books_go_before_pools_and_what_waits_behind_them_is_told(problem):
    found = contingency(plan(problem, (POOL, 4), (PERP, 6)))

    first, second = found.sendings
    assert first.instruments == (PERP.id,)
    assert first.exposed == Amount(USDC.id, 18_000 * DOLLAR)
    assert first.waiting == Amount(USDC.id, 12_000 * DOLLAR)
    assert "least certain first" in first.why
    assert second.instruments == (POOL.id,)
    assert second.waiting.atoms == 0


def test_legs_of_one_router_are_one_transaction(problem):
    other = replace(POOL, id="another pool")

    (sending,) = contingency(plan(problem, (POOL, 4), (other, 6))).sendings

    assert sending.transactions == 1
    assert sending.exposed == Amount(USDC.id, 30_000 * DOLLAR)


def test_a_plan_over_both_has_an_answer_to_each_partial_outcome(problem):
    found = contingency(plan(problem, (POOL, 4), (PERP, 6)))

    for what in ("fills in part", "is rejected", "reverts", "is stuck", "falls silent"):
        assert what in whats(found)
    assert all(each.then for each in found.outcomes)
    assert "planned anew" in " ".join(found.lines())


def test_a_plan_of_pools_alone_says_nothing_of_perps(problem):
    assert "perp" not in whats(contingency(plan(problem, (POOL, 10))))


def test_a_quote_is_planned_nowhere_else(problem):
    told = " ".join(contingency(plan(problem, (POOL, 4), (PERP, 6)), bound=True).lines())

    assert "given back, for a quote is planned nowhere else" in told
    assert "planned anew" not in told


def test_a_basket_says_what_becomes_of_the_side_that_is_ahead():
    desk = Baskets()
    desk.begin()
    desk.give(BUY_ETH, SELL_BTC)
    eth, btc = desk.look()
    plans = (planned(eth, (PERP, 20 * ETHER)), planned(btc, (BTC_PERP, COIN)))

    found = contingency(plans, exposure_max=Amount(USDC.id, 10_000 * DOLLAR))

    assert found.sendings[0].transactions == 2
    assert "one side of the basket is ahead" in whats(found)
    assert "one side" not in whats(contingency(plans))
