"""PancakeSwap V3 and Slipstream on the chain.

PancakeSwap's factory and pools are the published ones; what creates the pools and the router are
ours, for they are not published with their bytecode. Slipstream is not published at all, so it is
a stand-in: a Uniswap V3 pool does the mathematics, and a front gives its answers Slipstream's form.
The stand-in has no gauges, no staking and no fee module; its fee changes when `set_slipstream_fee`
says so. The routers know swaps in one pool, exact in and exact out, and several by `multicall`.
"""

from venues.sandbox.chain import abi, artifacts, solidity
from venues.sandbox.chain.accounts import DEPLOYER
from venues.sandbox.chain.family_plan import PANCAKESWAP_V3, SLIPSTREAM
from venues.sandbox.chain.liquidity import mint_ranges
from venues.sandbox.chain.manifest import PoolEntry, TokenEntry
from venues.sandbox.chain.market import sorted_pair
from venues.sandbox.chain.rpc import ChainError, JsonRpc
from venues.sandbox.chain.scenario import PoolPlan, Scenario
from venues.sandbox.chain.sender import Sender

MINT = "mint(address,int24,int24,uint128)"

_DEPLOY_GAS = 8_000_000
_CREATE_POOL_GAS = 7_000_000
_CALL_GAS = 500_000
_MINT_GAS = 800_000
# Creation code that leaves what follows it as the contract's code:
# PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN.
_STORE = "61{:04x}80600a3d393df3"
# The fee a stand-in pool is created with; no other constant in its code is this number.
_FEE_MARK = 0xABCDEF
_PUSH_MARK = b"\x7f" + abi.word(_FEE_MARK)  # PUSH32
# Beside a stand-in's address: the code that runs, and the code as it was created.
_RUNNING, _CREATED = 1, 2


def deploy(sender: Sender) -> dict[str, str]:
    """Queue the contracts and return the address of each by name."""
    pancake_code = _store(sender, artifacts.creation_code(artifacts.PANCAKE_POOL))
    deployer = _create(sender, solidity.creation_code("PoolDeployer"), pancake_code)
    factory = _create(sender, artifacts.creation_code(artifacts.PANCAKE_FACTORY), deployer)
    pool_code = _store(sender, artifacts.creation_code(artifacts.V3_POOL))
    slipstream = _create(
        sender,
        solidity.creation_code("SlipstreamFactory"),
        *(pool_code, _FEE_MARK, DEPLOYER.address),
    )
    return {
        "pancake_deployer": deployer,
        "pancake_factory": factory,
        "pancake_router": _create(sender, solidity.creation_code("PancakeRouter"), factory),
        "slipstream_factory": slipstream,
        "slipstream_router": _create(
            sender, solidity.creation_code("SlipstreamRouter"), slipstream
        ),
        "hand": _create(sender, solidity.creation_code("Hand")),
    }


def create_pools(
    sender: Sender,
    scenario: Scenario,
    *,
    tokens: dict[str, TokenEntry],
    contracts: dict[str, str],
) -> tuple[PoolEntry, ...]:
    """Queue the creation of every pool and return where they will be."""
    pools = []
    for plan in _plans(scenario):
        pair = sorted_pair(tokens[plan.base].address, tokens[plan.quote].address)
        if plan.family == PANCAKESWAP_V3:
            pools.append(_create_pancake_pool(sender, plan, pair, contracts=contracts))
        else:
            pools.append(_create_slipstream_pool(sender, plan, pair, contracts=contracts))
    return tuple(pools)


def open_pools(
    sender: Sender,
    scenario: Scenario,
    *,
    tokens: dict[str, TokenEntry],
    contracts: dict[str, str],
    pools: tuple[PoolEntry, ...],
) -> None:
    """Put the fronts before the stand-ins, and queue every opening price and position."""
    for plan, pool in zip(_plans(scenario), pools, strict=True):
        if plan.family == SLIPSTREAM:
            put_front(sender.rpc, pool.address)
            set_slipstream_fee(sender.rpc, pool.address, plan.fee_pips)
        base_is_token0 = pool.token0 == tokens[plan.base].address
        price = scenario.sqrt_price_x96(plan, base_is_token0=base_is_token0)
        begin = abi.call("initialize(uint160)", price)
        sender.send(DEPLOYER, pool.address, begin, gas=_CALL_GAS)
        for each in mint_ranges(scenario, plan, base_is_token0=base_is_token0):
            mint = abi.call(MINT, pool.address, each.lower, each.upper, each.liquidity)
            sender.send(DEPLOYER, contracts["hand"], mint, gas=_MINT_GAS)


def pancake_pool_address(deployer: str, token0: str, token1: str, *, fee_pips: int) -> str:
    """Return where PancakeSwap's deployer puts the pool of two sorted tokens."""
    salt = abi.keccak(abi.encode(token0, token1, fee_pips))
    init_code_hash = abi.keccak(artifacts.creation_code(artifacts.PANCAKE_POOL))
    return abi.create2_address(deployer, salt=salt, init_code_hash=init_code_hash)


def slipstream_pool_address(factory: str, token0: str, token1: str, *, tick_spacing: int) -> str:
    """Return where the stand-in's factory puts the pool of two sorted tokens."""
    salt = abi.keccak(abi.encode(token0, token1, tick_spacing))
    init_code_hash = abi.keccak(artifacts.creation_code(artifacts.V3_POOL))
    return abi.create2_address(factory, salt=salt, init_code_hash=init_code_hash)


def put_front(rpc: JsonRpc, pool: str) -> None:
    """Move a new pool's code behind a front that answers as Slipstream does.

    The front runs that code in its own place, so the pool's storage and events stay where they
    are, and the code finds itself at the address it was created for.
    """
    rpc.request(
        "anvil_setCode", _beside(pool, _CREATED), rpc.request("eth_getCode", pool, "latest")
    )
    creation = solidity.creation_code("SlipstreamPool") + abi.encode(_beside(pool, _RUNNING))
    front = rpc.request("eth_call", {"data": abi.to_hex(creation)}, "latest")
    rpc.request("anvil_setCode", pool, front)


def set_slipstream_fee(rpc: JsonRpc, pool: str, fee_pips: int) -> None:
    """Change a stand-in's fee from the next transaction on; no log tells of it.

    The fee is a constant in the code of a Uniswap V3 pool, so the code is what changes.

    Raises
    ------
    ChainError
        There is no stand-in pool at that address.
    """
    code = bytes.fromhex(rpc.request("eth_getCode", _beside(pool, _CREATED), "latest")[2:])
    if _PUSH_MARK not in code:
        raise ChainError(f"there is no Slipstream stand-in at {pool}")
    changed = code.replace(_PUSH_MARK, _PUSH_MARK[:1] + abi.word(fee_pips))
    rpc.request("anvil_setCode", _beside(pool, _RUNNING), abi.to_hex(changed))


def _plans(scenario: Scenario) -> list[PoolPlan]:
    return [p for p in scenario.extra_pools if p.family in (PANCAKESWAP_V3, SLIPSTREAM)]


def _create_pancake_pool(
    sender: Sender, plan: PoolPlan, pair: tuple[str, str], *, contracts: dict[str, str]
) -> PoolEntry:
    data = abi.call("createPool(address,address,uint24)", *pair, plan.fee_pips)
    sender.send(DEPLOYER, contracts["pancake_factory"], data, gas=_CREATE_POOL_GAS)
    deployer = contracts["pancake_deployer"]
    address = pancake_pool_address(deployer, *pair, fee_pips=plan.fee_pips)
    return PoolEntry(address, *pair, plan.fee_pips, plan.tick_spacing, PANCAKESWAP_V3)


def _create_slipstream_pool(
    sender: Sender, plan: PoolPlan, pair: tuple[str, str], *, contracts: dict[str, str]
) -> PoolEntry:
    factory = contracts["slipstream_factory"]
    signature = "createPool(address,address,int24,uint160)"
    data = abi.call(signature, *pair, plan.tick_spacing, 0)
    sender.send(DEPLOYER, factory, data, gas=_CREATE_POOL_GAS)
    address = slipstream_pool_address(factory, *pair, tick_spacing=plan.tick_spacing)
    return PoolEntry(
        *(address, *pair, plan.fee_pips, plan.tick_spacing, SLIPSTREAM), is_stand_in=True
    )


def _create(sender: Sender, code: bytes, *arguments: int | str) -> str:
    return sender.create(DEPLOYER, code + abi.encode(*arguments), gas=_DEPLOY_GAS)


def _store(sender: Sender, data: bytes) -> str:
    return sender.create(DEPLOYER, bytes.fromhex(_STORE.format(len(data))) + data, gas=_DEPLOY_GAS)


def _beside(pool: str, place: int) -> str:
    raw = int(pool, 16) ^ place
    return abi.checksum_address(raw.to_bytes(20, "big"))
