"""Reading the whole state of pools at one block, in two rounds of contract calls. Sans I/O.

First price, liquidity and every word of the tick bitmap, then the ticks that the words name.
Refuses a state whose ticks do not sum to its liquidity.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.market import BlockRef, PoolSnapshot, PoolTick
from router.domain.units import TimestampNs
from router.liquidity.fixed_point import TICK_MAX
from venues.evm import abi
from venues.evm.multicall import ContractCall
from venues.uniswap_v3 import wire

WORD_TICKS: Final = 256  # of one bitmap word


class SnapshotReading:
    """Knows which calls to make; the caller makes them, all at the same block.

    Parameters
    ----------
    spacings : Mapping[str, int]
        The tick spacing of each pool, by its address.
    """

    def __init__(self, pools: Sequence[Instrument], spacings: Mapping[str, int]) -> None:
        self._pools = [(pool, spacings[pool.symbol]) for pool in pools]
        self._calls = [_state_calls(pool, spacing) for pool, spacing in self._pools]

    def first_calls(self) -> list[ContractCall]:
        """Return the calls that tell price, liquidity and which ticks are initialised."""
        return [call for calls in self._calls for call in calls]

    def second_calls(self, first: Sequence[bytes]) -> list[ContractCall]:
        """Return the calls that tell the liquidity at the initialised ticks."""
        return [
            wire.tick_call(pool.symbol, tick)
            for (pool, spacing), state in self._states(first)
            for tick in _initialised_ticks(state, spacing)
        ]

    def snapshots(
        self,
        first: Sequence[bytes],
        second: Sequence[bytes],
        *,
        block: BlockRef,
        received_at: TimestampNs,
    ) -> list[PoolSnapshot]:
        """Assemble the state of every pool after `block` from the answers to both rounds.

        Raises
        ------
        MalformedDataError
            If the answers contradict each other, so that they are not of one state.
        """
        answers = iter(second)
        done = []
        for (pool, spacing), state in self._states(first):
            ticks = tuple(_tick(at, next(answers)) for at in _initialised_ticks(state, spacing))
            sqrt_price_x96, tick = wire.read_slot0(state[0])
            snapshot = PoolSnapshot(
                instrument=pool.id,
                block=block,
                fee_pips=pool.fee_pips,
                tick_spacing=spacing,
                sqrt_price_x96=sqrt_price_x96,
                tick=tick,
                liquidity=abi.read_uint(state[1], 0, bits=128),
                ticks=ticks,
                received_at=received_at,
            )
            _check(snapshot)
            done.append(snapshot)
        return done

    def _states(
        self, first: Sequence[bytes]
    ) -> Iterator[tuple[tuple[Instrument, int], Sequence[bytes]]]:
        start = 0
        for pool, calls in zip(self._pools, self._calls, strict=True):
            yield pool, first[start : start + len(calls)]
            start += len(calls)


def _state_calls(pool: Instrument, spacing: int) -> list[ContractCall]:
    price = [ContractCall(pool.symbol, data) for data in (wire.SLOT0, wire.LIQUIDITY)]
    return price + [wire.bitmap_call(pool.symbol, index) for index in _word_indices(spacing)]


def _initialised_ticks(state: Sequence[bytes], spacing: int) -> Iterator[int]:
    for index, answer in zip(_word_indices(spacing), state[2:], strict=True):
        word = abi.read_uint(answer, 0)
        while word:
            lowest = word & -word
            yield (index * WORD_TICKS + lowest.bit_length() - 1) * spacing
            word ^= lowest


def _word_indices(spacing: int) -> range:
    last = TICK_MAX // spacing
    return range(-last // WORD_TICKS, last // WORD_TICKS + 1)


def _tick(index: int, answer: bytes) -> PoolTick:
    gross, net = wire.read_tick(answer)
    return PoolTick(index=index, liquidity_net=net, liquidity_gross=gross)


def _check(snapshot: PoolSnapshot) -> None:
    below = sum(each.liquidity_net for each in snapshot.ticks if each.index <= snapshot.tick)
    total = sum(each.liquidity_net for each in snapshot.ticks)
    if below != snapshot.liquidity or total != 0:
        raise MalformedDataError(f"{snapshot.instrument}: its ticks contradict its liquidity")
