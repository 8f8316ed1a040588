"""Processes that die, compete or run out of disk while they write a journal."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from router.journal.record import make_record
from router.journal.replay import replay
from router.shell.store import open_journal, read

ROOT = Path(__file__).resolve().parents[3]
APPENDER = Path(__file__).with_name("appender.py")
JOURNAL_ID = "desk-1"
DEADLINE_S = 60


@pytest.fixture
def path(tmp_path):
    return tmp_path / "desk.journal"


@contextlib.contextmanager
def appender(mode, path):
    """Run the appender; it is gone when the block ends."""
    process = subprocess.Popen(  # noqa: S603 - the script beside this file
        [sys.executable, "-X", "dev", APPENDER, mode, path],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(mode, path):
    with appender(mode, path) as process:
        out, _ = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0
    return out.splitlines()


def durable(lines):
    return [int(line.split()[1]) for line in lines if line.startswith("durable")]


def replayed(path):
    return replay(read(path), lambda world, _: (world + 1, ()), 0, journal_id=JOURNAL_ID)


def append_one_more(path):
    store = open_journal(path, journal_id=JOURNAL_ID)
    try:
        record = make_record(store.tip, b"one more", ())
        asyncio.run(wait_for(store, record))
    finally:
        store.close()
    return record


async def wait_for(store, record):
    await store.append(record)


def test_a_killed_writer_leaves_everything_it_acknowledged(path):
    acknowledged = 0
    for lines_before_the_kill in (1, 10, 37, 100, 400):
        with appender("flood", path) as process:
            lines = [process.stdout.readline() for _ in range(lines_before_the_kill)]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
            assert process.wait(DEADLINE_S) == -signal.SIGKILL
        # The kill may have cut the last line short.
        acknowledged = max(durable(line for line in lines if line.endswith("\n")))

        report = replayed(path)

        assert report.fault is None
        assert report.records_count >= acknowledged
    assert append_one_more(path).sequence == report.records_count + 1


def test_a_second_process_is_refused_until_the_first_closes(path):
    store = open_journal(path, journal_id=JOURNAL_ID)

    refused = lines_of("append", path)
    store.close()
    accepted = lines_of("append", path)

    assert refused == [f"refused {path} is open for writing in another process"]
    assert durable(accepted) == list(range(1, 321))


def test_the_lock_dies_with_its_process_though_a_forked_child_lives_on(path):
    with appender("leave-a-child", path) as process:
        while process.stdout.readline() != "waiting\n":
            assert process.poll() is None
        process.kill()
        process.wait(DEADLINE_S)

        # The child still holds the pipe's other end and every descriptor it was born with.
        assert append_one_more(path).sequence == 321
        process.stdin.close()
        assert process.stdout.read() == ""


def test_a_full_disk_is_said_and_nothing_is_accepted_after_it(path):
    lines = lines_of("full-disk", path)

    acknowledged = durable(lines)
    refused = [line for line in lines if line.startswith("refused")]
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    assert acknowledged, "the limit must leave room for some records"
    assert len(refused) == 320 - len(acknowledged)
    lost = f"record {len(acknowledged) + 1} may not be on disk"
    assert all("cannot be written" in line and lost in line for line in refused)
    report = replayed(path)
    assert report.fault is None
    assert report.records_count >= len(acknowledged)
    assert append_one_more(path).sequence == report.records_count + 1
