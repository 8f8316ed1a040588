"""What a long rehearsal keeps: enough to answer from, and no more however long it runs."""

import gc
from dataclasses import replace
from fractions import Fraction
from types import FunctionType, ModuleType

from tests.unit.sandbox.test_hyperliquid_scene import OPENED_MS, QUIET, Stage
from venues.sandbox.hyperliquid.config import ETH, SceneConfig
from venues.sandbox.hyperliquid.order import FundingSettled, TradePrinted
from venues.sandbox.hyperliquid.scene.company import MAKERS, TAKERS, address


def test_makers_forget_what_nobody_asks_for_any_more():
    stage = Stage(replace(SceneConfig(volatility_percent_year=300), noise_takers=0))

    stage.run(600)

    maker = stage.venue.state.account(address(MAKERS, 0))
    assert len(maker.order_ids) < 6_000
    assert set(maker.open_orders) <= set(maker.order_ids)
    assert len(stage.venue.state.orders) < 20_000


def test_what_the_scene_s_accounts_remember_is_bounded_in_all_kinds():
    stage = Stage(replace(QUIET, makers=1))
    maker = stage.venue.state.account(address(MAKERS, 0))
    paid = FundingSettled(maker.address, "BTC", 1, 1, Fraction(1), OPENED_MS)
    maker.fundings += [paid] * 5_000

    stage.run(250)

    assert len(maker.fundings) == 2_000


def test_takers_forget_what_they_did_and_the_tape_keeps_their_trades():
    stage = Stage(replace(SceneConfig(noise_takers=1), noise_per_minute=600))

    printed = [event.trade for event in stage.run(1_200) if isinstance(event, TradePrinted)]

    taker = stage.venue.state.account(address(TAKERS, 0))
    assert len(printed) > 4_500
    assert len(taker.fills) < 4_500
    assert len(taker.order_ids) <= 2_000 + 500 * len(stage.venue.markets)
    for coin, market in stage.venue.markets.items():
        candles = market.tape.candles("1m", start_ms=OPENED_MS, end_ms=stage.now_ms)
        trades = [trade for trade in printed if trade.coin == coin]
        assert sum(candle.trade_count for candle in candles) == len(trades)
        assert sum(candle.volume for candle in candles) == sum(trade.size for trade in trades)


def reachable_count(root):
    """Return how many objects a root keeps alive, leaving code aside."""
    seen, waiting = set(), [root]
    while waiting:
        found = waiting.pop()
        if id(found) not in seen and not isinstance(found, (type, FunctionType, ModuleType)):
            seen.add(id(found))
            waiting += gc.get_referents(found)
    return len(seen)


def test_twice_as_long_a_rehearsal_keeps_no_more():
    scene = replace(SceneConfig(makers=1, noise_takers=1), noise_per_minute=1_200)
    stage = Stage(scene, coins=(ETH,), vaults=())
    counts = []
    for _ in range(4):
        stage.run(500)
        counts.append((reachable_count(stage.venue.state), stage.venue.state.next_trade_id))

    (early, _), (late, trades) = counts[1], counts[3]
    assert trades > 3_500
    assert late < early * 1.05
