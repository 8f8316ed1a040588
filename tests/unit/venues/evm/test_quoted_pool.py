"""A pool that is read anew after every block: when it is asked for, and how that is told."""

import asyncio
from dataclasses import replace

import eth_abi
import pytest

from router.domain.market import ChainReorganised, HeadAdvanced, QuotedSnapshot
from router.domain.units import DurationNs, TimestampNs
from tests.unit.venues.evm.pools import FAMILIES, TOLD, V3, V4, header, log, session
from venues.evm.nodes.chain import Chain, at
from venues.evm.state.heads import Path
from venues.evm.state.roster import Roster
from venues.evm.words.multicall import FAILED, FALLIBLE_MAX, ContractCall
from venues.transport.json_rpc import JsonRpcError

QUOTED = replace(V4, is_replayable=False)
START = header(100)
TARGET = "0x" + "12" * 20


def quotes(block, received):
    points = ((10, received),)
    return QuotedSnapshot(QUOTED.instrument.id, block.ref, TimestampNs(7), points, points)


def followed():
    roster = Roster([V3, QUOTED], FAMILIES)
    for each in roster.all:
        each.resume(START.ref, is_provisional=False)
    return roster


def begun():
    """Return a session whose V4 pool is known by quotes."""
    made, roster = session()
    roster[QUOTED.instrument.id].setup = QUOTED
    return made, roster


def completed(made, block, logs=(), refreshed=()):
    return list(made.complete(made.read_block(block, [list(logs)]), TOLD, refreshed))


def test_it_is_asked_after_every_block_once_it_is_followed():
    roster = followed()

    assert [each.setup for each in roster.refreshing()] == [QUOTED]
    roster[QUOTED.instrument.id].suspend("it broke")

    assert roster.refreshing() == []


def test_its_quotes_are_told_before_the_head_and_its_logs_are_not():
    made, _ = begun()
    block = header(101)
    new = quotes(block, 90)

    events = completed(made, block, [log(QUOTED, block, 3)], [new])

    assert [type(event) for event in events] == [QuotedSnapshot, HeadAdvanced]
    assert events[0] == new


def test_its_quotes_are_told_where_the_chain_only_went_back():
    made, _ = begun()
    block = header(101)
    completed(made, block, refreshed=[quotes(block, 90)])

    events = [*made.turn(Path(START, (), is_reorganisation=True), TOLD)]
    events += made.refresh([quotes(START, 100)])

    assert [type(event) for event in events] == [ChainReorganised, QuotedSnapshot]


def test_nothing_is_told_of_it_while_it_waits():
    made, roster = begun()
    roster[QUOTED.instrument.id].suspend("it broke")

    events = completed(made, header(101), refreshed=[quotes(header(101), 90)])

    assert [type(event) for event in events] == [HeadAdvanced]


class Node:
    """Answers multicalls; a call that burns all gas leaves none for those beside it."""

    def __init__(self, *, burning=(), failing=()):
        self._burning = set(burning)
        self._failing = set(failing)
        self.sizes = []

    async def batch(self, calls, **_):
        return [self._answer(params[0]["data"]) for _, params in calls]

    def _answer(self, data):
        (calls,) = eth_abi.decode(["(address,bool,bytes)[]"], bytes.fromhex(data[10:]))
        self.sizes.append(len(calls))
        asked = [(may_fail, content) for _, may_fail, content in calls]
        if len(asked) > 1 and any(content in self._burning for _, content in asked):
            return JsonRpcError(-32603, "EVM error OutOfGas", None)
        if any(not may_fail and content in self._failing for may_fail, content in asked):
            return JsonRpcError(3, "execution reverted", "0x")
        fails = self._burning | self._failing
        results = [(False, b"why") if content in fails else (True, content) for _, content in asked]
        return "0x" + eth_abi.encode(["(bool,bytes)[]"], [results]).hex()


def read(node, contents, *, may_fail):
    chain = Chain(node, multicall=TARGET, within=DurationNs(10**9))
    calls = [ContractCall(TARGET, content, may_fail=may_fail) for content in contents]
    return asyncio.run(chain.read(calls, block=at(START.hash)))


CONTENTS = [bytes([number]) for number in range(1, 21)]


def test_calls_that_may_fail_fail_alone():
    node = Node(failing=[CONTENTS[2], CONTENTS[9]])

    answers = read(node, CONTENTS, may_fail=True)

    expected = list(CONTENTS)
    expected[2] = expected[9] = FAILED
    assert answers == tuple(expected)
    assert node.sizes == [FALLIBLE_MAX, FALLIBLE_MAX, 4]


def test_a_call_that_burns_all_gas_costs_those_beside_it_nothing_but_another_question():
    node = Node(burning=[CONTENTS[9]])

    answers = read(node, CONTENTS, may_fail=True)

    expected = list(CONTENTS)
    expected[9] = FAILED
    assert answers == tuple(expected)
    assert node.sizes == [FALLIBLE_MAX, FALLIBLE_MAX, 4, *[1] * FALLIBLE_MAX]


def test_a_call_that_must_not_fail_is_not_asked_again():
    node = Node(failing=[CONTENTS[2]])

    with pytest.raises(JsonRpcError, match="reverted"):
        read(node, CONTENTS, may_fail=False)

    assert node.sizes == [len(CONTENTS)]
