"""What the venue refuses before anything is sent, and what it says the account can spend."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.error import NotSentError
from router.domain.plan import QuantityKind
from router.domain.units import Side
from tests.integration.uniswap_v3 import desk, scene


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", list(QuantityKind))
def test_a_bound_the_market_no_longer_meets_is_refused_before_anything_is_sent(
    chain_snapshot, side, kind
):
    chain = chain_snapshot
    exact = desk.WETH if kind is QuantityKind.BASE else 3_000 * desk.USDC

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(500, side, kind, exact)
            is_exact_in = (side is Side.SELL) == (kind is QuantityKind.BASE)
            worse = 1 if is_exact_in else -1
            bound = replace(leg.bound, atoms=leg.bound.atoms + worse)
            child = await desk.child_of(chain, venue, [replace(leg, bound=bound)])
            with pytest.raises(NotSentError, match="would revert: ") as caught:
                await venue.sign(child)
            return is_exact_in, str(caught.value)

    block = chain.client.block_number()
    is_exact_in, reason = asyncio.run(scenario())

    assert ("less than its minimum" if is_exact_in else "more than its maximum") in reason
    assert chain.client.block_number() == block


@pytest.mark.parametrize(
    ("fee", "exact", "reason"),
    [
        (500, 3_000_001 * desk.USDC, "balance of USDC must be"),
        (500, 0, "must trade something"),
    ],
)
def test_what_cannot_be_paid_is_refused(chain_snapshot, fee, exact, reason):
    chain = chain_snapshot

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            leg = plan(fee, Side.BUY, QuantityKind.CASH, 1_000 * desk.USDC)
            leg = replace(leg, notional=replace(leg.notional, atoms=exact))
            with pytest.raises(NotSentError, match=reason):
                await venue.sign(await desk.child_of(chain, venue, [leg]))

    asyncio.run(scenario())


def test_a_missing_allowance_to_permit2_is_named(chain_snapshot):
    chain = chain_snapshot
    trader, usdc = chain.manifest.account("trader"), chain.manifest.token("USDC").address
    permit2 = chain.manifest.contracts["permit2"]
    revoke = bytes.fromhex("095ea7b3" + permit2[2:].rjust(64, "0") + "00" * 32)

    async def scenario():
        async with desk.trading(chain) as (venue, plan):
            chain.client.submit(trader, usdc, revoke)
            chain.client.mine()
            account = await venue.read_account()
            assert account.balance("USDC") > 0 == account.spendable_atoms("USDC")
            leg = plan(500, Side.BUY, QuantityKind.BASE, desk.WETH)
            with pytest.raises(NotSentError, match="allowance to Permit2 for USDC must be"):
                await venue.sign(await desk.child_of(chain, venue, [leg]))

    asyncio.run(scenario())


def test_the_account_is_what_the_chain_says(chain):
    trader = chain.manifest.account("trader").address

    async def scenario():
        async with scene.started(chain.manifest) as venue:
            return await venue.read_account()

    account = asyncio.run(scenario())

    for symbol in ("USDC", "WETH", "WBTC"):
        assert account.balance(symbol) == chain.client.balance_of(symbol, trader)
        assert account.spendable_atoms(symbol) == account.balance(symbol)
    assert account.balance("NATIVE") == chain.client.balance_of("ETH", trader)
    assert account.next_nonce == int(
        chain.client.rpc.request("eth_getTransactionCount", trader, "latest"), 16
    )
    assert account.block.number == chain.client.block_number()
