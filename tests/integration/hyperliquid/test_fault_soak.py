"""After a day on which everything went wrong, our books are the venue's."""

import asyncio
from collections import defaultdict
from random import Random

import pytest

from tests.integration.hyperliquid.fault_day import Day, FastClock
from venues.hyperliquid.trading.facts import OrderState
from venues.sandbox.hyperliquid.config import DEV_MASTER_ADDRESS, SandboxConfig, SceneConfig
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox

FACTOR = 20
SIZE_UNITS = {"BTC": 10**3, "ETH": 10**4}  # of 1e-8, in a lot
PER_MICRO_USD = 100


def run(orders, seed, *, minutes=0):
    async def main():
        clock = FastClock(FACTOR)
        config = SandboxConfig(scene=SceneConfig(), seed=seed, schedule_cancel_volume_min_usd=0)
        async with HyperliquidSandbox.start(config, clock=clock.now_ms) as sandbox:
            day = Day(sandbox, clock, Random(seed), orders, minutes)
            told = await day.run()
            return day, told["state"]["accounts"][DEV_MASTER_ADDRESS]

    return asyncio.run(main())


def lived(books):
    """Return the ids of the orders that lived at the venue, by our own id."""
    ids = defaultdict(set)
    for order in books["orders"]:
        if order["cloid"] is not None and not order["status"].lower().endswith("rejected"):
            ids[order["cloid"]].add(order["oid"])
    return ids


def check(day, books):
    trader = day.trader
    ledger = trader.ledger
    held = {coin: size // SIZE_UNITS[coin] for coin, size in ledger.positions_e8().items() if size}
    assert held == {coin: position["size"] for coin, position in books["positions"].items()}
    assert sorted(f.trade_id for f in ledger.fills) == sorted(books["fill_ids"])
    assert ledger.fees_e8() == {"USDC": books["fees_paid"] * PER_MICRO_USD}
    assert ledger.funding_e8() == -books["funding_paid"] * PER_MICRO_USD
    assert books["orders_open"] == []
    views = {view.cloid: view for view in trader.orders.views()}
    assert [v for v in views.values() if v.state is not OrderState.ENDED] == []
    for cloid, ids in lived(books).items():
        was_refused = views[cloid].word.startswith("refused")  # its id need not be known
        assert was_refused or ids <= set(views[cloid].oids), views[cloid]
        assert len(ids) <= 1 + day.modified[cloid], cloid
    assert all(fill.twap_id is not None for fill in trader.orders.others())


@pytest.mark.parametrize("seed", [1])
def test_a_short_day_of_faults_leaves_our_books_equal_to_the_venues(seed):
    day, books = run(120, seed)

    check(day, books)


@pytest.mark.soak
def test_two_thousand_orders_under_every_fault_leave_our_books_equal_to_the_venues():
    day, books = run(2_000, 11, minutes=30)

    check(day, books)
    assert day.placed >= 2_000
