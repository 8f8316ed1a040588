"""The record of a door in several files: one chain, whatever happens between two of them."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from router.gateway import access, audit_writer
from router.gateway.audit import audit_path, last_head, read, verify
from router.gateway.audit_files import full_files, full_path, last_number, next_path
from router.gateway.audit_writer import Program, auditing

PROGRAM = Program(config="c0", build="1.2.3")
DEADLINE_S = 20


@pytest.fixture
def path(tmp_path):
    return audit_path(tmp_path / "desk [1].journal", "http")


@pytest.fixture
def soon_full(monkeypatch):
    monkeypatch.setattr(audit_writer, "FULL_BYTES", 1_000)


def entry(number):
    return audit_writer.Entry("submit", "allowed", "192.0.2.1", f"r-{number}", access.UNSIGNED)


def kept(path, numbers):
    """Have entries written, each waited for."""

    async def work():
        async with asyncio.timeout(DEADLINE_S), auditing(path, PROGRAM, lambda: 1) as audit:
            for number in numbers:
                await audit.record(entry(number))
            return audit.head

    return asyncio.run(work())


def requests(path, *, after=0):
    return [line["request"] for line in read(path, after=after) if "request" in line]


def named(numbers):
    return [f"r-{number}" for number in numbers]


@pytest.mark.usefixtures("soon_full")
def test_a_chain_goes_on_over_its_files(path):
    kept(path, range(20))
    head = kept(path, range(20, 40))

    full = full_files(path)
    assert len(full) > 5
    assert all(each.stat().st_size < 3_000 for each in [*full, path])
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in [*full, path])
    found = verify(path, expected=head.digest.hex())
    assert (found.fault, found.torn_bytes, found.has_expected) == (None, 0, True)
    assert found.head == head
    assert head.count == 42  # with the two openings
    assert requests(path) == named(range(40))


@pytest.mark.usefixtures("soon_full")
def test_a_full_file_is_named_for_its_last_line(path):
    kept(path, range(20))

    for each in full_files(path):
        assert json.loads(each.read_bytes().splitlines()[-1])["n"] == last_number(each)


@pytest.mark.usefixtures("soon_full")
@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 7, 19, 20, 21, 99])
def test_it_is_read_from_any_line_on(path, after):
    kept(path, range(20))

    assert [line["n"] for line in read(path, after=after)] == list(range(after + 1, 22))


@pytest.mark.usefixtures("soon_full")
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda full: full[1].unlink(), "says that it is number"),
        (lambda full: full[0].unlink(), "line 1 says that it is number"),
        (lambda full: cut(full[1], whole=True), "says that it is number"),
        (lambda full: cut(full[1], whole=False), "was not written to its end, and others follow"),
        (lambda full: full[1].write_bytes(full[0].read_bytes()), "says that it is number 1"),
    ],
    ids=["one gone", "the first gone", "a line gone", "half a line gone", "another's lines"],
)
def test_what_is_missing_between_two_files_is_found(path, broken, said):
    kept(path, range(20))

    broken(full_files(path))

    assert said in verify(path).fault


def cut(file: Path, *, whole):
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]) + (b"" if whole else lines[-1][:-9]))


def test_a_full_file_that_lost_its_end_is_not_gone_on_from(path):
    kept(path, range(3))
    full = full_path(path, 4)
    path.rename(full)
    cut(full, whole=True)

    with pytest.raises(audit_writer.AuditError, match="only cancels and halts go on"):
        kept(path, [4])

    assert path.read_bytes() == b""


def both_names(path):
    full_path(path, 6).hardlink_to(path)


def both_names_and_the_next(path):
    both_names(path)
    next_path(path).touch()


def left(path):
    both_names_and_the_next(path)
    next_path(path).rename(path)


@pytest.mark.parametrize("crash", [both_names, both_names_and_the_next, left])
def test_wherever_it_stops_between_two_files_every_line_is_read_once(path, crash):
    head = kept(path, range(5))
    assert head.count == 6

    crash(path)

    assert verify(path).head == head
    assert last_head(path)[0] == head
    assert requests(path) == named(range(5))
    kept(path, [5])
    assert (verify(path).fault, verify(path).head.count) == (None, 8)
    assert requests(path) == named(range(6))
    assert full_path(path, 6).read_bytes().count(b"\n") == 6
    assert path.read_bytes().count(b"\n") == 2
    assert not next_path(path).exists()


@pytest.mark.usefixtures("soon_full")
@pytest.mark.parametrize("step", ["hardlink_to", "rename"])
def test_where_a_file_cannot_be_left_it_grows_on(path, monkeypatch, step):
    def refused(*_):
        raise OSError

    monkeypatch.setattr(Path, step, refused)

    kept(path, range(20))

    assert full_files(path) == []
    assert verify(path).fault is None
    assert requests(path) == named(range(20))
    monkeypatch.undo()
    monkeypatch.setattr(audit_writer, "FULL_BYTES", 1_000)
    kept(path, range(20, 22))
    assert full_files(path) != []
    assert requests(path) == named(range(22))


@pytest.mark.usefixtures("soon_full")
def test_who_reads_while_files_become_full_sees_one_chain(path):
    kept(path, [0])
    faults, counts, is_over = [], [], threading.Event()

    def look():
        while not is_over.is_set():
            found = verify(path)
            faults.append(found.fault)
            counts.append(found.head.count)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        kept(path, range(1, 60))
    finally:
        is_over.set()
        looking.join()

    assert set(faults) == {None}
    assert counts == sorted(counts)
    assert verify(path).head.count == 62


KILLED = """
import asyncio, sys, time
from pathlib import Path
from router.gateway import audit_writer
from router.gateway.audit import Entry
from router.gateway.audit_writer import Program, auditing

audit_writer.FULL_BYTES = 200

async def main():
    async with auditing(Path(sys.argv[1]), Program("c", "b"), time.time_ns) as audit:
        for number in range(int(sys.argv[2]), 1_000_000):
            await audit.record(Entry("a", "allowed", "s", f"r-{number}"))
            print(number, flush=True)

asyncio.run(main())
"""


def test_a_process_that_is_killed_again_and_again_leaves_one_chain(path):
    answered = -1
    for _ in range(4):
        words = (sys.executable, "-c", KILLED, str(path), str(answered + 1))
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own words
            began, enough = time.monotonic(), answered + 50
            while answered < enough and time.monotonic() - began < DEADLINE_S:
                answered = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            for line in process.stdout.read().split("\n")[:-1]:
                answered = int(line)

    found = verify(path)
    written = dict.fromkeys(requests(path))  # what was written and not answered is asked again
    assert found.fault is None
    assert list(written)[: answered + 1] == named(range(answered + 1))
    assert len(full_files(path)) >= 100
