"""What the owner asks for by hand: what an answer means, and what none means."""

import asyncio
from dataclasses import replace

import orjson
import pytest
from aiohttp import web

from router.domain.error import InDoubtError, NotSentError, RejectedError
from router.domain.units import AccountId, Amount, AssetId, TimestampNs
from venues.hyperliquid.owner import AccountOwner
from venues.hyperliquid.signing import AgentSigner

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
SUB_ACCOUNT = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"
DONE = {"status": "ok", "response": {"type": "default"}}
DOLLAR = Amount(AssetId("USDC"), 1_000_000)


class SetClock:
    def now(self):
        return TimestampNs(1_700_000_000_000_000_000)


def move_a_dollar(config, answer):
    """Return what moving a dollar comes to at a venue that answers so; without one, at none."""
    return ask(config, answer, lambda owner: owner.move_collateral(DOLLAR, to_perp=True))


def ask(config, answer, question, *, asked=None):
    address = AgentSigner(KEY, is_mainnet=False).address
    account = AccountId(f"hyperliquid:{config.sub_account or address}")
    mine = replace(config.instruments[0], account=account)

    async def main():
        app = web.Application()
        app.router.add_post("/exchange", respond)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            owned = replace(config, base_url=url, address=address, instruments=(mine,))
            owner = AccountOwner(owned, SetClock(), KEY)
            return await question(owner)
        finally:
            await runner.cleanup()

    async def respond(request):
        if asked is not None:
            asked.append(orjson.loads(await request.read()))
        return web.Response(body=orjson.dumps(answer)) if answer else web.Response(status=502)

    return asyncio.run(main())


def test_what_was_moved_is_said(config):
    assert "1 USDC moved to the perpetual balance" in move_a_dollar(config, DONE)


def test_the_collateral_of_a_sub_account_is_moved_where_one_is_traded_for(config):
    instrument = replace(config.instruments[0], account=AccountId(f"hyperliquid:{SUB_ACCOUNT}"))
    traded = replace(config, sub_account=SUB_ACCOUNT, instruments=(instrument,))
    asked = []

    done = ask(traded, DONE, lambda o: o.move_collateral(DOLLAR, to_perp=True), asked=asked)

    # The venue's own client names the sub-account so; the request itself is the master's.
    assert asked[0]["action"]["amount"] == f"1 subaccount:{SUB_ACCOUNT}"
    assert asked[0]["vaultAddress"] is None
    assert done.endswith(f"balance of {SUB_ACCOUNT}")


def test_a_move_without_a_readable_answer_may_have_happened_and_the_owner_is_told_so(config):
    for answer in (None, {"status": "what"}):
        with pytest.raises(InDoubtError, match="usdClassTransfer may have happened: look"):
            move_a_dollar(config, answer)


def test_a_refused_move_is_said_in_the_venues_words(config):
    with pytest.raises(RejectedError, match="usdClassTransfer: Insufficient balance"):
        move_a_dollar(config, {"status": "err", "response": "Insufficient balance"})


@pytest.mark.parametrize("days", [0, 181])
def test_an_agent_is_approved_for_days_that_the_venue_takes(config, days):
    with pytest.raises(NotSentError, match=f"days must be 1 to 180, was {days}"):
        ask(config, None, lambda owner: owner.approve_agent(days=days))


def test_an_agent_that_has_signed_before_is_not_approved_again(config, tmp_path):
    agent = AgentSigner(config.agent_key, is_mainnet=False).address
    kept = replace(config, nonce_folder=tmp_path)
    (tmp_path / f"hyperliquid-{agent}.nonce").write_text("1700000000000")
    asked = []

    with pytest.raises(NotSentError, match="make a new key"):
        ask(kept, DONE, lambda owner: owner.approve_agent(days=30), asked=asked)

    assert asked == []
    fresh = replace(kept, nonce_folder=tmp_path / "another desk")
    assert agent in ask(fresh, DONE, lambda owner: owner.approve_agent(days=30))
