"""JSON-RPC over HTTP against a server that follows a script."""

import asyncio
import contextlib
import socket

import orjson
import pytest
from aiohttp import web

from venues.transport.error import AnswerError, NotDeliveredError, UnansweredError
from venues.transport.json_rpc import JsonRpcError
from venues.transport.json_rpc_http import JsonRpcHttp
from venues.transport.websocket import WebSocket

S = 10**9


@contextlib.asynccontextmanager
async def serving(handler):
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def answer_of(handler, *, within=5 * S, path="/fast?key=secret"):
    async def main():
        async with serving(handler) as place, JsonRpcHttp(f"http://{place}{path}") as rpc:
            return await rpc.request("eth_test", "0x1", 2, within=within)

    return asyncio.run(main())


def replying(body, *, status=200):
    async def handler(_request):
        return web.Response(status=status, body=body)

    return handler


def test_a_method_is_called_with_its_parameters_at_the_whole_url():
    async def handler(request):
        call = orjson.loads(await request.read())
        return web.json_response(
            {"jsonrpc": "2.0", "id": 1, "result": [call, str(request.rel_url)]}
        )

    call, place = answer_of(handler)

    assert call == {"jsonrpc": "2.0", "id": 1, "method": "eth_test", "params": ["0x1", 2]}
    assert place == "/fast?key=secret"


def test_an_error_is_raised_whatever_the_status_says():
    body = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"nonce too low"}}'

    for status in (200, 400):
        with pytest.raises(JsonRpcError, match="nonce too low") as caught:
            answer_of(replying(body, status=status))
        assert caught.value.code == -32000


def test_a_null_result_is_an_answer():
    assert answer_of(replying(b'{"jsonrpc":"2.0","id":1,"result":null}')) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"error":null}', b"17"])
def test_what_is_no_json_rpc_is_no_answer(body):
    with pytest.raises(AnswerError, match="HTTP 503 without"):
        answer_of(replying(body, status=503))


def test_silence_leaves_the_call_unanswered():
    async def handler(_request):
        await asyncio.Event().wait()

    with pytest.raises(UnansweredError):
        answer_of(handler, within=S // 10)


def test_a_server_that_is_not_there_has_not_got_the_call():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    async def main():
        async with JsonRpcHttp(f"http://127.0.0.1:{port}/") as rpc:
            await rpc.request("eth_test", within=5 * S)

    with pytest.raises(NotDeliveredError):
        asyncio.run(main())


@pytest.mark.parametrize("status", [401, 429, 503])
def test_what_a_url_keeps_secret_is_not_repeated_when_a_socket_is_refused(status):
    async def main():
        async with serving(replying(b"no", status=status)) as place:
            await WebSocket.connect(f"ws://me:hush@{place}/v2/hush?key=hush", within=5 * S)

    with pytest.raises(NotDeliveredError, match=f"127.*cannot connect.*{status}") as caught:
        asyncio.run(main())
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("url", ["hush", "ws://", "http//hush", "ws://[hush"])
def test_what_is_no_url_is_not_repeated_either(url):
    with pytest.raises(NotDeliveredError) as caught:
        asyncio.run(WebSocket.connect(url, within=S))

    assert "hush" not in str(caught.value)
