import asyncio
import os
import sys
import time

import orjson
import pytest
import structlog

from router.domain.units import ChildId, DurationNs, ParentId, VenueId
from router.shell import observe
from router.shell.clock import SystemClock

TOLD = [
    lambda: observe.event_recorded("ChildFilled", sequence=7, commands_count=2),
    lambda: observe.stream_lost(VenueId("uniswap_v3"), reason="gap"),
    lambda: observe.child_unresolved(ChildId("c"), reason="down", attempts_count=3),
    lambda: observe.account_unreadable(reason="down"),
    lambda: observe.alarm_raised("one atom is missing"),
    lambda: observe.parent_order_told(ParentId("p"), status="filled", message=""),
]


@pytest.fixture
def lines(capsys):
    """Return what was logged as data; standard output is for programs and stays empty."""

    def read():
        out, err = capsys.readouterr()
        assert out == ""
        return [orjson.loads(line) for line in err.splitlines()]

    yield read
    structlog.reset_defaults()  # what was configured here writes to a stream that ends here


def test_every_event_is_one_line_of_json_when_that_is_asked_for(lines):
    observe.configure(verbose=True)

    for tell in TOLD:
        tell()

    logged = lines()
    assert [line["event"] for line in logged] == [
        "event_recorded",
        "stream_lost",
        "child_unresolved",
        "account_unreadable",
        "alarm_raised",
        "parent_order_told",
    ]
    assert logged[0] | {"kind": "ChildFilled", "sequence": 7, "commands_count": 2} == logged[0]


def test_otherwise_only_what_somebody_should_look_at_is_logged(lines):
    observe.configure(verbose=False)

    for tell in TOLD:
        tell()

    assert {line["level"] for line in lines()} == {"warning", "error"}


def test_the_clock_is_the_machines_and_sleeps_as_long_as_told():
    clock = SystemClock()
    pause = DurationNs(20_000_000)

    before = time.monotonic_ns()
    first = clock.now()
    asyncio.run(clock.sleep(pause))
    passed = time.monotonic_ns() - before

    assert abs(first - time.time_ns()) < 5 * 10**9
    assert passed >= pause


def test_a_pipe_that_nobody_reads_holds_up_nobody_and_what_was_left_out_is_counted(monkeypatch):
    count = 2_000  # lines of some hundred bytes: more than a pipe takes
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        observe.configure(verbose=False)
        for number in range(count):
            observe.alarm_raised(f"number {number}, {'x' * 100}")
        told = os.read(reading, 10**6).splitlines()
        observe.alarm_raised("y" * 10_000)  # longer than what a pipe that is ready surely takes
        observe.alarm_raised("last")
        told += os.read(reading, 10**6).splitlines()
        structlog.reset_defaults()
        assert not pipe.closed

    logged = [orjson.loads(line) for line in told]
    messages = [line["message"] for line in logged if line["event"] == "alarm_raised"]
    left_out = [line["count"] for line in logged if line["event"] == "lines_left_out"]
    assert messages[0].startswith("number 0,")
    assert messages[-2:] == ["y" * 10_000, "last"]
    assert left_out == [count - len(messages) + 2]
    assert left_out[0] > 0
