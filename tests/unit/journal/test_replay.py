"""Replay: the same journal gives the same decisions, and any damage is named."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.error import JournalError
from router.domain.event import ChildNotSent, Event
from router.journal.codec import encode
from router.journal.record import (
    SCHEMA_VERSION,
    FaultKind,
    Record,
    from_row,
    genesis,
    make_record,
    to_row,
    trace,
)
from router.journal.replay import replay
from tests.unit.journal.vocabulary import JOURNAL_ID, chain, small_journal, step, values_of


def run(records):
    return replay(records, step, 0, journal_id=JOURNAL_ID)


def test_a_whole_journal_comes_out_the_same():
    records = small_journal()

    report = run(records)

    assert report.fault is None
    assert report.world == len(records)
    assert report.records_count == len(records)
    assert report.commands_count == sum(len(record.commands) for record in records)
    assert report.tip == records[-1].tip


@settings(max_examples=40)
@given(st.lists(values_of(Event), max_size=3))
def test_any_events_replay_without_a_fault(events):
    report = run(chain(*events))

    assert report.fault is None
    assert report.records_count == len(events)


def test_an_empty_journal_is_whole():
    report = run([])

    assert (report.world, report.tip, report.fault) == (0, genesis(JOURNAL_ID), None)


# Every row with every one of its bytes changed, each in several ways.
def damaged_rows() -> Iterator[tuple[int, str, list[tuple[object, ...]]]]:
    rows = [to_row(record) for record in small_journal()]
    names = ("schema", "sequence", "previous_hash", "event", "commands", "hash")
    for index, row in enumerate(rows):
        for column, value in enumerate(row):
            for damaged in flipped(value):
                changed = (*row[:column], damaged, *row[column + 1 :])
                yield index + 1, names[column], [*rows[:index], changed, *rows[index + 1 :]]


def flipped(value: object) -> Iterator[object]:
    data = value.to_bytes(8, signed=True) if isinstance(value, int) else value
    assert isinstance(data, bytes)
    for index in range(len(data)):
        for mask in (0x01, 0x20, 0x80, 0xFF):  # 0x20 is the case of a letter
            changed = data[:index] + bytes([data[index] ^ mask]) + data[index + 1 :]
            yield int.from_bytes(changed, signed=True) if isinstance(value, int) else changed


def test_every_byte_of_every_record_is_watched():
    checked = 0
    for sequence, column, rows in damaged_rows():
        report = run(map(from_row, rows))

        assert report.fault is not None, (sequence, column)
        assert report.fault.sequence == sequence, (sequence, column, report.fault)
        assert report.tip.sequence == report.world == sequence - 1
        checked += 1

    bytes_count = sum(
        8 + 8 + sum(len(part) for part in to_row(record) if isinstance(part, bytes))
        for record in small_journal()
    )
    assert checked == 4 * bytes_count


@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_record_is_a_gap(lost):
    records = small_journal()
    del records[lost]

    fault = run(records).fault

    assert fault is not None
    assert (fault.sequence, fault.kind) == (lost + 1, FaultKind.GAP)


def test_exchanged_records_are_a_gap():
    first, second, third = small_journal()

    fault = run([first, third, second]).fault

    assert fault is not None
    assert (fault.sequence, fault.kind) == (2, FaultKind.GAP)


def test_an_event_of_an_unknown_kind_is_undecodable():
    record = make_record(genesis(JOURNAL_ID), b'{"Unknown":{}}', ())

    fault = run([record]).fault

    assert fault is not None
    assert (fault.sequence, fault.kind) == (1, FaultKind.UNDECODABLE)
    assert "Unknown" in fault.sentence


def test_a_record_of_a_newer_build_is_named():
    first, second, third = small_journal()

    fault = run([first, replace(second, schema=SCHEMA_VERSION + 1), third]).fault

    assert fault is not None
    assert (fault.sequence, fault.kind) == (2, FaultKind.SCHEMA_VERSION)


def test_other_commands_than_recorded_are_named():
    event = ChildNotSent("c-1", "refused", 1)
    record = make_record(genesis(JOURNAL_ID), encode(event), ())

    fault = run([record]).fault

    assert fault is not None
    assert (fault.sequence, fault.kind) == (1, FaultKind.COMMANDS_DIFFER)
    assert "recorded no command, made again RaiseAlarm" in fault.sentence


def test_a_command_with_other_content_is_named():
    event = ChildNotSent("c-1", "refused", 1)
    _, commands = step(0, replace(event, reason="something else"))
    record = make_record(genesis(JOURNAL_ID), encode(event), trace(commands))

    fault = run([record]).fault

    assert fault is not None
    assert (fault.sequence, fault.kind) == (1, FaultKind.COMMANDS_DIFFER)
    assert "command 1, RaiseAlarm" in fault.sentence


def test_a_source_that_fails_is_a_fault_after_what_it_gave():
    first, *_ = small_journal()

    def source() -> Iterator[Record]:
        yield first
        raise JournalError("bad sector")

    report = run(source())

    assert report.records_count == 1
    assert report.fault is not None
    assert (report.fault.sequence, report.fault.kind) == (2, FaultKind.UNREADABLE)
    assert "bad sector" in report.fault.sentence


def test_a_bug_in_the_step_is_not_taken_for_damage():
    def broken(world: int, event: Event):
        raise KeyError(world, event)

    with pytest.raises(KeyError):
        replay(small_journal(), broken, 0, journal_id=JOURNAL_ID)
