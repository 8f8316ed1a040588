"""A local perpetual exchange that speaks Hyperliquid's wire format.

`HyperliquidSandbox.start` serves one inside a running event loop; `serve` runs one for the command
line. It is a counterparty to rehearse against: orders are signed, checked, matched and settled for
real, money and prices are pretend. It plays no liquidation, no auto-deleveraging, no trigger or
TWAP order, no isolated margin, no spot, and no rate limit.
"""

from venues.sandbox.hyperliquid.config import (
    DEV_AGENT_ADDRESS,
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    DEV_MASTER_KEY,
    Agent,
    CoinConfig,
    FundedAccount,
    SandboxConfig,
)
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox, serve

__all__ = [
    "DEV_AGENT_ADDRESS",
    "DEV_AGENT_KEY",
    "DEV_MASTER_ADDRESS",
    "DEV_MASTER_KEY",
    "Agent",
    "CoinConfig",
    "FundedAccount",
    "HyperliquidSandbox",
    "SandboxConfig",
    "serve",
]
