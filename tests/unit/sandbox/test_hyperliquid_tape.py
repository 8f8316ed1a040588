"""The tape of a market: what it costs to ask, what it keeps, and what never enters it."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.unit.sandbox.hyperliquid_floor import Floor
from tests.unit.sandbox.hyperliquid_harness import OPENED_MS, desk, order
from venues.sandbox.hyperliquid.config import DEV_MASTER_ADDRESS, HOUSE_ADDRESS
from venues.sandbox.hyperliquid.market.tape import CANDLES_MAX, INTERVALS, RECENT_MAX, Tape, bounds

MINUTE_MS = 60_000
DAY_MS = 86_400_000


def sides():
    """Return maker's and taker's fill of one trade."""
    trader = desk()
    trader.place(order("3000.2", "1", tif="Ioc"))
    accounts = trader.venue.state.accounts
    return accounts[HOUSE_ADDRESS].fills[-1], accounts[DEV_MASTER_ADDRESS].fills[-1]


def traded(moments, *, price=30_000):
    """Return a tape with a trade of size one at each moment."""
    made, taken = sides()
    tape = Tape()
    for moment in moments:
        changes = {"time_ms": moment, "price": price, "size": 1}
        tape.add(replace(made, **changes), replace(taken, **changes))
    return tape


def test_a_year_of_trades_is_kept_in_bounded_memory():
    tape = traded(range(OPENED_MS, OPENED_MS + 365 * DAY_MS, 30 * MINUTE_MS))

    assert len(tape.recent) == RECENT_MAX
    assert tape.candle_count() <= CANDLES_MAX * len(INTERVALS)
    assert len(tape.candles("1m", start_ms=0, end_ms=OPENED_MS + 365 * DAY_MS)) == CANDLES_MAX
    # The day that began before the first trade makes one more.
    assert len(tape.candles("1d", start_ms=0, end_ms=OPENED_MS + 365 * DAY_MS - 1)) == 366


def test_more_trades_in_an_interval_are_no_more_candles():
    start_ms = bounds(OPENED_MS, "1d")[0]
    few, many = traded([start_ms] * 2), traded([start_ms] * 20_000)

    assert few.candle_count() == many.candle_count() == len(INTERVALS)
    assert many.candle("1m", start_ms).trade_count == 20_000


def test_answers_need_nothing_of_what_accounts_remember():
    trader = desk()
    trader.place(order("3100", "1", tif="Ioc"))
    asked = {"coin": "ETH", "interval": "1h", "startTime": 0}
    before = trader.ask("candleSnapshot", req=asked), trader.ask("recentTrades", coin="ETH")

    for account in trader.venue.state.accounts.values():
        account.fills.clear()

    assert before[0]
    assert before[1]
    assert before == (
        trader.ask("candleSnapshot", req=asked),
        trader.ask("recentTrades", coin="ETH"),
    )


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_adds_up_to_all_trades(interval):
    moments = [OPENED_MS + i * 7 * MINUTE_MS for i in range(2_000)]
    tape = traded(moments)

    candles = tape.candles(interval, start_ms=0, end_ms=moments[-1])

    shown = candles[-1].end_ms - candles[0].start_ms + 1
    covered = [moment for moment in moments if moment >= candles[0].start_ms]
    assert sum(candle.volume for candle in candles) == len(covered)
    assert all(a.end_ms + 1 == b.start_ms for a, b in pairwise(candles))
    assert all(bounds(c.start_ms, interval) == (c.start_ms, c.end_ms) for c in candles)
    assert shown >= min(moments[-1] - moments[0], CANDLES_MAX * MINUTE_MS)


def test_a_window_shows_the_candles_it_touches_silent_ones_too():
    start_ms = bounds(OPENED_MS, "1m")[0]
    tape = traded([start_ms, start_ms + 10 * MINUTE_MS])
    window = {"start_ms": start_ms + 4 * MINUTE_MS + 1, "end_ms": start_ms + 6 * MINUTE_MS}

    candles = tape.candles("1m", **window)

    starts = [(candle.start_ms - start_ms) // MINUTE_MS for candle in candles]
    assert starts == [4, 5, 6]
    assert {candle.trade_count for candle in candles} == {0}
    assert tape.candles("1m", start_ms=0, end_ms=start_ms - 1) == []


def test_a_silence_of_years_costs_what_is_shown():
    start_ms = bounds(OPENED_MS, "1m")[0]
    tape = traded([start_ms])

    candles = tape.candles("1m", start_ms=0, end_ms=start_ms + 3_650 * DAY_MS)

    assert len(candles) == CANDLES_MAX
    assert candles[-1].end_ms == start_ms + 3_650 * DAY_MS + MINUTE_MS - 1
    assert tape.candle_count() == len(INTERVALS)


def test_what_changes_hands_without_a_book_is_no_print():
    floor = Floor()
    for name, usd in (("anna", 1_090), ("bert", 5_000)):
        floor.open(name, usd)
    floor.trade("anna", "bert", "ETH", size=10_000, price=300_000)
    printed = floor.market("ETH").tape.candle("1M", floor.now_ms).trade_count
    floor.account("anna").cash -= 1_000 * 1_000_000
    floor.account("bert").cash += 1_000 * 1_000_000

    floor.put_mark("ETH", 280_000)

    assert floor.fills("bert")[-1].direction == "Auto-Deleveraging"
    assert printed == 1
    assert floor.market("ETH").tape.candle("1M", floor.now_ms).trade_count == 1
    assert len(floor.market("ETH").tape.recent) == 1
