"""Which tokens are refused, by what a node answers when they are tried."""

import asyncio
from types import SimpleNamespace

import pytest

from tests.unit.venues.evm.pools_world import TOKENS, V3, config
from tests.unit.venues.pool_words import words
from venues.evm.state.token_reader import TokenReader
from venues.evm.words.erc20 import decimals_call
from venues.evm.words.node import Header
from venues.transport.json_rpc import JsonRpcError

HEADER = Header(7, "0x" + "ab" * 32, "0x" + "cd" * 32, 1, 1)
ATOMS = 10**9
TRIED = ATOMS // 100
NO_METHOD = JsonRpcError(-32601, "the method eth_simulateV1 does not exist", None)
REVERTED = JsonRpcError(3, "execution reverted", "0x")
TRUE = f"0x{words(['bool'], True).hex()}"  # noqa: FBT003 - what a transfer returns
ETH, USDC = TOKENS["ETH"].address, TOKENS["USDC"].address


class Node:
    """Has tokens of which pools hold so much; simulates if it can."""

    def __init__(self, *, simulated=NO_METHOD, called=TRUE, balance=ATOMS):
        self.simulated, self.called, self.balance = simulated, called, balance
        self.asked = []

    async def read(self, calls, *, block):
        assert block == {"blockHash": HEADER.hash}
        decimals = {token.address: token.decimals for token in TOKENS.values()}
        return [
            words(["uint256"], decimals[call.target] if is_decimals(call) else self.balance)
            for call in calls
        ]

    async def answers(self, *calls):
        self.asked += [method for method, _ in calls]
        told = {"eth_simulateV1": self.simulated, "eth_call": self.called}
        return tuple(told[method] for method, _ in calls)


def is_decimals(call):
    return call.data == decimals_call(call.target).data


def simulation(arrived):
    def step(*values):
        return [{"status": "0x1", "returnData": f"0x{words(['uint256'], v).hex()}"} for v in values]

    return [{"calls": [*step(0, 1, arrived), *step(0, 1, TRIED)]}]


def unsound(node, *vouched_for, sound=None):
    made = config(unverified_tokens=frozenset(vouched_for))
    reader = TokenReader(node, made, set() if sound is None else sound)
    return asyncio.run(reader.unsound([SimpleNamespace(setup=V3)], HEADER))


def test_tokens_that_arrive_whole_are_sound_and_not_tried_again():
    node, sound = Node(simulated=simulation(TRIED)), set()

    assert unsound(node, sound=sound) == {}
    assert unsound(node, sound=sound) == {}

    assert sound == {ETH, USDC}
    assert node.asked == ["eth_simulateV1"] * 2


def test_where_the_node_does_not_simulate_a_token_is_refused_though_its_transfer_succeeds():
    node, sound = Node(), set()

    reasons = unsound(node, sound=sound)

    assert set(reasons) == {ETH, USDC}
    assert reasons[USDC] == (
        "tokens.USDC: whether it arrives whole cannot be verified: the node has no eth_simulateV1;"
        " use another, or add the token to unverified_tokens if you know it"
    )
    assert sound == set(), "it is tried again"


def test_a_token_of_which_no_pool_has_enough_is_refused():
    reasons = unsound(Node(simulated=simulation(TRIED), balance=9_999))

    assert "no pool has enough of it" in reasons[ETH]


@pytest.mark.parametrize("node", [Node(), Node(balance=9_999)])
def test_a_token_the_operator_vouches_for_is_taken_at_his_word_and_no_other(node):
    sound = set()

    reasons = unsound(node, "USDC", sound=sound)

    assert set(reasons) == {ETH}
    assert sound == {USDC}


@pytest.mark.parametrize("node", [Node(called=REVERTED), Node(simulated=simulation(TRIED - 1))])
def test_what_is_known_to_be_wrong_is_refused_whoever_vouches_for_it(node):
    assert set(unsound(node, "ETH", "USDC")) == {ETH, USDC}
