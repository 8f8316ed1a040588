"""Many reads in one: Multicall3's aggregate3, all of which must succeed but those that may fail.

Interface of https://github.com/mds1/multicall3; on most chains the contract is at
0xcA11bde05977b3631167028862bE2a173976CA11.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final

from router.domain.error import MalformedDataError
from venues.evm.words import abi

AGGREGATE3: Final = bytes.fromhex("82ad56cb")  # aggregate3((address,bool,bytes)[])
CALLS_MAX: Final = 1000  # of one eth_call: about 6 million gas of storage reads

FALLIBLE_MAX: Final = 8  # of one eth_call, for what one of them burns the others do not have
FAILED: Final = b""  # stands for the answer of a call that may fail, and did

# allowFailure, and that the calldata begins behind the three words of the tuple's head.
_TUPLE_MIDDLE: Final = {
    may_fail: abi.word(may_fail) + abi.word(3 * abi.WORD) for may_fail in (False, True)
}
_address_word = lru_cache(maxsize=1024)(abi.address)  # thousands of calls go to the same few pools


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A read of one contract.

    Attributes
    ----------
    may_fail : bool
        Whether its answer is `FAILED` where it reverts; otherwise all that is asked with it fails.
    """

    target: str
    data: bytes
    may_fail: bool = False


def encode_calls(calls: Sequence[ContractCall]) -> bytes:
    """Return the calldata that makes all calls, and reverts if one does that must not."""
    offset = len(calls) * abi.WORD  # the first item lies behind the offsets of all
    offsets, items = [], []
    for call in calls:
        offsets.append(abi.word(offset))
        padding = -len(call.data) % abi.WORD
        item = (
            _address_word(call.target)
            + _TUPLE_MIDDLE[call.may_fail]
            + abi.word(len(call.data))
            + call.data
            + bytes(padding)
        )
        items.append(item)
        offset += len(item)
    return b"".join((AGGREGATE3, abi.word(abi.WORD), abi.word(len(calls)), *offsets, *items))


def decode_results(data: bytes, calls: Sequence[ContractCall]) -> tuple[bytes, ...]:
    """Return what each call returned.

    Raises
    ------
    MalformedDataError
        If there is not a result for each call, or one failed that must not.
    """
    results = abi.read_bytes_results(data)
    if len(results) != len(calls):
        raise MalformedDataError(f"multicall must return {len(calls)} results, were {len(results)}")
    if not all(call.may_fail or done for call, (done, _) in zip(calls, results, strict=True)):
        raise MalformedDataError("multicall reports a failed call where it must have reverted")
    return tuple(content if succeeded else FAILED for succeeded, content in results)


def portions(calls: Sequence[ContractCall]) -> Iterator[Sequence[ContractCall]]:
    """Divide calls, in their order, so that each part can be one eth_call."""
    for may_fail, alike in groupby(calls, key=lambda call: call.may_fail):
        own = list(alike)
        size = FALLIBLE_MAX if may_fail else CALLS_MAX
        yield from (own[start : start + size] for start in range(0, len(own), size))
