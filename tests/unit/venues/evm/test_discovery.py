"""Which logs are asked for, and which of the pools they tell of are new."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest

from router.domain.error import MalformedDataError
from router.port import Discovered
from tests.unit.venues.evm.pools_world import MANAGER, V2, V3, V3_BTC, V4, config
from venues.evm.discovery import BLOCKS_PER_QUESTION, discover
from venues.evm.nodes.chain import Tip
from venues.evm.words.node import Header

HASH = "0x" + "ab" * 32
FACTORY, OTHER_FACTORY = "0x" + "f1" * 20, "0x" + "f2" * 20
MADE = {name: f"0x{number:064x}" for number, name in enumerate(("uniswap_v3", "uniswap_v4"), 1)}
FACTS = SimpleNamespace()
V3_MADE, V3_BTC_MADE = (
    replace(pool, contracts={"factory": factory})
    for pool, factory in ((V3, FACTORY), (V3_BTC, OTHER_FACTORY))
)


class Family:
    """Reads its own logs, in which the pool's address is the data; nobody else's."""

    def __init__(self, name):
        self.name = name

    def discovery_topic(self):
        return MADE[self.name]

    def discovered(self, log, facts):
        assert facts is FACTS
        assert log.topics[0] == MADE[self.name]
        if log.data == b"junk":
            raise MalformedDataError("must be an address")
        if log.data == b"":
            return None  # of a token that is not configured
        return {"address": f"0x{log.data.hex()}", "base": "ETH", "quote": "USDC"}


class Node:
    """Has logs by block, and remembers what it was asked for."""

    def __init__(self, height, logs=()):
        self.height = height
        self.logs = logs
        self.queries = []

    async def tip(self):
        return Tip(Header(self.height, HASH, HASH, 1, 1), 1)

    async def request(self, method, query):
        assert method == "eth_getLogs"
        self.queries.append(query)
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        assert 0 <= last - first < BLOCKS_PER_QUESTION
        return [
            log
            for log in self.logs
            if first <= int(log["blockNumber"], 16) <= last
            and log["address"] in query["address"]
            and log["topics"][0] in query["topics"]
        ]


def made(name, number, data, *, address=FACTORY, topics=()):
    return {
        "address": address,
        "topics": [MADE[name], *topics],
        "data": data,
        "blockNumber": hex(number),
        "blockHash": HASH,
        "logIndex": "0x0",
    }


def found(node, *names, pools, first_block=0):
    return discovery(node, *names, pools=pools, first_block=first_block).pools


def discovery(node, *names, pools, first_block=0):
    families = {name: Family(name) for name in names}
    return asyncio.run(
        discover(node, config(pools=pools), families, facts=FACTS, first_block=first_block)
    )


def new_address(number):
    return f"0x{number:040x}"


def test_every_block_is_asked_about_once_in_portions_a_node_answers():
    height = 2 * BLOCKS_PER_QUESTION + 5
    node = Node(height, [made("uniswap_v3", n, new_address(n + 1)) for n in (7, 10_007, height)])

    pools = found(node, "uniswap_v3", pools=(V3_MADE,), first_block=7)

    spans = [(int(q["fromBlock"], 16), int(q["toBlock"], 16)) for q in node.queries]
    assert spans[0][0] == 7
    assert spans[-1][1] == height
    assert all(after[0] == before[1] + 1 for before, after in pairwise(spans))
    assert [pool.table["address"] for pool in pools] == [
        new_address(n + 1) for n in (7, 10_007, height)
    ]


def test_a_first_block_that_is_not_there_yet_is_no_question():
    node = Node(10)

    assert found(node, "uniswap_v3", pools=(V3_MADE,), first_block=11) == ()
    assert node.queries == []


def test_all_factories_of_the_configured_pools_are_asked_and_no_other():
    stranger = made("uniswap_v3", 3, new_address(3), address="0x" + "ee" * 20)
    own = [
        made("uniswap_v3", 3, new_address(number), address=factory)
        for number, factory in enumerate((FACTORY, OTHER_FACTORY), 1)
    ]
    node = Node(10, [stranger, *own])

    pools = found(node, "uniswap_v3", pools=(V3_MADE, V3_BTC_MADE, V2))

    assert [query["address"] for query in node.queries] == [[FACTORY, OTHER_FACTORY]]
    assert [pool.table["address"] for pool in pools] == [new_address(1), new_address(2)]


def test_pools_that_live_in_one_contract_are_asked_for_there():
    node = Node(10, [made("uniswap_v4", 3, new_address(9), address=MANAGER)])

    (pool,) = found(node, "uniswap_v4", pools=(V4,))

    assert node.queries[0]["address"] == [MANAGER]
    assert pool == Discovered(
        "uniswap_v4", {"address": new_address(9), "base": "ETH", "quote": "USDC"}
    )


@pytest.mark.parametrize("write", [str.lower, lambda text: "0x" + text[2:].upper()])
def test_a_configured_pool_is_no_news_however_its_address_is_written(write):
    node = Node(10, [made("uniswap_v3", 3, write(V3.instrument.symbol))])

    assert found(node, "uniswap_v3", pools=(V3_MADE,)) == ()


def test_a_configured_pool_that_is_known_by_an_id_is_no_news():
    logs = [
        made("uniswap_v4", 3, new_address(8), address=MANAGER, topics=[pool_id])
        for pool_id in (V4.instrument.symbol, "0x" + "99" * 32)
    ]

    pools = found(Node(10, logs), "uniswap_v4", pools=(V4,))

    assert len(pools) == 1


def test_what_the_family_passes_over_is_passed_over():
    node = Node(10, [made("uniswap_v3", 3, "0x"), made("uniswap_v3", 4, new_address(4))])

    pools = found(node, "uniswap_v3", pools=(V3_MADE,))

    assert [pool.table["address"] for pool in pools] == [new_address(4)]


def test_logs_that_cannot_be_read_are_left_out_and_counted():
    no_event = made("uniswap_v3", 4, f"0x{b'junk'.hex()}")
    no_log = made("uniswap_v3", 5, new_address(5)) | {"data": "0x1"}
    others = [made("uniswap_v3", number, new_address(number)) for number in (3, 6)]
    node = Node(10, [others[0], no_event, no_log, others[1]])

    told = discovery(node, "uniswap_v3", pools=(V3_MADE,))

    assert [pool.table["address"] for pool in told.pools] == [new_address(3), new_address(6)]
    assert told.unreadable_count == 2


def test_an_answer_that_is_no_list_is_malformed():
    class Confused(Node):
        async def request(self, *_):
            return {"logs": []}

    with pytest.raises(MalformedDataError, match="logs must be a list"):
        discovery(Confused(10), "uniswap_v3", pools=(V3_MADE,))
