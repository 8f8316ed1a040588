"""What the venue does with a child over pools of every family: one transaction, as planned."""

import asyncio
import gc
from dataclasses import replace

import pytest

from router.domain.order import OrderStatus
from router.domain.plan import QuantityKind
from router.domain.units import Side
from tests.integration.chain_venue.scene import (
    DOLLAR,
    ETHER,
    V2,
    V3,
    V4,
    V4_COIN,
    S,
    done,
    ended,
    streaming,
)
from venues.evm.transactions import executor
from venues.sandbox.chain import abi

BUY, SELL, BASE, CASH = Side.BUY, Side.SELL, QuantityKind.BASE, QuantityKind.CASH


def left_over(resolution, asset):
    return sum(a.atoms for f in resolution.fills for a in f.residue if a.asset == asset)


@pytest.mark.parametrize("kind", [BASE, CASH])
@pytest.mark.parametrize("side", [BUY, SELL])
def test_pools_of_all_families_in_one_transaction_pay_exactly_what_was_planned(scene, side, kind):
    before = scene.balances()
    unit = ETHER if kind is BASE else 3_000 * DOLLAR

    async def scenario():
        async with scene.trading() as desk:
            shares = {V3: 20 * unit, V4: 7 * unit + 1, V4_COIN: 3 * unit + 7, V2: unit + 1}
            legs = [desk.plan(name, side, kind, exact) for name, exact in shares.items()]
            child = await scene.child(desk.venue, *legs)
            return legs, *await done(desk.venue, child)

    legs, signed, resolution = asyncio.run(scenario())

    assert resolution.status is OrderStatus.FILLED
    assert [(f.quantity, f.notional) for f in resolution.fills] == [
        (leg.quantity, leg.notional) for leg in legs
    ]
    assert {f.id.split(":")[0] for f in resolution.fills} == {signed.reference}
    assert len({f.id for f in resolution.fills}) == len(legs)
    assert all(f.fee.atoms == 0 and f.child == "c-1" for f in resolution.fills)
    after, sign = scene.balances(), 1 if side is BUY else -1
    base, quote = (after[asset] - before[asset] for asset in ("ETH", "USDC"))
    # A pair gives a little more than an exact output; the account has it, beside the fills.
    assert base - left_over(resolution, "ETH") == sign * sum(leg.quantity.atoms for leg in legs)
    assert quote - left_over(resolution, "USDC") == -sign * sum(leg.notional.atoms for leg in legs)
    assert before["coin"] - after["coin"] == resolution.gas.atoms > 0
    receipt = scene.client.rpc.request("eth_getTransactionReceipt", signed.reference)
    assert resolution.gas.gas_used == int(receipt["gasUsed"], 16)
    assert resolution.gas.block_hash == receipt["blockHash"]


def test_the_permit_leaves_nothing_that_outlives_the_deadline(scene):
    contracts = scene.manifest.contracts

    async def scenario():
        async with scene.trading() as desk:
            leg = desk.plan(V3, BUY, BASE, ETHER, tolerance=5 * DOLLAR)
            child = await scene.child(desk.venue, leg)
            await done(desk.venue, child)
            return child

    child = asyncio.run(scenario())

    owner, token = scene.trader.address, scene.manifest.token("USDC").address
    asked = abi.call(
        "allowance(address,address,address)", owner, token, contracts["universal_router"]
    )
    amount, expires_at_s, nonce = scene.client.call(contracts["permit2"], asked)
    assert (amount, nonce) == (5 * DOLLAR, 1)
    assert expires_at_s == child.deadline_at // S


def test_a_streamed_head_wakes_resolve(scene, monkeypatch):
    monkeypatch.setattr(executor, "LOOK_EVERY", 3600 * S)  # so that nothing else does

    async def scenario():
        async with (
            scene.trading(receipt_timeout_ms=30_000) as desk,
            streaming(desk.setup),
            asyncio.timeout(10),
        ):
            child = await scene.child(desk.venue, desk.plan(V3, BUY, BASE, ETHER))
            with scene.one_block():
                signed = await desk.venue.sign(child)
                await desk.venue.submit(child, signed)
                waiting = await desk.venue.resolve(child, (signed,))
                resolving = asyncio.create_task(ended(desk.venue, child, signed))
                await asyncio.sleep(0)
            return waiting, await resolving

    waiting, resolution = asyncio.run(scenario())

    assert waiting.status is OrderStatus.NEW
    assert resolution.status is OrderStatus.FILLED


def test_a_transaction_that_reverts_in_its_block_is_rejected_with_the_routers_reason(scene):
    before = scene.balances()

    async def scenario():
        async with scene.trading() as desk:
            leg = desk.plan(V3, SELL, BASE, 5 * ETHER)
            child = await scene.child(desk.venue, leg)
            signed = await desk.venue.sign(child)
            scene.client.run_as_other(scene.sell_as_other(leg.instrument, ETHER))
            await desk.venue.submit(child, signed)
            return await ended(desk.venue, child, signed)

    resolution = asyncio.run(scenario())

    assert (resolution.status, resolution.fills) == (OrderStatus.REJECTED, ())
    assert "less than its minimum" in resolution.reason
    after = scene.balances()
    assert before["coin"] - after["coin"] == resolution.gas.atoms > 0
    assert before | {"coin": 0} == after | {"coin": 0}


def test_a_second_child_can_be_signed_while_the_first_is_pending(scene):
    before = scene.balances()

    async def scenario():
        async with scene.trading() as desk:
            leg = desk.plan(V3, BUY, BASE, ETHER, tolerance=50 * DOLLAR)
            first = await scene.child(desk.venue, leg)
            second = replace(first, id="c-2", nonce=first.nonce + 1)
            with scene.one_block():
                attempts = [await desk.venue.sign(first)]
                await desk.venue.submit(first, attempts[0])
                attempts.append(await desk.venue.sign(second))
                await desk.venue.submit(second, attempts[1])
            pairs = zip((first, second), attempts, strict=True)
            return [await ended(desk.venue, child, signed) for child, signed in pairs]

    resolutions = asyncio.run(scenario())

    assert [r.status for r in resolutions] == [OrderStatus.FILLED] * 2
    assert len({r.gas.block_hash for r in resolutions}) == 1
    assert scene.balances()["ETH"] - before["ETH"] == 2 * ETHER


def test_a_relay_is_given_the_transaction_and_let_go_at_the_end(scene):
    async def scenario():
        # The node's other door: what it is given there, nobody else has.
        async with scene.trading(relay_urls=[scene.manifest.http_url]) as desk:
            child = await scene.child(desk.venue, desk.plan(V3, BUY, BASE, ETHER))
            return await done(desk.venue, child)

    _, resolution = asyncio.run(scenario())
    gc.collect()  # a connection that was left open would be told of now

    assert resolution.status is OrderStatus.FILLED
