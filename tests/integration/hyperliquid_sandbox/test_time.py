"""Blocks and venue time over real sockets: waiting for a block, running fast, standing still."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.integration.hyperliquid_sandbox.visitor import next_on, subscribe, visit
from tests.unit.sandbox.hyperliquid_harness import ETH_ASSET, order
from venues.sandbox.hyperliquid import (
    DEV_AGENT_ADDRESS,
    DEV_MASTER_ADDRESS,
    Agent,
    SandboxConfig,
    SceneConfig,
)
from venues.sandbox.hyperliquid.service.server import wall_clock_ms

HOUR_MS = 3_600_000
STANDING = SandboxConfig(time_factor=0)
BLOCKS = SandboxConfig(block_ms=500, time_factor=0)


async def until_pending(visitor, count):
    """Wait until so many requests have been read and wait for their block."""
    while visitor.sandbox.blocks.pending_count() < count:
        await visitor.control("faults")


def test_an_action_is_answered_after_its_block_and_not_before():
    async def scenario(visitor):
        waiting = asyncio.create_task(visitor.place(order("2900", "1")))
        await until_pending(visitor, 1)
        assert await visitor.open_orders() == []
        assert not waiting.done()

        await visitor.control("time", advance_ms=500)
        status, answer = await waiting

        assert status == 200
        assert "resting" in str(answer)
        assert len(await visitor.open_orders()) == 1

    visit(scenario, BLOCKS)


def test_a_cancel_of_the_same_block_comes_before_the_taker():
    async def scenario(visitor):
        resting = asyncio.create_task(visitor.place(order("3050", "1", is_buy=False)))
        await until_pending(visitor, 1)
        await visitor.control("time", advance_ms=500)
        _, placed = await resting
        (status,) = placed["response"]["data"]["statuses"]

        # The house is out of the way, so the only one to meet is the order being cancelled.
        await visitor.control("withdraw_liquidity", coin="ETH")
        taking = asyncio.create_task(visitor.place(order("3060", "1", tif="Ioc")))
        await until_pending(visitor, 1)
        cancel = {"type": "cancel", "cancels": [{"a": ETH_ASSET, "o": status["resting"]["oid"]}]}
        cancelling = asyncio.create_task(visitor.act(cancel))
        await until_pending(visitor, 2)
        await visitor.control("time", advance_ms=500)
        (_, taken), cancelled = await taking, await cancelling

        assert "could not immediately match" in str(taken)
        assert cancelled["response"]["data"]["statuses"] == ["success"]

    visit(scenario, BLOCKS)


def test_an_unreadable_action_is_refused_at_once_and_joins_no_block():
    async def scenario(visitor):
        status, _ = await visitor.post("/exchange", {"action": {"type": "noSuchType"}})

        assert status == 422
        assert visitor.sandbox.blocks.pending_count() == 0

    visit(scenario, BLOCKS)


def test_a_post_over_the_socket_waits_for_its_block_and_a_ping_does_not():
    async def scenario(visitor):
        async with visitor.socket() as socket:
            request = {"type": "action", "payload": visitor.signed(order("2900", "1"))}
            await socket.send_json({"method": "post", "id": 1, "request": request})
            await socket.send_json({"method": "ping"})
            assert await socket.receive_json() == {"channel": "pong"}

            await until_pending(visitor, 1)
            await visitor.control("time", advance_ms=500)
            reply = await next_on(socket, "post")

        assert reply["id"] == 1
        assert "resting" in str(reply)

    visit(scenario, BLOCKS)


def test_blocks_come_by_themselves_while_time_runs():
    async def scenario(visitor):
        for price in range(2900, 2905):
            status, _ = await visitor.place(order(str(price), "1"))
            assert status == 200

        assert len(await visitor.open_orders()) == 5

    visit(scenario, SandboxConfig(block_ms=30, tick_ms=10))


def test_skipped_hours_are_settled_one_by_one():
    async def scenario(visitor):
        await visitor.place(order("3100", "1", tif="Ioc"))
        began = (await visitor.info("exchangeStatus"))["time"]
        answer = await visitor.control("time", advance_ms=3 * HOUR_MS)
        paid = await visitor.info("userFunding", user=DEV_MASTER_ADDRESS, startTime=0)
        rates = await visitor.info("fundingHistory", coin="ETH", startTime=began)

        assert answer["time"] == began + 3 * HOUR_MS
        hours = [row["time"] // HOUR_MS for row in paid]
        assert hours == list(range(began // HOUR_MS + 1, answer["time"] // HOUR_MS + 1))
        assert [row["time"] // HOUR_MS for row in rates] == hours
        samples = [row["delta"]["nSamples"] for row in paid]
        assert samples[1:] == [720, 720]
        books = await visitor.books()
        told = -sum(round(float(row["delta"]["usdc"]) * 1_000_000) for row in paid)
        assert books["funding_paid"] == told != 0

    visit(scenario, STANDING)


def test_time_runs_by_its_factor():
    async def scenario(visitor):
        await visitor.control("time", factor=3_600)
        async with visitor.socket() as socket:
            await subscribe(socket, "l2Book", coin="ETH")
            first = await next_on(socket, "l2Book")
            later = first
            while later["time"] < first["time"] + 60_000:
                later = await next_on(socket, "l2Book")

        assert later["time"] > first["time"]

    visit(scenario, SandboxConfig(tick_ms=10))


def test_a_refused_command_leaves_the_speed_of_time_alone():
    async def scenario(visitor):
        body = {"command": "time", "factor": 9, "advance_ms": -1}
        status, answer = await visitor.post("/sandbox", body)

        assert status == 400
        assert answer["error"].startswith("advance_ms must be")
        assert visitor.sandbox.clock.factor == 1

    visit(scenario)


def test_a_scheduled_cancel_fires_in_venue_time():
    async def scenario(visitor):
        await visitor.place(order("2900", "1"))
        now_ms = (await visitor.info("exchangeStatus"))["time"]
        await visitor.act({"type": "scheduleCancel", "time": now_ms + 10_000})

        await visitor.control("time", advance_ms=9_000)
        before = await visitor.open_orders()
        await visitor.control("time", advance_ms=1_000)

        assert len(before) == 1
        assert await visitor.open_orders() == []

    visit(scenario, STANDING)


def test_a_twap_works_through_its_slices_in_venue_time():
    async def scenario(visitor):
        twap = {"a": ETH_ASSET, "b": True, "s": "1", "r": False, "m": 5, "t": False}
        answer = await visitor.act({"type": "twapOrder", "twap": twap})
        assert "running" in str(answer), answer

        await visitor.control("time", advance_ms=150_000)
        halfway = (await visitor.books())["positions"]["ETH"]["size"]
        await visitor.control("time", advance_ms=170_000)
        done = (await visitor.books())["positions"]["ETH"]["size"]
        fills = await visitor.info("userTwapSliceFills", user=DEV_MASTER_ADDRESS)

        assert 3_000 < halfway < 7_000
        assert done == 10_000
        times = sorted({row["fill"]["time"] for row in fills})
        # Due every thirty seconds, and made in the next block: here a second later at the most.
        assert all(abs(later - sooner - 30_000) <= 1_000 for sooner, later in pairwise(times))

    visit(scenario, STANDING)


def test_a_trigger_fires_when_the_mark_gets_there():
    async def scenario(visitor):
        stop = {"isMarket": True, "triggerPx": "2950", "tpsl": "sl"}
        await visitor.place(order("3100", "1", tif="Ioc"))
        placed = await visitor.place(
            {
                **order("2800", "1", is_buy=False, reduce_only=True),
                "t": {"trigger": stop},
            }
        )
        assert "error" not in str(placed), placed
        await visitor.control("time", advance_ms=10_000)
        held = (await visitor.books())["positions"]["ETH"]["size"]

        await visitor.control("shift_mid", coin="ETH", bps=-300)
        await visitor.control("set_oracle", coin="ETH", px="2900")
        await visitor.control("time", advance_ms=10_000)

        assert held == 10_000
        assert (await visitor.books())["positions"] == {}

    visit(scenario, STANDING)


def test_an_agent_expires_in_venue_time():
    now_ms = wall_clock_ms()
    agent = Agent(DEV_AGENT_ADDRESS, DEV_MASTER_ADDRESS, "short", valid_until_ms=now_ms + 60_000)

    async def scenario(visitor):
        before = await visitor.place(order("2900", "1"))
        await visitor.control("time", advance_ms=120_000)
        after = await visitor.place(order("2901", "1"))

        assert "resting" in str(before)
        assert f"User or API Wallet {DEV_AGENT_ADDRESS} does not exist." in str(after)

    visit(scenario, replace(STANDING, agents=(agent,)))


@pytest.mark.parametrize("block_ms", [0, 500])
def test_a_skip_with_a_scene_tells_subscribers_of_every_step(block_ms):
    async def scenario(visitor):
        async with visitor.socket() as socket:
            await subscribe(socket, "bbo", coin="ETH")
            began = (await next_on(socket, "bbo"))["time"]
            await visitor.control("time", advance_ms=60_000)
            times = [began]
            while times[-1] < began + 55_000:
                times.append((await next_on(socket, "bbo"))["time"])

        assert len(times) > 20
        assert times == sorted(times)

    visit(scenario, SandboxConfig(scene=SceneConfig(), time_factor=0, block_ms=block_ms))
