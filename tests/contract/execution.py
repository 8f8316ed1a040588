"""V-EXEC: what becomes of orders."""

from contextlib import suppress

import pytest

from router.domain.error import ConfigError, InDoubtError, NotSentError, RejectedError, VenueError
from router.domain.order import OrderStatus
from router.domain.units import Side
from tests.contract.harness import with_quantity
from tests.contract.measure import (
    asked_atoms,
    change,
    change_of_fills,
    done,
    ended,
    ended_anyhow,
    traded_atoms,
)

ENDED_WITHOUT_FILL = {OrderStatus.REJECTED, OrderStatus.EXPIRED, OrderStatus.CANCELED}


async def check_signing_has_no_effect(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects(), harness.holdings()

    signed = await harness.venue.sign(child)

    assert (signed.child, signed.nonce) == (child.id, child.nonce)
    assert signed.reference
    assert signed.payload
    assert (harness.effects(), harness.holdings()) == before


async def check_a_child_fills_exactly_what_was_asked_within_its_bound(harness):
    for side in Side:
        child = await harness.child(side)
        before = harness.effects()

        _, resolution = await done(harness, child)

        assert (resolution.status, resolution.reason) == (OrderStatus.FILLED, "")
        assert harness.effects() == before + 1
        for leg in child.legs:
            fills = [f for f in resolution.fills if f.instrument == leg.instrument.id]
            assert sum(f.quantity.atoms for f in fills) == leg.quantity.atoms
            notional = sum(f.notional.atoms for f in fills)
            worse = notional - leg.bound.atoms
            assert (worse if side is Side.BUY else -worse) <= 0
        assert {f.child for f in resolution.fills} == {child.id}


async def check_the_same_bytes_sent_twice_have_one_effect(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects(), harness.holdings()
    signed = await harness.venue.sign(child)

    await harness.venue.submit(child, signed)
    await harness.venue.submit(child, signed)
    resolution = await ended(harness, child, signed)
    await harness.venue.submit(child, signed)

    assert resolution.status is OrderStatus.FILLED
    assert harness.effects() == before[0] + 1
    assert change(before[1], harness.holdings()) == change_of_fills(child, resolution.fills)


async def check_silence_is_in_doubt_and_resolving_tells_the_truth(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects(), harness.holdings()
    signed = await harness.venue.sign(child)
    harness.silence()

    with pytest.raises(InDoubtError):
        await harness.venue.submit(child, signed)
    assert harness.effects() == before[0] + 1
    resolution = await ended(harness, child, signed)

    assert resolution.status is OrderStatus.FILLED
    assert harness.effects() == before[0] + 1
    assert change(before[1], harness.holdings()) == change_of_fills(child, resolution.fills)


async def check_bytes_that_never_left_are_sent_by_resolving(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects()
    signed = await harness.venue.sign(child)

    resolution = await ended(harness, child, signed)

    assert resolution.status is OrderStatus.FILLED
    assert harness.effects() == before + 1


async def check_a_venue_started_anew_resolves_what_the_one_before_it_sent(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects()
    signed = await harness.venue.sign(child)
    harness.silence()
    with pytest.raises(InDoubtError):
        await harness.venue.submit(child, signed)
    await harness.venue.close()
    successor = harness.build()
    await successor.start()

    resolution = await ended(harness, child, signed, venue=successor)

    assert resolution.status is OrderStatus.FILLED
    assert traded_atoms(resolution.fills) == asked_atoms(child)
    assert harness.effects() == before + 1


async def check_fills_have_ids_of_their_own_and_stay_the_same(harness):
    ids = []
    for side in Side:
        child = await harness.child(side)
        signed, first = await done(harness, child)
        assert await ended(harness, child, signed) == first
        assert {f.instrument for f in first.fills} == {leg.instrument.id for leg in child.legs}
        ids += [fill.id for fill in first.fills]

    assert len(set(ids)) == len(ids) >= len(Side)


async def check_a_child_beyond_its_bound_has_no_effect(harness):
    child = await harness.child_beyond_bound()
    before = harness.effects(), harness.holdings()

    with pytest.raises((NotSentError, RejectedError)):
        await harness.venue.submit(child, await harness.venue.sign(child))

    assert (harness.effects(), harness.holdings()) == before


async def check_a_market_that_leaves_the_bound_after_signing_gives_no_fill(harness):
    child = await harness.child(Side.BUY)
    before = harness.holdings()
    signed = await harness.venue.sign(child)
    harness.move_market()

    with suppress(RejectedError):
        await harness.venue.submit(child, signed)
    resolution = await ended(harness, child, signed)

    assert resolution.status in ENDED_WITHOUT_FILL
    assert resolution.fills == ()
    assert resolution.reason
    assert harness.holdings() == before


async def check_a_child_past_its_deadline_has_no_effect(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects(), harness.holdings()
    signed = await harness.venue.sign(child)
    harness.pass_deadline(child)

    attempts, early = await ended_anyhow(harness, child, signed)
    assert harness.effects() == before[0]
    with suppress(NotSentError, RejectedError):
        await harness.venue.submit(child, signed)
    _, late = await ended_anyhow(harness, child, *attempts)

    for resolution in (early, late):
        assert resolution.status in ENDED_WITHOUT_FILL
        assert resolution.fills == ()
    assert (harness.effects(), harness.holdings()) == before


async def check_a_child_that_fills_in_part_ends_with_what_it_got(harness):
    child, admitted_atoms = await harness.child_beyond_depth()
    before = harness.holdings()

    _, resolution = await done(harness, child)

    assert resolution.status is OrderStatus.CANCELED
    assert traded_atoms(resolution.fills) == admitted_atoms < asked_atoms(child)
    assert change(before, harness.holdings()) == change_of_fills(child, resolution.fills)


async def check_a_counterparty_that_is_gone_means_not_sent(harness):
    child = await harness.child(Side.BUY)
    signed = await harness.venue.sign(child)
    await harness.vanish()
    with pytest.raises(VenueError):
        await harness.venue.read_account()  # which is how a connection is noticed to be gone

    with pytest.raises(NotSentError):
        await harness.venue.submit(child, signed)
    with pytest.raises(VenueError):
        await harness.venue.resolve(child, (signed,))
    with pytest.raises(ConfigError):
        await harness.build().start()


async def check_closing_twice_is_closing_once(harness):
    await harness.venue.close()
    await harness.venue.close()
    await harness.build().close()  # never started


async def check_a_child_of_nothing_is_not_signed(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects()

    with pytest.raises(NotSentError):
        await harness.venue.sign(with_quantity(child, 0))

    assert harness.effects() == before


EXECUTION = {
    "V-EXEC-10": check_signing_has_no_effect,
    "V-EXEC-20": check_a_child_fills_exactly_what_was_asked_within_its_bound,
    "V-EXEC-30": check_the_same_bytes_sent_twice_have_one_effect,
    "V-EXEC-40": check_silence_is_in_doubt_and_resolving_tells_the_truth,
    "V-EXEC-50": check_bytes_that_never_left_are_sent_by_resolving,
    "V-EXEC-60": check_a_venue_started_anew_resolves_what_the_one_before_it_sent,
    "V-EXEC-70": check_fills_have_ids_of_their_own_and_stay_the_same,
    "V-EXEC-80": check_a_child_beyond_its_bound_has_no_effect,
    "V-EXEC-90": check_a_market_that_leaves_the_bound_after_signing_gives_no_fill,
    "V-EXEC-100": check_a_child_past_its_deadline_has_no_effect,
    "V-EXEC-110": check_a_child_that_fills_in_part_ends_with_what_it_got,
    "V-EXEC-120": check_a_counterparty_that_is_gone_means_not_sent,
    "V-EXEC-130": check_closing_twice_is_closing_once,
    "V-EXEC-140": check_a_child_of_nothing_is_not_signed,
}
