"""A local perpetual exchange that speaks Hyperliquid's wire format.

`HyperliquidSandbox.start` serves one inside a running event loop; `serve` runs one for the command
line. It is a counterparty to rehearse against: orders are signed, checked, matched, margined,
liquidated and settled for real, money and prices are pretend. `service.control` lists what can be
made to go wrong, `scene` who trades besides the clients.
"""

from venues.sandbox.hyperliquid.config import (
    BTC,
    DEV_AGENT_ADDRESS,
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
    ETH,
    HYPE,
    SOL,
    Agent,
    CoinConfig,
    FundedAccount,
    SandboxConfig,
    SceneConfig,
)
from venues.sandbox.hyperliquid.scene.presets import SCENES
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox
from venues.sandbox.hyperliquid.service.serving import (
    ManifestTakenError,
    remove_leftover,
    serve,
)

__all__ = [
    "BTC",
    "DEV_AGENT_ADDRESS",
    "DEV_AGENT_KEY",
    "DEV_MASTER_ADDRESS",
    "DEV_MASTER_KEY",
    "ETH",
    "HYPE",
    "SCENES",
    "SOL",
    "Agent",
    "CoinConfig",
    "FundedAccount",
    "HyperliquidSandbox",
    "ManifestTakenError",
    "SandboxConfig",
    "SceneConfig",
    "remove_leftover",
    "serve",
]
