"""What came to a chain account and left it, from a node that keeps logs by block."""

import asyncio

import pytest
from eth_abi import encode

from router.domain.error import MalformedDataError
from router.domain.market import BlockRef
from tests.unit.venues.evm.pools_world import OWNER, TOKENS, config
from venues.evm.account_transfers import LOOK_BACK_BLOCKS, TRANSFER, TransferReader
from venues.evm.words.key import keccak256

FRIEND = "0x" + "5f" * 20
GENESIS_S = 1_700_000_000
HEAD = 20_000


def topic(address):
    return "0x" + encode(["address"], [address]).hex()


class Node:
    """Blocks with logs in them; `fork` gives those from a number on other hashes."""

    def __init__(self, *, head=HEAD, tells_times=False):
        self.head = head
        self.fork_from = None
        self.logs = {}
        self.tells_times = tells_times
        self.asked = []
        self.logs_answer = None

    def hash(self, number):
        branch = self.fork_from is not None and number >= self.fork_from
        return "0x" + keccak256(f"{number} {branch}".encode()).hex()

    @property
    def block(self):
        return BlockRef(self.head, self.hash(self.head), self.hash(self.head - 1), 0)

    def transfer(self, number, *, source=FRIEND, to=OWNER, atoms=5, asset="USDC", name=1):
        logs = self.logs.setdefault(number, [])
        logs.append(
            {
                "address": TOKENS[asset].address,
                "topics": [TRANSFER, topic(source), topic(to)],
                "data": "0x" + encode(["uint256"], [atoms]).hex(),
                "transactionHash": "0x" + f"{name:064x}",
                "logIndex": hex(len(logs)),
            }
        )

    async def batch(self, *calls):
        self.asked.append(calls)
        return tuple(self._answer(method, *params) for method, params in calls)

    def _answer(self, method, subject, *_):
        if method == "eth_getLogs":
            return self.logs_answer or [
                log for n in self._span(subject) for log in self._matching(n, subject)
            ]
        if method == "eth_getBlockByHash":
            (number,) = [n for n in self.logs if self.hash(n) == subject]
            return self._header(number)
        return self._header(int(subject, 16))

    def _span(self, query):
        return range(int(query["fromBlock"], 16), int(query["toBlock"], 16) + 1)

    def _matching(self, number, query):
        for log in self.logs.get(number, ()):
            pairs = zip(query["topics"], log["topics"], strict=False)
            if log["address"].lower() in query["address"] and all(
                wanted in {None, told} for wanted, told in pairs
            ):
                times = {"blockTimestamp": hex(GENESIS_S + number)} if self.tells_times else {}
                block = {"blockNumber": hex(number), "blockHash": self.hash(number)}
                yield {**log, **block, **times, "removed": False}

    def _header(self, number):
        return {
            "number": hex(number),
            "hash": self.hash(number),
            "parentHash": self.hash(number - 1),
            "timestamp": hex(GENESIS_S + number),
            "baseFeePerGas": "0x7",
        }


def read(reader, node):
    return asyncio.run(reader.read(node, node.block))


@pytest.fixture
def reader():
    return TransferReader(config())


@pytest.mark.parametrize("tells_times", [False, True])
def test_what_came_is_positive_and_what_left_is_negative(reader, tells_times):
    node = Node(tells_times=tells_times)
    node.transfer(HEAD - 9, atoms=7, name=1)
    node.transfer(HEAD, source=OWNER, to=FRIEND, atoms=3, asset="ETH", name=2)

    came, left = read(reader, node)

    assert (came.amount.asset, came.amount.atoms) == ("USDC", 7)
    assert (left.amount.asset, left.amount.atoms) == ("ETH", -3)
    assert (came.id, left.id) == ("0x" + "0" * 63 + "1:0", "0x" + "0" * 63 + "2:0")
    assert came.at_venue == (GENESIS_S + HEAD - 9) * 10**9
    assert came.detail == left.detail == f"transfer {FRIEND}"


def test_transfers_of_one_transaction_are_numbered_in_it_and_to_oneself_nothing_moves(reader):
    node = Node()
    node.transfer(HEAD, source=OWNER, to=OWNER, atoms=9)
    node.transfer(HEAD, source=OWNER, to=FRIEND, atoms=1)
    node.transfer(HEAD, atoms=2, asset="BTC")

    told = read(reader, node)

    assert [t.id[-2:] for t in told] == [":1", ":2"]
    assert [t.amount.atoms for t in told] == [-1, 2]


def test_only_new_blocks_and_a_few_before_them_are_asked_about_again(reader):
    node = Node()
    node.transfer(HEAD - LOOK_BACK_BLOCKS + 1, name=1)
    first = read(reader, node)
    assert len(first) == 1
    assert read(reader, node) == first
    assert len(node.asked) == 2  # logs, and the time of a block

    node.head += 1
    node.transfer(node.head, name=2)
    told = read(reader, node)

    spans = [c[1][0] for c in node.asked[2] if c[0] == "eth_getLogs"]
    assert {int(q["fromBlock"], 16) for q in spans} == {HEAD - 63}
    assert [t.id[-3:] for t in told] == ["2:0"]  # the older one is too old by now


def test_what_a_reorganisation_took_back_is_gone_and_what_moved_keeps_its_name(reader):
    node = Node()
    node.transfer(HEAD - 1, atoms=1, name=1)
    node.transfer(HEAD, atoms=2, name=2)
    before = read(reader, node)

    node.fork_from = HEAD - 1
    node.logs = {}
    node.transfer(HEAD, atoms=9, name=3)
    node.transfer(HEAD, atoms=2, name=2)
    after = read(reader, node)

    assert [t.amount.atoms for t in before] == [1, 2]
    assert [t.amount.atoms for t in after] == [9, 2]
    assert before[1].id == after[1].id


def test_a_block_that_was_put_back_meanwhile_has_no_transfers(reader):
    node = Node()
    wanted = node.block
    node.fork_from = HEAD

    with pytest.raises(MalformedDataError, match="put back"):
        asyncio.run(reader.read(node, wanted))
    assert read(reader, node) == ()


def test_a_log_of_another_form_or_token_is_not_taken(reader):
    node = Node()
    node.transfer(HEAD, name=1)
    node.logs[HEAD][0]["topics"].append(topic(FRIEND))

    assert read(reader, node) == ()


def test_an_answer_that_is_no_list_is_malformed(reader):
    node = Node()
    node.logs_answer = "0x"

    with pytest.raises(MalformedDataError, match="logs must be a list"):
        read(reader, node)
