"""Which ticks of a pool are initialised, read from its bitmap, and what liquidity is at each.

The same in every pool contract made after Uniswap V3's. Refuses a state whose ticks contradict its
bitmap or its liquidity: such answers are not of one block.
"""

from collections.abc import Sequence
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.market import PoolSnapshot, PoolTick
from router.liquidity.fixed_point import TICK_MAX
from venues.evm.words import abi

WORD_TICKS: Final = 256  # of one bitmap word


def word_indices(spacing: int) -> range:
    """Return the places of all bitmap words in which a tick can be."""
    last = TICK_MAX // spacing
    return range(-last // WORD_TICKS, last // WORD_TICKS + 1)


def initialised_ticks(words: Sequence[bytes], spacing: int) -> list[int]:
    """Return the ticks that the words at `word_indices` name, ascending.

    Raises
    ------
    MalformedDataError
        If there are more or fewer words, or one names a tick beyond the last.
    """
    indices = word_indices(spacing)
    if len(words) != len(indices):
        raise MalformedDataError(f"must be {len(indices)} bitmap words, were {len(words)}")
    found = []
    for index, answer in zip(indices, words, strict=True):
        word = abi.read_uint(answer, 0)
        while word:
            lowest = word & -word
            found.append((index * WORD_TICKS + lowest.bit_length() - 1) * spacing)
            word ^= lowest
    if found and max(-found[0], found[-1]) > TICK_MAX:
        raise MalformedDataError(f"the bitmap names ticks {found[0]} to {found[-1]}")
    return found


def read_ticks(indices: Sequence[int], answers: Sequence[bytes]) -> tuple[PoolTick, ...]:
    """Return the ticks from answers that begin with gross and net liquidity.

    Raises
    ------
    MalformedDataError
        If there is not one answer for each, or one has no liquidity.
    """
    if len(answers) != len(indices):
        raise MalformedDataError(f"must be {len(indices)} ticks, were {len(answers)}")
    ticks = []
    for index, answer in zip(indices, answers, strict=True):
        gross, net = abi.read_uint(answer, 0, bits=128), abi.read_int(answer, 1, bits=128)
        if gross == 0:
            raise MalformedDataError(f"tick {index} is in the bitmap and has no liquidity")
        ticks.append(PoolTick(index=index, liquidity_net=net, liquidity_gross=gross))
    return tuple(ticks)


def checked(snapshot: PoolSnapshot) -> PoolSnapshot:
    """Return the snapshot if its ticks add up to its liquidity.

    Raises
    ------
    MalformedDataError
        If they do not, or it has no price.
    """
    if snapshot.sqrt_price_x96 == 0:
        raise MalformedDataError(f"{snapshot.instrument}: it has no price")
    below = sum(each.liquidity_net for each in snapshot.ticks if each.index <= snapshot.tick)
    total = sum(each.liquidity_net for each in snapshot.ticks)
    if below != snapshot.liquidity or total != 0:
        raise MalformedDataError(f"{snapshot.instrument}: its ticks contradict its liquidity")
    return snapshot
