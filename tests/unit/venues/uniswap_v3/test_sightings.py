"""What a node may leave out when it is asked what became of a transaction."""

import asyncio

from router.domain.order import TERMINAL, ChildOrder
from router.domain.units import NS_PER_S, ChildId, DurationNs, ParentId, Side, TimestampNs
from tests.unit.engine.scene import CHAIN, POOL
from venues.evm.adapter import Chain
from venues.transport.json_rpc import JsonRpcError
from venues.uniswap_v3 import outcome

ME = "0x" + "aa" * 20
OURS = "0x" + "01" * 32
NOW_S = 1_700_000_000
CHILD = ChildOrder(
    id=ChildId("c"),
    parent=ParentId("p"),
    venue=POOL.venue,
    account=CHAIN,
    side=Side.BUY,
    legs=(),
    nonce=7,
    deadline_at=TimestampNs(NOW_S * NS_PER_S),
    round=1,
    stage=1,
)


def number_hash(number):
    return "0x" + f"{number:064x}"


class Node:
    """A chain with one block a second of which the newest is a second after the child's deadline.

    Parameters
    ----------
    used_at : int
        The block in which nonce 7 was used.
    by : str
        The hash of the transaction that used it.
    state_from : int
        The oldest block whose state the node still has (a full node keeps 128).
    """

    tip = 5_000

    def __init__(self, *, used_at, by, state_from=0):
        self.used_at, self.by, self.state_from = used_at, by, state_from

    async def batch(self, calls, *, within):
        return tuple([await self.request(m, p, within=within) for m, p in calls])

    async def request(self, method, params, *, within):  # noqa: ARG002 - as the connection has it
        match method:
            case "eth_getBlockByNumber":
                number = self.tip if params[0] == "latest" else int(params[0], 16)
                return self.block(number, whole=params[1])
            case "eth_maxPriorityFeePerGas":
                return "0x1"
            case "eth_getTransactionReceipt":
                return None  # not indexed yet, or asked of a replica that is behind
            case "eth_getTransactionCount":
                number = int(params[1], 16)
                if number < self.state_from:
                    raise JsonRpcError(-32000, "missing trie node", None)
                return hex(8 if number >= self.used_at else 7)
        raise AssertionError(method)

    def block(self, number, *, whole):
        block = {
            "number": hex(number),
            "hash": number_hash(number),
            "parentHash": number_hash(number - 1),
            "timestamp": hex(NOW_S + 1 + number - self.tip),
            "baseFeePerGas": "0x1",
        }
        if whole:
            mined = {"hash": self.by, "from": ME, "nonce": "0x7"}
            block["transactions"] = [mined] if number == self.used_at else []
        return block


def seen_on(node):
    chain = Chain(node, multicall="0x", within=DurationNs(NS_PER_S))
    return asyncio.run(chain.look_for(OURS, sender=ME, nonce=7))


def test_a_transaction_that_is_in_a_block_is_not_expired_for_want_of_its_receipt():
    """The block lists it, the receipt is not there yet, and the head has passed the deadline."""
    seen = seen_on(Node(used_at=Node.tip - 1, by=OURS))

    ended = outcome.ended(CHILD, seen, router="0x", recipient=ME)

    assert ended is None, ended  # ask again: the receipt will come


def test_a_child_whose_nonce_somebody_used_long_ago_ends_on_a_node_that_keeps_128_states():
    """We were down for a quarter of an hour; somebody replaced the transaction meanwhile."""
    node = Node(used_at=Node.tip - 100, by="0x" + "02" * 32, state_from=Node.tip - 127)

    try:
        ended = outcome.ended(CHILD, seen_on(node), router="0x", recipient=ME)
    except JsonRpcError as error:  # the adapter asks again, and gets the same answer, for ever
        raise AssertionError(f"never ends: {error}") from error

    assert ended is not None
    assert ended.status in TERMINAL
