"""What the venue does with a child: one transaction, exactly as planned, and once."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.error import InDoubtError, NotSentError
from router.domain.order import OrderStatus
from router.domain.plan import QuantityKind
from router.domain.units import Side
from tests.integration.uniswap_v3 import desk, scene
from venues.sandbox.chain import ChainError, SwapPath
from venues.sandbox.chain.sender import wait_for_receipt

ETHER_FOR_USDC = SwapPath(("WETH", "USDC"), (500,))


@pytest.mark.parametrize(
    ("side", "kind", "exacts"),
    [
        (Side.BUY, QuantityKind.BASE, (20 * desk.WETH, 7 * desk.WETH + 1)),
        (Side.SELL, QuantityKind.BASE, (15 * desk.WETH, 3 * desk.WETH + 7)),
        (Side.BUY, QuantityKind.CASH, (50_000 * desk.USDC, 12_345 * desk.USDC + 1)),
        (Side.SELL, QuantityKind.CASH, (40_000 * desk.USDC, 9_999 * desk.USDC + 3)),
    ],
)
def test_two_pools_in_one_transaction_pay_exactly_what_was_planned(
    chain_snapshot, side, kind, exacts
):
    chain = chain_snapshot
    before = desk.balances(chain)

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            legs = [plan(fee, side, kind, e) for fee, e in zip((500, 3000), exacts, strict=True)]
            child = await desk.child_of(chain, venue, legs)
            signed = await venue.sign(child)
            await venue.submit(child, signed)
            return legs, signed, await venue.resolve(child, signed)

    legs, signed, resolution = asyncio.run(scenario())

    assert resolution.status is OrderStatus.FILLED
    assert [(f.quantity, f.notional) for f in resolution.fills] == [
        (leg.quantity, leg.notional) for leg in legs
    ]
    assert {f.id.split(":")[0] for f in resolution.fills} == {signed.reference}
    assert len({f.id for f in resolution.fills}) == 2
    assert all(f.fee.atoms == 0 and f.child == "c-1" for f in resolution.fills)
    after, sign = desk.balances(chain), 1 if side is Side.BUY else -1
    assert after["WETH"] - before["WETH"] == sign * sum(leg.quantity.atoms for leg in legs)
    assert before["USDC"] - after["USDC"] == sign * sum(leg.notional.atoms for leg in legs)
    assert before["ETH"] - after["ETH"] == resolution.gas.atoms > 0
    receipt = chain.client.rpc.request("eth_getTransactionReceipt", signed.reference)
    assert resolution.gas.gas_used == int(receipt["gasUsed"], 16)
    assert resolution.gas.block_hash == receipt["blockHash"]


def test_the_permit_leaves_nothing_that_outlives_the_deadline(chain_snapshot):
    chain = chain_snapshot
    contracts, trader = chain.manifest.contracts, chain.manifest.account("trader").address

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(500, Side.BUY, QuantityKind.BASE, desk.WETH, tolerance=5 * desk.USDC)
            child = await desk.child_of(chain, venue, [leg])
            signed = await venue.sign(child)
            await venue.submit(child, signed)
            await venue.resolve(child, signed)
            return child

    child = asyncio.run(scenario())

    usdc = chain.manifest.token("USDC").address
    words = (trader, usdc, contracts["universal_router"])
    data = bytes.fromhex("927da105" + "".join(word[2:].rjust(64, "0") for word in words))
    amount, expires_at_s, nonce = chain.client.call(contracts["permit2"], data)
    assert (amount, nonce) == (5 * desk.USDC, 1)
    assert expires_at_s == child.deadline_at // scene.S


def test_the_same_bytes_sent_twice_have_one_effect(chain_snapshot):
    chain = chain_snapshot
    before = desk.balances(chain)

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(500, Side.BUY, QuantityKind.BASE, 2 * desk.WETH)
            child = await desk.child_of(chain, venue, [leg])
            signed = await venue.sign(child)
            with scene.blocks_held(chain):
                await venue.submit(child, signed)
                await venue.submit(child, signed)
            first = await venue.resolve(child, signed)
            await venue.submit(child, signed)
            return first, await venue.resolve(child, signed)

    first, second = asyncio.run(scenario())

    assert first == second
    assert desk.balances(chain)["WETH"] - before["WETH"] == 2 * desk.WETH


def test_bytes_that_were_never_sent_are_sent_by_resolve(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            child = await desk.child_of(
                chain, venue, [plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)]
            )
            signed = await venue.sign(child)
            return await venue.resolve(child, signed)

    assert asyncio.run(scenario()).status is OrderStatus.FILLED


def test_a_transaction_that_is_not_mined_yet_is_working_and_then_filled(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with desk.trading(chain, receipt_timeout=scene.S // 5) as (venue, plan):
            child = await desk.child_of(
                chain, venue, [plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)]
            )
            signed = await venue.sign(child)
            with scene.blocks_held(chain):
                await venue.submit(child, signed)
                waiting = await venue.resolve(child, signed)
            return waiting, await venue.resolve(child, signed)

    waiting, ended = asyncio.run(scenario())

    assert (waiting.status, waiting.fills) == (OrderStatus.NEW, ())
    assert ended.status is OrderStatus.FILLED


def test_a_streamed_head_wakes_resolve(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with (
            desk.trading(chain, receipt_timeout=30 * scene.S) as (venue, plan),
            scene.streaming(venue),
            asyncio.timeout(5),
        ):
            child = await desk.child_of(
                chain, venue, [plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)]
            )
            signed = await venue.sign(child)
            with scene.blocks_held(chain):
                await venue.submit(child, signed)
                resolving = asyncio.create_task(venue.resolve(child, signed))
                await asyncio.sleep(0)
            return await resolving

    assert asyncio.run(scenario()).status is OrderStatus.FILLED


def test_a_transaction_that_reverts_in_its_block_is_rejected_with_the_reason_and_costs_gas(
    chain_snapshot,
):
    chain = chain_snapshot
    before = desk.balances(chain)

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(500, Side.SELL, QuantityKind.BASE, 5 * desk.WETH)
            child = await desk.child_of(chain, venue, [leg])
            signed = await venue.sign(child)
            # Somebody sells first, in the same block or before it.
            chain.client.swap_as_other(ETHER_FOR_USDC, amount_in_atoms=desk.WETH)
            await venue.submit(child, signed)
            return await venue.resolve(child, signed)

    resolution = asyncio.run(scenario())

    assert resolution.status is OrderStatus.REJECTED
    assert "less than its minimum" in resolution.reason
    assert resolution.fills == ()
    after = desk.balances(chain)
    assert (after["WETH"], after["USDC"]) == (before["WETH"], before["USDC"])
    assert before["ETH"] - after["ETH"] == resolution.gas.atoms > 0


def test_a_child_whose_deadline_passed_unmined_is_expired_and_cannot_happen_later(chain_snapshot):
    chain = chain_snapshot
    before = desk.balances(chain)

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)
            child = await desk.child_of(chain, venue, [leg], lifetime_s=30)
            signed = await venue.sign(child)
            chain.client.rpc.request("evm_increaseTime", 31)
            chain.client.mine()
            expired = await venue.resolve(child, signed)
            await venue.submit(child, signed)  # late, by somebody who did not know
            with pytest.raises(ChainError, match="reverted"):
                wait_for_receipt(chain.client.rpc, signed.reference)
            return expired, await venue.resolve(child, signed)

    expired, mined = asyncio.run(scenario())

    assert (expired.status, expired.fills, expired.gas) == (OrderStatus.EXPIRED, (), None)
    assert mined.status is OrderStatus.REJECTED
    assert "deadline has passed" in mined.reason
    assert desk.balances(chain)["WETH"] == before["WETH"]


def test_a_nonce_that_another_transaction_took_ends_the_child(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)
            first = await desk.child_of(chain, venue, [leg], name="c-1")
            second = replace(first, id="c-2", deadline_at=first.deadline_at + scene.S)
            loser, winner = await venue.sign(first), await venue.sign(second)
            await venue.submit(second, winner)
            assert (await venue.resolve(second, winner)).status is OrderStatus.FILLED
            with pytest.raises(NotSentError, match="was used by another transaction"):
                await venue.submit(first, loser)
            return first, await venue.resolve(first, loser)

    first, resolution = asyncio.run(scenario())

    assert resolution.status is OrderStatus.REJECTED
    assert resolution.reason == f"nonce {first.nonce} was used by another transaction"


def test_a_second_child_can_be_signed_while_the_first_is_pending(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(500, Side.BUY, QuantityKind.BASE, desk.WETH, tolerance=50 * desk.USDC)
            first = await desk.child_of(chain, venue, [leg])
            second = replace(first, id="c-2", nonce=first.nonce + 1)
            with scene.blocks_held(chain):
                signed = [await venue.sign(first)]
                await venue.submit(first, signed[0])
                signed.append(await venue.sign(second))
                await venue.submit(second, signed[1])
            return [await venue.resolve(c, s) for c, s in zip((first, second), signed, strict=True)]

    assert [r.status for r in asyncio.run(scenario())] == [OrderStatus.FILLED] * 2


def test_a_transaction_lost_in_a_reorganisation_is_sent_again(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)
            child = await desk.child_of(chain, venue, [leg])
            signed = await venue.sign(child)
            await venue.submit(child, signed)
            first = await venue.resolve(child, signed)
            chain.client.reorg(1)
            assert chain.client.rpc.request("eth_getTransactionReceipt", signed.reference) is None
            return first, await venue.resolve(child, signed)

    first, second = asyncio.run(scenario())

    assert (first.status, second.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    assert first.gas.block_hash != second.gas.block_hash
    assert first.fills[0].id.split(":")[0] == second.fills[0].id.split(":")[0]


def test_a_lost_answer_is_in_doubt_and_then_found_to_have_happened(chain_snapshot):
    chain = chain_snapshot
    before = desk.balances(chain)

    async def scenario():
        async with (
            scene.proxied(chain.manifest.ws_url) as proxy,
            desk.trading(chain, ws_url=proxy.url, request_timeout=scene.S // 2) as (venue, plan),
        ):
            leg = plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)
            child = await desk.child_of(chain, venue, [leg])
            signed = await venue.sign(child)
            proxy.swallow_answers = True
            with pytest.raises(InDoubtError):
                await venue.submit(child, signed)
            proxy.swallow_answers = False
            proxy.cut()
            return await venue.resolve(child, signed)

    resolution = asyncio.run(scenario())

    assert resolution.status is OrderStatus.FILLED
    assert desk.balances(chain)["WETH"] - before["WETH"] == desk.WETH


def test_a_node_that_cannot_be_reached_means_not_sent(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with (
            scene.proxied(chain.manifest.ws_url) as proxy,
            desk.trading(chain, ws_url=proxy.url, request_timeout=scene.S // 2) as (venue, plan),
        ):
            leg = plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)
            child = await desk.child_of(chain, venue, [leg])
            signed = await venue.sign(child)
            await proxy.stop()
            with pytest.raises(NotSentError):
                await venue.read_account()  # the first to notice that the connection is gone
            with pytest.raises(NotSentError):
                await venue.sign(child)
            with pytest.raises(NotSentError):
                await venue.submit(child, signed)
            with pytest.raises(InDoubtError):
                await venue.resolve(child, signed)

    asyncio.run(scenario())
