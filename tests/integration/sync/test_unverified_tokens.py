"""A node that does not simulate cannot show that a token arrives whole."""

import asyncio

from router.domain.market import PoolQuarantined
from tests.integration.sync.node import ScriptedNode
from tests.integration.sync.script import following, reached

BLOCKS_COUNT = 6  # enough for a pool that waits to be tried again, and in vain


def followed_pools(view):
    return {instrument.id for instrument, _ in view.pools()}


def pools_of(node, *assets):
    return {
        pool.instrument.id
        for pool in node.pools
        if {pool.instrument.base.id, pool.instrument.quote.id} <= set(assets)
    }


def after_some_blocks(**changes):
    """Return what was told of pools left out, the pools that are followed, and the node."""

    async def whole():
        async with ScriptedNode() as node, following(node, **changes) as followed:
            await reached(followed, node)
            for _ in range(BLOCKS_COUNT):
                await node.announce(node.make())
                await reached(followed, node)
            told = followed.told(PoolQuarantined)
            return told, followed_pools(followed.view), node

    return asyncio.run(whole())


def test_pools_of_tokens_nobody_vouches_for_are_left_out_and_that_is_said_once():
    told, pools, node = after_some_blocks(unverified_tokens=frozenset())

    assert pools == set()
    assert sorted(each.instrument for each in told) == sorted(p.instrument.id for p in node.pools)
    for each in told:
        assert "has no eth_simulateV1" in each.reason
        assert "add the token to unverified_tokens" in each.reason
    tries = [method for method, _ in node.asked if method == "eth_simulateV1"]
    assert len(tries) > len(told), "a node that learns to simulate is noticed"


def test_pools_whose_tokens_the_operator_vouches_for_are_followed_and_no_others():
    told, pools, node = after_some_blocks(unverified_tokens=frozenset({"ETH", "USDC"}))

    assert pools == pools_of(node, "ETH", "USDC")
    assert len(pools) == 1
    assert {each.instrument for each in told} == {p.instrument.id for p in node.pools} - pools
    assert all(each.reason.startswith("tokens.BTC: ") for each in told)
