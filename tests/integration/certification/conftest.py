"""One daemon with its FIX door on sandboxes of its own, and a customer who is logged on."""

from contextlib import contextmanager

import pytest

from router.gateway.fix.dictionary import xml
from tests.integration.certification import script
from tests.integration.certification.floor import Daemon, Floor, floor
from tests.integration.certification.ledger import Ledger
from tests.integration.certification.peer import WITHIN_S, initiator
from venues.sandbox.chain import start

DOORS = """
[gateway.clients.alpha]
accounts = ["main", "second"]

[gateway.fix.sessions.ems]
kind = "order-entry"
client = "alpha"
target = "EMS"
accounts = ["main"]
allow_reset = true

[gateway.fix.sessions.cod]
kind = "order-entry"
client = "alpha"
target = "EMS-COD"
accounts = ["second"]
cancel_on_disconnect = true
grace_s = 1

[gateway.clients.beta]
accounts = ["beta"]

[gateway.fix.sessions.beta]
kind = "order-entry"
client = "beta"
target = "EMS-beta"

[gateway.clients.gamma]
accounts = ["gamma"]

[gateway.fix.sessions.gamma]
kind = "order-entry"
client = "gamma"
target = "EMS-gamma"

[gateway.fix.sessions.copy]
kind = "drop-copy"
client = "alpha"
target = "EMS-COPY"
"""


class Desk:
    """The daemon, its counterparties, and how customers reach it."""

    def __init__(self, floor):
        self.floor = floor
        self.venue = floor.venue
        self.folder = floor.folder
        self._dictionary = self.folder / "FIX44.xml"
        self._dictionary.write_text(xml("44"))
        floor.furnish(DOORS)
        self.daemon = Daemon(floor)

    @property
    def port(self):
        """Where the gateway for FIX listens."""
        return int(self.daemon.facts["fix"].rpartition(":")[2])

    def customer(self, sender, *, port=None):
        folder = self.folder / sender
        words = {"dictionary": self._dictionary, "sender": sender}
        return initiator(folder, port=port or self.port, **words)

    def kill(self, meanwhile):
        """Kill the daemon and start it again."""
        self.daemon.kill()
        self.daemon = Daemon(self.floor)
        meanwhile()
        self.daemon.ready()

    def stop(self):
        self.daemon.stop()


@contextmanager
def opened(floor):
    """Open a desk on a floor."""
    desk = Desk(floor)
    try:
        desk.daemon.ready()
        yield desk
    finally:
        desk.stop()


@pytest.fixture(scope="package")
def ground(tmp_path_factory):
    """Give the counterparties."""
    folder = tmp_path_factory.mktemp("certification")
    with (
        start(block_time_s=0.25, state_dir=folder / "chain") as chain,
        floor(folder, chain) as counterparties,
    ):
        yield counterparties


@pytest.fixture(scope="package")
def desk(ground):
    """Give the desk of all cases, with a journal of its own."""
    with opened(ground) as desk:
        yield desk


@pytest.fixture
def other_desk(ground, tmp_path):
    """Give a desk of its own to those who kill it."""
    with opened(Floor(tmp_path, ground.chain, ground.venue)) as desk:
        yield desk


@pytest.fixture(scope="package")
def session(desk):
    """Give the customer of the whole script, who has seen one order through."""
    with desk.customer("EMS") as peer:
        peer.start()
        peer.logged("logon")
        script.new(peer, "first")  # solver, streams and accounts are there once it has filled
        script.expect_all(peer, "A/A", "0/0", "F/2", name="first")
        peer.patience_s = WITHIN_S
        yield peer
        peer.stop()
        peer.logged("logout")


@pytest.fixture
def peer(desk, session):
    """Give the customer before a full book; afterwards nothing may have come unexpectedly."""
    desk.venue.direct("repair")
    desk.venue.book(100)
    desk.floor.cancel_all("alpha")  # what a case that failed has left
    session.test(script.fresh("test"))
    session.waiting()
    before = len(session.came)
    yield session
    session.silence(script.fresh("test"))
    assert session.refused == []
    ledger = Ledger()
    for message in session.fresh:
        ledger.take(message)
    assert ledger.faults == []
    assert len(session.came) > before
