"""How much one key may have of the streams, and say on them."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest

from router.gateway.http.stream import LATER
from tests.integration.http.door import keyed, signature
from tests.integration.http.streaming import heard, story


@pytest.mark.parametrize("said", [{"op": "ping"}, {"op": "unsubscribe"}])
def test_whatever_a_stream_says_is_counted(tmp_path, said):
    async def tell(client, _desk):
        async with client.stream(key="trader") as stream:
            await heard(stream, "welcome")
            for _ in range(50):
                await stream.send_json(said | {"id": "p"})
            problems = []
            while not problems or problems[-1]["status"] != 429:
                problems.append((await heard(stream, "error"))["problem"])

        assert problems[-1]["code"] == "throttled"

    story(tmp_path, tell, text=keyed("requests_per_s = 1\nrequests_burst = 5"))


def test_a_key_has_its_share_of_the_streams(tmp_path):
    async def tell(client, _desk):
        async with AsyncExitStack() as stack:
            of_key = [await stack.enter_async_context(client.stream(key="trader")) for _ in "ab"]
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.stream(key="trader")
            late = await stack.enter_async_context(client.stream())
            await late.send_json({"op": "authenticate", "id": "a", "headers": _signed("trader")})
            closed = await late.receive()
            for key in ("viewer", "other"):
                await stack.enter_async_context(client.stream(key=key))
            await of_key[0].close()
            again = await _let_in(client, stack)

        assert refused.value.status == 429
        assert closed.type is aiohttp.WSMsgType.CLOSE
        assert (closed.data, "2 streams" in closed.extra) == (LATER, True)
        assert again["op"] == "welcome"

    story(tmp_path, tell, text=keyed("streams_of_key_max = 2"))


# The other end of a stream that was closed takes note of it a little later.
async def _let_in(client, stack):
    async with asyncio.timeout(20):
        while True:
            try:
                stream = await stack.enter_async_context(client.stream(key="trader"))
            except aiohttp.WSServerHandshakeError:
                await asyncio.sleep(0)
            else:
                return await heard(stream, "welcome")


def _signed(key):
    return signature(key, "GET", "/v1/stream")
