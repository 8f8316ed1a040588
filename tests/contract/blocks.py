"""V-CHAIN: what blocks add to an order, where a venue has them."""

from dataclasses import replace

import pytest

from router.domain.error import NotSentError
from router.domain.order import OrderStatus
from router.domain.units import NATIVE, NS_PER_S, Amount, Side
from tests.contract.measure import change, change_of_fills, done, ended


async def check_a_mined_child_names_its_block_and_what_it_cost(harness):
    before = harness.coin_atoms(), await harness.venue.read_account()
    child = await harness.child(Side.BUY)

    _, resolution = await done(harness, child)

    assert harness.has_block(resolution.gas.block_hash)
    assert before[0] - harness.coin_atoms() == resolution.gas.atoms > 0
    account = await harness.venue.read_account()
    assert account.next_nonce == before[1].next_nonce + 1
    assert account.balance(NATIVE) == harness.coin_atoms()


async def check_a_child_that_reverts_costs_gas_and_nothing_else(harness):
    child = await harness.child(Side.BUY)
    before = harness.coin_atoms(), harness.holdings()
    signed = await harness.venue.sign(child)
    harness.move_market()

    await harness.venue.submit(child, signed)
    resolution = await ended(harness, child, signed)

    assert resolution.status is OrderStatus.REJECTED
    assert before[0] - harness.coin_atoms() == resolution.gas.atoms > 0
    assert harness.holdings() == before[1]


async def check_a_nonce_that_was_used_ends_the_child_that_wanted_it(harness):
    loser = await harness.child(Side.BUY)
    other = await harness.child(Side.BUY)
    # Another deadline, because the same legs, nonce and deadline would be the same transaction.
    winner = replace(other, nonce=loser.nonce, deadline_at=loser.deadline_at + 2 * NS_PER_S)
    lost, won = await harness.venue.sign(loser), await harness.venue.sign(winner)
    before = harness.effects()

    await harness.venue.submit(winner, won)
    assert (await ended(harness, winner, won)).status is OrderStatus.FILLED
    with pytest.raises(NotSentError):
        await harness.venue.submit(loser, lost)
    resolution = await ended(harness, loser, lost)

    assert (resolution.status, resolution.fills) == (OrderStatus.REJECTED, ())
    assert harness.effects() == before + 1


async def check_a_child_that_a_reorganisation_undid_happens_once(harness):
    child = await harness.child(Side.BUY)
    before = harness.effects(), harness.holdings()
    signed, first = await done(harness, child)
    harness.reorganise()
    assert (harness.effects(), harness.holdings()) == before

    second = await ended(harness, child, signed)

    assert (first.status, second.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    assert not harness.has_block(first.gas.block_hash)
    assert harness.has_block(second.gas.block_hash)
    assert {f.id for f in first.fills} == {f.id for f in second.fills}
    assert harness.effects() == before[0] + 1
    assert change(before[1], harness.holdings()) == change_of_fills(child, second.fills)


async def check_an_allowance_is_set_and_bounds_what_may_be_spent(harness):
    child = await harness.child(Side.BUY)
    quote = harness.traded.quote.id
    needed = Amount(quote, sum(leg.bound.atoms for leg in child.legs))

    await harness.approve(replace(needed, atoms=needed.atoms - 1))
    account = await harness.venue.read_account()
    assert account.spendable_atoms(quote) == needed.atoms - 1 < account.balance(quote)
    with pytest.raises(NotSentError):
        await harness.venue.sign(await harness.child(Side.BUY))

    await harness.approve(needed)
    _, resolution = await done(harness, await harness.child(Side.BUY))
    assert resolution.status is OrderStatus.FILLED


BLOCKS = {
    "V-CHAIN-10": check_a_mined_child_names_its_block_and_what_it_cost,
    "V-CHAIN-20": check_a_child_that_reverts_costs_gas_and_nothing_else,
    "V-CHAIN-30": check_a_nonce_that_was_used_ends_the_child_that_wanted_it,
    "V-CHAIN-40": check_a_child_that_a_reorganisation_undid_happens_once,
    "V-CHAIN-60": check_an_allowance_is_set_and_bounds_what_may_be_spent,
}
