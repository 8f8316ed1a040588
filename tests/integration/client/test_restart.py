"""The client and a gateway that has just begun: what was signed before it, it cannot tell apart."""

import asyncio
import time
from base64 import b64encode
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest

from router.client.connection import Connection
from router.client.error import DegradedError
from router.client.signing import Ed25519Signer, Stamp
from tests.integration.http.door import keyed, opened
from tests.integration.http.scripted import ScriptedDesk

BEFORE_IT_BEGAN_MS = 3_500  # within the window, and before the first moment that is remembered


@asynccontextmanager
async def behind(tmp_path, times):
    """Ask a gateway of a clock that is behind for the first so many times."""
    signer = Ed25519Signer("trader", b64encode(sha256(b"trader").digest()).decode())
    signed = []

    def now_ms():
        signed.append(time.time_ns() // 10**6)
        return signed[-1] - (BEFORE_IT_BEGAN_MS if len(signed) <= times else 0)

    async with (
        asyncio.timeout(20),
        opened(tmp_path, keyed(), ScriptedDesk()) as gateway,
        Connection(gateway.url, Stamp(signer, now_ms=now_ms)) as connection,
    ):
        yield connection, signed


def test_what_was_signed_before_the_gateway_began_was_not_done_and_may_be_signed_anew(tmp_path):
    async def ask():
        async with behind(tmp_path, times=1) as (connection, _):
            await connection.ask("GET", "/v1/orders")

    with pytest.raises(DegradedError, match="sign it anew"):
        asyncio.run(ask())


def test_the_client_signs_anew_by_itself(tmp_path):
    async def ask():
        async with behind(tmp_path, times=2) as (connection, signed):
            return await connection.ask_again("GET", "/v1/orders"), len(signed)

    answer, signatures = asyncio.run(ask())

    assert answer["orders"] == []
    assert signatures == 3
