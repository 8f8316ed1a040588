"""What the venue refuses before anything is sent, and what it says the account can spend."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.error import NotSentError
from router.domain.plan import QuantityKind
from router.domain.units import Amount, Side
from tests.integration.chain_venue.scene import DOLLAR, ETHER, SYMBOLS, V3, setup_of, started

BUY, BASE, CASH = Side.BUY, QuantityKind.BASE, QuantityKind.CASH


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", list(QuantityKind))
def test_a_bound_the_market_does_not_meet_is_refused_before_anything_is_sent(scene, side, kind):
    exact = ETHER if kind is BASE else 3_000 * DOLLAR
    block = scene.client.block_number()

    async def scenario():
        async with scene.trading() as desk:
            leg = desk.plan(V3, side, kind, exact, tolerance=-1)
            with pytest.raises(NotSentError, match="would revert: ") as caught:
                await desk.venue.sign(await scene.child(desk.venue, leg))
            return str(caught.value)

    reason = asyncio.run(scenario())

    is_exact_in = (side is Side.SELL) == (kind is BASE)
    assert ("less than its minimum" if is_exact_in else "more than its maximum") in reason
    assert scene.client.block_number() == block


@pytest.mark.parametrize(
    ("atoms", "reason"),
    [
        (
            3_000_001 * DOLLAR,
            "USDC: needs up to 3000001000000 atoms, the balance is .*; deposit more",
        ),
        (0, r"exact side must be in 1\.\.2\*\*128-1 atoms, was 0"),
    ],
)
def test_what_cannot_be_paid_is_refused(scene, atoms, reason):
    async def scenario():
        async with scene.trading() as desk:
            leg = desk.plan(V3, BUY, CASH, 1_000 * DOLLAR)
            leg = replace(leg, notional=replace(leg.notional, atoms=atoms))
            with pytest.raises(NotSentError, match=reason):
                await desk.venue.sign(await scene.child(desk.venue, leg))

    asyncio.run(scenario())


def test_what_permit2_may_not_take_cannot_be_spent_and_is_named_until_it_is_approved(scene):
    async def scenario():
        async with scene.trading() as desk:
            leg = desk.plan(V3, BUY, BASE, ETHER)
            await desk.setup.approve(Amount("USDC", 0))
            account = await desk.venue.read_account()
            with pytest.raises(NotSentError, match="what Permit2 may take is 0; run headrace appr"):
                await desk.venue.sign(await scene.child(desk.venue, leg))

            hashes = await desk.setup.approve(leg.bound)

            signed = await desk.venue.sign(await scene.child(desk.venue, leg))
            return account, await desk.venue.read_account(), leg, hashes, signed

    revoked, approved, leg, hashes, signed = asyncio.run(scenario())

    assert revoked.balance("USDC") > 0 == revoked.spendable_atoms("USDC")
    assert approved.spendable_atoms("USDC") == leg.bound.atoms
    assert len(hashes) == 1
    assert signed.payload


def test_only_configured_tokens_can_be_approved(scene):
    approve = setup_of(scene.manifest).approve

    with pytest.raises(Exception, match="tokens: DOGE has no address; use one of"):
        approve(Amount("DOGE", 1))


def test_the_account_is_what_the_chain_says(scene):
    address = scene.trader.address

    async def scenario():
        async with started(scene.manifest) as setup:
            return await setup.venue.read_account()

    account = asyncio.run(scenario())

    for name, symbol in SYMBOLS.items():
        assert account.balance(name) == scene.client.balance_of(symbol, address) > 0
        assert account.spendable_atoms(name) == account.balance(name)
    assert account.balance("NATIVE") == scene.client.balance_of("ETH", address)
    assert account.next_nonce == int(
        scene.client.rpc.request("eth_getTransactionCount", address, "latest"), 16
    )
    assert account.block.number == scene.client.block_number()
    assert account.block.hash == scene.client.header()["hash"]
