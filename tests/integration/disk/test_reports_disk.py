"""The file of reports of a daemon, also on a disk that is full: it trades, and says so once."""

import time

import orjson

from router.shell import store
from router.shell.report_file import report_path
from tests.integration.disk.test_bad_disk import Daemon, order

WITHIN_S = 20.0
LOOK_EVERY_S = 0.05


def said_of_reports(daemon):
    return [line for line in daemon.told if "reports_unkept" in line]


def told_in(path):
    """Return the orders and statuses that a file of reports tells of."""
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n")].splitlines()
    told = [orjson.loads(line) for line in whole if line.startswith(b'{"place"')]
    return [(each["client_order_id"], each["status"]) for each in told]


def test_a_full_disk_under_the_reports_stops_no_order_and_the_next_start_makes_them_again(
    desk, small_disk
):
    path, elsewhere = report_path(desk.journal), small_disk.path / "reports"
    path.symlink_to(elsewhere)
    with desk.daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("first"))
        small_disk.fill()

        number = 0
        deadline = time.monotonic() + WITHIN_S
        while not said_of_reports(daemon) and time.monotonic() < deadline:
            assert daemon.filled(order(f"more-{number}"))
            number += 1
            time.sleep(LOOK_EVERY_S)
        assert daemon.filled(order("last"))
        assert len(said_of_reports(daemon)) == 1
        assert process.poll() is None
    assert b'"last"' not in elsewhere.read_bytes()
    small_disk.empty()
    for each in desk.journal.parent.glob(f"{desk.journal.name}-checkpoint*"):
        each.unlink()  # so that the start sees every record again

    with desk.daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("after"))
        assert said_of_reports(daemon) == []
    told = told_in(elsewhere)
    for name in ("first", *(f"more-{each}" for each in range(number)), "last", "after"):
        assert told.count((name, "filled")) >= 1


def test_a_daemon_that_ends_in_order_leaves_nothing_to_be_told_again(desk):
    with desk.daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("first"))
        deadline = time.monotonic() + WITHIN_S
        while ("first", "filled") not in told_in(report_path(desk.journal)):
            assert time.monotonic() < deadline, "it is not written while the daemon runs"
            time.sleep(LOOK_EVERY_S)
    *_, mark = report_path(desk.journal).read_bytes().splitlines()

    assert orjson.loads(mark)["until"] == max(each.sequence for each in store.read(desk.journal))
    assert said_of_reports(daemon) == []
