"""What may be ordered, traded, withdrawn and chosen, against the venue's published rules."""

from dataclasses import replace

import pytest

from tests.unit.sandbox.hyperliquid_anna import (
    NVDA,
    affordable,
    builder_floor,
    check,
    choose,
    cross,
    isolated,
    move,
    take,
    trader,
)
from venues.sandbox.hyperliquid.config import BTC, ETH
from venues.sandbox.hyperliquid.ledger import leverage
from venues.sandbox.hyperliquid.ledger.checks import withdrawable
from venues.sandbox.hyperliquid.number import MICRO


def test_margin_mode_does_not_change_under_an_open_position():
    floor = isolated()

    assert choose(floor, "ETH", 10, is_cross=True) == leverage.SWITCH
    take(floor, "ETH", size=-10_000, price=300_000)
    assert choose(floor, "ETH", 10, is_cross=True) is None


@pytest.mark.parametrize("value", [0, -1, 26])
def test_leverage_beyond_the_markets_is_refused(value):
    assert choose(trader(), "ETH", value) == leverage.INVALID


def test_leverage_is_limited_by_the_tier_of_the_position():
    floor = trader(10_000_000, size=400_000_000, price=300_000)

    assert choose(floor, "ETH", 16) == leverage.INVALID
    assert choose(floor, "ETH", 15) is None


# "0-100M: 25x, >100M: 15x", as the venue's page has it.
def test_a_position_worth_a_tiers_bound_is_still_in_the_tier_below():
    floor = trader()

    steps = floor.market("ETH").steps
    assert (steps.leverage_at(0), steps.leverage_at(100_000_000 * MICRO)) == (25, 25)
    assert steps.leverage_at(100_000_000 * MICRO + 1) == 15


def test_leverage_is_raised_freely_and_lowered_only_with_the_margin_for_it():
    floor = trader(1_000, size=40_000)

    assert choose(floor, "ETH", 25) is None
    assert choose(floor, "ETH", 11) == leverage.DECREASE
    assert floor.account("anna").leverage_of(floor.market("ETH")) == 25
    assert choose(floor, "ETH", 12) is None


def test_lowering_isolated_leverage_needs_the_margin_inside():
    floor = isolated()

    assert choose(floor, "ETH", 9, is_cross=False) == leverage.DECREASE
    assert move(floor, 40) is None
    assert choose(floor, "ETH", 9, is_cross=False) is None


def test_isolated_margin_moves_both_ways_within_the_transfer_rule():
    floor = isolated(value=20)
    anna = floor.account("anna")

    assert move(floor, 500) is None
    assert anna.cash == 9_350 * MICRO
    # A twentieth of 3,000 is initial margin; the tenth of the rule is more.
    assert move(floor, -351) == leverage.TOO_MUCH_REMOVED
    assert move(floor, -350) is None
    assert anna.cash == 9_700 * MICRO
    assert move(floor, 9_701) == leverage.TOO_MUCH_ADDED


def test_only_an_isolated_position_has_margin_to_move():
    assert move(trader(size=10_000), 10) == leverage.NO_ISOLATED
    assert move(trader(), 10) == leverage.NO_ISOLATED


def test_an_isolated_only_market_knows_no_cross_margin_and_a_strict_one_gives_nothing_back():
    floor = builder_floor()

    assert choose(floor, NVDA, 5) == leverage.CROSS_NOT_ALLOWED
    take(floor, NVDA, size=1_000, price=180_000)
    assert floor.position("anna", NVDA).isolated_usd is not None
    assert move(floor, 100, NVDA) is None
    assert move(floor, -1, NVDA) == leverage.NO_REMOVAL


def test_a_market_without_cross_margin_may_give_isolated_margin_back():
    no_cross = replace(ETH, margin_mode="noCross")
    floor = trader(coins=(BTC, no_cross))
    assert choose(floor, "ETH", 5) == leverage.CROSS_NOT_ALLOWED
    take(floor, "ETH", size=10_000, price=300_000)

    assert move(floor, 500) is None
    assert move(floor, -100) is None


@pytest.mark.parametrize(("value", "kept"), [(25, 3_000), (5, 6_000)])
def test_what_leaves_must_spare_initial_margin_and_a_tenth_of_the_notional(value, kept):
    floor = trader(10_000)
    choose(floor, "ETH", value)
    take(floor, "ETH", size=100_000, price=300_000)

    assert withdrawable(floor.state, floor.account("anna"), "") == (10_000 - kept) * MICRO


def test_nothing_may_leave_an_account_short_of_margin():
    floor = trader(1_000, size=60_000)

    assert withdrawable(floor.state, floor.account("anna"), "") == 0


def test_an_order_needs_initial_margin_at_the_mark():
    floor = trader(3_000)
    choose(floor, "ETH", 10)

    assert check(floor, 100_000) is None
    assert check(floor, 100_001) == "perpMarginRejected"
    assert check(floor, -100_000) is None
    assert check(floor, -100_001) == "perpMarginRejected"


def test_resting_orders_hold_margin_for_the_worse_side():
    floor = trader(3_000)
    choose(floor, "ETH", 10)
    floor.order("anna", "ETH", size=60_000, price=290_000)

    assert cross(floor).initial == 1_800 * MICRO
    assert check(floor, 40_000) is None
    assert check(floor, 40_001) == "perpMarginRejected"
    # Selling does not add to what the buys hold until it is the larger side.
    assert check(floor, -100_000) is None
    assert check(floor, -100_001) == "perpMarginRejected"


def test_orders_against_the_position_need_nothing_until_they_turn_it():
    floor = trader(3_000)
    choose(floor, "ETH", 10)
    take(floor, "ETH", size=100_000, price=300_000)

    assert check(floor, 1) == "perpMarginRejected"
    assert check(floor, -200_000) is None
    assert check(floor, -200_001) == "perpMarginRejected"


def test_reduce_only_orders_and_the_house_need_no_margin():
    floor = trader(1)

    assert check(floor, 100_000, reduce_only=True) is None
    assert check(floor, 100_000) == "perpMarginRejected"
    floor.account("anna").is_margined = False
    assert check(floor, 100_000) is None


def test_unrealised_cross_profit_opens_positions():
    floor = trader(3_000)
    choose(floor, "ETH", 10)
    take(floor, "ETH", size=100_000, price=300_000)
    floor.market("ETH").marked = 330_000

    # 6,000 of equity over 3,300 in use.
    assert check(floor, 10_000) is None


def test_an_isolated_order_holds_cross_cash_for_what_it_would_add():
    floor = isolated(600)
    assert cross(floor).value == 300 * MICRO

    assert check(floor, 10_000) is None
    assert check(floor, 10_001) == "perpMarginRejected"
    assert check(floor, -20_000) is None


def test_a_position_may_not_outgrow_the_tier_of_its_leverage():
    floor = trader(100_000_000)
    choose(floor, "ETH", 25)

    # 100 million are 33,333.3333 coins at 3,000.
    assert check(floor, 333_333_333) is None
    assert check(floor, 333_333_334) == "perpMaxPositionRejected"
    choose(floor, "ETH", 15)
    assert check(floor, 333_333_334) is None


def test_a_match_needs_margin_at_the_mark_and_counts_what_its_price_loses():
    floor = trader(3_000)
    choose(floor, "ETH", 10)

    assert affordable(floor, 100_000)
    assert not affordable(floor, 100_001)
    # Nine coins need 2,700; at 3,033.33 they lose 300 at once, at 3,033.34 more.
    assert affordable(floor, 90_000, price=303_333)
    assert not affordable(floor, 90_000, price=303_334)
    assert affordable(floor, -90_000, price=296_667)
    assert not affordable(floor, -90_000, price=296_666)


def test_a_shrinking_position_trades_unless_the_price_would_ruin_its_owner():
    floor = trader(3_000)
    choose(floor, "ETH", 10)
    take(floor, "ETH", size=100_000, price=300_000)
    floor.market("ETH").marked = 271_000  # 100 of equity left

    assert affordable(floor, -100_000, price=270_000)
    assert not affordable(floor, -100_000, price=269_999)
    assert not affordable(floor, 1)


def test_an_isolated_match_is_paid_from_free_cross_cash():
    floor = isolated(600)

    assert affordable(floor, 10_000)
    assert not affordable(floor, 10_001)
    # 300 of equity inside is all that may be lost by closing.
    assert affordable(floor, -10_000, price=270_000)
    assert not affordable(floor, -10_000, price=269_999)


def test_what_does_not_rest_any_more_holds_nothing():
    floor = trader()
    order = floor.order("anna", "ETH", size=10_000, price=290_000).order
    assert floor.position("anna", "ETH").resting_buys == 10_000

    floor.matching.cancel(order, status="canceled", stamp=floor.stamp)

    assert floor.position("anna", "ETH").resting_buys == 0
    assert cross(floor).initial == 0
