"""The sandbox over real sockets: status codes, streams, faults, and the blocking entry point."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import orjson
import pytest

from tests.integration.hyperliquid_sandbox.visitor import WAIT_S, next_on, subscribe, visit
from tests.unit.sandbox.hyperliquid_harness import order
from venues.sandbox.hyperliquid import DEV_MASTER_ADDRESS, SandboxConfig

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("path", ["/info", "/exchange"])
@pytest.mark.parametrize(
    "body", [b"not json", b"[]", b'{"type":"noSuchType"}', b'{"type":[]}', b"{}"]
)
def test_a_body_that_cannot_be_read_is_answered_422(path, body):
    async def scenario(visitor):
        status, text = await visitor.post(path, body)

        assert status == 422
        assert text == "Failed to deserialize the JSON body into the target type"

    visit(scenario)


def test_a_swallowed_reply_leaves_the_order_in_the_book():
    async def scenario(visitor):
        await visitor.control("swallow_replies", count=1)

        with pytest.raises(aiohttp.ClientError):
            await visitor.place(order("2900", "1", cloid="0x" + "0" * 31 + "1"))
        status, answer = await visitor.place(order("2901", "1"))

        assert status == 200
        assert "resting" in answer["response"]["data"]["statuses"][0]
        shown = {order["limitPx"] for order in await visitor.open_orders()}
        assert shown == {"2900.0", "2901.0"}

    visit(scenario)


def test_a_hanging_reply_never_comes_and_the_order_is_there():
    async def scenario(visitor):
        await visitor.control("swallow_replies", count=1, loss="hang")

        async with visitor.socket() as socket:
            await subscribe(socket, "orderUpdates", user=DEV_MASTER_ADDRESS)
            hanging = asyncio.create_task(visitor.place(order("2900", "1")))
            (update,) = await next_on(socket, "orderUpdates")
            assert not hanging.done()
            hanging.cancel()
            with pytest.raises(asyncio.CancelledError):
                await hanging

        assert update["status"] == "open"

    visit(scenario)


def test_spot_pairs_have_somebody_to_trade_with():
    async def scenario(visitor):
        book = await visitor.info("l2Book", coin="@1")

        (bids, asks) = book["levels"]
        assert float(bids[0]["px"]) < 35 < float(asks[0]["px"])
        assert len(bids) == len(asks) == 12

    visit(scenario)


def test_a_refused_action_was_not_applied():
    async def scenario(visitor):
        await visitor.control("error", at="exchange", count=1)

        refused, _ = await visitor.place(order("2900", "1"))
        accepted, _ = await visitor.place(order("2901", "1"))

        assert (refused, accepted) == (500, 200)
        assert [shown["limitPx"] for shown in await visitor.open_orders()] == ["2901.0"]

    visit(scenario)


def test_an_order_posted_over_the_socket_is_answered_and_told():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await subscribe(socket, "orderUpdates", user=DEV_MASTER_ADDRESS)
            request = {"type": "action", "payload": visitor.signed(order("2900", "1"))}
            message = {"method": "post", "id": 256, "request": request}
            await socket.send_str(orjson.dumps(message).decode())

            reply = await next_on(socket, "post")
            (update,) = await next_on(socket, "orderUpdates")

        statuses = reply["response"]["payload"]["response"]["data"]["statuses"]
        assert reply["id"] == 256
        assert reply["response"]["type"] == "action"
        assert update["order"]["oid"] == statuses[0]["resting"]["oid"]

    visit(scenario)


def test_information_posted_over_the_socket_names_its_type():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            for number, kind in enumerate(("allMids", "noSuchType")):
                request = {"type": "info", "payload": {"type": kind}}
                message = {"method": "post", "id": number, "request": request}
                await socket.send_str(orjson.dumps(message).decode())
            good, bad = await next_on(socket, "post"), await next_on(socket, "post")

        payload = good["response"]["payload"]
        assert (good["id"], good["response"]["type"]) == (0, "info")
        assert payload["type"] == "allMids"
        assert payload["data"]["BTC"] == "90000.0"
        assert bad["response"]["type"] == "error"
        assert bad["response"]["payload"].startswith("422")

    visit(scenario)


def test_a_post_that_makes_no_sense_is_answered_with_an_error():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            for number, request in enumerate((5, {"type": "dance"}, {"type": "info"})):
                await socket.send_json({"method": "post", "id": number, "request": request})
            replies = [await next_on(socket, "post") for _ in range(3)]
            await socket.send_json({"method": "post", "id": "x", "request": {}})
            unreadable = await next_on(socket, "error")

        assert [reply["id"] for reply in replies] == [0, 1, 2]
        assert {reply["response"]["type"] for reply in replies} == {"error"}
        assert unreadable.startswith("Error parsing JSON")

    visit(scenario)


def test_a_swallowed_or_refused_post_is_silent_or_an_error():
    async def scenario(visitor):
        await visitor.control("swallow_replies", count=1)
        async with visitor.socket() as socket:
            for number in (1, 2):
                if number == 2:
                    await visitor.control("error", at="exchange", count=1)
                request = {"type": "action", "payload": visitor.signed(order("2900", "1"))}
                message = {"method": "post", "id": number, "request": request}
                await socket.send_str(orjson.dumps(message).decode())
                if number == 1:
                    await socket.send_str('{"method":"ping"}')
                    assert orjson.loads(await socket.receive_str()) == {"channel": "pong"}
            reply = await next_on(socket, "post")

        assert reply["id"] == 2
        assert reply["response"]["type"] == "error"
        assert len(await visitor.open_orders()) == 1

    visit(scenario)


def test_dropped_connections_end_without_goodbye():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await visitor.control("drop_connections")

            message = await socket.receive()

        assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}

    visit(scenario)


def test_subscribing_to_an_unknown_coin_closes_the_socket():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await socket.send_str(
                '{"method":"subscribe","subscription":{"type":"bbo","coin":"NOPE"}}'
            )

            message = await socket.receive()

        assert message.type is aiohttp.WSMsgType.CLOSE

    visit(scenario)


def test_a_socket_to_which_nothing_is_sent_is_closed():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            message = await socket.receive()

        assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}

    visit(scenario, SandboxConfig(idle_close_ms=50, tick_ms=10))


def test_a_client_that_asks_and_never_reads_loses_its_socket_and_nobody_else_does():
    nonsense = "x" * 2**20  # each comes back whole, in a complaint

    async def shout(deaf):
        for _ in range(200):
            await deaf.send_str(nonsense)

    async def scenario(visitor):
        async with visitor.socket() as other, visitor.socket() as deaf:
            with pytest.raises(ConnectionError):
                await shout(deaf)
            await other.send_str('{"method":"ping"}')
            assert orjson.loads(await other.receive_str()) == {"channel": "pong"}

    visit(scenario)


def test_stopped_publishing_is_silent_but_alive_and_resumes_with_the_present():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await subscribe(socket, "l2Book", coin="ETH")
            await next_on(socket, "l2Book")
            await visitor.control("stop_publishing", on=True)
            await visitor.control("shift_mid", coin="ETH", bps=100)
            await socket.send_str('{"method":"ping"}')
            alive = orjson.loads(await socket.receive_str())

            await visitor.control("stop_publishing", on=False)
            book = await next_on(socket, "l2Book")

        assert alive == {"channel": "pong"}
        assert float(book["levels"][0][0]["px"]) > 3_025

    visit(scenario)


def test_muted_streams_do_not_even_answer_a_ping():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await visitor.control("mute_streams", on=True)
            await socket.send_str('{"method":"ping"}')
            # A connection is read in order: once the subscription exists, the ping was read.
            await socket.send_str(
                '{"method":"subscribe","subscription":{"type":"bbo","coin":"ETH"}}'
            )
            while not visitor.sandbox.subscription_count():
                await visitor.open_orders()
            await visitor.control("mute_streams", on=False)
            await visitor.control("shift_mid", coin="ETH", bps=10)

            first = orjson.loads(await socket.receive_str())

        assert first["channel"] == "bbo"

    visit(scenario)


def test_controls_move_money_keys_prices_and_rates():
    newcomer, key_holder = "0x" + "1" * 40, "0x" + "2" * 40

    async def scenario(visitor):
        await visitor.control("deposit", user=newcomer, usd="12.5")
        await visitor.control("register_agent", agent=key_holder, master=newcomer, name="second")
        await visitor.control("set_oracle", coin="BTC", px="90100")
        await visitor.control("set_funding_rate", coin="BTC", rate="-0.0001")
        await visitor.control("refresh_liquidity", coin="BTC")

        _, state = await visitor.post("/info", {"type": "clearinghouseState", "user": newcomer})
        _, role = await visitor.post("/info", {"type": "userRole", "user": key_holder})
        _, (_, contexts) = await visitor.post("/info", {"type": "metaAndAssetCtxs"})

        assert state["marginSummary"]["accountValue"] == "12.5"
        assert role == {"role": "agent", "data": {"user": newcomer}}
        assert contexts[0]["oraclePx"] == "90100.0"
        assert contexts[0]["funding"] == "-0.0001"

    visit(scenario)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "command must be one of"),
        ({"command": "shift_mid", "coin": "NOPE", "bps": 1}, "coin must be one of"),
        ({"command": "shift_mid", "coin": "ETH", "bps": "1"}, "bps must be an integer"),
        ({"command": "swallow_replies"}, "say count"),
        ({"command": "swallow_replies", "count": 1, "loss": "eat"}, "loss must be"),
        ({"command": "swallow_replies", "count": 1, "loss": {}}, "loss must be"),
        ({"command": "mute_streams"}, "on must be true or false"),
        ({"command": "deposit", "user": "me", "usd": "1"}, "user must be an address"),
        ({"command": "deposit", "user": "0x" + "1" * 40, "usd": 1}, "usd must be a decimal string"),
        ({"command": "deposit", "user": "0x" + "1" * 40, "usd": "9" * 14}, "usd must be at most"),
        ({"command": "set_oracle", "coin": "ETH", "px": "0"}, "px must be positive"),
        ({"command": "set_funding_rate", "coin": "ETH", "rate": "much"}, "rate must be a decimal"),
    ],
)
def test_a_senseless_control_request_says_what_to_do(body, word):
    async def scenario(visitor):
        status, answer = await visitor.post("/sandbox", body)

        assert status == 400
        assert word in answer["error"]

    visit(scenario)


def test_a_failing_block_raises_its_own_error():
    async def scenario(_):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        visit(scenario)


def test_a_sandbox_whose_books_do_not_balance_stops_its_time_and_says_why():
    async def scenario(visitor):
        visitor.sandbox.venue.state.account(DEV_MASTER_ADDRESS).usd[""] += 1
        await visitor.sandbox.ended.wait()

    with pytest.raises(AssertionError, match="accounts and till hold"):
        visit(scenario)


def wait_for_file(path, process):
    deadline = time.monotonic() + WAIT_S
    while not path.exists():
        assert process.poll() is None, "the sandbox ended before it was ready"
        assert time.monotonic() < deadline, "the sandbox did not become ready"
        time.sleep(0.01)
    return orjson.loads(path.read_bytes())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_blocking_entry_point_serves_until_it_is_told_to_stop(tmp_path, number):
    manifest_path = tmp_path / "sandbox.json"
    program = (
        "import sys; from pathlib import Path;"
        "from venues.sandbox.hyperliquid import SandboxConfig, serve;"
        "serve(SandboxConfig(), manifest_path=Path(sys.argv[1]))"
    )
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program, str(manifest_path)], cwd=REPOSITORY
    ) as process:
        try:
            manifest = wait_for_file(manifest_path, process)
            mids = asyncio.run(ask_mids(manifest["url"]))
            process.send_signal(number)
            code = process.wait(timeout=WAIT_S)
        finally:
            process.kill()

    assert manifest["pid"] == process.pid
    assert manifest["coins"] == ["BTC", "ETH"]
    assert set(manifest["coins"]) <= mids.keys()
    assert manifest["master_address"] == DEV_MASTER_ADDRESS
    assert manifest["ws_url"] == manifest["url"].replace("http", "ws") + "/ws"
    assert code == 0
    assert not manifest_path.exists()


async def ask_mids(url):
    async with (
        aiohttp.ClientSession() as session,
        session.post(url + "/info", json={"type": "allMids"}) as response,
    ):
        return await response.json()
