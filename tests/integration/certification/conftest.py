"""One daemon with its FIX door on sandboxes of its own, and a customer who is logged on."""

from contextlib import ExitStack

import pytest

from router.gateway.fix.dictionary import xml
from tests.integration.certification import script
from tests.integration.certification.floor import Daemon, floor
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

[gateway.fix.sessions.copy]
kind = "drop-copy"
client = "alpha"
target = "EMS-COPY"
"""


class Desk:
    """The daemon, its counterparties, and how customers reach it."""

    def __init__(self, floor, daemon, folder):
        self.floor = floor
        self.venue = floor.venue
        self.daemon = daemon
        self._folder = folder
        self._dictionary = folder / "FIX44.xml"
        self._dictionary.write_text(xml("44"))

    def customer(self, sender, *, port=None):
        port = port or int(self.daemon.facts["fix"].rpartition(":")[2])
        return initiator(
            self._folder / sender, port=port, dictionary=self._dictionary, sender=sender
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certification")
    with (
        start(block_time_s=0.25, state_dir=folder / "chain") as chain,
        floor(folder, chain) as counterparties,
        ExitStack() as stack,
    ):
        counterparties.furnish(DOORS)
        daemon = Daemon(counterparties)
        stack.callback(daemon.stop)
        daemon.ready()
        yield Desk(counterparties, daemon, folder)


@pytest.fixture(scope="module")
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
