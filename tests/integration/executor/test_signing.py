"""What is checked before anything is signed or sent."""

import asyncio
from itertools import pairwise

import pytest

from router.domain.error import NotSentError
from router.domain.order import OrderStatus, Replacement
from tests.integration.executor.scene import GWEI, body_of, desk_on, payment
from venues.evm.routers.calldata import Execution
from venues.sandbox.chain import abi


def run(chain, scenario, **changes):
    async def main():
        async with asyncio.timeout(60), desk_on(chain, **changes) as desk:
            return await scenario(desk)

    return asyncio.run(main())


def test_what_would_revert_is_not_signed_and_the_reason_is_told(chain):
    async def scenario(desk):
        owned = chain.client.balance_of("USDC", desk.trader)
        with pytest.raises(NotSentError, match="would revert: panic: arithmetic overflow"):
            await desk.sign(desk.child(1), atoms=owned + 1)

    run(chain, scenario)


def test_what_is_pending_counts(chain):
    async def scenario(desk):
        owned = chain.client.balance_of("USDC", desk.trader)
        await desk.sent(desk.child(1), atoms=owned)
        with pytest.raises(NotSentError, match="would revert"):
            await desk.sign(desk.child(2, nonce=desk.nonce() + 1), atoms=1)

    run(chain, scenario)


def test_no_more_leaves_the_account_than_is_allowed(chain):
    async def scenario(desk):
        child, execution = desk.child(1), payment(chain.manifest, 1, atoms=10)
        with pytest.raises(NotSentError, match="would take 10 atoms"):
            await desk.executor.sign(child, execution, spend_max={execution.to: 9})
        signed = await desk.executor.sign(child, execution, spend_max={execution.to: 10})
        assert body_of(signed).data == execution.data

    run(chain, scenario)


def test_a_token_nobody_named_must_not_leave(chain):
    async def scenario(desk):
        weth = chain.manifest.token("WETH").address
        data = abi.call("transfer(address,uint256)", "0x" + "55" * 20, 3)
        usdc = chain.manifest.token("USDC").address.lower()
        with pytest.raises(NotSentError, match="would take 3 atoms"):
            await desk.executor.sign(
                desk.child(1), Execution(weth, 0, data, 2**40), spend_max={usdc: 10**18}
            )

    run(chain, scenario)


def test_the_coin_is_sent_with_a_call_where_it_says_so(chain):
    async def scenario(desk):
        weth = chain.manifest.token("WETH").address
        before = chain.client.balance_of("WETH", desk.trader)
        deposit = Execution(weth, 5, abi.call("deposit()"), 2**40)
        child = desk.child(1)
        signed = await desk.executor.sign(child, deposit, spend_max={})
        await desk.executor.submit(child, signed)
        desk.mine()
        assert chain.client.balance_of("WETH", desk.trader) == before + 5

    run(chain, scenario)


def test_a_base_fee_above_the_cap_is_not_met(chain):
    async def scenario(desk):
        desk.mine_at(20 * GWEI)
        with pytest.raises(NotSentError, match="below the base fee"):
            await desk.sign(desk.child(1))

    run(chain, scenario, fee_cap_wei=10 * GWEI)


def test_an_account_that_cannot_pay_for_the_gas_is_told(chain):
    async def scenario(desk):
        chain.client.rpc.request("anvil_setBalance", desk.trader, hex(10**12))
        with pytest.raises(NotSentError, match=r"gas needs up to \d+ wei, there is 1000000000000"):
            await desk.sign(desk.child(1))

    run(chain, scenario)


def test_no_more_are_in_flight_than_allowed(chain):
    async def scenario(desk):
        nonce = desk.nonce()
        children = [desk.child(number, nonce=nonce + number) for number in range(3)]
        signed = [await desk.sign(child) for child in children]
        for child, each in list(zip(children, signed, strict=True))[:2]:
            await desk.executor.submit(child, each)
        with pytest.raises(NotSentError, match="in_flight_max, 2"):
            await desk.executor.submit(children[2], signed[2])
        desk.mine()
        await desk.executor.submit(children[2], signed[2])
        desk.mine()
        assert [desk.paid(number) for number in range(3)] == [1, 1, 1]

    run(chain, scenario, in_flight_max=2)


def test_a_nonce_of_which_nothing_was_sent_is_used_up_on_its_own(chain):
    async def scenario(desk):
        missing, behind = desk.child(1), desk.child(2, nonce=desk.nonce() + 1)
        second = await desk.sent(behind)
        filler = await desk.replaced(missing, [], Replacement.CANCEL)
        desk.mine()
        gap, filled = await desk.resolve(missing, filler), await desk.resolve(behind, second)
        assert (gap.status, filled.status) == (OrderStatus.CANCELED, OrderStatus.FILLED)
        assert body_of(filler).is_cancel(desk.trader)

    run(chain, scenario)


def test_there_is_nothing_to_bump_before_the_first_or_after_a_cancellation(chain):
    async def scenario(desk):
        child = desk.child(1)
        first = await desk.sent(child)
        cancel = await desk.executor.replace(child, (first,), Replacement.CANCEL)
        for attempts in ((), (first, cancel)):
            with pytest.raises(NotSentError, match="nothing to repeat"):
                await desk.executor.replace(child, attempts, Replacement.BUMP)

    run(chain, scenario)


def test_a_cancellation_can_itself_be_raised(chain):
    async def scenario(desk):
        child = desk.child(1)
        attempts = [await desk.sent(child)]
        for _ in range(3):
            attempts.append(await desk.replaced(child, attempts, Replacement.CANCEL))
        prices = [body_of(each).gas.fee_max_wei for each in attempts]
        assert all(8 * new >= 9 * old for old, new in pairwise(prices))
        desk.mine()
        end = await desk.resolve(child, *attempts)
        assert (end.status, desk.paid(1)) == (OrderStatus.CANCELED, 0)

    run(chain, scenario)
