"""V-EXEC: what becomes of orders that wait at a book, and of what is taken back."""

import pytest

from router.domain.error import InDoubtError, RejectedError
from router.domain.order import OrderStatus, TimeInForce
from router.domain.units import Side
from tests.contract.measure import asked_atoms, change, change_of_fills, done, ended, traded_atoms


async def check_a_child_that_waits_is_new_until_it_is_cancelled(harness):
    for number, when in enumerate((TimeInForce.POST_ONLY, TimeInForce.RESTING)):
        child = await harness.waiting_child(Side.BUY, when)
        before = harness.effects(), harness.holdings()
        signed = await _posted(harness, child)

        waits = await harness.venue.resolve(child, (signed,))
        assert (waits.status, waits.fills) == (OrderStatus.NEW, ())
        assert harness.waiting_count() == 1, number
        await harness.venue.cancel(child, (signed,))
        resolution = await ended(harness, child, signed)

        assert (resolution.status, resolution.fills) == (OrderStatus.CANCELED, ())
        assert resolution.reason
        assert harness.waiting_count() == 0
        assert (harness.effects(), harness.holdings()) == before


async def check_a_child_that_must_wait_and_would_trade_is_rejected(harness):
    child = await harness.crossing_child(Side.BUY, TimeInForce.POST_ONLY)
    before = harness.effects(), harness.holdings()
    signed = await harness.venue.sign(child)

    with pytest.raises(RejectedError):
        await harness.venue.submit(child, signed)

    assert harness.waiting_count() == 0
    assert (harness.effects(), harness.holdings()) == before


async def check_a_child_that_waits_trades_when_the_market_comes_to_it(harness):
    child = await harness.waiting_child(Side.SELL, TimeInForce.POST_ONLY)
    before = harness.holdings()
    signed = await _posted(harness, child)

    harness.move_market()
    resolution = await ended(harness, child, signed)

    assert resolution.status is OrderStatus.FILLED
    assert traded_atoms(resolution.fills) == asked_atoms(child)
    assert change(before, harness.holdings()) == change_of_fills(child, resolution.fills)


async def check_a_cancel_without_an_answer_is_in_doubt_and_may_be_asked_again(harness):
    child = await harness.waiting_child(Side.BUY, TimeInForce.POST_ONLY)
    signed = await _posted(harness, child)
    harness.silence()

    with pytest.raises(InDoubtError):
        await harness.venue.cancel(child, (signed,))
    with pytest.raises(RejectedError):
        await harness.venue.cancel(child, (signed,))

    assert (await ended(harness, child, signed)).status is OrderStatus.CANCELED


async def check_what_does_not_wait_is_not_cancelled(harness):
    child = await harness.child(Side.BUY)
    signed, resolution = await done(harness, child)
    before = harness.effects(), harness.holdings()

    with pytest.raises(RejectedError):
        await harness.venue.cancel(child, (signed,))

    assert (harness.effects(), harness.holdings()) == before
    assert await ended(harness, child, signed) == resolution


async def check_a_child_cancelled_before_it_arrived_never_arrives(harness):
    child = await harness.waiting_child(Side.BUY, TimeInForce.RESTING)
    signed = await harness.venue.sign(child)

    with pytest.raises(RejectedError):
        await harness.venue.cancel(child, (signed,))
    resolution = await ended(harness, child, signed)

    assert resolution.status is OrderStatus.EXPIRED
    assert harness.waiting_count() == 0


async def check_a_venue_started_anew_finds_what_waits(harness):
    child = await harness.waiting_child(Side.BUY, TimeInForce.POST_ONLY)
    signed = await _posted(harness, child)
    harness.pass_deadline(child)  # which is its request's, and not its own
    await harness.venue.close()
    successor = harness.build()
    await successor.start()

    waits = await successor.resolve(child, (signed,))
    await successor.cancel(child, (signed,))

    assert waits.status is OrderStatus.NEW
    resolution = await ended(harness, child, signed, venue=successor)
    assert resolution.status is OrderStatus.CANCELED


async def _posted(harness, child):
    signed = await harness.venue.sign(child)
    await harness.venue.submit(child, signed)
    return signed


WAITING = {
    "V-EXEC-150": check_a_child_that_waits_is_new_until_it_is_cancelled,
    "V-EXEC-160": check_a_child_that_must_wait_and_would_trade_is_rejected,
    "V-EXEC-170": check_a_child_that_waits_trades_when_the_market_comes_to_it,
    "V-EXEC-180": check_a_cancel_without_an_answer_is_in_doubt_and_may_be_asked_again,
    "V-EXEC-190": check_what_does_not_wait_is_not_cancelled,
    "V-EXEC-200": check_a_child_cancelled_before_it_arrived_never_arrives,
    "V-EXEC-210": check_a_venue_started_anew_finds_what_waits,
}
