"""What a control found is in the journal, with its code, its limit and what was asked."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.control import Control
from router.domain.event import ControlTripped, LimitsChanged
from router.domain.order import OrderStatus
from router.domain.scope import FIRM
from router.domain.units import Amount, DurationNs, TimestampNs
from router.tca.story import tell
from tests.unit.engine.scene import ETH, ETHER, LIMITS, T0, order
from tests.unit.risk.controls.scene import VENUE, S, beside, firm, usdc
from tests.unit.shell.floor import Floor, events, opened, replayed, run

ON_ITS_WAY = {
    "when it comes in": (
        firm(deadline_max=DurationNs(99 * S)),
        (Control.ORDER_FORM, "controls.firm.deadline_max_s", "99", "100"),
    ),
    "when the market is known": (
        firm(order_notional_min=usdc(10**6)),
        (Control.ORDER_FORM, "controls.firm.order_notional_min", "1000000 USDC", "30000 USDC"),
    ),
    "when the plan is there": (
        beside(VENUE, order_quantity_max=(Amount(ETH.id, 3 * ETHER),)),
        (Control.ORDER_SIZE, 'controls.venue."hyperliquid".order_quantity_max', "3 ETH", "4 ETH"),
    ),
}


async def refused(floor, path, rules):
    """Let rules hold, send an order, and return the world once its finding is on record."""
    async with opened(path) as journal, floor.running(journal) as runtime:
        tripped = asyncio.Event()
        runtime.watch(lambda event, _: isinstance(event, ControlTripped) and tripped.set())
        limits = replace(LIMITS, controls=rules)
        runtime.post(LimitsChanged(limits, "anna", TimestampNs(T0)))
        runtime.submit(order())
        await tripped.wait()
        return runtime.world


@pytest.mark.parametrize("moment", ON_ITS_WAY)
def test_a_refusal_is_journaled_with_code_limit_and_value_and_replays(tmp_path, moment):
    rules, (code, key, limit, value) = ON_ITS_WAY[moment]
    floor, path = Floor(), tmp_path / "a.journal"

    world = run(refused(floor, path, rules))

    (tripped,) = [e for e in events(path) if isinstance(e, ControlTripped)]
    finding = tripped.finding
    assert (tripped.parent, finding.control, finding.key) == (order().id, code, key)
    assert (finding.limit, finding.value) == (limit, value)
    assert world.parents[order().id].status is OrderStatus.REJECTED
    assert replayed(path).world == world
    assert tell(tripped, world) == f"control {code}: {finding.message}"
    assert [v.signs.calls for v in (floor.perp, floor.chain)] == [[], []]


def test_limits_read_anew_are_journaled_with_who_had_them_read(tmp_path):
    floor, path = Floor(), tmp_path / "a.journal"

    run(refused(floor, path, ON_ITS_WAY["when it comes in"][0]))

    (changed,) = [e for e in events(path) if isinstance(e, LimitsChanged)]
    assert changed.by == "anna"
    assert changed.limits.controls.limits[0].scope == FIRM
