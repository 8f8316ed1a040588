"""Records: the layout of the hash, and the chain."""

import hashlib
from dataclasses import replace

import pytest

from router.domain.command import RaiseAlarm
from router.domain.error import JournalError
from router.journal import codec
from router.journal.record import (
    SCHEMA_VERSION,
    FaultKind,
    from_row,
    genesis,
    make_record,
    to_row,
    trace,
    verify,
)
from tests.unit.journal.vocabulary import JOURNAL_ID, small_journal


def test_the_hash_covers_the_documented_bytes():
    record = make_record(genesis("j"), b"event", (("Kind", "ab"), ("Other", "cd")))

    layout = (
        SCHEMA_VERSION.to_bytes(4)
        + (1).to_bytes(8)
        + (32).to_bytes(4)
        + hashlib.sha256(b"headrace journal j").digest()
        + b"\0\0\0\5event"
        + b"\0\0\0\2"
        + b"\0\0\0\4Kind\0\0\0\2ab"
        + b"\0\0\0\5Other\0\0\0\2cd"
    )
    assert record.hash == hashlib.sha256(layout).digest()


def test_a_record_follows_the_tip_it_was_made_for():
    first, second, third = small_journal()

    assert verify(first, genesis(JOURNAL_ID)) is None
    assert verify(second, first.tip) is None
    assert verify(third, second.tip) is None


def test_a_trace_names_kind_and_digest_of_each_command():
    alarm = RaiseAlarm("balances differ")

    assert trace([alarm, alarm]) == (("RaiseAlarm", codec.digest(alarm)),) * 2


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"schema": SCHEMA_VERSION + 1}, FaultKind.SCHEMA_VERSION),
        ({"sequence": 3}, FaultKind.GAP),
        ({"event": b"{}"}, FaultKind.CONTENT_ALTERED),
        ({"commands": ()}, FaultKind.CONTENT_ALTERED),
        ({"previous_hash": bytes(32)}, FaultKind.CONTENT_ALTERED),
        ({"hash": bytes(32)}, FaultKind.CONTENT_ALTERED),
    ],
)
def test_a_changed_field_is_a_fault_of_its_kind(changes, kind):
    first = small_journal()[0]

    fault = verify(replace(first, **changes), genesis(JOURNAL_ID))

    assert fault is not None
    assert (fault.sequence, fault.kind) == (1, kind)
    assert "record 1" in fault.sentence
    assert "\n" not in fault.sentence


def test_a_record_resealed_by_a_forger_breaks_the_next_one():
    first, second, _ = small_journal()
    forged = make_record(genesis(JOURNAL_ID), b"{}", first.commands)

    assert verify(forged, genesis(JOURNAL_ID)) is None
    fault = verify(second, forged.tip)
    assert fault is not None
    assert (fault.sequence, fault.kind) == (2, FaultKind.BROKEN_CHAIN)


def test_a_record_of_another_journal_does_not_begin_this_one():
    fault = verify(small_journal()[0], genesis("another"))

    assert fault is not None
    assert (fault.sequence, fault.kind) == (1, FaultKind.BROKEN_CHAIN)


def test_a_record_comes_back_from_its_row():
    for record in small_journal():
        assert from_row(to_row(record)) == record


@pytest.mark.parametrize("column", range(6))
def test_a_column_of_another_type_is_refused(column):
    row = list(to_row(small_journal()[0]))
    row[column] = None

    with pytest.raises(JournalError, match=r"must be .*, was NoneType"):
        from_row(tuple(row))
