"""The venue liquidates the desk's position while it runs: the books follow, and it is told."""

import asyncio
import os
from pathlib import Path

import pytest

from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.compose.recovery import verify
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
COLLATERAL = 45_000 * 10**6


@pytest.fixture
def path(tmp_path):
    return tmp_path / "headrace.toml"


def write(path, sandbox):
    demo = (REPOSITORY / "configs" / "demo.toml").read_text()
    # No position that survives the scenarios could be liquidated by a fall of 8.3 %.
    demo = demo.replace("[stress]\nenabled = true", "[stress]\nenabled = false")
    path.write_text(demo + venue_table(sandbox.manifest()))
    environment = {**os.environ, AGENT_KEY_ENV: DEV_AGENT_KEY}
    return assemble(path, environment, SystemClock())


async def worked(desk, **wanted):
    """Take one order to its end, and return how it ended."""
    asked = {"base": "ETH", "quote": "USDC", "client_order_id": wanted["side"]} | wanted
    return (await desk.work(asked, lambda _line: None)).status


async def liquidated(path):
    """Buy what the collateral bears at ten times, let the price fall by 8.3 %, and sell a little.

    Equity is then 7,750 dollars and maintenance 8,200, of which selling a fifth takes 1,640.
    """
    config = SandboxConfig(accounts=(FundedAccount(DEV_MASTER_ADDRESS, COLLATERAL),))
    async with asyncio.timeout(DEADLINE_S), HyperliquidSandbox.start(config) as sandbox:
        assembly = write(path, sandbox)
        async with open_desk(assembly, solver=InlineSolver()) as desk:
            first = await worked(desk, side="buy", quantity="149")
            sandbox.venue.shift_mid("ETH", -826)
            sandbox.venue.set_oracle("ETH", "2752")
            sandbox.publish()
            second = await worked(desk, side="sell", quantity="0.1")
        return (first, second), sandbox.venue.state.accounts[DEV_MASTER_ADDRESS]


def test_a_liquidation_is_booked_as_the_venues_doing_and_the_next_order_goes_on(path, capsys):
    ended, account = asyncio.run(liquidated(path))

    forced = sum(fill.size for fill in account.fills if fill.liquidation is not None)
    assert 0 < forced < 149 * 10**4, "some of the position was liquidated"
    assert ended == (OrderStatus.FILLED, OrderStatus.FILLED)
    result = verify(path.parent / "headrace.journal")
    assert result.fault is None, result.fault
    assert result.world.reconciliation.differences == ()
    logged = capsys.readouterr()
    assert f"the venue liquidated {forced} lots" in logged.out + logged.err
