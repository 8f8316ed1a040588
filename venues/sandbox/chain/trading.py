"""Calldata of whoever else is on the chain: swaps and positions, straight at each family's pools.

Pure. Amounts follow Uniswap V3's sign: positive is the exact input, negative the exact output.
"""

from dataclasses import dataclass

from router.liquidity.fixed_point import SQRT_PRICE_MAX_X96, SQRT_PRICE_MIN_X96
from venues.sandbox.chain import abi
from venues.sandbox.chain.family_plan import UNISWAP_V2, UNISWAP_V4
from venues.sandbox.chain.manifest import ChainManifest, PoolEntry
from venues.sandbox.chain.uniswap_v4 import KEY, NATIVE, key_of

NATIVE_SENT_MAX_WEI = 500 * 10**18
"""What goes along with a swap that may need the chain's own coin; the rest comes back."""
_NO_DEADLINE = (1 << 64) - 1
_UNLIMITED = (1 << 256) - 1
_PAIR_SWAP = "(uint256,uint256,address[],address,uint256)"
_V4_SWAP = f"swap({KEY},(bool,int256,uint160),(bool,bool),bytes)"
_V4_MODIFY = f"modifyLiquidity({KEY},(int24,int24,int256,bytes32),bytes)"


@dataclass(frozen=True, slots=True)
class Errand:
    """A transaction to be sent."""

    to: str
    data: bytes
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class Counter:
    """The ways into the pools for one account, which has approved what is asked for."""

    manifest: ChainManifest
    account: str

    def swap(
        self,
        pool: PoolEntry,
        *,
        zero_for_one: bool,
        amount_specified: int,
        sqrt_price_limit_x96: int | None = None,
    ) -> Errand:
        """Return a swap in one pool; V2 knows no price limit."""
        limit = sqrt_price_limit_x96
        if limit is None:
            limit = SQRT_PRICE_MIN_X96 + 1 if zero_for_one else SQRT_PRICE_MAX_X96 - 1
        if pool.family == UNISWAP_V2:
            return self._pair_swap(pool, zero_for_one=zero_for_one, amount=amount_specified)
        if pool.family == UNISWAP_V4:
            request = (int(zero_for_one), -amount_specified, limit)
            data = abi.call(_V4_SWAP, *key_of(pool).words(), *request, *(0, 0), b"")
            value = _value(pool, amount_specified) if zero_for_one else 0
            return Errand(self.manifest.contracts["v4_swap_test"], data, value)
        signature = "swap(address,bool,int256,uint160)"
        data = abi.call(signature, pool.address, int(zero_for_one), amount_specified, limit)
        return Errand(self.manifest.contracts["hand"], data)

    def change_position(
        self, pool: PoolEntry, *, lower: int, upper: int, liquidity_delta: int
    ) -> Errand:
        """Return a mint (positive), a burn (negative), or neither, which tells the fees."""
        if pool.family == UNISWAP_V4:
            change = (lower, upper, liquidity_delta, 0)
            data = abi.call(_V4_MODIFY, *key_of(pool).words(), *change, b"")
            value = _value(pool, NATIVE_SENT_MAX_WEI) if liquidity_delta > 0 else 0
            return Errand(self.manifest.contracts["v4_liquidity_test"], data, value)
        verb = "mint" if liquidity_delta > 0 else "burn"
        signature = f"{verb}(address,int24,int24,uint128)"
        data = abi.call(signature, pool.address, lower, upper, abs(liquidity_delta))
        return Errand(self.manifest.contracts["hand"], data)

    def collect(self, pool: PoolEntry, *, lower: int, upper: int) -> Errand:
        """Return the collection of a position's fees and of what was burnt.

        In V4 a position that is empty refuses it: what was burnt has been paid already.
        """
        if pool.family == UNISWAP_V4:  # every change of a position collects
            return self.change_position(pool, lower=lower, upper=upper, liquidity_delta=0)
        data = abi.call("collect(address,int24,int24)", pool.address, lower, upper)
        return Errand(self.manifest.contracts["hand"], data)

    def add_to_pair(self, pool: PoolEntry, *, amount0: int, amount1: int) -> Errand:
        """Return a deposit into a V2 pair; the router takes what the price asks for."""
        data = abi.call(
            "addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)",
            *(pool.token0, pool.token1, amount0, amount1, 0, 0, self.account, _NO_DEADLINE),
        )
        return Errand(self.manifest.contracts["v2_router"], data)

    def take_from_pair(self, pool: PoolEntry, *, shares: int) -> tuple[Errand, Errand]:
        """Return a withdrawal from a V2 pair: the shares go to it, then it pays."""
        give = abi.call("transfer(address,uint256)", pool.address, shares)
        burn = abi.call("burn(address)", self.account)
        return Errand(pool.address, give), Errand(pool.address, burn)

    def _pair_swap(self, pool: PoolEntry, *, zero_for_one: bool, amount: int) -> Errand:
        path = [pool.token0, pool.token1] if zero_for_one else [pool.token1, pool.token0]
        if amount > 0:
            verb, amounts = "swapExactTokensForTokens", (amount, 0)
        else:
            verb, amounts = "swapTokensForExactTokens", (-amount, _UNLIMITED)
        data = abi.call(f"{verb}{_PAIR_SWAP}", *amounts, path, self.account, _NO_DEADLINE)
        return Errand(self.manifest.contracts["v2_router"], data)


def _value(pool: PoolEntry, amount_wei: int) -> int:
    if pool.token0 != NATIVE:
        return 0
    return amount_wei if amount_wei > 0 else NATIVE_SENT_MAX_WEI
