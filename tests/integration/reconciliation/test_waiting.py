"""What others do at the venue while an order of ours waits there."""

import asyncio

from router.domain.difference import DifferenceKind as K
from router.domain.event import CancelRequested
from router.domain.order import OrderStatus
from tests.integration.reconciliation.day import opened, rehearsal

DEADLINE_S = 60
ICEBERG = {
    "algo": "iceberg",
    "display": "0.5",
    "cross_after_s": "3600",
    "interval_s": "600",
    "deadline_s": "7200",
    "venues": "hyperliquid",
}


async def waiting(day):
    """Return the task of an order of ours once the venue has a part of it wait."""
    task = asyncio.create_task(day.trade("buy", "2", **ICEBERG))
    await day.until(lambda: day.owner.account.open_orders and len(day.world.open) == 1)
    await day.until(lambda: all(c.status is OrderStatus.NEW for c in day.world.open.values()))
    return task


async def canceled(day, task):
    """Cancel our order by the desk's own way, and wait for its end."""
    (parent,) = (p.order.id for p in day.world.going.rows())
    day.desk.runtime.post(CancelRequested(parent, "enough", "test", day.clock.now()))
    return await task


def test_a_foreign_trade_halts_though_an_order_of_ours_waits(chain, path):
    async def rehearsed():
        async with rehearsal(chain, path, within_s=DEADLINE_S) as day, opened(day, path):
            task = await waiting(day)
            await day.look()
            assert day.halting == set()

            day.owner.order(is_buy=False, price="2700", size="0.3")
            await day.until(lambda: day.halting == {K.FOREIGN_FILL})

            ended = await canceled(day, task)
            assert ended.status is OrderStatus.CANCELED
            await day.desk.accept("mine")
            await day.until(lambda: day.world.is_ready and not day.halting)
            await day.traded("buy", "0.2", venues="hyperliquid")

    asyncio.run(rehearsed())


def test_a_deposit_is_booked_though_an_order_of_ours_waits(chain, path):
    async def rehearsed():
        async with rehearsal(chain, path, within_s=DEADLINE_S) as day, opened(day, path):
            task = await waiting(day)
            before = dict(day.world.ledger.balances)

            day.sandbox.venue.deposit(day.owner.address, 7_000 * 10**6)
            day.sandbox.publish()
            await day.until(lambda: K.DEPOSIT in day.told)
            await day.look()

            assert day.halting == set()
            news = {
                k: n - before[k] for k, n in day.world.ledger.balances.items() if n != before[k]
            }
            assert list(news.values()) == [7_000 * 10**6]
            await canceled(day, task)

    asyncio.run(rehearsed())


def test_an_order_of_ours_that_its_owner_cancels_is_told_and_neither_lost_nor_halting(
    chain, path, capsys
):
    async def rehearsed():
        async with rehearsal(chain, path, within_s=DEADLINE_S) as day, opened(day, path):
            task = await waiting(day)
            (child,) = day.world.open.values()
            (oid,) = day.owner.account.open_orders

            day.owner.cancel(oid)
            await day.until(lambda: day.world.children[child.order.id].is_terminal)
            await day.look()

            assert day.halting == set()
            await canceled(day, task)
            return child.order.id

    name = asyncio.run(rehearsed())

    logged = "".join(capsys.readouterr())
    assert "manual cancel" in logged
    assert name in logged
