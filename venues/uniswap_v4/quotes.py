"""What a pool pays whose hook changes amounts: quotes of many sizes, asked of the V4Quoter.

Two rounds. The first looks for how much the pool takes, in powers of ten; the second is a grid of
sixteen sizes a direction around the largest that it took, each 1.8 times the one before. A quote
that reverts ends a direction, so of the last step up to what the pool holds nothing is known.

The quoter is another sender than the router, asks without hook data, and is asked for exact inputs
only. A hook that makes a difference there makes a quote wrong, which the bound of the order
catches. Sizes beyond what the pool holds cost the node most: it walks over all of its ticks.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final, TypeAlias

from router.domain.market import BlockRef, QuotedSnapshot
from router.domain.units import TimestampNs
from venues.evm.pools.family import PoolSetup
from venues.evm.pools.pool_setup import exactly
from venues.evm.words import abi
from venues.evm.words.multicall import FAILED, ContractCall
from venues.uniswap_v4 import wire
from venues.uniswap_v4.settings import QUOTER, key_of

_PROBE_POWERS: Final = range(-2, 14)  # of ten, in whole tokens
# Ten to the power of 1/8, 3/8, 5/8 and 7/8, over four decades: probes lie between two of them.
_GRID_TENTHOUSANDTHS: Final = tuple(
    part * 10**decade for decade in range(4) for part in (13_335, 23_714, 42_170, 74_989)
)
_GRID_SCALE: Final = 10_000 * 1_000  # three decades below the largest probe, and one above
_INPUT_MAX: Final = (1 << 127) - 1
# Of a smaller output than this, or than this part of the largest one, the rounding to atoms says
# more than the price; and it is the first quote that all others must not be better than.
_OUTPUT_MIN: Final = 1_000  # [atoms]
_OUTPUT_SPAN: Final = 100_000
_DIRECTIONS: Final = (True, False)  # token0 for token1 first

_Points: TypeAlias = tuple[tuple[int, int], ...]


def first_calls(pool: PoolSetup) -> list[ContractCall]:
    """Return the quotes of sizes that are ten times apart."""
    return [
        _quote(pool, size, zero_for_one=zero_for_one)
        for zero_for_one in _DIRECTIONS
        for size in _probes(pool, zero_for_one=zero_for_one)
    ]


def second_calls(pool: PoolSetup, first: Sequence[bytes]) -> list[ContractCall]:
    """Return the quotes of sizes around the largest of the first round that the pool takes."""
    return [
        _quote(pool, size, zero_for_one=zero_for_one)
        for zero_for_one, quotes in _by_direction(pool, first)
        for size in _grid(quotes)
    ]


def snapshot(
    pool: PoolSetup,
    first: Sequence[bytes],
    second: Sequence[bytes],
    *,
    block: BlockRef,
    received_at: TimestampNs,
) -> QuotedSnapshot:
    """Assemble the quotes of both rounds.

    Raises
    ------
    MalformedDataError
        If an answer is not the quoter's.
    """
    asked = [(quotes, _grid(quotes)) for _, quotes in _by_direction(pool, first)]
    answers = iter(exactly(sum(len(sizes) for _, sizes in asked), second))
    zero_for_one, one_for_zero = (
        _points(dict(quotes) | {size: next(answers) for size in sizes}) for quotes, sizes in asked
    )
    return QuotedSnapshot(
        instrument=pool.instrument.id,
        block=block,
        received_at=received_at,
        zero_for_one=zero_for_one,
        one_for_zero=one_for_zero,
    )


def _by_direction(
    pool: PoolSetup, first: Sequence[bytes]
) -> Iterator[tuple[bool, Mapping[int, bytes]]]:
    answers = iter(exactly(len(_DIRECTIONS) * len(_PROBE_POWERS), first))
    for zero_for_one in _DIRECTIONS:
        sizes = _probes(pool, zero_for_one=zero_for_one)
        yield zero_for_one, {size: next(answers) for size in sizes}


# Sizes of tokens with few decimals would begin below one atom.
def _probes(pool: PoolSetup, *, zero_for_one: bool) -> list[int]:
    instrument = pool.instrument
    pays_base = instrument.base_is_token0 is zero_for_one
    decimals = (instrument.base if pays_base else instrument.quote).decimals
    unit = max(decimals, -_PROBE_POWERS[0])
    return [10 ** (unit + power) for power in _PROBE_POWERS]


def _grid(quotes: Mapping[int, bytes]) -> list[int]:
    taken = _points(quotes)
    if not taken:
        return []
    largest = taken[-1][0]
    sizes = (largest * part // _GRID_SCALE for part in _GRID_TENTHOUSANDTHS)
    return [size for size in dict.fromkeys(sizes) if 0 < size <= _INPUT_MAX and size not in quotes]


def _points(quotes: Mapping[int, bytes]) -> _Points:
    sizes = takewhile(lambda size: quotes[size] != FAILED, sorted(quotes))
    found = [(size, abi.read_uint(quotes[size], 0)) for size in sizes]
    largest = max((amount_out for _, amount_out in found), default=0)
    least = max(_OUTPUT_MIN, largest // _OUTPUT_SPAN)
    return tuple((size, amount_out) for size, amount_out in found if amount_out >= least)


def _quote(pool: PoolSetup, size: int, *, zero_for_one: bool) -> ContractCall:
    data = wire.quote_exact_input(key_of(pool), size, zero_for_one=zero_for_one)
    return ContractCall(pool.contracts[QUOTER], data, may_fail=True)
