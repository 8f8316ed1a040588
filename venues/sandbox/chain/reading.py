"""Read what a pool's own contracts say of its state, whole, whatever its family.

One call after the other in batches; slow and plain, for others to be compared with.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from venues.sandbox.chain import abi
from venues.sandbox.chain.family_plan import UNISWAP_V2, UNISWAP_V4
from venues.sandbox.chain.manifest import ChainManifest, PoolEntry
from venues.sandbox.chain.rpc import JsonRpc, Request

TICK_MAX = 887_272
_WORD_BITS = 256
_BATCH = 1_000
_PIPS_12_BITS = (1 << 12) - 1


@dataclass(frozen=True, slots=True)
class PoolState:
    """Where a pool stands."""

    sqrt_price_x96: int
    tick: int
    liquidity: int


@dataclass(frozen=True, slots=True)
class TickState:
    """One initialised tick."""

    index: int
    liquidity_net: int
    liquidity_gross: int


@dataclass(frozen=True, slots=True)
class FullState:
    """Everything that decides what a swap pays in a pool with ticks.

    Attributes
    ----------
    fee_pips
        Of the liquidity providers. A hook may still change it within a swap.
    protocol_fees_pips
        On top of it, by direction: token0 for token1, token1 for token0. Only V4 has any.
    """

    fee_pips: int
    protocol_fees_pips: tuple[int, int]
    state: PoolState
    ticks: tuple[TickState, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """A connection and what there is to read, at a block."""

    rpc: JsonRpc
    manifest: ChainManifest
    block: str = "latest"

    def state(self, pool: PoolEntry) -> PoolState:
        """Return a pool's price, tick and the liquidity at it."""
        if pool.family == UNISWAP_V4:
            asked = ("getSlot0(bytes32)", "getLiquidity(bytes32)")
        else:
            asked = ("slot0()", "liquidity()")
        slot0, liquidity = self._ask(pool, [self._of(pool, each) for each in asked])
        return PoolState(slot0[0], abi.signed(slot0[1]), liquidity[0])

    def reserves(self, pool: PoolEntry) -> tuple[int, int]:
        """Return the reserves of a V2 pair."""
        assert pool.family == UNISWAP_V2, "only V2 pairs have reserves"
        answer = self._ask(pool, [abi.call("getReserves()")])[0]
        return answer[0], answer[1]

    def full(self, pool: PoolEntry) -> FullState:
        """Return price, fees and every initialised tick of a pool."""
        fee_pips, protocol_fees_pips = self._fees(pool)
        return FullState(fee_pips, protocol_fees_pips, self.state(pool), self._ticks(pool))

    def _fees(self, pool: PoolEntry) -> tuple[int, tuple[int, int]]:
        if pool.family != UNISWAP_V4:
            return self._ask(pool, [abi.call("fee()")])[0][0], (0, 0)
        slot0 = self._ask(pool, [self._of(pool, "getSlot0(bytes32)")])[0]
        return slot0[3], (slot0[2] & _PIPS_12_BITS, slot0[2] >> 12)

    def _ticks(self, pool: PoolEntry) -> tuple[TickState, ...]:
        assert pool.tick_spacing is not None, "a V2 pair has no ticks"
        is_v4 = pool.family == UNISWAP_V4
        last = TICK_MAX // pool.tick_spacing
        words = range(-last // _WORD_BITS, last // _WORD_BITS + 1)
        bitmap = "getTickBitmap(bytes32,int16)" if is_v4 else "tickBitmap(int16)"
        found = self._ask(pool, [self._of(pool, bitmap, word) for word in words])
        indices = [
            (word * _WORD_BITS + bit) * pool.tick_spacing
            for word, answer in zip(words, found, strict=True)
            for bit in range(_WORD_BITS)
            if answer[0] >> bit & 1
        ]
        ticks = "getTickLiquidity(bytes32,int24)" if is_v4 else "ticks(int24)"
        answers = self._ask(pool, [self._of(pool, ticks, index) for index in indices])
        return tuple(
            TickState(index, abi.signed(answer[1]), answer[0])
            for index, answer in zip(indices, answers, strict=True)
        )

    def _of(self, pool: PoolEntry, signature: str, *arguments: int) -> bytes:
        ids = () if pool.pool_id is None else (pool.pool_id,)
        return abi.call(signature, *ids, *arguments)

    # V4 pools are read through the lens; the others answer themselves.
    def _ask(self, pool: PoolEntry, calls: Iterable[bytes]) -> list[list[int]]:
        is_v4 = pool.family == UNISWAP_V4
        to = self.manifest.contracts["v4_state_view"] if is_v4 else pool.address
        requests: list[Request] = [
            ("eth_call", [{"to": to, "data": abi.to_hex(data)}, self.block]) for data in calls
        ]
        return [abi.words(answer) for answer in _in_batches(self.rpc.batch, requests)]


def _in_batches(
    batch: Callable[[list[Request]], list[str]], requests: list[Request]
) -> Iterable[str]:
    for start in range(0, len(requests), _BATCH):
        yield from batch(requests[start : start + _BATCH])
