"""Following a chain by parent hashes, over block trees of any shape."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import MalformedDataError, SequenceGapError
from venues.evm.state.heads import (
    ASIDE_MAX,
    GAP_MAX,
    REMEMBERED_MAX,
    HeadChain,
    Missing,
    Path,
    Standing,
)
from venues.evm.words.node import Header

FIRST_NUMBER = 1_000
START = Header(FIRST_NUMBER, f"0x{1:064x}", f"0x{0:064x}", 1_700_000_000, 10**9)


def child(parent, name):
    """Return a block on top of another; its name is all that tells it from its siblings."""
    return Header(parent.number + 1, f"0x{name:064x}", parent.hash, parent.timestamp_s + 12, 10**9)


def branch(parent, length, *, name):
    """Return `length` blocks on top of another."""
    blocks = []
    for at in range(length):
        blocks.append(child(blocks[-1] if blocks else parent, name + at))
    return blocks


def followed(blocks, *, start=START):
    chain = HeadChain(start)
    for block in blocks:
        chain.extend(block)
    return chain


def way(chain, target, tree):
    """Find a way as a node would help with it: every missing header is asked for by its hash."""
    asked = []
    while isinstance(found := chain.way(target), Missing):
        asked.append(found.hash)
        header = tree[found.hash]
        assert header.number == found.number
        chain.learn(header)
    return found, asked


def go(chain, path):
    chain.rewind(path.ancestor)
    for block in path.blocks:
        chain.extend(block)


def ancestry(block, tree):
    """Return a block and everything below it, newest first."""
    line = [block]
    while line[-1].parent_hash in tree:
        line.append(tree[line[-1].parent_hash])
    return line


@st.composite
def walks(draw):
    """Draw a tree of blocks, and the order in which a node calls some of them its newest."""
    blocks = [START]
    for name in range(2, draw(st.integers(3, 60))):
        # Mostly on top of the newest, sometimes anywhere, so that branches are long and many.
        parent = draw(st.sampled_from([blocks[-1]] * 6 + blocks))
        blocks.append(child(parent, name))
    heads = draw(st.lists(st.sampled_from(blocks), min_size=1, max_size=25))
    return {block.hash: block for block in blocks}, heads


@given(walks())
def test_after_every_head_the_branch_is_the_ancestry_of_that_head(walk):
    tree, heads = walk
    chain = HeadChain(START)

    for head in heads:
        before, line = chain.head, ancestry(head, tree)
        path, _ = way(chain, head, tree)
        old = ancestry(before, tree)
        assert path.ancestor == next(block for block in old if block in line)
        assert list(path.blocks) == line[: line.index(path.ancestor)][::-1]
        assert path.is_reorganisation is (path.ancestor != before)
        go(chain, path)

        assert chain.head == head
        assert chain.standing(head) is Standing.HEAD
        for block in tree.values():
            assert chain.on_branch(block.hash) == (block if block in line else None)


@given(walks())
def test_looking_changes_nothing_and_a_header_is_asked_for_once(walk):
    tree, heads = walk
    chain, asked_before = HeadChain(START), set()

    for head in heads:
        standing = {block.hash: chain.standing(block) for block in tree.values()}
        _, asked = way(chain, head, tree)
        assert chain.way(head) == chain.way(head)
        assert asked_before.isdisjoint(asked)
        asked_before.update(asked)
        after = {block.hash: chain.standing(block) for block in tree.values()}
        changed = {name for name in standing if standing[name] != after[name]}
        assert changed <= set(asked), "only what was learned is known better"
        go(chain, chain.way(head))


def test_where_a_header_stands_is_told_before_anything_is_done_about_it():
    first, second = branch(START, 2, name=10)
    chain = followed([first, second])
    sibling = child(START, 20)

    assert chain.standing(second) is Standing.HEAD
    assert chain.standing(first) is Standing.PASSED
    assert chain.standing(child(second, 12)) is Standing.NEXT
    assert chain.standing(sibling) is Standing.UNKNOWN
    chain.learn(sibling)
    assert chain.standing(sibling) is Standing.ASIDE


@pytest.mark.parametrize("depth", [1, 2, 64, REMEMBERED_MAX])
def test_a_reorganisation_of_any_depth_that_is_remembered_is_followed_from_heads_alone(depth):
    old = branch(START, REMEMBERED_MAX + 40, name=10)
    chain = followed(old)
    ancestor = old[-1 - depth]
    new = branch(ancestor, depth, name=10_000)

    for block in new[:-1]:
        chain.learn(block)
    path = chain.way(new[-1])

    assert path == Path(ancestor, tuple(new), is_reorganisation=True)
    go(chain, path)
    assert chain.head == new[-1]
    assert chain.way(old[-1]) == Path(ancestor, tuple(old[-depth:]), is_reorganisation=True)


def test_a_header_continues_the_chain_if_all_between_are_known():
    chain = followed(branch(START, 2, name=10))
    ahead, aside = branch(chain.head, 4, name=50), branch(START, 4, name=80)

    assert chain.continues(ahead[0])
    assert not chain.continues(ahead[3])
    for header in (*ahead[:3], *aside[:3]):
        chain.learn(header)

    assert chain.continues(ahead[3])
    assert not chain.continues(aside[3]), "it leaves the branch before the head"
    assert not chain.continues(chain.head)
    assert not chain.continues(START)
    assert chain.standing(ahead[0]) is Standing.ASIDE, "it may have come before"


def test_a_reorganisation_deeper_than_what_is_remembered_is_a_gap():
    old = branch(START, REMEMBERED_MAX + 40, name=10)
    chain = followed(old)
    new = branch(old[-2 - REMEMBERED_MAX], REMEMBERED_MAX + 2, name=10_000)
    for block in new[:-1]:
        chain.learn(block)

    with pytest.raises(SequenceGapError, match="does not follow within"):
        chain.way(new[-1])


def test_a_branch_that_leaves_before_the_start_is_a_gap():
    chain = followed(branch(START, 2, name=10))
    elsewhere = replace(START, hash=f"0x{99:064x}")

    with pytest.raises(SequenceGapError, match="1000 to 1002 that are remembered"):
        chain.way(elsewhere)


def test_a_gap_that_is_too_long_is_not_filled():
    chain = HeadChain(START)
    blocks = branch(START, GAP_MAX + 1, name=10)
    for block in blocks:
        chain.learn(block)

    assert chain.way(blocks[-2]) == Path(START, tuple(blocks[:-1]), is_reorganisation=False)
    with pytest.raises(SequenceGapError):
        chain.way(blocks[-1])


def test_a_head_below_the_present_one_takes_the_chain_back_to_it():
    blocks = branch(START, 5, name=10)
    chain = followed(blocks)

    path = chain.way(blocks[1])

    assert path == Path(blocks[1], (), is_reorganisation=True)
    go(chain, path)
    assert chain.head == blocks[1]
    assert chain.way(blocks[4]) == Path(blocks[1], tuple(blocks[2:]), is_reorganisation=False)


def test_the_head_itself_is_the_end_of_no_way():
    chain = followed(branch(START, 3, name=10))

    assert chain.way(chain.head) == Path(chain.head, (), is_reorganisation=False)


def test_a_block_whose_number_does_not_follow_its_parents_is_malformed():
    chain = followed(branch(START, 3, name=10))
    liar = replace(child(chain.head, 50), number=chain.head.number + 2)

    with pytest.raises(MalformedDataError, match="names block 1003 as its parent"):
        chain.way(liar)


def test_headers_of_other_branches_are_forgotten_oldest_first():
    chain = HeadChain(START)
    blocks = branch(START, ASIDE_MAX + 1, name=10)

    for block in blocks:
        chain.learn(block)

    assert chain.standing(blocks[0]) is Standing.NEXT, "known by its parent, and by nothing else"
    assert chain.way(blocks[1]) == Missing(blocks[0].number, blocks[0].hash)
    assert chain.standing(blocks[-1]) is Standing.ASIDE


def test_a_block_that_does_not_continue_the_head_cannot_extend_it():
    chain = followed(branch(START, 2, name=10))

    with pytest.raises(AssertionError):
        chain.extend(child(START, 30))
    with pytest.raises(AssertionError):
        chain.rewind(child(START, 30))
