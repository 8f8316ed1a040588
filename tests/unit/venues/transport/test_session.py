"""Sessions go where their URL says."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from venues.transport.error import NotDeliveredError, TransportError
from venues.transport.http import HttpClient
from venues.transport.session import open_session
from venues.transport.websocket import WebSocket

S = 10**9


class Trap:
    """A server that must not be reached, and one that sends everybody there."""

    def __init__(self):
        self.reached = 0

    async def __aenter__(self):
        async def inner(_request):
            self.reached += 1
            return web.Response(body=b"{}")

        async def outer(_request):
            return web.Response(status=307, headers={"Location": self.inner_url})

        self._runners = []
        self.inner_url = await self._serve(inner)
        self.url = await self._serve(outer)
        return self

    async def __aexit__(self, *_):
        for runner in self._runners:
            await runner.cleanup()

    async def _serve(self, handler):
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/"


def test_a_redirected_websocket_is_not_followed():
    async def scenario():
        async with Trap() as trap:
            with pytest.raises(NotDeliveredError, match="a redirect"):
                await WebSocket.connect(trap.url.replace("http", "ws"), within=5 * S)
            return trap.reached

    assert asyncio.run(scenario()) == 0


def test_a_redirected_request_is_answered_by_the_redirect():
    async def scenario():
        async with Trap() as trap:
            client = HttpClient(trap.url)
            try:
                reply = await client.post_json("", b"{}", within=5 * S)
            finally:
                await client.close()
            return reply.status, trap.reached

    assert asyncio.run(scenario()) == (307, 0)


def resolved(host, address, monkeypatch):
    """Connect to a name that the machine resolves to an address."""

    def lookup(*_args, **_kwargs):
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(kind, socket.SOCK_STREAM, 6, "", (address, 80))]

    async def scenario():
        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        async with open_session() as session:
            await session.get(f"http://{host}:80/", timeout=aiohttp.ClientTimeout(total=5))

    asyncio.run(scenario())


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "0.0.0.0"])  # noqa: S104
def test_a_name_of_an_address_that_is_refused_does_not_exist(address, monkeypatch):
    with pytest.raises(aiohttp.ClientError, match="is no address of a node or a venue"):
        resolved("node.example", address, monkeypatch)


def test_an_address_written_as_one_number_is_no_way_around():
    async def scenario():
        async with open_session() as session:
            await session.get("http://2852039166/", timeout=aiohttp.ClientTimeout(total=5))

    with pytest.raises(aiohttp.ClientError, match="address"):
        asyncio.run(scenario())


def test_a_name_that_cannot_be_resolved_is_not_delivered():
    async def scenario():
        await WebSocket.connect("ws://nowhere.invalid", within=5 * S)

    with pytest.raises(TransportError):
        asyncio.run(scenario())
