"""V-CHAIN: what becomes of a nonce whose transaction no block takes."""

import pytest

from router.domain.error import NotSentError, RejectedError
from router.domain.order import OrderStatus, Replacement, TransactionState
from router.domain.units import Side
from tests.contract.measure import (
    asked_atoms,
    change,
    change_of_fills,
    ended,
    replaced,
    traded_atoms,
)

BLOCKS_UNTIL_STUCK = 3  # what every harness configures


async def check_a_stuck_child_is_replaced_at_a_higher_price_and_happens_once(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects(), harness.holdings(), harness.nonces_used()
    harness.hold_blocks()
    signed = await harness.venue.sign(child)
    await harness.venue.submit(child, signed)

    waiting = await harness.venue.resolve(child, (signed,))
    for _ in range(BLOCKS_UNTIL_STUCK):
        harness.make_block(is_expensive=True)
    stuck = await harness.venue.resolve(child, (signed,))
    attempts = await replaced(harness, child, (signed,), stuck.wanted)
    harness.make_block(is_expensive=True)
    resolution = await ended(harness, child, *attempts)

    assert (waiting.status, waiting.progress) == (OrderStatus.NEW, TransactionState.PENDING)
    assert (stuck.progress, stuck.wanted) == (TransactionState.STUCK, Replacement.BUMP)
    first, second = attempts
    assert (second.nonce, second.replacement) == (first.nonce, Replacement.BUMP)
    assert second.reference != first.reference
    assert resolution.status is OrderStatus.FILLED
    assert traded_atoms(resolution.fills) == asked_atoms(child)
    assert (harness.effects(), harness.nonces_used()) == (before[0] + 1, before[2] + 1)
    assert change(before[1], harness.holdings()) == change_of_fills(child, resolution.fills)


async def check_a_cancelled_child_uses_up_its_nonce_and_has_no_other_effect(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects(), harness.holdings(), harness.nonces_used(), harness.coin_atoms()
    harness.hold_blocks()
    signed = await harness.venue.sign(child)
    await harness.venue.submit(child, signed)

    attempts = await replaced(harness, child, (signed,), Replacement.CANCEL)
    harness.make_block()
    resolution = await ended(harness, child, *attempts)

    assert (resolution.status, resolution.fills) == (OrderStatus.CANCELED, ())
    assert resolution.reason
    assert (harness.effects(), harness.holdings()) == before[:2]
    assert harness.nonces_used() == before[2] + 1
    assert before[3] - harness.coin_atoms() == resolution.gas.atoms > 0
    assert await ended(harness, child, *attempts) == resolution
    with pytest.raises((NotSentError, RejectedError)):
        await harness.venue.submit(child, signed)


async def check_a_nonce_of_which_nothing_was_sent_can_be_used_up(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects(), harness.holdings(), harness.nonces_used()

    attempts = await replaced(harness, child, (), Replacement.CANCEL)
    resolution = await ended(harness, child, *attempts)

    assert (resolution.status, resolution.fills) == (OrderStatus.CANCELED, ())
    assert (harness.effects(), harness.holdings()) == before[:2]
    assert harness.nonces_used() == before[2] + 1 == child.nonce + 1


REPLACEMENT = {
    "V-CHAIN-80": check_a_stuck_child_is_replaced_at_a_higher_price_and_happens_once,
    "V-CHAIN-90": check_a_cancelled_child_uses_up_its_nonce_and_has_no_other_effect,
    "V-CHAIN-95": check_a_nonce_of_which_nothing_was_sent_can_be_used_up,
}
