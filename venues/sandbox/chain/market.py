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
from venues.sandbox.chain.scenario import WETH, PoolPlan, PositionPlan, Scenario
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
    *,
    tokens: dict[str, TokenEntry],
    contracts: dict[str, str],
) -> tuple[PoolEntry, ...]:
    """Queue the creation of every pool at its opening price, and return where they will be."""
    manager = contracts["position_manager"]
    pools = []
    for plan in scenario.pools:
        pool = _pool_entry(plan, tokens, contracts["v3_factory"])
        price = scenario.sqrt_price_x96(plan)
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
            _give(sender, token, to=account.address, atoms=FUNDS_ATOMS[symbol])
        _give(
            sender,
            token,
            to=DEPLOYER.address,
            atoms=scenario.atoms(symbol, _DEPLOYER_SIDE_USDC),
        )
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
    *,
    manager: str,
    pools: tuple[PoolEntry, ...],
) -> None:
    """Queue every position, around the ticks at which the pools were opened."""
    ticks = _current_ticks(sender.rpc, pools)
    for plan, pool, tick in zip(scenario.pools, pools, ticks, strict=True):
        mints = list(_mints(scenario, plan, pool, tick=tick))
        for start in range(0, len(mints), MINTS_PER_TRANSACTION):
            chunk = tuple(mints[start : start + MINTS_PER_TRANSACTION])
            data = abi.call("multicall(bytes[])", chunk)
            sender.send(DEPLOYER, manager, data, gas=_TRANSACTION_GAS_MAX)


def pool_address(factory: str, token0: str, token1: str, *, fee_pips: int) -> str:
    """Return where a factory's CREATE2 puts the pool of two sorted tokens."""
    salt = abi.keccak(abi.encode(token0, token1, fee_pips))
    return abi.create2_address(factory, salt=salt, init_code_hash=pool_init_code_hash())


def _pool_entry(plan: PoolPlan, tokens: dict[str, TokenEntry], factory: str) -> PoolEntry:
    pair = (tokens[plan.base].address, tokens[plan.quote].address)
    token0, token1 = sorted(pair, key=lambda address: int(address, 16))
    address = pool_address(factory, token0, token1, fee_pips=plan.fee_pips)
    return PoolEntry(address, token0, token1, plan.fee_pips, plan.tick_spacing)


# WETH cannot be minted: the deployer wraps its own ether and passes it on.
def _give(sender: Sender, token: TokenEntry, *, to: str, atoms: int) -> None:
    if token.symbol != WETH:
        mint = abi.call("mint(address,uint256)", to, atoms)
        sender.send(DEPLOYER, token.address, mint, gas=_CALL_GAS)
        return
    sender.send(DEPLOYER, token.address, abi.call("deposit()"), gas=_CALL_GAS, value=atoms)
    transfer = abi.call("transfer(address,uint256)", to, atoms)
    sender.send(DEPLOYER, token.address, transfer, gas=_CALL_GAS)


def _current_ticks(rpc: JsonRpc, pools: tuple[PoolEntry, ...]) -> list[int]:
    data = abi.to_hex(abi.call("slot0()"))
    answers = rpc.batch(
        [("eth_call", [{"to": pool.address, "data": data}, "latest"]) for pool in pools]
    )
    return [abi.signed(abi.words(answer)[1]) for answer in answers]


def _mints(scenario: Scenario, plan: PoolPlan, pool: PoolEntry, *, tick: int) -> Iterator[bytes]:
    base_is_token0 = scenario.token_order.index(plan.base) < scenario.token_order.index(plan.quote)
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
