"""What is wrong with one pool costs that pool, for as long as it is wrong, and no other."""

import asyncio
import time

import pytest

from router.domain.error import BrokenPoolError
from router.domain.market import PoolQuarantined, StreamLost
from router.domain.units import TimestampNs
from tests.integration.sync import node as scripted
from tests.integration.sync.node import ScriptedNode
from tests.integration.sync.script import (
    DEADLINE_S,
    assert_is_the_nodes,
    following,
    reached,
    reserves,
    scenario,
    snapshots,
)


def test_a_malformed_log_costs_its_pool_one_block_and_the_others_nothing():
    async def run(node, followed):
        bad, good, _ = node.pools
        block = node.make((bad, True, 10**15), (good, True, 10**15))
        block.logs[0] |= {"data": "0x1234"}
        await node.announce(block)
        await followed.until(lambda: len(snapshots(followed, bad)) == 2, deadline_s=DEADLINE_S)

        assert_is_the_nodes(followed, node)
        (event,) = followed.told(PoolQuarantined)
        assert event.instrument == bad.instrument.id
        assert not followed.told(StreamLost)
        await node.announce(node.make((bad, False, 10**15), (good, False, 10**15)))
        await reached(followed, node)
        assert_is_the_nodes(followed, node)
        assert len(snapshots(followed, good)) == 1
        assert not followed.stream.quarantined

    scenario(run)


def test_unknown_topics_and_unknown_contracts_are_passed_over():
    async def run(node, followed):
        pool = node.pools[0]
        block = node.make((pool, True, 10**15))
        where = {key: block.logs[0][key] for key in ("blockNumber", "blockHash", "removed")}
        odd = scripted.log(pool, ["0x" + "ee" * 32], b"whatever") | where
        stranger = {**odd, "address": scripted.ANYWHERE, "topics": [scripted.SYNC]}
        block.logs.extend([odd | {"logIndex": "0x8"}, stranger | {"logIndex": "0x9"}])
        await node.announce(block)
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert not followed.told(StreamLost, PoolQuarantined)

    scenario(run)


def test_a_pool_that_contradicts_its_swaps_is_read_again_at_once_while_the_others_go_on():
    async def run(node, followed):
        broken, good, _ = node.pools
        block = node.make((broken, True, 10**15), (good, True, 10**15))
        # A deposit nobody logged: from the state before it the swap does not follow.
        block.reserves[broken.emitter] = tuple(r + 7 for r in block.reserves[broken.emitter])
        block.logs[0] |= {"data": scripted.log(broken, [], _reserves(block, broken))["data"]}
        await node.announce(block)
        await followed.until(lambda: len(snapshots(followed, broken)) == 2, deadline_s=DEADLINE_S)

        assert [error.instrument for error in followed.broken] == [broken.instrument.id]
        assert isinstance(followed.broken[0], BrokenPoolError)
        assert_is_the_nodes(followed, node)
        await node.announce(node.make((broken, False, 10**15), (good, True, 10**15)))
        await reached(followed, node)
        assert_is_the_nodes(followed, node)
        assert len(snapshots(followed, good)) == 1
        assert len(snapshots(followed, broken)) == 3, "and once more when the block is settled"
        assert not followed.told(StreamLost)

    scenario(run)


def _reserves(block, pool):
    return scripted.encode(["uint112", "uint112"], block.reserves[pool.emitter])


def test_a_state_that_a_node_shows_too_early_is_put_right_with_the_next_head():
    async def run(node, followed):
        pool = node.pools[0]
        block = node.make((pool, True, 10**15))
        block.logs[0] |= {"data": "0x1234"}
        truth = block.reserves[pool.emitter]
        # The node makes the next block already, and shows its state under this one.
        block.reserves[pool.emitter] = (1, 1)
        await node.announce(block)
        await followed.until(lambda: len(snapshots(followed, pool)) == 2, deadline_s=DEADLINE_S)
        assert reserves(followed, pool) == (1, 1)

        block.reserves[pool.emitter] = truth
        await node.announce(node.make((pool, False, 10**15)))
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert not followed.broken

    scenario(run)


def test_a_snapshot_that_cannot_be_had_is_tried_again_with_a_later_head():
    async def run(node, followed):
        pool = node.pools[0]
        block = node.make((pool, True, 10**15))
        block.logs[0] |= {"data": "0x1234"}
        node.answers["eth_call"] = _refuse
        await node.announce(block)
        await reached(followed, node)
        await node.announce(node.make((node.pools[1], True, 10**15)))
        await reached(followed, node)
        assert "missing trie node" in followed.stream.quarantined[pool.instrument.id]
        assert_is_the_nodes(followed, node, but=(pool,))

        del node.answers["eth_call"]
        while followed.stream.quarantined:
            await node.announce(node.make((node.pools[1], True, 10**15)))
            await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert not followed.told(StreamLost)

    scenario(run)


def _refuse(*_):
    raise scripted.NodeError("missing trie node")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "correct the address"),
        (scripted.encode(["address"], [scripted.ANYWHERE]), "pools"),
        (scripted.NodeError("execution reverted"), "execution reverted"),
    ],
    ids=["nothing", "another factory", "a revert"],
)
def test_a_pool_that_is_not_what_it_should_be_is_left_out_until_it_is(answer, reason):
    async def whole():
        async with ScriptedNode() as node:
            wrong = node.pools[0]
            node.reads[wrong.emitter] = answer
            async with following(node) as followed:
                await reached(followed, node)

                (event,) = followed.told(PoolQuarantined)
                assert event.instrument == wrong.instrument.id
                assert reason in event.reason
                assert followed.view.missing(TimestampNs(time.time_ns())) is None
                assert_is_the_nodes(followed, node, but=(wrong,))
                await node.announce(node.make((wrong, True, 10**15), (node.pools[1], True, 10**9)))
                await reached(followed, node)
                assert_is_the_nodes(followed, node, but=(wrong,))

                del node.reads[wrong.emitter]
                while followed.stream.quarantined:
                    await node.announce(node.make((wrong, True, 10**15)))
                    await reached(followed, node)
                assert_is_the_nodes(followed, node)
                assert len(followed.told(PoolQuarantined)) == 1, "said once"

    asyncio.run(whole())


def test_a_token_with_other_decimals_keeps_its_pools_out():
    async def whole():
        async with ScriptedNode() as node:
            node.reads[scripted.TOKENS["BTC"]] = scripted.encode(["uint256"], [18])
            async with following(node) as followed:
                await reached(followed, node)

                told = {event.instrument: event.reason for event in followed.told(PoolQuarantined)}
                assert set(told) == {pool.instrument.id for pool in node.pools[1:]}
                assert all("has 18 decimals" in reason for reason in told.values())
                assert_is_the_nodes(followed, node, but=node.pools[1:])

    asyncio.run(whole())
