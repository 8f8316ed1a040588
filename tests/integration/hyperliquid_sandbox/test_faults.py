"""Every fault of the control endpoint, seen from the client's side of the socket."""

import asyncio
import time

import aiohttp
import orjson
import pytest

from tests.integration.hyperliquid_sandbox.visitor import next_on, subscribe, visit
from tests.unit.sandbox.hyperliquid_harness import ETH_ASSET, order
from venues.sandbox.hyperliquid import DEV_MASTER_ADDRESS, SandboxConfig


def near(price="2900", size="1", **fields):
    return order(price, size, asset=ETH_ASSET, **fields)


async def eth_depth(visitor):
    """Return the sizes on both sides of the ETH book."""
    book = await visitor.info("l2Book", coin="ETH")
    return [sum(float(level["sz"]) for level in side) for side in book["levels"]]


@pytest.mark.parametrize("at", ["info", "exchange"])
def test_a_delayed_request_is_served_late_and_the_next_one_is_not(at):
    async def scenario(visitor):
        await visitor.control("delay", at=at, ms=150, count=1)
        ask = visitor.open_orders if at == "info" else lambda: visitor.place(near())
        durations = []
        for _ in range(2):
            begun = time.monotonic()
            await ask()
            durations.append(time.monotonic() - begun)

        assert durations[0] >= 0.15
        assert durations[1] < 0.15

    visit(scenario)


def test_delayed_frames_arrive_late_and_in_order():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await visitor.control("delay", at="ws", ms=150, on=True)
            begun = time.monotonic()
            await socket.send_str('{"method":"ping"}')
            await socket.send_str('{"method":"unsubscribe"}')
            first = orjson.loads(await socket.receive_str())
            late_s = time.monotonic() - begun
            second = orjson.loads(await socket.receive_str())

        assert (first["channel"], second["channel"]) == ("pong", "error")
        assert late_s >= 0.15

    visit(scenario)


@pytest.mark.parametrize("at", ["info", "exchange"])
@pytest.mark.parametrize(
    ("command", "fields", "status"),
    [("error", {}, 500), ("error", {"status": 503}, 503), ("limit", {}, 429)],
)
def test_a_failed_request_has_no_effect_and_the_next_is_served(at, command, fields, status):
    async def scenario(visitor):
        await visitor.control(command, at=at, count=1, **fields)
        path, body = ("/info", {"type": "allMids"})
        if at == "exchange":
            path, body = "/exchange", visitor.signed(near("2901"))

        refused, answer = await visitor.post(path, body)
        served, _ = await visitor.post(path, body)

        assert (refused, served) == (status, 200)
        assert answer is None or status != 429
        if at == "exchange":
            assert [shown["limitPx"] for shown in await visitor.open_orders()] == ["2901.0"]

    visit(scenario)


def test_a_hanging_request_is_neither_served_nor_answered():
    async def scenario(visitor):
        await visitor.control("hang", at="exchange", count=1)
        hanging = asyncio.create_task(visitor.place(near("2900")))
        while (await visitor.control("faults"))["faults"]["requests"]:
            pass  # until the hanging request was read and used the rule up

        await visitor.place(near("2901"))

        assert not hanging.done()
        assert [shown["limitPx"] for shown in await visitor.open_orders()] == ["2901.0"]
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging

    visit(scenario)


def test_half_of_the_requests_fail_by_the_seed_and_the_same_half_again():
    async def outcomes(visitor):
        await visitor.control("error", at="info", percent=50)
        posts = [await visitor.post("/info", {"type": "allMids"}) for _ in range(40)]
        return [status for status, _ in posts]

    seen = []

    async def scenario(visitor):
        seen.append(await outcomes(visitor))

    visit(scenario)
    visit(scenario)

    assert seen[0] == seen[1]
    assert {200, 500} == set(seen[0])


async def two_updates(visitor, command, **fields):
    """Place two orders under a frame fault and return the prices the next updates tell of."""
    async with visitor.socket() as socket:
        await subscribe(socket, "orderUpdates", user=DEV_MASTER_ADDRESS)
        await visitor.control(command, channel="orderUpdates", **fields)
        for price in ("2900", "2901"):
            await visitor.place(near(price))
        await visitor.control("repair")
        await visitor.place(near("2902"))
        prices = []
        while prices[-1:] != ["2902.0"]:
            prices += [
                update["order"]["limitPx"] for update in await next_on(socket, "orderUpdates")
            ]
        return prices


@pytest.mark.parametrize(
    ("command", "prices"),
    [
        ("drop_frames", ["2901.0", "2902.0"]),
        ("duplicate_frames", ["2900.0", "2900.0", "2901.0", "2902.0"]),
        ("reorder_frames", ["2901.0", "2900.0", "2902.0"]),
    ],
)
def test_a_frame_is_lost_doubled_or_swapped(command, prices):
    async def scenario(visitor):
        assert await two_updates(visitor, command, count=1) == prices

    visit(scenario)


def test_a_fault_of_another_channel_leaves_a_channel_alone():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await subscribe(socket, "orderUpdates", user=DEV_MASTER_ADDRESS)
            await visitor.control("drop_frames", channel="userFills", on=True)
            await visitor.place(near("2900"))
            (update,) = await next_on(socket, "orderUpdates")

        assert update["order"]["limitPx"] == "2900.0"

    visit(scenario)


def test_all_channels_means_data_and_spares_the_protocol():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await visitor.control("drop_frames", channel="*", on=True)
            await subscribe(socket, "orderUpdates", user=DEV_MASTER_ADDRESS)
            await visitor.place(near("2900"))
            await socket.send_str('{"method":"ping"}')

            assert orjson.loads(await socket.receive_str()) == {"channel": "pong"}

    visit(scenario)


def test_a_frame_held_back_is_sent_after_a_while_when_no_other_comes():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await subscribe(socket, "orderUpdates", user=DEV_MASTER_ADDRESS)
            await visitor.control("reorder_frames", channel="orderUpdates", count=1)
            begun = time.monotonic()
            await visitor.place(near("2900"))
            await next_on(socket, "orderUpdates")

        assert time.monotonic() - begun >= 0.4

    visit(scenario)


def test_an_exhausted_ip_is_refused_with_429():
    async def scenario(visitor):
        await visitor.open_orders()
        await visitor.control("exhaust_limit")

        status, answer = await visitor.post("/info", {"type": "allMids"})
        refused, _ = await visitor.place(near())

        assert (status, answer, refused) == (429, None, 429)
        assert (await visitor.books())["orders_open"] == []

    visit(scenario)


def test_an_exhausted_address_is_told_how_much_it_has_traded():
    async def scenario(visitor):
        await visitor.control("exhaust_limit", user=DEV_MASTER_ADDRESS)
        answers = [await visitor.place(near(str(price))) for price in (2900, 2901)]

        await visitor.control("repair")

        assert "Too many cumulative requests sent" in str(answers[-1])
        assert "resting" in str(await visitor.place(near("2902")))

    visit(scenario)


def test_the_state_is_the_venue_s_own_books():
    async def scenario(visitor):
        cloid = "0x" + "0" * 31 + "7"
        await visitor.place(near("3100", "2", tif="Ioc"), near("2900", "1", cloid=cloid))
        told = await visitor.info("userFills", user=DEV_MASTER_ADDRESS)

        books = await visitor.books()

        fees = round(sum(float(fill["fee"]) for fill in told) * 1_000_000)
        assert books["positions"]["ETH"]["size"] == 20_000
        assert sorted(books["fill_ids"]) == sorted(fill["tid"] for fill in told)
        assert books["fees_paid"] == fees
        assert [held["cloid"] for held in books["orders_open"]] == [cloid]
        cost = books["positions"]["ETH"]["cost"]
        assert books["usd"][""] == 2_000_000_000_000 - cost - fees

    visit(scenario)


def test_what_is_on_is_listed_and_repaired():
    async def scenario(visitor):
        nothing = (await visitor.control("faults"))["faults"]
        whole = await eth_depth(visitor)
        await visitor.control("delay", at="ws", ms=5, percent=10)
        await visitor.control("drop_frames", channel="trades", count=3)
        await visitor.control("halt", coin="ETH", on=True)
        await visitor.control("thin_book", coin="ETH", percent=20)
        await visitor.control("stale_oracle", coin="ETH", on=True)
        await visitor.control("post_only", on=True)
        await visitor.control("oi_cap", coin="BTC", on=True)
        listed = (await visitor.control("faults"))["faults"]
        await visitor.control("repair")

        assert listed["market"] == {
            "halt": ["ETH"],
            "thin_book": ["ETH"],
            "stale_oracle": ["ETH"],
            "post_only": [""],
            "oi_cap": ["BTC"],
        }
        assert [rule["failure"] for rule in listed["requests"]] == ["delay"]
        assert [rule["mangling"] for rule in listed["frames"]] == ["drop"]
        assert (await visitor.control("faults"))["faults"] == nothing
        assert await eth_depth(visitor) == whole
        assert "resting" in str(await visitor.place(near()))

    visit(scenario)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"command": "delay", "at": "moon", "ms": 1, "on": True}, "at must be one of"),
        ({"command": "error", "at": "ws", "on": True}, "at must be one of info, exchange"),
        ({"command": "delay", "at": "info", "on": True}, "ms must be an integer"),
        ({"command": "error", "at": "info", "on": True, "status": 404}, "status must be"),
        ({"command": "limit", "at": "info"}, "say count"),
        ({"command": "drop_frames", "on": True}, "channel must be"),
        ({"command": "thin_book", "coin": "ETH", "percent": 101}, "percent must be at most"),
        ({"command": "halt", "coin": "NOPE", "on": True}, "coin must be one of"),
        ({"command": "time"}, "say factor"),
        ({"command": "time", "factor": 10**6}, "factor must be at most"),
        ({"command": "state", "users": "me"}, "users must be a list"),
        ({"command": "state", "users": ["me"]}, "users must be an address"),
        ({"command": "shock", "bps": 1, "duration_ms": 1, "coins": ["X"]}, "coins must be a list"),
        ({"command": "shock", "bps": 1, "duration_ms": 1, "coins": [{}]}, "coins must be a list"),
        ([], "body must be a JSON object"),
    ],
)
def test_a_senseless_fault_says_what_to_send(body, word):
    async def scenario(visitor):
        status, answer = await visitor.post("/sandbox", body)

        assert status == 400
        assert word in answer["error"]

    visit(scenario)


def test_the_connection_of_a_swallowed_reply_is_closed_after_its_block():
    async def scenario(visitor):
        await visitor.control("swallow_replies", count=1)

        with pytest.raises(aiohttp.ClientError):
            await visitor.place(near("2900"))

        assert len(await visitor.open_orders()) == 1

    visit(scenario, SandboxConfig(block_ms=20, tick_ms=10))
