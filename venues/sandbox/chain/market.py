"""Make the market on deployed contracts: pools, positions, funded and approved accounts.

All through the contracts' own functions; liquidity goes in through the real position manager.
"""

from collections.abc import Iterator

from venues.sandbox.chain import abi
from venues.sandbox.chain.accounts import (
    DEPLOYER,
    FUNDS_ATOMS,
    OTHER,
    PERMIT2_APPROVALS_ATOMS,
    TRADER,
)
from venues.sandbox.chain.contracts import PERMIT2, pool_init_code_hash
from venues.sandbox.chain.manifest import PoolEntry, TokenEntry
from venues.sandbox.chain.rpc import JsonRpc
from venues.sandbox.chain.scenario import DTT, WETH, PoolPlan, PositionPlan, Scenario
from venues.sandbox.chain.sender import Sender

MINTS_PER_TRANSACTION = 15
_TRANSACTION_GAS_MAX = 1 << 24
_POOL_GAS = 5_500_000
_CALL_GAS = 200_000
_DEPLOYER_SIDE_USDC = 1_000_000_000
_UNLIMITED = (1 << 256) - 1
_UNLIMITED_PERMIT2 = (1 << 160) - 1
_NO_EXPIRATION = (1 << 48) - 1
_NO_DEADLINE = (1 << 64) - 1

_CREATE_POOL = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
_MINT = "mint((address,address,uint24,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"


def create_pools(
    sender: Sender,
    scenario: Scenario,
    plans: tuple[PoolPlan, ...],
    *,
    tokens: dict[str, TokenEntry],
    contracts: dict[str, str],
) -> tuple[PoolEntry, ...]:
    """Queue the creation of every pool at its opening price, and return where they will be."""
    manager = contracts["position_manager"]
    pools = []
    for plan in plans:
        pool = _pool_entry(plan, tokens, contracts["v3_factory"])
        base_is_token0 = pool.token0 == tokens[plan.base].address
        price = scenario.sqrt_price_x96(plan, base_is_token0=base_is_token0)
        data = abi.call(_CREATE_POOL, pool.token0, pool.token1, pool.fee_pips, price)
        sender.send(DEPLOYER, manager, data, gas=_POOL_GAS)
        pools.append(pool)
    return tuple(pools)


def fund_accounts(
    sender: Sender,
    scenario: Scenario,
    *,
    tokens: dict[str, TokenEntry],
    contracts: dict[str, str],
) -> None:
    """Queue every account's tokens and approvals.

    Trader and other approve Permit2 once, for a finite amount. Other also lets the router use its
    Permit2 allowance for good, so that it can swap without a signature; trader has to sign.
    """
    manager, router = contracts["position_manager"], contracts["universal_router"]
    for symbol, token in tokens.items():
        for account in (TRADER, OTHER):
            give(sender, token, to=account.address, atoms=FUNDS_ATOMS[symbol])
        atoms = scenario.atoms(symbol, _DEPLOYER_SIDE_USDC)
        give(sender, token, to=DEPLOYER.address, atoms=atoms)
        approve = abi.call("approve(address,uint256)", manager, _UNLIMITED)
        sender.send(DEPLOYER, token.address, approve, gas=_CALL_GAS)
        for account in (TRADER, OTHER):
            finite = abi.call("approve(address,uint256)", PERMIT2, PERMIT2_APPROVALS_ATOMS[symbol])
            sender.send(account, token.address, finite, gas=_CALL_GAS)
        lasting = abi.call(
            "approve(address,address,uint160,uint48)",
            *(token.address, router, _UNLIMITED_PERMIT2, _NO_EXPIRATION),
        )
        sender.send(OTHER, PERMIT2, lasting, gas=_CALL_GAS)


def mint_positions(
    sender: Sender,
    scenario: Scenario,
    plans: tuple[PoolPlan, ...],
    *,
    manager: str,
    tokens: dict[str, TokenEntry],
    pools: tuple[PoolEntry, ...],
) -> None:
    """Queue every position, around the ticks at which the pools were opened."""
    ticks = current_ticks(sender.rpc, pools)
    for plan, pool, tick in zip(plans, pools, ticks, strict=True):
        base_is_token0 = pool.token0 == tokens[plan.base].address
        mints = list(_mints(scenario, plan, pool, tick=tick, base_is_token0=base_is_token0))
        for start in range(0, len(mints), MINTS_PER_TRANSACTION):
            chunk = tuple(mints[start : start + MINTS_PER_TRANSACTION])
            data = abi.call("multicall(bytes[])", chunk)
            sender.send(DEPLOYER, manager, data, gas=_TRANSACTION_GAS_MAX)


def pool_address(factory: str, token0: str, token1: str, *, fee_pips: int) -> str:
    """Return where a factory's CREATE2 puts the pool of two sorted tokens."""
    salt = abi.keccak(abi.encode(token0, token1, fee_pips))
    return abi.create2_address(factory, salt=salt, init_code_hash=pool_init_code_hash())


def sorted_pair(first: str, second: str) -> tuple[str, str]:
    """Return two addresses in ascending order, as every pool has its tokens."""
    return (first, second) if int(first, 16) < int(second, 16) else (second, first)


def give(sender: Sender, token: TokenEntry, *, to: str, atoms: int) -> None:
    """Queue that somebody gets tokens of the deployer's, or new ones where they can be minted."""
    if token.symbol not in (WETH, DTT):
        mint = abi.call("mint(address,uint256)", to, atoms)
        sender.send(DEPLOYER, token.address, mint, gas=_CALL_GAS)
        return
    # WETH cannot be minted: the deployer wraps its own ether and passes it on.
    if token.symbol == WETH:
        sender.send(DEPLOYER, token.address, abi.call("deposit()"), gas=_CALL_GAS, value=atoms)
    transfer = abi.call("transfer(address,uint256)", to, atoms)
    sender.send(DEPLOYER, token.address, transfer, gas=_CALL_GAS)


def _pool_entry(plan: PoolPlan, tokens: dict[str, TokenEntry], factory: str) -> PoolEntry:
    token0, token1 = sorted_pair(tokens[plan.base].address, tokens[plan.quote].address)
    address = pool_address(factory, token0, token1, fee_pips=plan.fee_pips)
    return PoolEntry(*(address, token0, token1, plan.fee_pips, plan.tick_spacing), label=plan.label)


def current_ticks(rpc: JsonRpc, pools: tuple[PoolEntry, ...]) -> list[int]:
    """Return the tick of every pool that has a contract of its own."""
    data = abi.to_hex(abi.call("slot0()"))
    answers = rpc.batch(
        [("eth_call", [{"to": pool.address, "data": data}, "latest"]) for pool in pools]
    )
    return [abi.signed(abi.words(answer)[1]) for answer in answers]


def _mints(
    scenario: Scenario, plan: PoolPlan, pool: PoolEntry, *, tick: int, base_is_token0: bool
) -> Iterator[bytes]:
    centre = tick // plan.tick_spacing
    for position in plan.positions:
        amounts = _amounts(scenario, plan, position)
        yield abi.call(
            _MINT,
            *(pool.token0, pool.token1, pool.fee_pips),
            (centre + position.lower_offset) * plan.tick_spacing,
            (centre + position.upper_offset) * plan.tick_spacing,
            *(amounts if base_is_token0 else amounts[::-1]),
            *(0, 0),  # least amounts: nobody can come in between here
            *(DEPLOYER.address, _NO_DEADLINE),
        )


def _amounts(scenario: Scenario, plan: PoolPlan, position: PositionPlan) -> tuple[int, int]:
    value = position.side_value_usdc
    return scenario.atoms(plan.base, value), scenario.atoms(plan.quote, value)
