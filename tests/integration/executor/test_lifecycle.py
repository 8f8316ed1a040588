"""What can become of a payment on a real node, and what the executor makes of it."""

import asyncio

import pytest

from router.domain.error import InDoubtError, NotSentError
from router.domain.order import OrderStatus, Replacement, TransactionState
from tests.integration.executor.scene import GWEI, body_of, desk_on, stranger_signs

SPIKE_WEI = 100 * GWEI  # above what a payment offers in a quiet market


def run(chain, scenario, **changes):
    async def main():
        async with asyncio.timeout(60), desk_on(chain, **changes) as desk:
            return await scenario(desk)

    return asyncio.run(main())


def states(story):
    """Return the progress that was told, without repetitions."""
    told = [resolution.progress for resolution in story if hasattr(resolution, "progress")]
    return [state for i, state in enumerate(told) if state and (i == 0 or told[i - 1] != state)]


def coin_of(desk):
    return desk.chain.client.balance_of("ETH", desk.trader)


def test_a_mined_payment_is_filled_and_costs_what_the_chain_took(chain):
    async def scenario(desk):
        before, child = coin_of(desk), desk.child(1)
        signed = await desk.sent(child, atoms=77)
        desk.mine()
        resolution = await desk.resolve(child, signed)
        assert resolution.status is OrderStatus.FILLED
        assert [fill.quantity.atoms for fill in resolution.fills] == [77] == [desk.paid(1)]
        assert before - coin_of(desk) == resolution.gas.atoms > 0

    run(chain, scenario)


def test_a_payment_is_final_only_as_deep_as_configured(chain):
    async def scenario(desk):
        child = desk.child(1)
        signed = await desk.sent(child)
        desk.mine()
        news = await desk.resolve(child, signed)
        desk.mine()
        still = await desk.resolve(child, signed)
        desk.mine()
        end = await desk.resolve(child, signed)
        assert (news.status, news.progress) == (OrderStatus.NEW, TransactionState.MINED)
        assert (news.fills, still.status) == ((), OrderStatus.NEW)
        assert "2 of 3" in still.reason
        assert end.status is OrderStatus.FILLED

    run(chain, scenario, confirmations=3)


def test_a_dropped_payment_is_sent_again_byte_for_byte(chain):
    async def scenario(desk):
        child = desk.child(1)
        signed = await desk.sent(child)
        assert (await desk.resolve(child, signed)).progress is TransactionState.PENDING
        desk.drop(signed)
        news = await desk.resolve(child, signed)
        desk.mine()
        end = await desk.resolve(child, signed)
        assert (news.status, news.progress) == (OrderStatus.NEW, TransactionState.DROPPED)
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)

    run(chain, scenario)


def test_sending_the_same_bytes_again_is_a_success(chain):
    async def scenario(desk):
        child = desk.child(1)
        signed = await desk.sent(child)
        await desk.executor.submit(child, signed)
        desk.mine()
        await desk.executor.submit(child, signed)  # mined by now, and still ours
        assert (await desk.resolve(child, signed)).status is OrderStatus.FILLED
        assert desk.paid(1) == 1

    run(chain, scenario)


def test_a_payment_stuck_under_a_fee_spike_is_bumped_and_mined(chain):
    async def scenario(desk):
        child = desk.child(1)
        first = await desk.sent(child)
        end, attempts, story = await desk.finished(
            child, [first], at_each=lambda: desk.mine_at(SPIKE_WEI)
        )
        assert end.status is OrderStatus.FILLED
        assert [each.replacement for each in attempts] == [None, Replacement.BUMP]
        assert {each.nonce for each in attempts} == {child.nonce}
        old, new = (body_of(each).gas for each in attempts)
        assert 8 * new.fee_max_wei >= 9 * old.fee_max_wei
        assert 8 * new.priority_fee_max_wei >= 9 * old.priority_fee_max_wei
        assert TransactionState.STUCK in states(story)
        assert desk.paid(1) == 1

    run(chain, scenario)


def test_a_spike_beyond_the_cap_is_waited_out(chain):
    async def scenario(desk):
        child = desk.child(1)
        first = await desk.sent(child)
        desk.mine_at(SPIKE_WEI, 5)
        await desk.resolve(child, first)
        desk.mine_at(SPIKE_WEI, 5)
        stuck = await desk.resolve(child, first)
        assert stuck.wanted is Replacement.BUMP
        with pytest.raises(NotSentError, match="fee_cap_wei"):
            await desk.executor.replace(child, (first,), stuck.wanted)
        end, _, _ = await desk.finished(child, [first], at_each=lambda: desk.mine_at(GWEI))
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)

    run(chain, scenario, fee_cap_wei=50 * GWEI)


def test_an_unmined_payment_is_cancelled_after_its_last_bump(chain):
    async def scenario(desk):
        child, nonce = desk.child(1), desk.nonce()
        attempts = [await desk.sent(child)]
        for spike_wei in (SPIKE_WEI, 6 * SPIKE_WEI):
            await desk.resolve(child, *attempts)
            desk.mine_at(spike_wei, 3)
            stuck = await desk.resolve(child, *attempts)
            attempts.append(await desk.replaced(child, attempts, stuck.wanted))
        desk.mine_at(6 * SPIKE_WEI)
        end = await desk.resolve(child, *attempts)
        kinds = [each.replacement for each in attempts]
        assert kinds == [None, Replacement.BUMP, Replacement.CANCEL]
        assert (end.status, end.fills, end.gas.gas_used) == (OrderStatus.CANCELED, (), 21_000)
        assert (desk.paid(1), desk.nonce()) == (0, nonce + 1)

    run(chain, scenario, replacements_max=1, fee_cap_wei=2000 * GWEI)


def test_a_payment_past_its_deadline_is_cancelled_so_that_no_gap_is_left(chain):
    async def scenario(desk):
        before, child = coin_of(desk), desk.child(1, lifetime_s=1)
        first = await desk.sent(child)
        behind = desk.child(2, nonce=child.nonce + 1)
        second = await desk.sent(behind)
        desk.drop(first)
        desk.rpc.request("evm_increaseTime", 100)
        desk.mine()
        desk.drop(first)
        late = await desk.resolve(child, first)
        assert late.wanted is Replacement.CANCEL
        assert desk.rpc.request("eth_getTransactionByHash", first.reference) is None
        cancel = await desk.replaced(child, [first], late.wanted)
        desk.mine()
        end = await desk.resolve(child, first, cancel)
        # This node forgets to try what waited for the nonce, until it is replaced.
        other, _, _ = await desk.finished(behind, [second])
        assert (end.status, end.fills) == (OrderStatus.CANCELED, ())
        assert other.status is OrderStatus.FILLED
        assert before - coin_of(desk) == end.gas.atoms + other.gas.atoms
        assert (desk.paid(1), desk.paid(2)) == (0, 1)

    run(chain, scenario)


def test_what_was_mined_is_read_from_its_bytes_and_not_from_what_we_meant(chain):
    async def scenario(desk):
        child = desk.child(1)
        signed = await desk.sign(child)
        mislabelled = type(signed)(
            signed.child, signed.reference, signed.nonce, signed.payload, Replacement.CANCEL
        )
        await desk.executor.submit(child, mislabelled)
        desk.mine()
        end = await desk.resolve(child, mislabelled)
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)

    run(chain, scenario)


def test_a_payment_taken_back_by_a_reorganisation_is_mined_again(chain):
    async def scenario(desk):
        child = desk.child(1)
        signed = await desk.sent(child)
        desk.mine(2)
        first = await desk.resolve(child, signed)
        block = desk.chain.client.header("latest")["number"]
        desk.reorg(2)
        assert desk.paid(1) == 0
        end, _, story = await desk.finished(child, [signed])
        assert first.progress is TransactionState.MINED
        assert states(story)[0] is TransactionState.REORGED
        assert TransactionState.MINED in states(story)
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)
        assert end.gas.block_number > int(block, 16)

    run(chain, scenario, confirmations=4)


def test_the_attempt_that_is_mined_decides_and_not_the_newest(chain):
    async def scenario(desk):
        child = desk.child(1)
        first = await desk.sent(child)
        bump = await desk.executor.replace(child, (first,), Replacement.BUMP)
        desk.mine()
        with pytest.raises(NotSentError, match="is used"):
            await desk.executor.submit(child, bump)
        end = await desk.resolve(child, first, bump)
        assert end.status is OrderStatus.FILLED
        assert end.fills[0].id.startswith(first.reference)
        with pytest.raises(NotSentError, match="is used"):
            await desk.executor.replace(child, (first, bump), Replacement.CANCEL)

    run(chain, scenario)


def test_a_replacement_that_was_never_sent_is_sent_by_whoever_resolves(chain):
    """As after a kill between the record of a bump and its submission."""

    async def scenario(desk):
        child = desk.child(1)
        first = await desk.sent(child)
        bump = await desk.executor.replace(child, (first,), Replacement.BUMP)
        end, _, _ = await desk.finished(child, [first, bump])
        assert end.fills[0].id.startswith(bump.reference)
        assert desk.paid(1) == 1

    run(chain, scenario)


def test_a_stolen_nonce_ends_the_child_once_the_thief_is_deep_enough(chain):
    async def scenario(desk):
        child = desk.child(1)
        signed = await desk.sign(child)
        thief = stranger_signs(desk, child.nonce)
        desk.rpc.request("eth_sendRawTransaction", thief.raw)
        desk.mine()
        with pytest.raises(NotSentError, match="used by another transaction"):
            await desk.executor.submit(child, signed)
        shallow = await desk.resolve(child, signed)
        desk.mine()
        end = await desk.resolve(child, signed)
        assert (shallow.status, end.status) == (OrderStatus.IN_DOUBT, OrderStatus.REJECTED)
        assert (end.fills, end.gas, desk.paid(1)) == ((), None, 0)
        assert "used by another transaction" in end.reason

    run(chain, scenario, confirmations=2)


def test_a_payment_that_reverts_is_rejected_with_its_reason_and_costs_gas(chain):
    async def scenario(desk):
        before = coin_of(desk)
        owned = desk.chain.client.balance_of("USDC", desk.trader)
        one, other = desk.child(1), desk.child(2, nonce=desk.nonce() + 1)
        # Both are signed while there is enough for either.
        signed = [await desk.sign(each, atoms=owned // 2 + 1) for each in (one, other)]
        for child, each in zip((one, other), signed, strict=True):
            await desk.executor.submit(child, each)
        desk.mine()
        first, second = [
            await desk.resolve(child, each)
            for child, each in zip((one, other), signed, strict=True)
        ]
        assert (first.status, second.status) == (OrderStatus.FILLED, OrderStatus.REJECTED)
        assert "reverted: panic: arithmetic overflow" in second.reason
        assert (second.fills, desk.paid(2)) == ((), 0)
        assert before - coin_of(desk) == first.gas.atoms + second.gas.atoms

    run(chain, scenario)


def test_after_a_restart_nothing_but_the_attempts_is_needed(chain):
    async def begun(desk):
        child = desk.child(1)
        signed = await desk.sent(child)
        return child, (signed, await desk.executor.replace(child, (signed,), Replacement.BUMP))

    child, attempts = run(chain, begun)

    async def resumed(desk):
        end, _, _ = await desk.finished(child, attempts)
        assert (end.status, desk.paid(1)) == (OrderStatus.FILLED, 1)

    run(chain, resumed)


def test_attempts_that_are_not_what_their_names_say_are_in_doubt(chain):
    async def scenario(desk):
        one, other = desk.child(1), desk.child(2)
        mine, yours = await desk.sent(one), await desk.sign(other)
        desk.mine()
        mixed = type(mine)(mine.child, mine.reference, mine.nonce, yours.payload)
        with pytest.raises(InDoubtError, match="not those of transaction"):
            await desk.resolve(one, mixed)

    run(chain, scenario)
