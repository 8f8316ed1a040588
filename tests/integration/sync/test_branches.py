"""What no local node does: withdrawn logs, deep reorganisations, heads and logs that come late."""

import asyncio
import random

import pytest

from router.domain.market import (
    ChainReorganised,
    HeadAdvanced,
    PoolQuarantined,
    ReservesSwapped,
    StreamLost,
)
from router.domain.units import DurationNs
from tests.integration.sync.node import ScriptedNode
from tests.integration.sync.script import (
    DEADLINE_S,
    MS,
    assert_is_the_nodes,
    following,
    reached,
    scenario,
    snapshots,
)
from venues.evm.state.heads import REMEMBERED_MAX


def test_blocks_are_followed_from_the_snapshots_on():
    async def run(node, followed):
        first, second, _ = node.pools
        await node.announce(node.make((first, True, 10**15), (first, False, 10**16)))
        await node.announce(node.make((second, True, 10**12)))
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert len(followed.told(ReservesSwapped)) == 3
        assert [len(snapshots(followed, pool)) for pool in node.pools] == [1, 1, 1]
        assert not followed.told(StreamLost, ChainReorganised, PoolQuarantined)

    scenario(run)


@pytest.mark.parametrize("depth", [1, 10, 64, 200])
@pytest.mark.parametrize("announced", ["all", "newest"])
def test_a_reorganisation_is_followed_from_heads_alone(depth, announced):
    async def run(node, followed):
        rng, ancestor = random.Random(depth), node.tip
        for _ in range(depth):
            await node.announce(node.make((rng.choice(node.pools), True, rng.randint(1, 10**18))))
        await reached(followed, node)

        node.tip = ancestor
        new = [
            node.make((rng.choice(node.pools), False, rng.randint(1, 10**18)))
            for _ in range(max(depth - 3, 1))
        ]
        await node.announce(*(new if announced == "all" else new[-1:]))
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        (event,) = followed.told(ChainReorganised)
        assert event.ancestor.hash == ancestor.hash
        assert not followed.told(StreamLost, PoolQuarantined)
        assert all(len(snapshots(followed, pool)) == 1 for pool in node.pools)

    scenario(run)


def test_a_reorganisation_deeper_than_what_is_remembered_ends_in_new_snapshots():
    async def run(node, followed):
        ancestor = node.tip
        for _ in range(REMEMBERED_MAX + 2):
            await node.announce(node.make((node.pools[0], True, 10**15)))
        await reached(followed, node)

        node.tip = ancestor
        new = [node.make((node.pools[0], False, 10**15)) for _ in range(REMEMBERED_MAX + 3)]
        await node.announce(new[-1])
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        (loss,) = followed.told(StreamLost)
        assert "does not follow within" in loss.reason
        assert all(len(snapshots(followed, pool)) == 2 for pool in node.pools)
        await node.announce(node.make((node.pools[1], True, 10**15)))
        await reached(followed, node)
        assert_is_the_nodes(followed, node)

    scenario(run)


def test_a_chain_that_goes_back_to_an_old_branch_and_forth_again_is_followed():
    async def run(node, followed):
        first, second, _ = node.pools
        ancestor = node.tip
        ours = [node.make((first, True, 10**15)), node.make((second, True, 10**14))]
        await node.announce(*ours)
        await reached(followed, node)
        node.tip = ancestor
        theirs = [node.make((first, False, 10**15)) for _ in range(3)]
        await node.announce(*theirs)
        await reached(followed, node)
        for tip, heads in ((ours[-1], ours), (theirs[-1], theirs[-1:]), (ours[-1], ours[-1:])):
            node.tip = tip
            await node.announce(*heads)
            await reached(followed, node)

            assert_is_the_nodes(followed, node)
        assert not followed.told(StreamLost, PoolQuarantined)

    scenario(run)


def test_a_chain_that_only_goes_back_is_followed_when_the_node_says_so():
    async def run(node, followed):
        kept = node.make((node.pools[0], True, 10**15))
        gone = node.make((node.pools[0], True, 10**15))
        await node.announce(kept, gone)
        await reached(followed, node)

        node.tip = kept
        await node.announce(kept)
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert isinstance(followed.events[-1], HeadAdvanced)
        await node.announce(gone)
        await node.announce(node.make((node.pools[1], True, 10**15)))
        await reached(followed, node)
        told = [event.block.hash for event in followed.told(HeadAdvanced)]
        assert told.count(gone.hash) == 1, "what is void already is not believed again"

    scenario(run)


def test_a_node_that_announces_more_than_it_calls_its_newest_is_followed():
    async def run(node, followed):
        old = node.tip
        node.answers["eth_getBlockByNumber"] = lambda number, _: (
            old if number == "latest" else node.branch()[int(number, 16)]
        ).header()
        for _ in range(3):
            node.make((node.pools[0], True, 10**15))
        await node.announce(node.tip)
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert not followed.told(StreamLost, ChainReorganised)

    scenario(run)


def test_heads_that_come_late_twice_or_from_a_void_branch_change_nothing():
    async def run(node, followed):
        old = node.tip
        void = [node.make((node.pools[0], True, 10**15)) for _ in range(5)]
        await node.announce(*void)
        await reached(followed, node)
        node.tip = old
        new = [node.make((node.pools[0], False, 10**15)) for _ in range(3)]
        await node.announce(*new)
        await reached(followed, node)

        await node.announce(new[-1], new[0], old, void[-1], void[0], new[-1])
        await node.announce(node.make((node.pools[1], True, 10**15)), new[-1], old, new[0])
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert len(followed.told(ChainReorganised)) == 1

    scenario(run)


@pytest.mark.parametrize("withdrawn", ["before", "after", "before and announced late", "twice"])
def test_a_node_that_withdraws_logs_is_followed(withdrawn):
    async def run(node, followed):
        pool, ancestor = node.pools[0], node.tip
        old = [node.make((pool, True, 10**15)) for _ in range(2)]
        for block in old:
            await node.stream(*block.logs)
            await node.announce(block)
        await reached(followed, node)

        node.tip = ancestor
        new = [node.make((pool, False, 10**15)) for _ in range(2)]
        gone = [each | {"removed": True} for block in reversed(old) for each in block.logs]
        if withdrawn != "after":
            await node.stream(*gone)
        if withdrawn == "before and announced late":
            node.tip = old[-1]  # it withdraws what it still calls its newest
            await node.announce(old[-1])
            node.tip = new[-1]
        for block in new:
            await node.stream(*block.logs)
            await node.announce(block)
        if withdrawn in {"after", "twice"}:
            await node.stream(*gone)
        await reached(followed, node)
        await node.announce(node.make((pool, True, 10**14)))
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert len(followed.told(ChainReorganised)) == 1
        assert not followed.told(StreamLost, PoolQuarantined)

    scenario(run)


def test_the_blocks_of_a_lost_connection_are_filled_in_without_new_snapshots():
    async def run(node, followed):
        for _ in range(3):
            node.cut()
            for _ in range(40):
                node.make((random.Random(1).choice(node.pools), True, 10**15))
            await reached(followed, node)
            assert_is_the_nodes(followed, node)

        assert len(followed.told(StreamLost)) == 3
        assert all(len(snapshots(followed, pool)) == 1 for pool in node.pools)
        heads = [event.block.number for event in followed.told(HeadAdvanced)]
        assert sorted(set(heads)) == list(range(min(heads), max(heads) + 1))

    scenario(run)


def test_a_reorganisation_during_a_lost_connection_is_found_by_parent_hashes():
    async def run(node, followed):
        ancestor = node.tip
        for _ in range(70):
            await node.announce(node.make((node.pools[0], True, 10**15)))
        await reached(followed, node)

        node.cut()
        node.tip = ancestor
        for _ in range(75):
            node.make((node.pools[1], True, 10**15))
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        (event,) = followed.told(ChainReorganised)
        assert event.ancestor.hash == ancestor.hash
        assert all(len(snapshots(followed, pool)) == 1 for pool in node.pools)

    scenario(run)


def test_a_gap_longer_than_what_is_worth_filling_ends_in_new_snapshots():
    async def run(node, followed):
        node.cut()
        for _ in range(2 * REMEMBERED_MAX + 1):
            node.make()
        node.make((node.pools[0], True, 10**15))
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert all(len(snapshots(followed, pool)) == 2 for pool in node.pools)

    scenario(run)


def test_silence_is_a_loss_and_the_same_head_makes_the_venue_fresh_again():
    async def whole():
        async with (
            ScriptedNode() as node,
            following(node, silence_max=DurationNs(100 * MS)) as followed,
        ):
            await reached(followed, node)
            await followed.until(lambda: followed.told(StreamLost), deadline_s=DEADLINE_S)
            assert followed.view.head("local") is None
            await reached(followed, node)

            assert_is_the_nodes(followed, node)
            assert all(len(snapshots(followed, pool)) == 1 for pool in node.pools)

    asyncio.run(whole())


def test_a_node_that_has_not_all_logs_of_a_block_at_first_is_asked_again():
    async def run(node, followed):
        block = node.make((node.pools[0], True, 10**15))
        node.answers["eth_getLogs"] = lambda _query: []
        await node.stream(*block.logs)
        await node.announce(block)
        await followed.until(lambda: followed.told(StreamLost), deadline_s=DEADLINE_S)
        assert "does not have them" in followed.told(StreamLost)[0].reason
        del node.answers["eth_getLogs"]
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert not followed.told(ChainReorganised), "nothing of the block had been told"

    scenario(run)


def test_a_log_that_comes_after_its_block_was_told_without_it_is_made_good():
    async def run(node, followed):
        block = node.make((node.pools[0], True, 10**15))
        node.answers["eth_getLogs"] = lambda _query: []
        await node.announce(block)
        await reached(followed, node)
        del node.answers["eth_getLogs"]
        await node.stream(*block.logs)
        await node.announce(node.make((node.pools[1], True, 10**15)))
        await followed.until(lambda: followed.told(ChainReorganised), deadline_s=DEADLINE_S)
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert all(len(snapshots(followed, pool)) == 1 for pool in node.pools)

    scenario(run)


def test_a_block_that_is_void_before_its_logs_were_asked_for_is_never_told():
    async def run(node, followed):
        ancestor = node.tip
        void = node.make((node.pools[0], True, 10**15))
        node.tip = ancestor
        node.make((node.pools[1], True, 10**15))
        await node.announce(void)
        await reached(followed, node)

        assert_is_the_nodes(followed, node)
        assert void.hash not in {event.block.hash for event in followed.told(HeadAdvanced)}
        assert not followed.told(StreamLost)

    scenario(run)


def test_whoever_waits_for_the_next_head_is_woken_by_it():
    async def run(node, followed):
        waiting = followed.stream.next_head()
        assert not waiting.is_set()

        await node.announce(node.make())
        async with asyncio.timeout(DEADLINE_S):
            await waiting.wait()

        assert not followed.stream.next_head().is_set()

    scenario(run)
