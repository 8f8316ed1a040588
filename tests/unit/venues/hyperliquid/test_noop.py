"""A nonce that the venue takes no more has ended the doubt about what it was for."""

import asyncio

import orjson
import pytest

from router.domain.units import TimestampNs
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.exchange import ExchangeClient
from venues.hyperliquid.clients.nonces import NonceSource
from venues.hyperliquid.signing import AgentSigner
from venues.sandbox.hyperliquid.actions import nonces as rule
from venues.transport.http import HttpReply

NOW_MS = 1_700_000_000_000


class SetClock:
    def now(self):
        return TimestampNs(NOW_MS * 1_000_000)


@pytest.mark.parametrize("newer", [0, 99, 100, 150])
def test_a_noop_settles_an_action_in_doubt_however_many_newer_ones_were_taken(newer):
    used = []
    for nonce in range(NOW_MS - newer, NOW_MS):
        assert rule.take(used, nonce, now_ms=NOW_MS) is None

    async def venue(body):
        complaint = rule.take(used, orjson.loads(body)["nonce"], now_ms=NOW_MS)
        answer = {"status": "ok", "response": {"type": "default"}}
        if complaint is not None:
            answer = {"status": "err", "response": complaint}
        return HttpReply(200, orjson.dumps(answer))

    clock = SetClock()
    client = ExchangeClient(
        venue,
        signer=AgentSigner("0x" + "01" * 32, is_mainnet=False),
        nonces=NonceSource(clock),
        budget=Budget(clock),
        clock=clock,
    )

    # A nonce below the hundred highest can take no effect any more: as good as used up.
    assert asyncio.run(client.noop(NOW_MS - 5_000)) is (newer < 100)
