"""A sale above the mark gains at once; the venue asks for margin before it lets it trade."""

import asyncio
import os
from pathlib import Path

import pytest

from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.compose.sandbox_tables import AGENT_KEY_ENV, venue_table
from router.domain.order import OrderStatus
from router.shell.clock import SystemClock
from tests.integration.desk.desk_scene import InlineSolver
from venues.sandbox.hyperliquid import (
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    FundedAccount,
    HyperliquidSandbox,
    SandboxConfig,
)

REPOSITORY = Path(__file__).parents[3]
DEADLINE_S = 60
COLLATERAL = 3_000 * 10**6


async def sold(path, quantity):
    """Sell at a mid 1 % above the mark of 3,000, unlevered, with 3,000 of collateral."""
    config = SandboxConfig(accounts=(FundedAccount(DEV_MASTER_ADDRESS, COLLATERAL),))
    async with asyncio.timeout(DEADLINE_S), HyperliquidSandbox.start(config) as sandbox:
        demo = (REPOSITORY / "configs" / "demo.toml").read_text()
        demo = demo.replace("[stress]\nenabled = true", "[stress]\nenabled = false")
        table = venue_table(sandbox.manifest()).replace("leverage = 10", "leverage = 1")
        path.write_text(demo + table)
        sandbox.venue.shift_mid("ETH", 100)
        sandbox.publish()
        assembly = assemble(path, {**os.environ, AGENT_KEY_ENV: DEV_AGENT_KEY}, SystemClock())
        asked = {"base": "ETH", "quote": "USDC", "client_order_id": "one", "side": "sell"}
        async with open_desk(assembly, solver=InlineSolver()) as desk:
            return await desk.work(asked | {"quantity": quantity}, lambda _line: None)


# 1.005 short at the mark of 3,000 need 3,015 of margin at once; that they gain 30 comes after.
@pytest.mark.parametrize("quantity", ["1.0", "1.005"])
def test_what_is_planned_at_the_venue_is_taken_by_it(tmp_path, quantity):
    report = asyncio.run(sold(tmp_path / "headrace.toml", quantity))

    if report.plans:
        assert report.status is OrderStatus.FILLED, report.reason
    else:
        assert "initial margin" in report.reason
