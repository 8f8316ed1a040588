"""From blocks and logs to events: in order, each once, and one bad log costs one pool."""

from dataclasses import replace

import pytest

from router.domain.error import MalformedDataError
from router.domain.market import (
    ChainReorganised,
    HeadAdvanced,
    PoolFeeChanged,
    PoolQuarantined,
    PoolSwapped,
    ReservesSynced,
)
from tests.unit.venues.evm.pools import (
    MANAGER,
    SETUPS,
    SLIPSTREAM,
    TOLD,
    V2,
    V3,
    V3_OTHER,
    V3_SWAP,
    V4,
    V4_SWAP,
    header,
    log,
    session,
    snapshot,
)
from venues.evm.state.heads import Path
from venues.evm.state.session import BLOCKS_COMPARED_MAX

NEXT = header(101)


def told(begun, block, logs, *, fees=()):
    return list(begun.complete(begun.read_block(block, [logs]), TOLD, fees))


def path(ancestor, *blocks, is_reorganisation=True):
    return Path(ancestor, blocks, is_reorganisation)


def test_a_block_is_its_pools_events_in_log_order_and_then_the_head():
    begun, _ = session()
    logs = [log(V4, NEXT, 9), log(V3, NEXT, 2), log(V2, NEXT, 4), log(V3_OTHER, NEXT, 3)]

    events = told(begun, NEXT, logs)

    assert [type(event) for event in events] == [
        *(PoolSwapped, PoolSwapped, ReservesSynced, PoolSwapped, HeadAdvanced)
    ]
    assert [event.log_index for event in events[:-1]] == [2, 3, 4, 9]
    assert [event.instrument for event in events[:-1]] == [
        pool.instrument.id for pool in (V3, V3_OTHER, V2, V4)
    ]
    assert events[-1].block == NEXT.ref
    assert begun.heads.head == NEXT


def test_a_log_that_is_there_twice_is_told_once():
    begun, _ = session()

    events = told(begun, NEXT, [log(V3, NEXT, 2), log(V3, NEXT, 2)])

    assert len(events) == 2


def test_several_answers_are_one_block():
    begun, _ = session()

    block = begun.read_block(NEXT, [[log(V3, NEXT, 5)], [log(V4, NEXT, 1)]])

    events = list(begun.complete(block, TOLD))
    assert [event.log_index for event in events[:-1]] == [1, 5]


def test_pools_that_are_not_ours_and_topics_that_nobody_knows_are_passed_over():
    begun, _ = session()
    stranger = replace(V4, topic="0x" + "ee" * 32)
    words = (V4_SWAP, stranger.topic, "0x" + "00" * 32)
    logs = [
        log(V3, NEXT, 0, address="0x" + "ee" * 20),
        log(stranger, NEXT, 1, topics=words, data=bytes(192)),
        log(V3, NEXT, 2, topics=["0x" + "ee" * 32], data=b""),
        log(V4, NEXT, 3, topics=["0x" + "ee" * 32, V4.topic], data=b"odd"),
        log(V3, NEXT, 4, topics=[], data=b""),
        log(V4, NEXT, 5, topics=[V4_SWAP], data=bytes(192)),
    ]

    events = told(begun, NEXT, logs)

    assert [type(event) for event in events] == [HeadAdvanced]


@pytest.mark.parametrize(
    "changes",
    [
        {"data": b""},
        {"data": bytes(159)},
        {"data": b"\xff" * 160},
        {"topics": [V3_SWAP], "data": bytes(160)},
        {"data": "0xzz"},
        {"data": None},
        {"topics": [V3_SWAP, "0x12"], "data": bytes(160)},
        {"topics": None, "data": None},
        {"logIndex": None},
        {"logIndex": "7"},
        {"blockHash": 5},
    ],
    ids=str,
)
def test_a_malformed_log_costs_its_own_pool_and_no_other(changes):
    begun, roster = session()
    bad = log(V3, NEXT, 1)
    for key, value in changes.items():
        bad[key] = f"0x{value.hex()}" if isinstance(value, bytes) else value

    events = told(begun, NEXT, [log(V3, NEXT, 2), bad, log(V3_OTHER, NEXT, 3)])

    (quarantined,) = [event for event in events if isinstance(event, PoolQuarantined)]
    assert quarantined.instrument == V3.instrument.id
    assert roster.waiting == {V3.instrument.id: quarantined.reason}
    swaps = [event.instrument for event in events if isinstance(event, PoolSwapped)]
    assert swaps == [V3_OTHER.instrument.id], "nothing of the pool comes after it"
    assert isinstance(events[-1], HeadAdvanced)
    again = told(begun, header(102), [log(V3, header(102), 0)])
    assert [type(event) for event in again] == [HeadAdvanced], "until its next snapshot"
    begun.resume(snapshot(V3, header(102)), is_provisional=False)
    assert len(told(begun, header(103), [log(V3, header(103), 0)])) == 2
    assert not roster.waiting


def test_a_malformed_log_of_a_shared_contract_costs_the_pool_it_names():
    begun, _ = session()
    name = V4.topic.upper().replace("X", "x")
    bad = log(V4, NEXT, 1, topics=[V4_SWAP, name], data=b"\x01")

    events = told(begun, NEXT, [bad, log(V3, NEXT, 2)])

    assert [type(event) for event in events] == [PoolQuarantined, PoolSwapped, HeadAdvanced]
    assert events[0].instrument == V4.instrument.id


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        "0x",
        ["log"],
        [{"address": 5}],
        [{"address": MANAGER, "topics": [V4_SWAP]}],
        [log(V3, header(101, fork=1), 0)],
        [log(V3, header(102), 0)],
        [log(V3, NEXT, 0, removed=True)],
    ],
    ids=range(9),
)
def test_an_answer_that_is_not_of_the_block_is_refused_whole_and_nothing_is_told(answer):
    begun, roster = session()

    with pytest.raises(MalformedDataError):
        begun.read_block(NEXT, [[log(V3_OTHER, NEXT, 3)], answer])

    assert begun.heads.head == header(100)
    assert not roster.waiting


def test_a_pool_that_is_suspended_between_two_of_its_events_is_silent_from_there_on():
    begun, roster = session()
    block = begun.read_block(NEXT, [[log(V3, NEXT, 0), log(V3, NEXT, 1), log(V2, NEXT, 2)]])

    seen = []
    for event in begun.complete(block, TOLD):
        seen.append(event)
        if isinstance(event, PoolSwapped):
            roster[V3.instrument.id].suspend("it broke")

    assert [type(event) for event in seen] == [PoolSwapped, ReservesSynced, HeadAdvanced]


def test_swaps_at_a_fee_that_changes_without_a_log_are_not_called_exact():
    begun, _ = session()

    events = told(begun, NEXT, [log(SLIPSTREAM, NEXT, 0), log(V3, NEXT, 1), log(V4, NEXT, 2)])

    assert [(event.is_exact, event.fee_pips) for event in events[:-1]] == [
        *((False, None), (True, None), (True, 500))
    ]


def test_a_fee_that_was_read_is_told_before_the_head_and_only_if_it_is_news():
    begun, roster = session()

    def change(block, fee_pips):
        return PoolFeeChanged(SLIPSTREAM.instrument.id, block.number, block.hash, fee_pips, (0, 0))

    blocks = [header(number) for number in range(101, 105)]
    first = told(begun, blocks[0], [], fees=[change(blocks[0], 700)])
    same = told(begun, blocks[1], [], fees=[change(blocks[1], 700)])
    other = told(begun, blocks[2], [], fees=[change(blocks[2], 300)])
    roster[SLIPSTREAM.instrument.id].suspend("it broke")
    silent = told(begun, blocks[3], [], fees=[change(blocks[3], 900)])

    assert [type(event) for event in first] == [PoolFeeChanged, HeadAdvanced]
    assert [type(event) for event in same] == [HeadAdvanced]
    assert [type(event) for event in other] == [PoolFeeChanged, HeadAdvanced]
    assert [type(event) for event in silent] == [HeadAdvanced]


def test_a_reorganisation_is_told_before_the_blocks_that_replace_others():
    begun, _ = session()
    for block in (NEXT, header(102)):
        told(begun, block, [])

    events = list(begun.turn(path(NEXT), TOLD))

    assert events == [ChainReorganised("local", NEXT.ref, TOLD.received_at)]
    assert begun.heads.head == NEXT
    assert list(begun.turn(path(NEXT, is_reorganisation=False), TOLD)) == []


def test_a_fee_is_news_again_after_a_reorganisation():
    begun, _ = session()
    change = PoolFeeChanged(SLIPSTREAM.instrument.id, 101, NEXT.hash, 700, (0, 0))
    told(begun, NEXT, [], fees=[change])

    list(begun.turn(path(header(100)), TOLD))

    assert change in told(begun, NEXT, [], fees=[change])


def test_a_pool_whose_snapshot_became_void_waits_for_another_before_the_others_go_back():
    begun, roster = session()
    for number in (101, 102):
        told(begun, header(number), [])
    begun.resume(snapshot(V3, header(102)), is_provisional=False)

    events = list(begun.turn(path(NEXT), TOLD))

    assert [type(event) for event in events] == [PoolQuarantined, ChainReorganised]
    assert set(roster.waiting) == {V3.instrument.id}
    assert [followed.id for followed in roster.due(103)] == [V3.instrument.id]


def test_a_streamed_log_that_the_node_then_does_not_have_is_missed():
    begun, _ = session()
    begun.note(log(V3, NEXT, 4))

    with pytest.raises(MalformedDataError, match=r"streamed logs \[4\] and does not have them"):
        begun.read_block(NEXT, [[log(V3, NEXT, 3)]])

    assert len(told(begun, NEXT, [log(V3, NEXT, 3), log(V3, NEXT, 4)])) == 3


def test_what_is_streamed_early_late_twice_or_by_others_changes_nothing():
    begun, _ = session()
    begun.note(log(V3, NEXT, 4))
    begun.note(log(V3, NEXT, 4))
    begun.note(log(V3, NEXT, 5, address="0x" + "ee" * 20))
    begun.note({"address": V3.emitter})
    begun.note("nothing")

    assert len(told(begun, NEXT, [log(V3, NEXT, 4)])) == 2
    begun.note(log(V3, NEXT, 4))
    begun.note(log(V3, header(99), 1))
    assert len(told(begun, header(102), [])) == 1


def test_a_log_that_comes_after_its_block_was_complete_without_it_voids_the_block():
    begun, _ = session()
    told(begun, NEXT, [log(V3, NEXT, 4)])
    told(begun, header(102), [])

    with pytest.raises(MalformedDataError, match="log 5 came after its block 101"):
        begun.note(log(V3, NEXT, 5))
    events = list(begun.retract(TOLD))

    assert events == [ChainReorganised("local", header(100).ref, TOLD.received_at)]
    assert begun.heads.head == header(100)
    assert list(begun.retract(TOLD)) == []
    assert len(told(begun, NEXT, [log(V3, NEXT, 4), log(V3, NEXT, 5)])) == 3


def test_a_late_log_of_a_void_block_is_no_news():
    begun, _ = session()
    told(begun, NEXT, [])
    list(begun.turn(path(header(100)), TOLD))

    begun.note(log(V3, NEXT, 5))

    assert list(begun.retract(TOLD)) == []


def test_withdrawn_logs_are_a_reason_to_ask_and_no_error():
    begun, _ = session()
    told(begun, NEXT, [log(V3, NEXT, 4)])
    assert not begun.take_doubt()

    begun.note(log(V3, NEXT, 4, removed=True))

    assert begun.take_doubt()
    assert not begun.take_doubt(), "once"


def test_withdrawn_logs_of_a_block_that_is_void_already_or_told_anew_are_no_reason():
    begun, _ = session()
    told(begun, NEXT, [log(V3, NEXT, 4)])

    begun.note(log(V3, header(101, fork=9), 4, removed=True))
    assert not begun.take_doubt()
    begun.note(log(V3, NEXT, 4, removed=True))
    begun.note(log(V3, NEXT, 4))

    assert not begun.take_doubt()


def test_a_streamed_log_that_was_withdrawn_is_not_missed():
    begun, _ = session()
    begun.note(log(V3, NEXT, 4))
    begun.note(log(V3, NEXT, 4, removed=True))

    assert len(told(begun, NEXT, [])) == 1


def test_what_was_streamed_of_blocks_that_never_come_is_forgotten():
    begun, _ = session()
    begun.note(log(V3, NEXT, 4))
    for fork in range(1, BLOCKS_COMPARED_MAX + 1):
        begun.note(log(V3, header(101, fork=fork), 0))

    assert len(told(begun, NEXT, [])) == 1


def test_the_head_is_told_again_with_another_time():
    begun, _ = session()
    told(begun, NEXT, [])

    again = begun.head(replace(TOLD, received_at=99))

    assert (again.block, again.received_at) == (NEXT.ref, 99)


def test_nodes_are_asked_for_logs_of_shared_contracts_by_pool():
    _, roster = session()

    alone, shared = roster.filters

    assert set(alone["address"]) == {pool.emitter for pool in SETUPS if pool is not V4}
    assert shared["address"] == [MANAGER]
    assert V3_SWAP in alone["topics"][0]
    assert shared["topics"][1] == [V4.topic]
    assert V4_SWAP in shared["topics"][0]
