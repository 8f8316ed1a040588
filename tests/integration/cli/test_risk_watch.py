"""Watching risk while daemons come, hang and go, and readers leave."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import orjson
import pytest

from tests.integration.cli.conftest import READY_S, REPOSITORY


@contextmanager
def watching(desk, *words):
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "router.cli.main", "risk", str(desk.config), "--watch", *words],
        cwd=REPOSITORY,
        env={**os.environ, **desk.running.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def interrupted(process):
    process.send_signal(signal.SIGINT)
    code = process.wait(READY_S)
    return code, process.stderr.read().decode()


def test_whoever_watches_goes_on_when_the_daemon_goes(desk):
    with desk.daemon() as (daemon, _), watching(desk, "--json") as process:
        first = orjson.loads(process.stdout.readline())
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(READY_S)
        told = [orjson.loads(process.stdout.readline()) for _ in range(3)]
        ended = interrupted(process)

    assert ended == (0, "")
    assert first["accounts"]
    assert {one["accounts"][0]["account"] for one in told} == {first["accounts"][0]["account"]}


@pytest.mark.soak
def test_a_daemon_that_hangs_does_not_keep_whoever_watches_from_leaving(desk):
    with desk.daemon() as (daemon, _), watching(desk, "--json") as process:
        process.stdout.readline()
        daemon.send_signal(signal.SIGSTOP)
        try:
            process.stdout.readline()
            ended = interrupted(process)
        finally:
            daemon.send_signal(signal.SIGCONT)

    assert ended == (0, "")


def test_a_reader_that_leaves_is_no_fault(desk):
    for words in ((), ("--json",)):
        with watching(desk, *words) as process:
            process.stdout.readline()
            process.stdout.close()
            process.wait(READY_S)

            assert process.stderr.read() == b""


def test_a_venue_that_is_down_does_not_hide_the_others(desk):
    desk.with_text(r'^url = "http://[^"]*"', 'url = "http://127.0.0.1:9"')

    ended = desk.headrace("risk", "--json")

    assert ended.exit_code == 0, ended.output
    told = orjson.loads(ended.stdout)
    (account,) = told["unreadable"]
    assert account.startswith("hyperliquid:")
    held = {row["item"] for row in told["profit"]["inventory"]}
    assert {"ETH", "USDC"} <= held


def test_a_damaged_journal_is_told_in_one_line(desk):
    desk.journal.write_bytes(b"nothing of ours\n")

    assert str(desk.journal) in desk.refused("risk")
