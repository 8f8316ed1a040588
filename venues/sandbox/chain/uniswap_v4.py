"""Uniswap V4 on the chain: pool manager, position manager, lenses, test routers, hooks and pools.

All published. The hooks are the test hooks of v4-core, placed at addresses whose low bits grant
what the pools here want of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from router.domain.error import ConfigError
from venues.sandbox.chain import abi, artifacts
from venues.sandbox.chain.accounts import DEPLOYER
from venues.sandbox.chain.family_plan import (
    DYNAMIC_LABELS,
    UNISWAP_V4,
    V4_DYNAMIC,
    V4_DYNAMIC_IN_SWAP,
    V4_TAKING,
)
from venues.sandbox.chain.liquidity import Range, mint_ranges
from venues.sandbox.chain.manifest import PoolEntry, TokenEntry
from venues.sandbox.chain.market import MINTS_PER_TRANSACTION, sorted_pair
from venues.sandbox.chain.rpc import JsonRpc
from venues.sandbox.chain.scenario import ETH, PoolPlan, Scenario
from venues.sandbox.chain.sender import Sender

NATIVE = "0x" + "00" * 20
"""How a PoolKey names the chain's own coin."""
NO_HOOKS = NATIVE
KEY_FEE_DYNAMIC = 0x800000

_AFTER_INITIALIZE, _BEFORE_SWAP, _AFTER_SWAP = 1 << 12, 1 << 7, 1 << 6
_AFTER_SWAP_RETURNS_DELTA = 1 << 2
_HOOK_PREFIX = 0x4000_0000_0000_0000 << 96
_DYNAMIC_HOOK_BITS = {
    V4_DYNAMIC: _AFTER_INITIALIZE,
    V4_DYNAMIC_IN_SWAP: _AFTER_INITIALIZE | _BEFORE_SWAP,
}
_TAKING_HOOK_BITS = _AFTER_SWAP | _AFTER_SWAP_RETURNS_DELTA

_DEPLOY_GAS = 8_000_000
_CALL_GAS = 500_000
_TRANSACTION_GAS_MAX = 1 << 24
_UNSUBSCRIBE_GAS = 300_000
_NO_DEADLINE = (1 << 64) - 1
_UINT128_MAX = (1 << 128) - 1
_MINT_POSITION, _SETTLE_PAIR, _SWEEP = b"\x02", b"\x0d", b"\x14"
_NATIVE_SENT_WEI = 10**6 * 10**18  # swept back, but for what the positions take
KEY = "(address,address,uint24,int24,address)"


@dataclass(frozen=True, slots=True)
class PoolKey:
    """What V4 knows a pool by."""

    currency0: str
    currency1: str
    fee: int
    tick_spacing: int
    hooks: str

    def words(self) -> tuple[str | int, ...]:
        """Return the fields as a struct's words."""
        return self.currency0, self.currency1, self.fee, self.tick_spacing, self.hooks

    def pool_id(self) -> str:
        """Return the id, which is the hash of the fields."""
        return abi.to_hex(abi.keccak(abi.encode(*self.words())))


def key_of(pool: PoolEntry) -> PoolKey:
    """Return the key of a pool of the manifest."""
    assert pool.key_fee is not None, "only V4 pools have a key"
    assert pool.tick_spacing is not None
    assert pool.hooks is not None
    return PoolKey(pool.token0, pool.token1, pool.key_fee, pool.tick_spacing, pool.hooks)


def change_dynamic_fee(pool: PoolEntry, fee_pips: int) -> tuple[bytes, bytes]:
    """Return what its hook is told to change a pool's fee, now and before every swap.

    Raises
    ------
    ConfigError
        The fee of this pool cannot change.
    """
    if pool.key_fee != KEY_FEE_DYNAMIC:
        raise ConfigError(f"the fee of pool {pool.pool_id or pool.address} cannot change")
    force = f"forcePoolFeeUpdate({KEY},uint24)"
    return (
        abi.call("setFee(uint24)", fee_pips),
        abi.call(force, *key_of(pool).words(), fee_pips),
    )


def deploy(sender: Sender, *, weth: str, permit2: str) -> dict[str, str]:
    """Queue the contracts and return the address of each by name."""

    def create(artifact: str, *arguments: str | int) -> str:
        code = artifacts.creation_code(artifact) + abi.encode(*arguments)
        return sender.create(DEPLOYER, code, gas=_DEPLOY_GAS)

    manager = create(artifacts.V4_POOL_MANAGER, DEPLOYER.address)
    return {
        "v4_pool_manager": manager,
        "v4_position_manager": create(
            artifacts.V4_POSITION_MANAGER,
            *(manager, permit2, _UNSUBSCRIBE_GAS, NATIVE, weth),  # no picture of a position
        ),
        "v4_state_view": create(artifacts.V4_STATE_VIEW, manager),
        "v4_quoter": create(artifacts.V4_QUOTER, manager),
        "v4_swap_test": create(artifacts.V4_SWAP_TEST, manager),
        "v4_liquidity_test": create(artifacts.V4_LIQUIDITY_TEST, manager),
    }


def place_hooks(rpc: JsonRpc, sender: Sender, manager: str) -> dict[str, str]:
    """Place the hooks, queue their settings, and return their addresses by the pools' labels."""
    hooks = {V4_TAKING: _hook_address(3, _TAKING_HOOK_BITS)}
    creation = artifacts.creation_code(artifacts.V4_TAKING_HOOK) + abi.encode(manager)
    _place(rpc, hooks[V4_TAKING], creation)
    for number, label in enumerate(DYNAMIC_LABELS, start=1):
        hooks[label] = _hook_address(number, _DYNAMIC_HOOK_BITS[label])
        _place(rpc, hooks[label], artifacts.creation_code(artifacts.V4_DYNAMIC_FEE_HOOK))
        told = abi.call("setManager(address)", manager)
        sender.send(DEPLOYER, hooks[label], told, gas=_CALL_GAS)
    return hooks


def create_pools(
    sender: Sender,
    scenario: Scenario,
    *,
    tokens: dict[str, TokenEntry],
    contracts: dict[str, str],
    hooks: dict[str, str],
) -> tuple[PoolEntry, ...]:
    """Queue every pool with its positions, and return what the manifest says of them."""
    pools = []
    for plan in scenario.extra_pools:
        if plan.family != UNISWAP_V4:
            continue
        base, quote = (_currency(symbol, tokens) for symbol in (plan.base, plan.quote))
        key_fee = KEY_FEE_DYNAMIC if plan.label in DYNAMIC_LABELS else plan.fee_pips
        hook = hooks.get(plan.label or "", NO_HOOKS)
        key = PoolKey(*sorted_pair(base, quote), key_fee, plan.tick_spacing, hook)
        base_is_token0 = key.currency0 == base
        price = scenario.sqrt_price_x96(plan, base_is_token0=base_is_token0)
        if key_fee == KEY_FEE_DYNAMIC:  # the hook hands it over when the pool is initialised
            fee = abi.call("setFee(uint24)", plan.fee_pips)
            sender.send(DEPLOYER, hook, fee, gas=_CALL_GAS)
        begin = abi.call(f"initialize({KEY},uint160)", *key.words(), price)
        sender.send(DEPLOYER, contracts["v4_pool_manager"], begin, gas=_CALL_GAS)
        ranges = mint_ranges(scenario, plan, base_is_token0=base_is_token0)
        mints = list(_mints(key, ranges))
        _mint_all(sender, contracts["v4_position_manager"], key=key, mints=mints)
        pools.append(_entry(plan, key, contracts["v4_pool_manager"]))
    return tuple(pools)


def _mint_all(sender: Sender, position_manager: str, *, key: PoolKey, mints: list[bytes]) -> None:
    is_native = key.currency0 == NATIVE
    settle = abi.encode(key.currency0, key.currency1)
    sweep = abi.encode(NATIVE, DEPLOYER.address)
    for start in range(0, len(mints), MINTS_PER_TRANSACTION):
        chunk = mints[start : start + MINTS_PER_TRANSACTION]
        actions = _MINT_POSITION * len(chunk) + _SETTLE_PAIR + (_SWEEP if is_native else b"")
        inputs = (*chunk, settle, *((sweep,) if is_native else ()))
        unlock = abi.encode(actions, inputs)
        data = abi.call("modifyLiquidities(bytes,uint256)", unlock, _NO_DEADLINE)
        value = _NATIVE_SENT_WEI if is_native else 0
        sender.send(DEPLOYER, position_manager, data, gas=_TRANSACTION_GAS_MAX, value=value)


def _mints(key: PoolKey, ranges: Iterable[Range]) -> Iterator[bytes]:
    for each in ranges:
        yield abi.encode(
            *key.words(),
            *(each.lower, each.upper, each.liquidity),
            *(_UINT128_MAX, _UINT128_MAX),  # most amounts: nobody can come in between here
            *(DEPLOYER.address, b""),
        )


def _entry(plan: PoolPlan, key: PoolKey, manager: str) -> PoolEntry:
    return PoolEntry(
        *(manager, key.currency0, key.currency1, plan.fee_pips, plan.tick_spacing, UNISWAP_V4),
        label=plan.label,
        pool_id=key.pool_id(),
        key_fee=key.fee,
        hooks=key.hooks,
    )


def _currency(symbol: str, tokens: dict[str, TokenEntry]) -> str:
    return NATIVE if symbol == ETH else tokens[symbol].address


def _hook_address(number: int, permissions: int) -> str:
    raw = _HOOK_PREFIX | number << 32 | permissions
    return abi.checksum_address(raw.to_bytes(20, "big"))


# What a constructor leaves is all these hooks are: none of them begins with anything in storage.
def _place(rpc: JsonRpc, address: str, creation: bytes) -> None:
    code = rpc.request("eth_call", {"data": abi.to_hex(creation)}, "latest")
    rpc.request("anvil_setCode", address, code)
