"""The venue's limits for one IP, over real sockets."""

from contextlib import AsyncExitStack

import aiohttp
import orjson
import pytest

from tests.integration.hyperliquid_sandbox.visitor import subscribe, visit
from tests.unit.sandbox.hyperliquid_harness import order
from venues.sandbox.hyperliquid import SandboxConfig
from venues.sandbox.hyperliquid.config import LimitConfig
from venues.sandbox.hyperliquid.service.server import wall_clock_ms


class Standing:
    """A clock that moves only when it is told to, so that the minute never ends by chance."""

    def __init__(self):
        self.now_ms = wall_clock_ms()

    def __call__(self):
        return self.now_ms


def test_sixty_heavy_questions_a_minute_and_then_429():
    clock = Standing()

    async def scenario(visitor):
        for _ in range(60):
            assert (await visitor.post("/info", {"type": "meta"}))[0] == 200
        refused = await visitor.post("/info", {"type": "allMids"})
        order_refused, _ = await visitor.place(order("2900", "1"))
        clock.now_ms += 60_000
        after, _ = await visitor.post("/info", {"type": "allMids"})

        assert refused == (429, None)
        assert (order_refused, after) == (429, 200)

    visit(scenario, clock=clock)


def test_the_control_endpoint_is_not_limited():
    async def scenario(visitor):
        await visitor.open_orders()
        await visitor.control("exhaust_limit")

        assert "faults" in await visitor.control("faults")

    visit(scenario)


def test_the_eleventh_socket_is_refused():
    async def scenario(visitor):
        async with AsyncExitStack() as sockets:
            for _ in range(10):
                await sockets.enter_async_context(visitor.socket())
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await sockets.enter_async_context(visitor.socket())

        assert refusal.value.status == 429

    visit(scenario)


def test_too_many_messages_are_told_on_the_error_channel():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            for _ in range(3):
                await socket.send_str('{"method":"ping"}')
            frames = [orjson.loads(await socket.receive_str()) for _ in range(3)]

        assert [frame["channel"] for frame in frames] == ["pong", "pong", "error"]

    visit(scenario, SandboxConfig(limits=LimitConfig(messages_per_minute=2)))


def test_users_are_counted_over_all_sockets():
    async def scenario(visitor):
        async with visitor.socket() as first, visitor.socket() as second:
            for index in range(10):
                user = f"0x{index:040x}"
                await subscribe(first, "orderUpdates", user=user)
            await second.send_str(
                '{"method":"subscribe","subscription":{"type":"orderUpdates","user":"0x'
                + "f" * 40
                + '"}}'
            )
            refusal = orjson.loads(await second.receive_str())

        assert refusal == {"channel": "error", "data": "Cannot track more than 10 total users."}

    visit(scenario)


def test_posts_beyond_those_in_flight_are_refused_by_their_number():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            for number in (1, 2):
                request = {"type": "action", "payload": visitor.signed(order("2900", "1"))}
                await socket.send_json({"method": "post", "id": number, "request": request})
            refusal = await socket.receive_json()

        assert refusal == {"channel": "error", "data": "too many pending post requests id=2"}

    limits = LimitConfig(posts_in_flight=1)
    visit(scenario, SandboxConfig(limits=limits, block_ms=500, time_factor=0))


def test_switched_off_limits_refuse_nobody():
    async def scenario(visitor):
        statuses = [(await visitor.post("/info", {"type": "meta"}))[0] for _ in range(70)]

        assert set(statuses) == {200}

    visit(scenario, SandboxConfig(limits=LimitConfig(by_ip=False)))
