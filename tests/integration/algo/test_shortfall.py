"""An order that the optimiser spreads, between a chain and a perp venue that move meanwhile."""

import asyncio
from itertools import groupby, pairwise

from router.domain.order import OrderStatus
from router.domain.units import NS_PER_S
from router.optimiser.schedule import solve_schedule
from tests.integration.algo.scene import ETHER, came_of, filled, market
from tests.unit.optimiser.schedule.problems import problem

SLICES, INTERVAL_S = 4, 2
TOLERANCE_S = 5  # of a machine that does other things


def test_a_shortfall_order_follows_its_schedule_to_the_end(tmp_path, ticking_chain):
    solve_schedule(problem(SLICES, temporary=1))  # a second to import, once

    async def run():
        async with market(tmp_path, ticking_chain) as made:
            await made.work(
                quantity="12",
                algo="shortfall",
                duration_s=str(SLICES * INTERVAL_S),
                interval_s=str(INTERVAL_S),
                aversion="0.0005",
                volatility_bps_day="20000",
                half_life_s="2",
            )
            return made

    made = asyncio.run(run())
    parent, children = came_of(made)
    schedule = parent.schedule

    assert parent.status is OrderStatus.FILLED, parent.reason
    assert filled(children) == 12 * ETHER
    assert schedule.releases[-1][1] == 12 * ETHER
    assert len(schedule.releases) == SLICES
    slices = [b - a for (_, a), (_, b) in pairwise(schedule.releases)]
    assert schedule.releases[0][1] > max(slices), "who fears the wait begins with more"
    assert schedule.gap_pico <= 1_000
    by_slice = [list(own) for _, own in groupby(children, key=lambda child: child.order.slice)]
    assert len(by_slice) > 1
    done = 0
    for own in by_slice:
        begun = min(child.sent_at for child in own)
        released = max(atoms for at, atoms in schedule.releases if at <= begun)
        done += filled(own)
        assert done <= released, f"slice {own[0].order.slice} traded before its time"
    assert parent.ended_at <= parent.order.algo.end_at + TOLERANCE_S * NS_PER_S
