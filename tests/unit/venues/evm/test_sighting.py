"""What a node may leave out or contradict when it is asked what became of transactions."""

import asyncio

import pytest

from router.domain.units import NS_PER_S, DurationNs
from venues.evm.nodes.chain import Chain
from venues.evm.transactions.sighting import look_for
from venues.transport.json_rpc import JsonRpcError

ME = "0x" + "aa" * 20
OURS, NEWER, THEIRS = ("0x" + byte * 32 for byte in ("01", "02", "03"))
NONCE = 7


def block_hash(number):
    return "0x" + f"{number:064x}"


class Node:
    """A chain of one block a second.

    Parameters
    ----------
    used_at : int | None
        The block in which the nonce was used.
    by : str
        The hash of the transaction that used it.
    receipts : dict
        By transaction: the block, and the hash of it that the receipt says.
    pooled : tuple
        Transactions that wait.
    state_from : int
        The oldest block whose state the node still has (a full node keeps 128).
    """

    tip = 5_000

    def __init__(self, *, used_at=None, by=OURS, receipts=None, pooled=(), state_from=0):
        self.used_at, self.by, self.state_from = used_at, by, state_from
        self.receipts, self.pooled = receipts or {}, pooled

    async def batch(self, calls, *, within):
        return tuple([await self.request(m, p, within=within) for m, p in calls])

    async def request(self, method, params, *, within):  # noqa: ARG002 - as the connection has it
        match method:
            case "eth_getBlockByNumber":
                number = self.tip if params[0] == "latest" else int(params[0], 16)
                return self.block(number, whole=params[1])
            case "eth_getTransactionByHash":
                return {"blockNumber": None} if params[0] in self.pooled else None
            case "eth_getTransactionReceipt":
                return self.receipt(params[0])
            case "eth_getTransactionCount":
                number = self.tip if params[1] == "latest" else int(params[1], 16)
                if number < self.state_from:
                    raise JsonRpcError(-32000, "missing trie node", None)
                is_used = self.used_at is not None and number >= self.used_at
                return hex(NONCE + is_used)
        raise AssertionError(method)

    def block(self, number, *, whole):
        block = {
            "number": hex(number),
            "hash": block_hash(number),
            "parentHash": block_hash(number - 1),
            "timestamp": hex(1_700_000_000 + number),
            "baseFeePerGas": "0x1",
        }
        if whole:
            mined = {"hash": self.by, "from": ME, "nonce": hex(NONCE)}
            block["transactions"] = [mined] if number == self.used_at else []
        return block

    def receipt(self, name):
        if name not in self.receipts:
            return None
        number, in_block = self.receipts[name]
        return {
            "transactionHash": name,
            "status": "0x1",
            "gasUsed": "0x1",
            "effectiveGasPrice": "0x1",
            "blockNumber": hex(number),
            "blockHash": in_block,
            "logs": [],
        }


def seen_on(node, *hashes):
    chain = Chain(node, multicall="0x", within=DurationNs(NS_PER_S))
    return asyncio.run(look_for(chain, hashes or (OURS,), sender=ME, nonce=NONCE))


@pytest.mark.parametrize("pooled", [(), (OURS,), (OURS, NEWER)])
def test_an_unmined_nonce_is_pooled_where_its_newest_transaction_is(pooled):
    seen = seen_on(Node(pooled=pooled), OURS, NEWER)

    assert (seen.mined, seen.taken_in, seen.is_unclear) == (None, None, False)
    assert seen.is_pooled is (NEWER in pooled)


@pytest.mark.parametrize("mined", [OURS, NEWER])
def test_any_of_the_transactions_may_be_the_one_that_was_mined(mined):
    at = Node.tip - 3

    seen = seen_on(Node(used_at=at, receipts={mined: (at, block_hash(at))}), OURS, NEWER)

    assert seen.mined.receipt.hash == mined
    assert seen.mined.header.number == at
    assert seen.depth_of(at) == 4


def test_the_newest_block_and_what_is_newer_than_the_tip_is_one_deep():
    seen = seen_on(Node())

    assert [seen.depth_of(Node.tip + more) for more in (-1, 0, 1)] == [2, 1, 1]


def test_a_receipt_of_a_block_that_is_not_on_the_chain_proves_nothing():
    at = Node.tip - 3

    seen = seen_on(Node(used_at=at, receipts={OURS: (at, "0x" + "ee" * 32)}))

    assert (seen.mined, seen.is_unclear) == (None, True)


def test_a_transaction_that_is_in_a_block_is_not_lost_for_want_of_its_receipt():
    seen = seen_on(Node(used_at=Node.tip - 1, by=NEWER), OURS, NEWER)

    assert (seen.taken_in, seen.is_unclear) == (None, True)


def test_a_nonce_that_a_stranger_used_is_taken_in_his_block():
    seen = seen_on(Node(used_at=Node.tip - 1, by=THEIRS), OURS, NEWER)

    assert (seen.taken_in, seen.is_unclear) == (Node.tip - 1, False)


def test_a_nonce_used_long_ago_is_found_on_a_node_that_keeps_128_states():
    node = Node(used_at=Node.tip - 100, by=THEIRS, state_from=Node.tip - 127)

    assert seen_on(node).taken_in == Node.tip - 100


def test_a_nonce_used_before_all_states_a_node_has_is_taken():
    node = Node(used_at=Node.tip - 1000, by=THEIRS, state_from=Node.tip - 127)

    assert seen_on(node).taken_in is not None
