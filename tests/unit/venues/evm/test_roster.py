"""Whose a log is, and which pools wait for a snapshot, and for how long."""

from tests.unit.venues.evm.pools import (
    FAMILIES,
    MANAGER,
    SETUPS,
    SLIPSTREAM,
    V2,
    V3,
    V3_SWAP,
    V4,
    V4_SWAP,
    header,
)
from venues.evm.state.roster import RETRY_BLOCKS_MAX, Roster

BLOCK = header(100).ref


def roster():
    return Roster(SETUPS, FAMILIES)


def test_a_pools_own_contract_or_its_name_at_a_shared_one_says_whose_a_log_is():
    known = roster()

    assert known.owner(V3.emitter, (V3_SWAP,)).setup is V3
    assert known.owner(V2.emitter, ()).setup is V2
    assert known.owner(MANAGER, (V4_SWAP, V4.topic)).setup is V4
    assert known.owner(MANAGER, (V4_SWAP, "0x" + "ee" * 32)) is None
    assert known.owner(MANAGER, (V4_SWAP,)) is None
    assert known.owner("0x" + "ee" * 20, (V3_SWAP, V4.topic)) is None


def test_every_pool_waits_for_its_first_snapshot_and_nothing_is_wrong_with_it():
    known = roster()

    assert [each.setup for each in known.due(100)] == list(SETUPS)
    assert not known.waiting
    known[V3.instrument.id].resume(BLOCK, is_provisional=False)
    assert V3 not in [each.setup for each in known.due(100)]


def test_a_provisional_snapshot_is_taken_again():
    known = roster()
    for each in known.all:
        each.resume(BLOCK, is_provisional=each.setup is V3)

    assert [each.setup for each in known.due(100)] == [V3]
    assert not known.waiting


def test_a_suspended_pool_is_due_at_once_and_a_failed_one_later_every_time():
    pool = roster()[V3.instrument.id]
    pool.resume(BLOCK, is_provisional=False)
    pool.suspend("it broke")
    assert pool.due <= BLOCK.number

    waits = []
    for _ in range(12):
        pool.postpone("no answer", number=1_000)
        waits.append(pool.due - 1_000)

    assert waits == sorted(waits)
    assert waits[:3] == [2, 4, 8]
    assert waits[-1] == RETRY_BLOCKS_MAX
    pool.resume(BLOCK, is_provisional=False)
    pool.postpone("no answer", number=1_000)
    assert pool.due == 1_002, "a snapshot ends the row of failures"


def test_what_is_wrong_is_told_for_as_long_as_it_is():
    known = roster()
    pool = known[V2.instrument.id]

    pool.suspend("it broke")
    assert known.waiting == {V2.instrument.id: "it broke"}
    pool.restart()
    assert known.waiting == {V2.instrument.id: "it broke"}
    pool.resume(BLOCK, is_provisional=False)
    assert not known.waiting


def test_only_followed_pools_whose_fee_changes_in_silence_are_asked_after_a_block():
    known = roster()
    assert known.refreshing() == []

    for each in known.all:
        each.resume(BLOCK, is_provisional=False)

    assert [each.setup for each in known.refreshing()] == [SLIPSTREAM]
    assert [each.setup for each in known.all if not each.is_exact] == [SLIPSTREAM]
