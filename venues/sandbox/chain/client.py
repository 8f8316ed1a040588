"""Hands on a prepared chain: read it, move its blocks, and trade on it as somebody else.

Blocking, for tests and rehearsals. Never signs as `trader`: that is for the router under test.
"""

import random
from dataclasses import dataclass
from typing import Any

from venues.sandbox.chain import abi
from venues.sandbox.chain.accounts import DEPLOYER, OTHER
from venues.sandbox.chain.family_plan import SLIPSTREAM
from venues.sandbox.chain.forks import set_slipstream_fee
from venues.sandbox.chain.manifest import AccountEntry, ChainManifest, PoolEntry
from venues.sandbox.chain.reading import FullState, PoolState, Reader
from venues.sandbox.chain.rpc import JsonRpc
from venues.sandbox.chain.sender import wait_for_receipt
from venues.sandbox.chain.trading import Counter, Errand
from venues.sandbox.chain.uniswap_v4 import change_dynamic_fee

_SWAP_GAS = 10_000_000
_V3_SWAP_EXACT_IN = b"\x00"
_SENDER_IS_RECIPIENT = 1
_PAYER_IS_USER = 1
_NO_DEADLINE = (1 << 64) - 1
_RANDOM_USDC_MIN = 1_000
_RANDOM_USDC_MAX = 100_000


@dataclass(frozen=True, slots=True)
class SwapPath:
    """Symbols from what is paid to what is received, and the fee of each pool between them."""

    symbols: tuple[str, ...]
    fees_pips: tuple[int, ...]

    def packed(self, manifest: ChainManifest) -> bytes:
        """Return the path as exact-input calls want it; `reversed` for exact output."""
        hops: list[str | int] = [manifest.token(self.symbols[0]).address]
        for symbol, fee in zip(self.symbols[1:], self.fees_pips, strict=True):
            hops += [fee, manifest.token(symbol).address]
        return abi.packed_path(hops)

    def reversed(self) -> "SwapPath":
        """Return the same pools, walked from the other end."""
        return SwapPath(self.symbols[::-1], self.fees_pips[::-1])


@dataclass(frozen=True, slots=True)
class ChainClient:
    """A manifest and a connection; every method is one errand."""

    manifest: ChainManifest
    rpc: JsonRpc

    def call(self, to: str, data: bytes, *, block: str = "latest") -> list[int]:
        """Return the words a read-only call answers with."""
        request = {"to": to, "data": abi.to_hex(data)}
        return abi.words(self.rpc.request("eth_call", request, block))

    def block_number(self) -> int:
        """Return the height of the chain."""
        return int(self.rpc.request("eth_blockNumber"), 16)

    def header(self, block: str = "latest") -> dict[str, Any]:
        """Return a block as the node tells it, with transaction hashes only."""
        found: dict[str, Any] = self.rpc.request(
            "eth_getBlockByNumber",
            block,
            False,  # noqa: FBT003 (JSON-RPC is positional)
        )
        return found

    def balance_of(self, symbol: str, holder: str) -> int:
        """Return atoms of a token, or wei for the symbol ETH."""
        if symbol == "ETH":
            return int(self.rpc.request("eth_getBalance", holder, "latest"), 16)
        data = abi.call("balanceOf(address)", holder)
        return self.call(self.manifest.token(symbol).address, data)[0]

    def pool_state(self, pool: PoolEntry) -> PoolState:
        """Return a pool's price and the liquidity at it; not for V2."""
        return Reader(self.rpc, self.manifest).state(pool)

    def full_state(self, pool: PoolEntry, *, block: str = "latest") -> FullState:
        """Return a pool's price, fees and every tick after a block; not for V2."""
        return Reader(self.rpc, self.manifest, block).full(pool)

    def reserves(self, pool: PoolEntry, *, block: str = "latest") -> tuple[int, int]:
        """Return what is in a V2 pair after a block."""
        return Reader(self.rpc, self.manifest, block).reserves(pool)

    def quote_exact_input(
        self, path: SwapPath, amount_in_atoms: int, *, block: str = "latest"
    ) -> int:
        """Return the atoms QuoterV2 says a swap would pay out after a block."""
        packed = path.packed(self.manifest)
        data = abi.call("quoteExactInput(bytes,uint256)", packed, amount_in_atoms)
        return self._quote(data, block)

    def quote_exact_output(
        self, path: SwapPath, amount_out_atoms: int, *, block: str = "latest"
    ) -> int:
        """Return the atoms QuoterV2 says a swap would take in after a block."""
        packed = path.reversed().packed(self.manifest)
        data = abi.call("quoteExactOutput(bytes,uint256)", packed, amount_out_atoms)
        return self._quote(data, block)

    @property
    def other(self) -> Counter:
        """What `other` can do in any family's pools; give an errand to `run_as_other`."""
        return Counter(self.manifest, OTHER.address)

    def run_as_other(self, errand: Errand) -> dict[str, Any]:
        """Do an errand for `other` and return the receipt, once a block has it."""
        return wait_for_receipt(self.rpc, self.submit_as_other(errand))

    def submit_as_other(self, errand: Errand) -> str:
        """Hand an errand of `other` to the node and return the hash, unmined."""
        return self.submit(OTHER, errand.to, errand.data, value_wei=errand.value_wei)

    def set_fee(self, pool: PoolEntry, fee_pips: int) -> None:
        """Change the fee of a pool that has no fixed one; no log tells of it.

        Refuses others: their fee is a constant.
        """
        if pool.family == SLIPSTREAM:
            set_slipstream_fee(self.rpc, pool.address, fee_pips)
            return
        for data in change_dynamic_fee(pool, fee_pips):
            assert pool.hooks is not None
            wait_for_receipt(self.rpc, self.submit(DEPLOYER, pool.hooks, data))

    def submit(self, account: AccountEntry, to: str, data: bytes, *, value_wei: int = 0) -> str:
        """Hand an unlocked account's transaction to the node and return its hash, unmined."""
        transaction = {
            "from": account.address,
            "to": to,
            "data": abi.to_hex(data),
            "gas": hex(_SWAP_GAS),
            "value": hex(value_wei),
        }
        transaction_hash: str = self.rpc.request("eth_sendTransaction", transaction)
        return transaction_hash

    def submit_swap_as_other(
        self, path: SwapPath, *, amount_in_atoms: int, amount_out_min_atoms: int = 0
    ) -> str:
        """Hand a swap through the Universal Router to the node and return its hash, unmined."""
        swap = abi.encode(
            *(_SENDER_IS_RECIPIENT, amount_in_atoms, amount_out_min_atoms),
            *(path.packed(self.manifest), _PAYER_IS_USER),
        )
        data = abi.call("execute(bytes,bytes[],uint256)", _V3_SWAP_EXACT_IN, (swap,), _NO_DEADLINE)
        return self.submit(OTHER, self.manifest.contracts["universal_router"], data)

    def swap_as_other(
        self, path: SwapPath, *, amount_in_atoms: int, amount_out_min_atoms: int = 0
    ) -> dict[str, Any]:
        """Swap through the Universal Router and return the receipt, once a block has it."""
        transaction_hash = self.submit_swap_as_other(
            path, amount_in_atoms=amount_in_atoms, amount_out_min_atoms=amount_out_min_atoms
        )
        return wait_for_receipt(self.rpc, transaction_hash)

    def random_swap_as_other(self, rng: random.Random) -> dict[str, Any]:
        """Swap 1,000 to 100,000 USDC worth in one pool, either way, and return the receipt."""
        pool = rng.choice(self.manifest.pools)
        by_address = {token.address: token.symbol for token in self.manifest.tokens}
        symbols = [by_address[pool.token0], by_address[pool.token1]]
        rng.shuffle(symbols)
        usdc = rng.randint(_RANDOM_USDC_MIN, _RANDOM_USDC_MAX)
        amount = self._atoms_worth(symbols[0], usdc)
        return self.swap_as_other(
            SwapPath(tuple(symbols), (pool.fee_pips,)), amount_in_atoms=amount
        )

    def mine(self, count: int = 1) -> None:
        """Make empty blocks, or one with what waits and then empty ones."""
        for _ in range(count):
            self.rpc.request("evm_mine")

    def set_automine(self, *, on: bool) -> None:
        """Switch whether a transaction gets a block at once; off, it waits for one to be made."""
        self.rpc.request("evm_setAutomine", on)

    def reorg(self, depth: int) -> None:
        """Replace the newest `depth` blocks by as many empty ones with other hashes."""
        self.rpc.request("anvil_reorg", depth, [])

    def _quote(self, data: bytes, block: str) -> int:
        return self.call(self.manifest.contracts["quoter_v2"], data, block=block)[0]

    # A pool's own price is near enough to size a random swap.
    def _atoms_worth(self, symbol: str, usdc: int) -> int:
        one_usdc: int = 10 ** self.manifest.token("USDC").decimals
        if symbol == "USDC":
            return usdc * one_usdc
        return self.quote_exact_input(SwapPath(("USDC", symbol), (3000,)), usdc * one_usdc)
