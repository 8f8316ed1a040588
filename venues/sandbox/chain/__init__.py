"""A local chain that is real: an anvil node with the published contracts and a seeded market.

`start` gives a running chain, `serve` holds one for a command. Refuses to imitate anything: every
quote, swap and revert comes from the bytecode that public chains run.
"""

from venues.sandbox.chain.client import ChainClient, SwapPath
from venues.sandbox.chain.family_plan import with_families
from venues.sandbox.chain.manifest import (
    AccountEntry,
    ChainManifest,
    PoolEntry,
    TokenEntry,
)
from venues.sandbox.chain.reading import FullState, PoolState, TickState
from venues.sandbox.chain.rpc import ChainError, JsonRpc
from venues.sandbox.chain.running import RunningChain, serve, start
from venues.sandbox.chain.scenario import USDC_FIRST, WETH_FIRST, Scenario, plan
from venues.sandbox.chain.trading import Counter, Errand

__all__ = [
    "USDC_FIRST",
    "WETH_FIRST",
    "AccountEntry",
    "ChainClient",
    "ChainError",
    "ChainManifest",
    "Counter",
    "Errand",
    "FullState",
    "JsonRpc",
    "PoolEntry",
    "PoolState",
    "RunningChain",
    "Scenario",
    "SwapPath",
    "TickState",
    "TokenEntry",
    "plan",
    "serve",
    "start",
    "with_families",
]
