"""A daemon whose journal cannot be written: it says so, takes back, and goes on when it can."""

import resource
import signal
import threading
import time
from pathlib import Path

import orjson
import pytest

from router.compose.recovery import verify
from router.domain.error import OrderError
from router.domain.order import OrderStatus
from router.gateway import local
from router.state.world import Phase
from tests.integration.cli.conftest import ask as ask_venue
from tests.unit.shell.floor import run

WITHIN_S = 30.0
LOOK_EVERY_S = 0.05
READ_ONLY_S = 2.0  # several probes of the disk
ETHER = 10**18


def order(name, **changes):
    return {
        "client_order_id": name,
        "side": "buy",
        "quantity": "1",
        "base": "ETH",
        "quote": "USDC",
        **changes,
    }


class Daemon:
    """A running daemon, as its clients see it."""

    def __init__(self, process, ready):
        self.process = process
        self.socket = Path(ready["socket"])
        self.told = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):  # a full pipe would hold the daemon up
        for line in self.process.stderr:
            self.told.append(line.decode())

    def ask(self, request):
        return orjson.loads(run(local.ask(self.socket, request, lambda _line: None)))

    def refusal(self, request):
        with pytest.raises(OrderError) as refused:
            self.ask(request)
        return str(refused.value)

    def said(self, request):
        try:
            return orjson.dumps(self.ask(request)).decode()
        except OrderError as error:
            return str(error)

    def filled(self, request):
        return self.ask(request)["ParentReport"]["status"] == "filled"

    def until_refused(self, number):
        """Send orders until the daemon knows of its disk, and return what it says."""
        for _ in _looks(WITHIN_S):
            try:
                self.ask(order(f"probe-{number}"))
            except OrderError as error:
                if "nothing new is taken" in str(error):
                    return str(error)
            number += 1
        pytest.fail("the daemon takes orders still")

    def until_filled(self, request):
        """Send an order until the daemon takes it again."""
        for _ in _looks(WITHIN_S):
            said = self.said(request)
            if "ParentReport" in said:
                return self.filled(request)
            assert any(word in said for word in ("nothing new", "journal", "moment"))
        pytest.fail("the daemon takes no orders")


def with_journal(desk, path):
    return desk.with_text(r'^journal = "headrace.journal"$', f'journal = "{path}"')


def check_books(desk, journal, before):
    """Require that journal and venues tell the same, to the atom and to the order."""
    result = verify(journal)
    assert result.fault is None
    world = result.world
    assert all(parent.phase is Phase.DONE for parent in world.parents.values())
    assert world.reconciliation.differences == ()
    fills = [f for c in world.children.values() for f in c.fills]
    bought = sum(f.quantity.atoms for f in fills)
    after = desk.holdings()
    perp = round(float(after["positions"] or 0) * 10_000) - round(
        float(before["positions"] or 0) * 10_000
    )
    assert bought == after["weth"] - before["weth"] + perp * 10**14
    assert after["nonce"] - before["nonce"] == sum(
        c.gas is not None for c in world.children.values()
    )
    for parent in world.parents.values():
        done = sum(f.quantity.atoms for c in parent.children for f in world.children[c].fills)
        assert done == (ETHER if parent.status is OrderStatus.FILLED else 0)


def check_without_a_journal(daemon):
    """Require what holds while nothing can be recorded."""
    assert "Make room in" in daemon.refusal(order("refused"))
    assert "nothing new is taken" in daemon.refusal({"do": "reload", "by": "ann"})
    assert isinstance(daemon.ask({"do": "orders"})["orders"], list)
    assert daemon.ask({"do": "risk"})["accounts"]
    assert daemon.process.poll() is None
    assert any("nothing new is taken" in line for line in daemon.told)


def test_a_full_disk_stops_what_is_new_and_the_desk_goes_on_when_there_is_room(desk, small_disk):
    journal, before = small_disk.path / "desk.journal", desk.holdings()
    with with_journal(desk, journal).daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("first"))

        small_disk.fill()
        said = daemon.until_refused(0)
        check_without_a_journal(daemon)
        small_disk.empty()

        assert daemon.until_filled(order("second"))
        assert daemon.filled(order("first"))
        assert process.poll() is None
    assert "full" in said
    check_books(desk, journal, before)


def test_a_disk_that_became_read_only_is_waited_for(desk, small_disk):
    journal, before = small_disk.path / "desk.journal", desk.holdings()
    with with_journal(desk, journal).daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("first"))

        small_disk.fill()
        daemon.until_refused(0)
        small_disk.remount("ro,size=48m")  # room enough, and not to be written
        refusals = [daemon.refusal(order("refused")) for _ in _looks(READ_ONLY_S)]
        check_without_a_journal(daemon)
        small_disk.remount("rw")
        small_disk.empty()

        assert daemon.until_filled(order("second"))
    assert all("nothing new is taken" in said for said in refusals)
    check_books(desk, journal, before)


def test_a_daemon_does_not_start_on_a_read_only_journal(desk, small_disk):
    journal = small_disk.path / "desk.journal"
    with with_journal(desk, journal).daemon() as (process, ready):
        assert Daemon(process, ready).filled(order("first"))
    small_disk.remount("ro")

    said = desk.refused("run")

    assert "read-only" in said.lower()


def test_what_waits_at_a_book_is_cancelled_though_nothing_can_be_recorded(desk, small_disk):
    journal = small_disk.path / "desk.journal"
    waits = order(
        "waits",
        venues="hyperliquid",
        algo="iceberg",
        display="1",
        offset_ticks="2000",
        reprice_ticks="100000",
        cross_after_s="300",
        deadline_s="400",
    )
    cancel = {"do": "cancel", "order": "waits", "request": "c-1", "by": "ann", "wait_s": "10"}
    with with_journal(desk, journal).daemon() as (process, ready):
        daemon = Daemon(process, ready)
        threading.Thread(target=daemon.said, args=(waits,), daemon=True).start()
        _until(lambda: ask_venue(desk.running.venue, "openOrders"))

        small_disk.fill()
        daemon.until_refused(0)
        answer = daemon.ask(cancel)
        left = ask_venue(desk.running.venue, "openOrders")
        small_disk.empty()
        ended = _until(lambda: _ended(daemon, waits))

    assert "has cancelled it" in answer["message"], daemon.told
    assert left == []
    assert ended["status"] == "canceled"
    assert verify(journal).world.reconciliation.differences == ()


def test_a_limit_on_the_size_of_files_is_met_like_a_full_disk(desk):
    before = desk.holdings()
    with desk.daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("first"))

        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1_024, resource.RLIM_INFINITY))
        daemon.until_refused(0)
        check_without_a_journal(daemon)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)

        assert daemon.until_filled(order("second"))
    check_books(desk, desk.journal, before)


def test_a_halt_while_the_disk_is_full_holds_when_it_has_room_again(desk, small_disk):
    journal = small_disk.path / "desk.journal"
    halt = {"do": "switch", "state": "halted", "reason": "a drill", "by": "ann"}
    with with_journal(desk, journal).daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("first"))

        small_disk.fill()
        daemon.until_refused(0)
        assert daemon.ask(halt)["state"] == "halted"
        loosened = daemon.refusal({**halt, "state": "active"})
        small_disk.empty()
        refused = _until_open(daemon)

    assert "cannot be made durable" in loosened
    assert "halted since ann said so" in refused
    held = verify(journal).world.switches.values()
    assert [str(setting.state) for setting in held] == ["halted"]


def test_a_daemon_told_to_stop_while_its_disk_is_full_ends_and_loses_nothing(desk, small_disk):
    journal, before = small_disk.path / "desk.journal", desk.holdings()
    with with_journal(desk, journal).daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("first"))
        small_disk.fill()
        daemon.until_refused(0)
        process.send_signal(signal.SIGTERM)
        code = process.wait(WITHIN_S)
    small_disk.empty()

    with desk.daemon() as (process, ready):
        daemon = Daemon(process, ready)
        assert daemon.filled(order("first"))
        assert daemon.filled(order("second"))

    assert code == 0
    check_books(desk, journal, before)


def _ended(daemon, request):
    try:
        return daemon.ask(request)["ParentReport"]
    except OrderError:
        return None  # not open again yet


def _looks(for_s):
    deadline = time.monotonic() + for_s
    while time.monotonic() < deadline:
        yield
        time.sleep(LOOK_EVERY_S)


def _until(found):
    for _ in _looks(WITHIN_S):
        result = found()
        if result:
            return result
    pytest.fail("it did not come about")


def _until_open(daemon):
    def refused():
        said = daemon.said(order("after"))
        return said if "nothing new is taken" not in said and "halted" in said else None

    return _until(refused)
