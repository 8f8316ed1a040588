import os
import selectors
import signal
from pathlib import Path

import orjson

from router.domain.event import ControlTripped, LimitsChanged
from router.gateway import local
from tests.unit.shell.floor import events

SAID_S = 20.0
TIGHT = ("order_notional_max = .*$", 'order_notional_max = { USDC = "1000", ETH = "1" }')


def said_of(desk, kind):
    return [event for event in events(desk.journal) if isinstance(event, kind)]


def heard(stream, word):
    """Wait until a process has written a word, and return all that it wrote by then."""
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while word not in said:
            assert selector.select(SAID_S), said.decode()
            said += os.read(stream.fileno(), 65_536)
    return said


def test_limits_are_read_anew_at_the_door_and_by_a_signal_and_a_broken_file_changes_nothing(desk):
    before = desk.config.read_text()
    with desk.daemon() as (process, ready):
        desk.with_text(*TIGHT)
        told = desk.headrace("reload", "--by", "anna", "--json")
        refused = desk.headrace("order", "buy", "2", "ETH", "--json")

        desk.config.write_text(before + "\n[controls.strategy.x]\nlimit = 1\n")
        broken = desk.refused("reload")
        process.send_signal(signal.SIGHUP)
        heard(process.stderr, b"the limits stay as they were")
        desk.config.write_text(before)
        process.send_signal(signal.SIGHUP)
        heard(process.stderr, b"limits_read")

        assert Path(ready["socket"]) == local.socket_path(desk.journal)

    assert orjson.loads(told.stdout) == {"changed": ["order_notional_max"], "by": "anna"}
    assert refused.exit_code == 1
    assert "limits.order_notional_max" in orjson.loads(refused.stdout)["reason"]
    (tripped,) = said_of(desk, ControlTripped)
    assert tripped.finding.control == "C01-order-size"
    assert "controls.strategy.x.limit: unknown key" in broken
    assert [e.by for e in said_of(desk, LimitsChanged)] == ["anna", "signal SIGHUP"]


def test_without_a_daemon_there_is_nobody_to_read_it(desk):
    assert "no daemon runs on" in desk.refused("reload")
