"""JSON-RPC and its WebSocket against a server that follows a script."""

import asyncio
import contextlib
import socket

import orjson
import pytest
from aiohttp import web

from venues.transport.backoff import Backoff
from venues.transport.error import AnswerError, NotDeliveredError, UnansweredError
from venues.transport.json_rpc import JsonRpc, JsonRpcError
from venues.transport.websocket import WebSocket

S = 10**9


@contextlib.asynccontextmanager
async def serving(script):
    """Run `script(socket)` for every connection and give the address."""

    async def handler(request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await script(ws)
        return ws

    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def run(script, scenario, *, connect=JsonRpc.connect):
    """Connect to a scripted server and return what the scenario does with the connection."""

    async def main():
        async with serving(script) as url, asyncio.timeout(10):
            connection = await connect(url, within=5 * S)
            try:
                return await scenario(connection)
            finally:
                await connection.close()

    return asyncio.run(main())


async def receive(ws):
    return orjson.loads(await ws.receive_str())


async def reply(ws, request, **fields):
    await ws.send_bytes(orjson.dumps({"jsonrpc": "2.0", "id": request["id"], **fields}))


async def notify(ws, name, result):
    params = {"subscription": name, "result": result}
    await ws.send_str(orjson.dumps({"method": "eth_subscription", "params": params}).decode())


async def hold(ws):
    async for _ in ws:
        pass


def test_answers_find_their_requests_in_any_order():
    async def script(ws):
        first, second = await receive(ws), await receive(ws)
        await reply(ws, second, result=second["params"])
        await reply(ws, first, result=first["params"])

    async def scenario(rpc):
        async with asyncio.TaskGroup() as group:
            one = group.create_task(rpc.request("m", [1], within=5 * S))
            two = group.create_task(rpc.request("m", [2], within=5 * S))
        return one.result(), two.result()

    assert run(script, scenario) == ([1], [2])


def test_a_batch_comes_back_in_its_order_with_errors_in_place():
    async def script(ws):
        calls = await receive(ws)
        answers = [{"id": call["id"], "result": call["method"]} for call in calls]
        answers[1] = {"id": calls[1]["id"], "error": {"code": -32000, "message": "no"}}
        await ws.send_bytes(orjson.dumps(answers[::-1]))

    async def scenario(rpc):
        return await rpc.batch([("a", []), ("b", []), ("c", [])], within=5 * S)

    first, second, third = run(script, scenario)
    assert (first, third) == ("a", "c")
    assert isinstance(second, JsonRpcError)
    assert (second.code, second.message) == (-32000, "no")


def test_an_error_carries_code_message_and_data():
    async def script(ws):
        error = {"code": 3, "message": "execution reverted", "data": "0x1234"}
        await reply(ws, await receive(ws), error=error)

    async def scenario(rpc):
        with pytest.raises(JsonRpcError) as caught:
            await rpc.request("eth_call", [], within=5 * S)
        return caught.value

    error = run(script, scenario)
    assert (error.code, error.message, error.data) == (3, "execution reverted", "0x1234")


def test_notices_come_in_order_even_if_they_overtake_the_subscription():
    async def script(ws):
        request = await receive(ws)
        await notify(ws, "0x1", 1)
        await reply(ws, request, result="0x1")
        await notify(ws, "0x1", 2)
        await notify(ws, "0x1", 3)
        await hold(ws)

    async def scenario(rpc):
        notices = await rpc.subscribe(["newHeads"], within=5 * S)
        first = [await notices.take(within=5 * S) for _ in range(3)]
        return first, notices.waiting()

    assert run(script, scenario) == ([1, 2, 3], [])


def test_a_broken_connection_fails_whoever_waits_and_every_request_after():
    async def script(ws):
        await reply(ws, await receive(ws), result="0x1")
        await receive(ws)
        await ws.close()

    async def scenario(rpc):
        notices = await rpc.subscribe(["newHeads"], within=5 * S)
        with pytest.raises(UnansweredError):
            await rpc.request("m", [], within=5 * S)
        with pytest.raises(UnansweredError):
            await notices.take(within=5 * S)
        assert not rpc.is_open
        with pytest.raises(NotDeliveredError):
            await rpc.request("m", [], within=5 * S)
        with pytest.raises(NotDeliveredError):
            await rpc.batch([("m", [])], within=5 * S)

    run(script, scenario)


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "7",
        '"x"',
        '{"id": "other", "result": 1}',
        '{"method": "m"}',
        "[1]",
        '{"method":"m","params":{}}',
    ],
)
def test_a_malformed_frame_breaks_the_connection(frame):
    async def script(ws):
        await receive(ws)
        await ws.send_str(frame)
        await hold(ws)

    async def scenario(rpc):
        with pytest.raises(UnansweredError):
            await rpc.request("m", [], within=5 * S)
        assert not rpc.is_open

    run(script, scenario)


def test_an_error_that_is_no_object_breaks_the_connection():
    async def script(ws):
        await reply(ws, await receive(ws), error="bad")
        await hold(ws)

    async def scenario(rpc):
        with pytest.raises(UnansweredError, match="must be an object"):
            await rpc.request("m", [], within=5 * S)

    run(script, scenario)


def test_a_late_answer_is_dropped_and_the_connection_goes_on():
    async def script(ws):
        late, next_one = await receive(ws), await receive(ws)
        await reply(ws, late, result="late")
        await reply(ws, next_one, result="in time")

    async def scenario(rpc):
        with pytest.raises(UnansweredError, match="no answer"):
            await rpc.request("m", [], within=S // 20)
        return await rpc.request("m", [], within=5 * S)

    assert run(script, scenario) == "in time"


def test_notices_nobody_asked_for_do_not_pile_up():
    async def script(ws):
        with contextlib.suppress(ConnectionError):
            for number in range(3000):
                await notify(ws, "0x9", number)
            await hold(ws)

    async def scenario(rpc):
        with pytest.raises(UnansweredError, match="nobody made"):
            await rpc.request("m", [], within=5 * S)

    run(script, scenario)


def test_a_subscription_without_a_name_is_refused():
    async def script(ws):
        await reply(ws, await receive(ws), result=5)

    async def scenario(rpc):
        with pytest.raises(AnswerError, match="must return a string"):
            await rpc.subscribe(["newHeads"], within=5 * S)

    run(script, scenario)


def test_a_server_that_is_not_there_or_speaks_no_websocket_is_not_delivered():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    async def plain(_request):
        return web.Response(status=404)

    async def scenario():
        with pytest.raises(NotDeliveredError, match="cannot connect"):
            await WebSocket.connect(f"ws://127.0.0.1:{port}", within=5 * S)
        runner = web.ServerRunner(web.Server(plain))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        with pytest.raises(NotDeliveredError, match="cannot connect"):
            await WebSocket.connect(f"ws://127.0.0.1:{runner.addresses[0][1]}", within=5 * S)
        await runner.cleanup()
        with pytest.raises(NotDeliveredError):
            await WebSocket.connect("nonsense", within=5 * S)

    asyncio.run(scenario())


def test_a_server_that_accepts_and_says_nothing_is_not_delivered_in_time():
    async def scenario():
        async def silent(_reader, writer):
            await asyncio.sleep(0)
            silent.writers.append(writer)

        silent.writers = []
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotDeliveredError, match="no answer"):
            await WebSocket.connect(f"ws://127.0.0.1:{port}", within=S // 20)
        for writer in silent.writers:
            writer.close()
            await writer.wait_closed()
        server.close()

    asyncio.run(scenario())


def test_a_socket_receives_text_and_bytes_and_times_out_in_silence():
    async def script(ws):
        await ws.send_str("text")
        await ws.send_bytes(b"bytes")
        await hold(ws)

    async def scenario(ws):
        received = [await ws.receive(within=5 * S), await ws.receive(within=5 * S)]
        with pytest.raises(UnansweredError, match="silent"):
            await ws.receive(within=S // 20)
        await ws.close()
        with pytest.raises(NotDeliveredError):
            await ws.send(b"x", within=5 * S)
        return received

    assert run(script, scenario, connect=WebSocket.connect) == [b"text", b"bytes"]


def test_backoff_doubles_up_to_its_bound_and_begins_again_after_success():
    class Recording:
        def __init__(self):
            self.slept = []

        def now(self):
            return 0

        async def sleep(self, duration):
            self.slept.append(duration)

    async def scenario():
        clock = Recording()
        backoff = Backoff(clock, first=100, longest=500)
        for _ in range(5):
            await backoff.pause()
        backoff.succeeded()
        await backoff.pause()
        return clock.slept

    assert asyncio.run(scenario()) == [100, 200, 400, 500, 500, 100]
