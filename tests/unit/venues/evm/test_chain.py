import asyncio

import pytest

from router.domain.error import MalformedDataError
from router.domain.units import DurationNs
from venues.evm.nodes.chain import Chain

BLOCK = {
    "number": "0x7",
    "hash": "0x" + "07" * 32,
    "parentHash": "0x" + "06" * 32,
    "timestamp": "0x64",
    "baseFeePerGas": "0x3b9aca00",
}


class Node:
    """Answers batches; the newest block is there only after so many questions."""

    def __init__(self, absent_count):
        self._absent_count = absent_count

    async def batch(self, calls, **_):
        return [self._answer(method) for method, _ in calls]

    def _answer(self, method):
        if method != "eth_getBlockByNumber":
            return "0x5"
        self._absent_count -= 1
        return BLOCK if self._absent_count < 0 else None


def tip(absent_count):
    chain = Chain(Node(absent_count), multicall="0x" + "ca" * 20, within=DurationNs(1))
    return asyncio.run(chain.tip())


@pytest.mark.parametrize("absent_count", [0, 1, 5])
def test_a_node_between_two_newest_blocks_is_asked_again(absent_count):
    found = tip(absent_count)

    assert (found.header.number, found.priority_fee_wei) == (7, 5)


def test_a_node_that_never_has_a_newest_block_is_not_asked_for_ever():
    with pytest.raises(MalformedDataError, match="must be an object"):
        tip(10**9)
