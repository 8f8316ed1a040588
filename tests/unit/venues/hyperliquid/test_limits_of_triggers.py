"""A trigger that becomes a limit order may rest beyond its trigger."""

import pytest

from router.domain.error import NotSentError
from router.domain.units import Side
from venues.hyperliquid.actions.limits import check_order
from venues.hyperliquid.actions.market import perpetual
from venues.hyperliquid.actions.order import Order, Trigger, TriggerKind

ETH = perpetual(4, size_decimals=4, leverage_max=25)


def exit_order(kind, *, limit_ticks, is_market):
    when = Trigger(kind, 350_000, is_market=is_market)
    return Order(ETH, Side.SELL, limit_ticks, 100, when, reduce_only=True)


def test_a_profit_may_be_taken_at_a_better_limit_than_the_trigger():
    check_order(exit_order(TriggerKind.TAKE_PROFIT, limit_ticks=351_000, is_market=False))


def test_a_market_stop_that_could_not_trade_at_its_trigger_is_refused():
    with pytest.raises(NotSentError, match="trigger price"):
        check_order(exit_order(TriggerKind.STOP_LOSS, limit_ticks=351_000, is_market=True))
