"""Who is on the chain and what they own.

The keys are the node's first three development keys: published, the same on every machine, and
worthless. Never send money to their addresses on any other chain.
"""

from venues.sandbox.chain.manifest import AccountEntry
from venues.sandbox.chain.scenario import DTT, USDC, USDT, WBTC, WETH

DEPLOYER = AccountEntry(
    "deployer",
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
)
TRADER = AccountEntry(
    "trader",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
)
OTHER = AccountEntry(
    "other",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
)

NATIVE_FUNDS_WEI = 1_000 * 10**18
"""Trader and other, after their onboarding."""
FUNDS_ATOMS = {
    USDC: 3_000_000 * 10**6,
    WETH: 500 * 10**18,
    WBTC: 20 * 10**8,
    USDT: 3_000_000 * 10**6,
    DTT: 100_000 * 10**18,
}
"""Trader and other, each, of the tokens that are there."""
PERMIT2_APPROVALS_ATOMS = {symbol: 10 * atoms for symbol, atoms in FUNDS_ATOMS.items()}
"""What Permit2 may move: finite, given once, as a desk does when it is set up."""
