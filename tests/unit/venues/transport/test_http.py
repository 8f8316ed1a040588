"""HTTP: what may have arrived, and what cannot have."""

import asyncio
import contextlib
import socket

import pytest
from aiohttp import web

from venues.transport.error import NotDeliveredError, UnansweredError
from venues.transport.http import HttpClient, HttpReply

S = 10**9


@contextlib.asynccontextmanager
async def serving(handler):
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = HttpClient(f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        yield client
    finally:
        await client.close()
        await runner.cleanup()


def test_any_status_is_an_answer():
    async def handler(request):
        assert request.headers["Content-Type"] == "application/json"
        return web.Response(status=418, body=b"<" + await request.read() + b">")

    async def scenario():
        async with serving(handler) as client:
            return await client.post_json("/x", b"{}", within=5 * S)

    assert asyncio.run(scenario()) == HttpReply(418, b"<{}>")


def test_a_refused_connection_means_not_delivered():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    async def scenario():
        client = HttpClient(f"http://127.0.0.1:{port}")
        try:
            await client.post_json("/x", b"{}", within=5 * S)
        finally:
            await client.close()

    with pytest.raises(NotDeliveredError):
        asyncio.run(scenario())


def test_a_server_that_hangs_up_after_reading_leaves_the_request_unanswered():
    async def handler(request):
        await request.read()
        request.transport.abort()
        return web.Response()

    async def scenario():
        async with serving(handler) as client:
            await client.post_json("/x", b"{}", within=5 * S)

    with pytest.raises(UnansweredError):
        asyncio.run(scenario())


def test_a_deadline_after_the_connection_leaves_the_request_unanswered():
    async def handler(_request):
        await asyncio.Event().wait()

    async def scenario():
        async with serving(handler) as client:
            await client.post_json("/x", b"{}", within=S // 10)

    with pytest.raises(UnansweredError, match=r"no answer in 0\.1 s"):
        asyncio.run(scenario())


def test_a_broken_second_request_on_a_kept_connection_is_unanswered():
    answered = []

    async def handler(request):
        answered.append(await request.read())
        if len(answered) == 2:
            request.transport.abort()
        return web.Response(body=b"ok")

    async def scenario():
        async with serving(handler) as client:
            await client.post_json("/x", b"1", within=5 * S)
            await client.post_json("/x", b"2", within=5 * S)

    with pytest.raises(UnansweredError):
        asyncio.run(scenario())
    assert answered == [b"1", b"2"]
