import asyncio
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
