from dataclasses import replace

import pytest

from router.domain.error import NotSentError
from router.domain.market import PerpContext
from router.domain.units import Pico
from venues.hyperliquid.actions.market import perpetual
from venues.hyperliquid.trading import rules


@pytest.fixture
def markets(eth):
    return {eth.id: perpetual(3, size_decimals=4, leverage_max=25)}


def test_a_child_becomes_an_immediate_order_written_without_trailing_zeros(
    eth, make_child, markets
):
    child = make_child(eth, lots=15_000, ticks=300_010)

    action = rules.order_action(child, markets, marks={}, now=child.deadline_at - 1)

    assert list(action) == ["type", "orders", "grouping"]
    (order,) = action["orders"]
    assert list(order) == ["a", "b", "p", "s", "r", "t", "c"]
    assert (order["a"], order["p"], order["s"]) == (3, "3000.1", "1.5")
    assert order["t"] == {"limit": {"tif": "Ioc"}}
    assert order["r"] is False


def test_a_child_that_only_reduces_says_so_on_the_wire(eth, make_child, markets):
    child = replace(make_child(eth, lots=15_000, ticks=300_010), reduces_only=True)

    action = rules.order_action(child, markets, marks={}, now=child.deadline_at - 1)

    assert action["orders"][0]["r"] is True


@pytest.mark.parametrize(
    ("lots", "ticks", "words"),
    [
        (33, 300_000, "at least 10"),  # 9.90 dollars
        (1_000_001, 30_000_000, "at most 30000000"),  # 30,000,030 dollars
        (10_000, 300_015, "significant figures"),
        (10_000, 0, "positive"),
    ],
)
def test_what_the_venue_would_refuse_anyhow_is_not_signed(
    eth, make_child, markets, lots, ticks, words
):
    child = make_child(eth, lots=lots, ticks=ticks)

    with pytest.raises(NotSentError, match=words):
        rules.order_action(child, markets, marks={}, now=child.deadline_at - 1)


def test_a_child_that_is_late_or_of_another_market_is_not_signed(eth, make_child, markets):
    child = make_child(eth, lots=10_000, ticks=300_000)

    with pytest.raises(NotSentError, match="deadline"):
        rules.order_action(child, markets, marks={}, now=child.deadline_at)
    with pytest.raises(NotSentError, match="not an instrument"):
        rules.order_action(child, {}, marks={}, now=child.deadline_at - 1)


@pytest.mark.parametrize(
    ("leverage_max", "dollars"), [(40, 30_000_000), (20, 5_000_000), (10, 2_000_000), (3, 500_000)]
)
def test_the_planner_is_told_the_largest_order_a_market_takes(config, eth, leverage_max, dollars):
    context = PerpContext(eth.id, 300_000, 300_000, Pico(0), config.timing.request_timeout)
    markets = {eth.id: perpetual(3, size_decimals=4, leverage_max=leverage_max)}

    told = rules.with_order_max(context, config, markets)

    assert told == replace(context, order_notional_max_atoms=dollars * 10**6)


@pytest.mark.parametrize(("mark", "fits"), [(300_000, True), (1_500_000, True), (1_510_000, False)])
def test_a_limit_more_than_eighty_percent_from_the_mark_is_not_signed(
    eth, make_child, markets, mark, fits
):
    child = make_child(eth, lots=10_000, ticks=300_000)

    def sign():
        return rules.order_action(child, markets, marks={eth.id: mark}, now=child.deadline_at - 1)

    if fits:
        assert sign()["orders"]
        return
    with pytest.raises(NotSentError, match="within 80 %"):
        sign()
