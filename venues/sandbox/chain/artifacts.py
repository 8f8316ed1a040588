"""Where the node and the contracts' bytecode are: in npm packages beside this package.

Reads files and nothing else. Bytecode is never copied into the repository.
"""

import re
from pathlib import Path

import orjson

from router.domain.error import ConfigError

NODE_MODULES = Path(__file__).resolve().parent.parent / "node_modules"

NODE_BINARY = "@foundry-rs/anvil-linux-amd64/bin/anvil"
ERC20 = "@uniswap/v4-periphery/foundry-out/MockERC20.sol/MockERC20.json"
WETH9 = "@uniswap/v2-periphery/build/WETH9.json"
FEE_ON_TRANSFER = "@uniswap/v2-periphery/build/DeflatingERC20.json"
V2_FACTORY = "@uniswap/v2-core/build/UniswapV2Factory.json"
V2_PAIR = "@uniswap/v2-core/build/UniswapV2Pair.json"
V2_ROUTER = "@uniswap/v2-periphery/build/UniswapV2Router02.json"
V3_FACTORY = "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json"
V3_POOL = "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json"
_PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts"
POSITION_MANAGER = f"{_PERIPHERY}/NonfungiblePositionManager.sol/NonfungiblePositionManager.json"
QUOTER_V2 = f"{_PERIPHERY}/lens/QuoterV2.sol/QuoterV2.json"
TICK_LENS = f"{_PERIPHERY}/lens/TickLens.sol/TickLens.json"
V4_POOL_MANAGER = "@uniswap/v4-core/out/PoolManager.sol/PoolManager.json"
V4_SWAP_TEST = "@uniswap/v4-core/out/PoolSwapTest.sol/PoolSwapTest.json"
V4_LIQUIDITY_TEST = "@uniswap/v4-core/out/PoolModifyLiquidityTest.sol/PoolModifyLiquidityTest.json"
V4_DYNAMIC_FEE_HOOK = "@uniswap/v4-core/out/DynamicFeesTestHook.sol/DynamicFeesTestHook.json"
V4_TAKING_HOOK = "@uniswap/v4-core/out/FeeTakingHook.sol/FeeTakingHook.json"
_PANCAKE = "@pancakeswap/v3-core/artifacts/contracts"
PANCAKE_FACTORY = f"{_PANCAKE}/PancakeV3Factory.sol/PancakeV3Factory.json"
PANCAKE_POOL = f"{_PANCAKE}/PancakeV3Pool.sol/PancakeV3Pool.json"
_V4_PERIPHERY = "@uniswap/v4-periphery/foundry-out"
V4_POSITION_MANAGER = f"{_V4_PERIPHERY}/PositionManager.sol/PositionManager.json"
V4_STATE_VIEW = f"{_V4_PERIPHERY}/StateView.sol/StateView.json"
V4_QUOTER = f"{_V4_PERIPHERY}/V4Quoter.sol/V4Quoter.json"
UNIVERSAL_ROUTER = (
    "@uniswap/universal-router/artifacts/contracts/UniversalRouter.sol/UniversalRouter.json"
)
_PERMIT2 = "@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"
_VIEM_CONSTANTS = "viem/_esm/constants/contracts.js"


def node_binary() -> Path:
    """Return the anvil executable."""
    return _present(NODE_BINARY)


def creation_code(artifact: str) -> bytes:
    """Return the creation bytecode out of a hardhat, truffle or foundry artifact."""
    code = orjson.loads(_present(artifact).read_bytes())["bytecode"]
    if isinstance(code, dict):
        code = code["object"]
    return bytes.fromhex(code.removeprefix("0x"))


def permit2_runtime_code() -> bytes:
    """Return Permit2's runtime bytecode; its domain separator is computed for any chain id."""
    return _matched(_PERMIT2, r'hex"([0-9a-f]+)"')


def multicall3_creation_code() -> bytes:
    """Return Multicall3's creation bytecode."""
    return _matched(_VIEM_CONSTANTS, r"multicall3Bytecode = '0x([0-9a-f]+)'")


def _matched(path: str, pattern: str) -> bytes:
    found = re.search(pattern, _present(path).read_text())
    if found is None:
        raise ConfigError(f"{path} holds no bytecode; the pinned version must have changed")
    return bytes.fromhex(found[1])


def _present(path: str) -> Path:
    full = NODE_MODULES / path
    if not full.is_file():
        raise ConfigError(
            f"the local chain's node modules are missing ({path}):"
            " run scripts/run, or `npm ci` in venues/sandbox"
        )
    return full
