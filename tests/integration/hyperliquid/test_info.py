"""The questions of the client, put to the sandbox's server."""

import asyncio
import time

import pytest

from router.domain.units import NS_PER_S, DurationNs
from venues.hyperliquid.clients.info import InfoClient, weight
from venues.sandbox.hyperliquid.config import DEV_AGENT_ADDRESS, DEV_MASTER_ADDRESS
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox
from venues.transport.http import HttpClient

DEADLINE_S = 30
WITHIN = DurationNs(5 * NS_PER_S)
HOUR_MS = 3_600_000


@pytest.fixture
def ask():
    """Return what a question to a fresh sandbox comes to, and what it cost."""

    def run(question):
        spent = []

        async def main():
            async with asyncio.timeout(DEADLINE_S), HyperliquidSandbox.start() as sandbox:
                http = HttpClient(sandbox.url)
                try:
                    return await question(InfoClient(http, within=WITHIN, spend=spent.append))
                finally:
                    await http.close()

        return asyncio.run(main()), spent

    return run


def test_markets_of_the_sandbox_are_read(ask):
    async def question(client):
        now_ms = time.time_ns() // 1_000_000
        both = await client.meta_and_contexts()
        book, top = await client.book("ETH"), await client.mids()
        assert both.metadata == await client.meta()
        assert {"BTC", "ETH"} <= {coin.coin for coin in both.metadata.coins}
        assert len(both.contexts) == len(both.metadata.coins)
        assert book.bids
        assert book.asks
        assert float(book.bids[0][0]) < float(top["ETH"]) * 1.01
        assert (await client.spot_meta()).tokens[0].name == "USDC"
        assert (await client.perp_dexs())[0] is None
        assert all(cap for _, cap in await client.order_limits())
        rates = await client.funding_history("ETH", start_ms=now_ms - 30 * HOUR_MS)
        assert [rate.time_ms for rate in rates] == sorted({rate.time_ms for rate in rates})
        await client.predicted_fundings()
        await client.trades("ETH")
        await client.candles("ETH", "1h", start_ms=now_ms - HOUR_MS, end_ms=now_ms)

    _, spent = ask(question)

    assert spent[:3] == [weight("metaAndAssetCtxs"), weight("l2Book"), weight("allMids")]


def test_an_account_of_the_sandbox_is_read(ask):
    async def question(client):
        user = DEV_MASTER_ADDRESS
        account = await client.account(user)
        assert float(account.value) > 0
        assert account.positions == ()
        assert (await client.role(user)).role == "user"
        agent = await client.role(DEV_AGENT_ADDRESS)
        assert (agent.role, agent.owner) == ("agent", user)
        assert 0 < float((await client.fees(user)).taker) < 0.001
        limit = await client.rate_limit(user)
        assert 0 <= limit.used < limit.cap
        limits = await client.trade_limits(user, "ETH")
        assert float(limits.available[0]) > 0
        assert (await client.abstraction(user)) in {"default", "disabled"}
        assert await client.order(user, "0x" + "ab" * 16) is None
        assert await client.fundings(user, start_ms=0) == ()
        assert await client.fills(user, start_ms=0) == ()
        for rows in (
            client.open_orders,
            client.detailed_open_orders,
            client.historical_orders,
            client.latest_fills,
            client.twap_slices,
            client.delegations,
        ):
            assert await rows(user) == ()
        await client.vault_equities(user)
        await client.sub_accounts(user)
        await client.agents(user)
        await client.spot_account(user)
        await client.ledger_updates(user, start_ms=0)
        await client.portfolio(user)

    ask(question)
