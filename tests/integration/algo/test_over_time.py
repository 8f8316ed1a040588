import asyncio

import pytest

from router.domain.order import OrderStatus, TimeInForce
from router.domain.units import NS_PER_S
from tests.integration.algo.scene import ETHER, came_of, filled, market

SLICES, INTERVAL_S = 5, 1
TOLERANCE_S = 5  # of a machine that does other things


def test_a_twap_trades_a_part_in_each_interval_and_ends_on_time(tmp_path, ticking_chain):
    async def run():
        async with market(tmp_path, ticking_chain) as made:
            await made.work(
                quantity="5",
                algo="twap",
                duration_s=str(SLICES * INTERVAL_S),
                interval_s=str(INTERVAL_S),
            )
            return made

    made = asyncio.run(run())
    parent, children = came_of(made)
    algo = parent.order.algo

    assert parent.status is OrderStatus.FILLED, parent.reason
    for number in range(SLICES):
        due = algo.start_at + number * algo.interval
        sent = [c.sent_at for c in children if due <= c.sent_at < due + 2 * algo.interval]
        assert sent, f"interval {number + 1} of {SLICES} saw nothing"
    assert filled(children) == 5 * ETHER
    assert parent.ended_at <= algo.end_at + TOLERANCE_S * NS_PER_S
    by_third = algo.start_at + 3 * algo.interval
    early = sum(f.quantity.atoms for c in children if c.sent_at < by_third for f in c.fills)
    assert early <= 3 * ETHER, "no part is released before its time"


@pytest.mark.soak
def test_a_share_of_the_volume_stays_within_its_band(tmp_path, ticking_chain):
    share, band = 0.1, 0.04

    async def run():
        async with market(tmp_path, ticking_chain) as made:
            block, before = await made.block_number(), made.traded_at_the_venue()
            await made.work(
                quantity="500",
                algo="pov",
                duration_s="12",
                interval_s="1",
                participation=str(share),
                band=str(band),
            )
            pools = await made.traded_in_pools(block)
            return made, pools + made.traded_at_the_venue() - before

    made, volume = asyncio.run(run())
    _, children = came_of(made)
    ours = filled(children)

    assert ours > 0
    assert abs(ours / volume - share) <= band, f"{ours / volume:.3f} of {volume / ETHER:.1f} ETH"


def test_an_iceberg_rests_is_followed_is_hit_and_crosses(tmp_path, ticking_chain):
    async def run():
        async with market(tmp_path, ticking_chain, scene=None) as made:
            order = asyncio.create_task(
                made.work(
                    quantity="2",
                    algo="iceberg",
                    display="0.25",
                    offset_ticks="0",
                    reprice_ticks="10",
                    interval_s="0.3",
                    cross_after_s="4",
                )
            )
            await made.until(made.resting)
            (first,) = made.resting()

            await made.direct("shift_mid", bps=5)
            await made.until(lambda: any(o.price > first.price for o in made.resting()))

            await made.direct("withdraw_liquidity")
            (second,) = made.resting()
            made.stranger_trades(-3_000)
            await made.until(lambda: not made.resting())
            await made.direct("refresh_liquidity")
            await made.until(made.resting)
            await order
            return made, first, second

    made, first, second = asyncio.run(run())
    parent, children = came_of(made)
    waited = [c for c in children if c.order.time_in_force is TimeInForce.POST_ONLY]
    crossed = [c for c in children if c.order.time_in_force is TimeInForce.IMMEDIATE]

    assert parent.status is OrderStatus.FILLED, parent.reason
    assert first.size == 5_000, "a quarter of two ether is shown, in lots"
    assert second.leaves == 0
    assert {OrderStatus.REPLACED, OrderStatus.FILLED} <= {c.status for c in waited}
    assert all(c.sent_at < parent.order.algo.cross_at for c in waited)
    assert all(c.sent_at >= parent.order.algo.cross_at for c in crossed)
    assert filled(crossed) > 0
    assert filled(children) == 2 * ETHER
