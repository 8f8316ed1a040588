import asyncio
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from router.gateway import access, audit_writer
from router.gateway.audit import (
    GENESIS,
    AuditError,
    Entry,
    Head,
    audit_path,
    chained,
    last_head,
    read,
    verify,
)
from router.gateway.audit_writer import Program, auditing
from router.shell.clock import SystemClock

PROGRAM = Program(config="c0", build="1.2.3")
ENTRY = Entry("POST /v1/orders", "allowed", "192.0.2.1", "r-1", access.UNSIGNED, account="a1")
DEADLINE_S = 10


def now():
    return 1_700_000_000_000_000_000


def run(work):
    async def within():
        async with asyncio.timeout(DEADLINE_S):
            return await work

    return asyncio.run(within())


async def kept(path, *entries):
    async with auditing(path, PROGRAM, now) as audit:
        for entry in entries:
            await audit.record(entry)
        return audit.head


@pytest.fixture
def path(tmp_path):
    return audit_path(tmp_path / "desk.journal", "http")


def test_it_lies_beside_the_journal_and_is_its_owners(path):
    run(kept(path, ENTRY))

    assert path.name == "desk.journal-audit-http"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_says_who_did_what_and_on_which_program(path):
    run(kept(path, ENTRY))

    opened, line = (json.loads(each) for each in path.read_text().splitlines())
    assert opened["action"] == "audit_opened"
    del line["hash"]
    assert line == {
        "n": 2,
        "at": "1700000000000000000",
        "action": "POST /v1/orders",
        "decision": "allowed",
        "source": "192.0.2.1",
        "request": "r-1",
        "key": "local",
        "client": "",
        "roles": ["admin", "kill", "ops", "risk", "trader", "viewer"],
        "account": "a1",
        "config": "c0",
        "build": "1.2.3",
    }


def test_who_has_not_shown_a_key_is_recorded_as_what_was_said(path):
    run(kept(path, Entry("GET /v1/orders", "signature", "192.0.2.1", "r", key="somebody")))

    line = list(read(path))[-1]
    assert (line["key"], line["client"], line["roles"]) == ("somebody", "", [])


def test_the_chain_is_the_documented_one(path):
    """By other means than the module's: the standard library's JSON and the bytes of the file."""
    run(kept(path, ENTRY, ENTRY))

    before = bytes(32)
    for line in path.read_bytes().splitlines():
        body, _, ending = line.rpartition(b',"hash":"')
        digest = hashlib.sha256(before + body + b"}").digest()
        assert ending == digest.hex().encode() + b'"}'
        names = list(json.loads(body + b"}"))
        assert names == sorted(names)
        before = digest


def test_a_record_holds_and_goes_on_after_a_restart(path):
    run(kept(path, ENTRY))
    head = run(kept(path, ENTRY, ENTRY))

    found = verify(path)
    assert (found.fault, found.torn_bytes, found.head) == (None, 0, head)
    assert head.count == 5


def chain(path, count):
    head = Head()
    with path.open("wb") as file:
        for number in range(count):
            line, head = chained({"action": f"a{number}"}, head)
            file.write(line)
    return head


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_a_changed_line_is_found(path, number):
    chain(path, 5)
    lines = lines_of(path)
    lines[number] = lines[number].replace(b'"a', b'"b')
    path.write_bytes(b"".join(lines))

    found = verify(path)

    assert found.fault.startswith(f"line {number + 1} is not what its hash was made of")
    assert found.head.count == number


def test_a_changed_line_with_a_hash_that_fits_it_breaks_the_next(path):
    chain(path, 5)
    lines = lines_of(path)
    before = Head(2, bytes.fromhex(json.loads(lines[1])["hash"]))
    lines[2], _ = chained({"action": "forged"}, before)
    path.write_bytes(b"".join(lines))

    assert verify(path).fault.startswith("line 4 ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[1:], "line 1 says that it is number 2"),
        (lambda lines: lines[:2] + lines[3:], "line 3 says that it is number 4"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], "line 3 says that it is number 2"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1 says that it is number 2"),
        (lambda lines: [*lines[:2], b"{\n", *lines[2:]], "line 3 is no JSON object"),
        (lambda lines: [*lines[:2], b"[]\n", *lines[2:]], "line 3 is no JSON object"),
        (lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]], "line 1 is not what"),
        (lambda lines: [lines[0].replace(b'"n":1', b'"n":1,"n":1'), *lines[1:]], "line 1 is not"),
    ],
    ids=["first cut", "one cut", "twice", "swapped", "garbled", "list", "spaced", "repeated key"],
)
def test_what_was_taken_out_put_in_or_written_otherwise_is_found(path, change, said):
    chain(path, 5)
    path.write_bytes(b"".join(change(lines_of(path))))

    assert verify(path).fault.startswith(said)


def test_lines_cut_off_at_the_end_are_missed_by_a_hash_that_was_kept_elsewhere(path):
    kept_hash = chain(path, 5).digest.hex()
    assert verify(path, expected=kept_hash).has_expected
    path.write_bytes(b"".join(lines_of(path)[:-1]))

    found = verify(path, expected=kept_hash)

    assert (found.fault, found.has_expected) == (None, False)


def test_an_empty_record_holds(path):
    path.write_bytes(b"")

    assert verify(path).head == Head(0, GENESIS)


def test_a_record_that_is_not_there_cannot_be_verified(path):
    with pytest.raises(AuditError, match="cannot be read"):
        verify(path)


@pytest.mark.parametrize("left", [1, 20, -1])
def test_a_torn_last_line_is_cut_off_and_said_so(path, left):
    run(kept(path, ENTRY, ENTRY))
    lines = lines_of(path)
    torn = lines[-1][:left]
    path.write_bytes(b"".join(lines[:-1]) + torn)
    assert verify(path).torn_bytes == len(torn)

    run(kept(path, ENTRY))

    assert (verify(path).fault, verify(path).torn_bytes) == (None, 0)
    opened = list(read(path))[2]
    assert opened["cut_off_bytes"] == str(len(torn))
    assert opened["cut_off_sha256"] == hashlib.sha256(torn).hexdigest()


def test_a_line_that_is_torn_from_the_start_is_cut_off(path):
    path.write_bytes(b'{"action":')

    run(kept(path, ENTRY))

    assert verify(path).fault is None


def test_the_head_of_a_long_record_is_found_at_its_end(path):
    head = chain(path, 20_000)
    assert path.stat().st_size > 1024 * 1024

    assert last_head(path) == (head, path.stat().st_size)


async def while_broken(path, work):
    async with auditing(path, PROGRAM, now) as audit:
        return await work(audit)


def test_a_damaged_record_is_left_alone_and_nothing_trades(path):
    path.write_bytes(b"rubbish\n")

    async def work(audit):
        with pytest.raises(AuditError, match="only cancels and halts go on"):
            await audit.record(ENTRY)
        audit.note(ENTRY)

    run(while_broken(path, work))

    assert path.read_bytes() == b"rubbish\n"


def test_strangers_do_not_fill_the_disk_and_how_many_were_left_out_is_told(path):
    moment = [now()]
    wrong = Entry("authenticate", "unauthenticated", "192.0.2.1", "r", key="somebody")

    async def work():
        async with auditing(path, PROGRAM, lambda: moment[0]) as audit:
            for _ in range(5_000):
                audit.note_stranger(wrong)
            audit.note(ENTRY)
            moment[0] += 1_000_000_000
            for _ in range(30):
                audit.note_stranger(wrong)

    run(work())

    lines = list(read(path))[1:]
    strangers = [line for line in lines if line["action"] == "authenticate"]
    assert len(strangers) == 120  # a burst of 100, and 20 a second
    assert [line["left_out_before"] for line in strangers if "left_out_before" in line] == [4_900]
    assert len(lines) == 121
    assert verify(path).fault is None


def test_a_record_that_another_process_keeps_is_not_written_to(path):
    async def both():
        async with auditing(path, PROGRAM, now) as first:
            async with auditing(path, PROGRAM, now) as second:
                with pytest.raises(AuditError):
                    await second.record(ENTRY)
            await first.record(ENTRY)

    run(both())

    assert verify(path).head.count == 2


def test_a_full_disk_refuses_trades_keeps_cancels_and_loses_no_line(path, monkeypatch):
    real, is_full = os.write, True

    def write(descriptor, data):
        if is_full and bytes(data[:1]) == b"{":
            real(descriptor, data[:10])  # as much as fits
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    async def work(audit):
        nonlocal is_full
        monkeypatch.setattr(audit_writer.os, "write", write)
        with pytest.raises(AuditError):
            await audit.record(ENTRY)
        assert "No space left" in audit.fault
        audit.note(Entry("cancel", "allowed", "192.0.2.1", "r-2"))
        is_full = False
        while audit.fault is not None:
            await SystemClock().sleep(10_000_000)
        await audit.record(Entry("later", "allowed", "192.0.2.1", "r-3"))

    run(while_broken(path, work))

    found = [(line["action"], line.get("decision")) for line in read(path)]
    assert verify(path).fault is None
    assert found[1:] == [
        ("POST /v1/orders", "allowed"),
        ("POST /v1/orders", "withdrawn"),
        ("cancel", "allowed"),
        ("later", "allowed"),
    ]


def test_what_waits_for_a_disk_is_bounded_and_what_was_lost_is_counted(path, monkeypatch):
    monkeypatch.setattr(audit_writer, "BACKLOG_MAX", 3)
    path.write_bytes(b"rubbish\n")

    async def work(audit):
        for _ in range(10):
            audit.note(ENTRY)
        return audit.head.count

    assert run(while_broken(path, work)) == 3


def test_many_at_a_time_are_in_the_order_of_the_asking(path):
    async def work(audit):
        names = [f"r-{number}" for number in range(200)]
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(audit.record(Entry("a", "allowed", "s", name)))
        return names

    names = run(while_broken(path, work))

    assert [line["request"] for line in list(read(path))[1:]] == names
    assert verify(path).fault is None


KILLED = """
import asyncio, sys, time
from pathlib import Path
from router.gateway.audit import Entry
from router.gateway.audit_writer import Program, auditing

async def main():
    async with auditing(Path(sys.argv[1]), Program("c", "b"), time.time_ns) as audit:
        number = 0
        while True:
            await audit.record(Entry("a", "allowed", "s", f"r-{number}"))
            print(number, flush=True)
            number += 1

asyncio.run(main())
"""


def test_what_was_answered_is_in_the_record_of_a_killed_process(path):
    words = (sys.executable, "-c", KILLED, str(path))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own words
        began = time.monotonic()
        answered = -1
        while answered < 200 and time.monotonic() - began < DEADLINE_S:
            answered = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        answered = max([answered, *(int(line) for line in process.stdout.read().split("\n")[:-1])])

    requests = [line["request"] for line in list(read(path))[1:]]
    assert verify(path).fault is None
    assert requests[: answered + 1] == [f"r-{number}" for number in range(answered + 1)]
    assert answered >= 200
    run(kept(path, ENTRY))
    assert verify(path).fault is None
