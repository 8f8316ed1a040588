"""Faults of the market: prices, liquidity, halts and modes, seen from the client's side."""

import pytest

from tests.integration.hyperliquid_sandbox.visitor import visit
from tests.unit.sandbox.hyperliquid_harness import ETH_ASSET, order
from venues.sandbox.hyperliquid import SandboxConfig, SceneConfig
from venues.sandbox.hyperliquid.config import HOUSE_ADDRESS


def near(price="2900", size="1", **fields):
    return order(price, size, asset=ETH_ASSET, **fields)


async def eth_depth(visitor):
    """Return the sizes on both sides of the ETH book."""
    book = await visitor.info("l2Book", coin="ETH")
    return [sum(float(level["sz"]) for level in side) for side in book["levels"]]


async def eth_context(visitor):
    meta, contexts = await visitor.info("metaAndAssetCtxs")
    names = [coin["name"] for coin in meta["universe"]]
    return contexts[names.index("ETH")]


def test_a_thin_book_shows_so_much_and_refreshing_shows_all_again():
    async def scenario(visitor):
        whole = await eth_depth(visitor)
        await visitor.control("thin_book", coin="ETH", percent=10)
        thin = await eth_depth(visitor)
        await visitor.control("refresh_liquidity", coin="ETH")

        assert all(0.08 * full < part < 0.12 * full for full, part in zip(whole, thin, strict=True))
        assert await eth_depth(visitor) == whole

    visit(scenario)


def test_withdrawn_liquidity_leaves_an_empty_book_and_an_order_that_finds_nobody():
    async def scenario(visitor):
        await visitor.control("withdraw_liquidity", coin="ETH")

        _, answer = await visitor.place(near("3100", tif="Ioc"))

        assert await eth_depth(visitor) == [0, 0]
        (status,) = answer["response"]["data"]["statuses"]
        assert "could not immediately match" in status["error"]

    visit(scenario)


def test_an_oracle_jump_moves_the_oracle_and_leaves_the_book():
    async def scenario(visitor):
        depth = await eth_depth(visitor)
        await visitor.control("oracle_jump", coin="ETH", bps=-500)

        context = await eth_context(visitor)

        assert context["oraclePx"] == "2850.0"
        assert await eth_depth(visitor) == depth

    visit(scenario)


def test_a_stale_oracle_stays_while_the_world_moves_on():
    async def scenario(visitor):
        before = (await eth_context(visitor))["oraclePx"]
        await visitor.control("stale_oracle", coin="ETH", on=True)
        await visitor.control("time", advance_ms=60_000)
        stale = (await eth_context(visitor))["oraclePx"]
        await visitor.control("stale_oracle", coin="ETH", on=False)
        await visitor.control("time", advance_ms=6_000)

        assert stale == before
        assert (await eth_context(visitor))["oraclePx"] != before

    visit(scenario, SandboxConfig(scene=SceneConfig(), time_factor=0))


def test_a_halted_coin_takes_no_order_until_it_trades_again():
    async def scenario(visitor):
        await visitor.control("halt", coin="ETH", on=True)
        halted = await visitor.place(near())
        await visitor.control("halt", coin="ETH", on=False)
        open_again = await visitor.place(near())

        assert "resting" not in str(halted)
        assert "resting" in str(open_again)

    visit(scenario)


def test_a_delisted_coin_is_not_revived_by_the_end_of_a_halt_or_by_repair():
    async def scenario(visitor):
        await visitor.control("halt", coin="ETH", on=True)
        await visitor.control("delist", coin="ETH")
        await visitor.control("halt", coin="ETH", on=False)
        await visitor.control("repair")

        assert "Trading is halted." in str(await visitor.place(near()))
        meta = await visitor.info("meta")
        delisted = {coin["name"] for coin in meta["universe"] if coin.get("isDelisted")}
        assert delisted == {"ETH"}

    visit(scenario)


def test_right_after_an_upgrade_only_orders_that_add_liquidity_are_taken():
    async def scenario(visitor):
        await visitor.control("post_only", on=True)
        crossing = await visitor.place(near("3100", tif="Ioc"))
        adding = await visitor.place(near("2900", tif="Alo"))

        assert "Only post-only orders allowed immediately after a network upgrade" in str(crossing)
        assert "resting" in str(adding)

    visit(scenario)


def test_at_the_open_interest_cap_no_order_may_add_to_it():
    async def scenario(visitor):
        await visitor.control("oi_cap", coin="ETH", on=True)

        _, answer = await visitor.place(near("3100", tif="Ioc"))

        assert "open interest" in answer["response"]["data"]["statuses"][0]["error"]
        assert (await visitor.books())["positions"] == {}

    visit(scenario)


def test_a_shock_needs_a_scene():
    async def scenario(visitor):
        body = {"command": "shock", "bps": -100, "duration_ms": 1_000}
        status, answer = await visitor.post("/sandbox", body)

        assert status == 400
        assert "needs a scene" in answer["error"]

    visit(scenario)


def test_a_shock_moves_the_book_and_the_oracle_of_a_scene():
    async def scenario(visitor):
        before = float((await eth_context(visitor))["oraclePx"])
        await visitor.control("shock", bps=-1_000, duration_ms=10_000, coins=["ETH"])
        await visitor.control("time", advance_ms=15_000)

        context = await eth_context(visitor)
        assert float(context["oraclePx"]) == pytest.approx(before * 0.9, rel=0.01)
        assert float(context["midPx"]) == pytest.approx(before * 0.9, rel=0.01)

    visit(scenario, SandboxConfig(scene=SceneConfig(), time_factor=0))


def test_shifting_the_mid_of_a_scene_moves_the_makers_and_wakes_no_house():
    async def scenario(visitor):
        before = float((await eth_context(visitor))["midPx"])
        await visitor.control("shift_mid", coin="ETH", bps=200)
        await visitor.control("time", advance_ms=5_000)

        context = await eth_context(visitor)
        house = await visitor.info("openOrders", user=HOUSE_ADDRESS)
        assert float(context["midPx"]) == pytest.approx(before * 1.02, rel=0.002)
        assert {shown["coin"] for shown in house} == {"PURR/USDC", "@1"}

    visit(scenario, SandboxConfig(scene=SceneConfig(), time_factor=0))
