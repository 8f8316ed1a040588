"""A gate that closes while the adapter works, and orders that may only reduce."""

from dataclasses import replace

import pytest

from router.domain.error import RejectedError
from router.domain.market import BookSnapshot
from router.domain.order import OrderStatus
from router.domain.units import NS_PER_S, Side
from tests.integration.hyperliquid.test_orders import ABOVE, BELOW
from tests.integration.hyperliquid.test_upkeep import Ear, resting
from venues.hyperliquid.upkeep import UPKEEP_EVERY


class Gate:
    """Opened and closed by the test."""

    def __init__(self, *, is_open=True):
        self.is_open = is_open

    def may_send(self, _child):
        return self.is_open

    def is_stopped(self, _venue, _account):
        return not self.is_open


async def traded(desk, child):
    signed = await desk.venue.sign(child)
    await desk.venue.submit(child, signed)
    return await desk.venue.resolve(child, (signed,))


def test_an_order_the_venue_never_got_is_not_sent_again_and_its_nonce_is_used_up(rehearse):
    async def scenario(desk):
        desk.venue.obey(Gate(is_open=False))
        ear, child = Ear(desk.sandbox), desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)

        await desk.venue.resolve(child, (signed,))
        desk.clock.ahead_ns = 4 * NS_PER_S  # long before the deadline
        late = await desk.venue.resolve(child, (signed,))

        assert set(ear.kinds) == {"noop"}
        assert late.status is OrderStatus.EXPIRED
        assert desk.truth.fills == []

    rehearse(scenario)


def test_with_the_gate_open_it_is_sent_again(rehearse):
    async def scenario(desk):
        desk.venue.obey(Gate())
        child = desk.child(lots=10_000, ticks=ABOVE)
        signed = await desk.venue.sign(child)

        resolution = await desk.venue.resolve(child, (signed,))

        assert resolution.status is OrderStatus.FILLED

    rehearse(scenario)


def test_the_dead_mans_switch_is_let_go_off_while_nothing_may_be_traded(rehearse, record):
    async def scenario(desk):
        gate, ear = Gate(), Ear(desk.sandbox)
        desk.venue.obey(gate)

        async def watch(tape):
            await tape.until(BookSnapshot)
            await ear.until("scheduleCancel")
            gate.is_open = False
            desk.clock.ahead_ns += 5 * NS_PER_S + UPKEEP_EVERY
            since = len(tape.events)
            later = desk.clock.now() + 2 * UPKEEP_EVERY
            await tape.until(BookSnapshot, since=since, matching=lambda b: b.received_at > later)
            assert ear.kinds.count("scheduleCancel") == 1
            gate.is_open = True
            await ear.until("scheduleCancel", count=2)

        await record(desk.venue, watch)

    rehearse(scenario, dead_mans_switch_s=10)


def test_what_rests_is_cancelled_once_nothing_may_be_traded(rehearse, record):
    async def scenario(desk):
        gate, ear = Gate(), Ear(desk.sandbox)
        desk.venue.obey(gate)

        async def watch(tape):
            await tape.until(BookSnapshot)
            await desk.venue.trader.place([resting(desk)])
            assert len(desk.truth.open_orders) == 1
            gate.is_open = False
            await ear.until("cancelByCloid")

        await record(desk.venue, watch)
        assert not desk.truth.open_orders

    rehearse(scenario)


def test_the_venue_holds_an_order_to_reducing_where_its_child_says_so(rehearse):
    async def scenario(desk):
        with pytest.raises(RejectedError, match="educe only"):
            await traded(desk, replace(desk.child(lots=10_000, ticks=ABOVE), reduces_only=True))
        assert desk.truth.positions == {} or desk.truth.positions["ETH"].size == 0

        await traded(desk, desk.child(lots=10_000, ticks=ABOVE))
        closing = desk.child(lots=30_000, ticks=BELOW, side=Side.SELL)
        closed = await traded(desk, replace(closing, reduces_only=True))

        sold = sum(f.quantity.atoms for f in closed.fills) // 10**14
        assert sold == 10_000
        assert "ETH" not in desk.truth.positions or desk.truth.positions["ETH"].size == 0

    rehearse(scenario)
