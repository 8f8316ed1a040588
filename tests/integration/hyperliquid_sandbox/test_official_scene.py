"""The venue's own Python client on a sandbox with blocks, makers, noise and a moving price."""

import asyncio

from tests.integration.hyperliquid_sandbox.official_run import oracle_python, run
from venues.sandbox.hyperliquid import (
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    SandboxConfig,
    SceneConfig,
)


def test_the_client_trades_in_a_scene_with_blocks():
    oracle_python()
    config = SandboxConfig(block_ms=100, tick_ms=20, scene=SceneConfig())

    said = asyncio.run(
        run(
            "official_session.py",
            config,
            lambda sandbox: (sandbox.url, DEV_AGENT_KEY, DEV_MASTER_ADDRESS),
        )
    )

    (resting,) = said["resting"]["response"]["data"]["statuses"]
    (filled,) = said["filled"]["response"]["data"]["statuses"]
    assert "oid" in resting["resting"]
    assert filled["filled"]["totalSz"] == "2.0"
    assert [len(side) for side in said["book"]["levels"]] == [20, 20]
    assert said["after"]["assetPositions"] == []
