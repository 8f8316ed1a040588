"""Many reads in one: Multicall3's aggregate3, all of which must succeed.

Interface of https://github.com/mds1/multicall3; on most chains the contract is at
0xcA11bde05977b3631167028862bE2a173976CA11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from router.domain.error import MalformedDataError
from venues.evm import abi

AGGREGATE3: Final = bytes.fromhex("82ad56cb")  # aggregate3((address,bool,bytes)[])
CALLS_MAX: Final = 1000  # of one eth_call: about 6 million gas of storage reads

# allowFailure is false, and the calldata begins behind the three words of the tuple's head.
_TUPLE_MIDDLE: Final = abi.word(0) + abi.word(3 * abi.WORD)
_address_word = lru_cache(maxsize=1024)(abi.address)  # thousands of calls go to the same few pools


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A read of one contract."""

    target: str
    data: bytes


def encode_calls(calls: Sequence[ContractCall]) -> bytes:
    """Return the calldata that makes all calls and reverts if one of them does."""
    offset = len(calls) * abi.WORD  # the first item lies behind the offsets of all
    offsets, items = [], []
    for call in calls:
        offsets.append(abi.word(offset))
        padding = -len(call.data) % abi.WORD
        item = (
            _address_word(call.target)
            + _TUPLE_MIDDLE
            + abi.word(len(call.data))
            + call.data
            + bytes(padding)
        )
        items.append(item)
        offset += len(item)
    return b"".join((AGGREGATE3, abi.word(abi.WORD), abi.word(len(calls)), *offsets, *items))


def decode_results(data: bytes, *, count: int) -> tuple[bytes, ...]:
    """Return what each call returned.

    Raises
    ------
    MalformedDataError
        If there are not `count` successful results.
    """
    results = abi.read_bytes_results(data)
    if len(results) != count:
        raise MalformedDataError(f"multicall must return {count} results, were {len(results)}")
    if not all(succeeded for succeeded, _ in results):
        raise MalformedDataError("multicall reports a failed call where it must have reverted")
    return tuple(content for _, content in results)
