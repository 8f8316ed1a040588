"""Children that wait at the book, against a venue that keeps its own books."""

import asyncio
from dataclasses import replace

import orjson
import pytest

from router.domain.error import InDoubtError, RejectedError
from router.domain.market import BookSnapshot, PerpContext
from router.domain.order import OrderStatus, TimeInForce
from router.domain.units import NS_PER_S, Side
from tests.integration.hyperliquid.conftest import make_config
from venues.hyperliquid.adapter import Hyperliquid
from venues.sandbox.hyperliquid.service.faults import ReplyLoss

ABOVE, BELOW = 301_000, 299_000  # the mid is 3000.00
FAR_BELOW = 200_000


def waiting(desk, *, lots=10_000, ticks=FAR_BELOW, when=TimeInForce.POST_ONLY, side=Side.BUY):
    return replace(desk.child(lots=lots, ticks=ticks, side=side), time_in_force=when)


async def posted(desk, child):
    signed = await desk.venue.sign(child)
    await desk.venue.submit(child, signed)
    return signed


def lots(resolution):
    return sum(fill.quantity.atoms for fill in resolution.fills) // 10**14


@pytest.mark.parametrize("when", [TimeInForce.POST_ONLY, TimeInForce.RESTING])
def test_a_child_that_waits_is_new_until_it_is_cancelled(when, rehearse):
    async def scenario(desk):
        child = waiting(desk, when=when)
        signed = await posted(desk, child)

        resting = await desk.venue.resolve(child, (signed,))
        await desk.venue.cancel(child, (signed,))
        ended = await desk.venue.resolve(child, (signed,))

        assert (resting.status, resting.fills) == (OrderStatus.NEW, ())
        assert (ended.status, ended.reason) == (OrderStatus.CANCELED, "canceled")
        assert desk.truth.open_orders == {}

    rehearse(scenario)


def test_a_child_that_must_wait_and_would_trade_is_rejected(rehearse):
    async def scenario(desk):
        child = waiting(desk, ticks=ABOVE)
        signed = await desk.venue.sign(child)

        with pytest.raises(RejectedError, match="Post only order would have immediately matched"):
            await desk.venue.submit(child, signed)
        assert desk.truth.fills == []
        assert (await desk.venue.resolve(child, (signed,))).status is OrderStatus.REJECTED

    rehearse(scenario)


def test_a_child_outlives_the_deadline_of_its_request(rehearse):
    async def scenario(desk):
        child = waiting(desk)
        signed = await posted(desk, child)

        desk.clock.ahead_ns = 60 * NS_PER_S
        resolution = await desk.venue.resolve(child, (signed,))

        assert resolution.status is OrderStatus.NEW

    rehearse(scenario)


def test_a_child_of_which_a_part_trades_at_once_waits_with_the_rest(rehearse):
    async def scenario(desk):
        child = waiting(desk, lots=500_000, ticks=300_030, when=TimeInForce.RESTING)
        signed = await posted(desk, child)

        resolution = await desk.venue.resolve(child, (signed,))

        assert resolution.status is OrderStatus.PARTIALLY_FILLED
        assert lots(resolution) == desk.truth.positions["ETH"].size

        await desk.venue.cancel(child, (signed,))
        ended = await desk.venue.resolve(child, (signed,))
        assert (ended.status, ended.fills) == (OrderStatus.CANCELED, resolution.fills)

    rehearse(scenario)


def test_a_cancel_of_what_has_ended_is_refused_and_of_an_immediate_child_too(rehearse):
    async def scenario(desk):
        child = waiting(desk)
        signed = await posted(desk, child)
        await desk.venue.cancel(child, (signed,))

        with pytest.raises(RejectedError, match="already canceled, or filled"):
            await desk.venue.cancel(child, (signed,))
        immediate = desk.child(lots=10_000, ticks=ABOVE)
        with pytest.raises(RejectedError, match="waits"):
            await desk.venue.cancel(immediate, (await desk.venue.sign(immediate),))

    rehearse(scenario)


@pytest.mark.parametrize("loss", list(ReplyLoss))
def test_a_cancel_without_an_answer_is_in_doubt_and_may_be_asked_again(loss, rehearse):
    async def scenario(desk):
        child = waiting(desk)
        signed = await posted(desk, child)
        desk.sandbox.faults.reply_loss = loss
        desk.sandbox.faults.replies_to_swallow = 1

        with pytest.raises(InDoubtError):
            await desk.venue.cancel(child, (signed,))
        with pytest.raises(RejectedError):
            await desk.venue.cancel(child, (signed,))

        assert (await desk.venue.resolve(child, (signed,))).status is OrderStatus.CANCELED

    rehearse(scenario)


def test_a_child_cancelled_before_it_arrived_can_never_arrive(rehearse):
    async def scenario(desk):
        child = waiting(desk)
        signed = await desk.venue.sign(child)

        with pytest.raises(RejectedError, match="never placed"):
            await desk.venue.cancel(child, (signed,))
        with pytest.raises(RejectedError):  # the request itself: its nonce is used up
            await late_copy(desk, child, signed)
        desk.clock.ahead_ns = 4 * NS_PER_S
        resolution = await desk.venue.resolve(child, (signed,))

        assert resolution.status is OrderStatus.EXPIRED
        assert desk.truth.open_orders == {}

    async def late_copy(desk, child, signed):
        await desk.venue.submit(child, signed)
        raise RejectedError(desk.venue.id, "taken for a copy of what it knows")

    rehearse(scenario)


def test_what_the_stream_tells_ends_the_wait(rehearse, record, instruments):
    async def scenario(desk):
        async def beside(tape):
            await live(tape, instruments)
            child = waiting(desk, lots=20_000, ticks=299_990)
            signed = await posted(desk, child)
            assert (await desk.venue.resolve(child, (signed,))).status is OrderStatus.NEW

            later = asyncio.create_task(desk.venue.resolve(child, (signed,)))
            desk.sandbox.venue.shift_mid("ETH", -100)
            desk.sandbox.publish()
            resolution = await later

            assert resolution.status is OrderStatus.FILLED
            assert lots(resolution) == 20_000

        await record(desk.venue, beside)

    rehearse(scenario)


async def live(tape, instruments):
    """Wait until the stream has told everything once."""
    for kind in (BookSnapshot, PerpContext):
        for instrument in instruments:
            await tape.until(kind, matching=lambda told, i=instrument: told.instrument == i.id)


def test_a_venue_started_anew_knows_hundreds_of_waiting_children_after_a_few_requests(rehearse):
    async def scenario(desk):
        children = [waiting(desk, lots=100) for _ in range(900)]
        signed = [await desk.venue.sign(child) for child in children]
        for one in signed:
            desk.sandbox.venue.exchange(orjson.loads(one.payload))
        await desk.venue.close()
        successor = Hyperliquid(make_config(desk.sandbox), desk.clock)
        await successor.start()
        before = (await successor.read_account()).requests
        try:
            async with asyncio.TaskGroup() as group:
                asked = [
                    group.create_task(successor.resolve(child, (one,)))
                    for child, one in zip(children, signed, strict=True)
                ]
            assert {task.result().status for task in asked} == {OrderStatus.NEW}
            after = (await successor.read_account()).requests
            # A look at one order, one at all of them, and the account once more.
            assert before.cancels - after.cancels <= 2 + 20 + 2
        finally:
            await successor.close()

    rehearse(scenario)
