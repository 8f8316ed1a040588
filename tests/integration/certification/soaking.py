"""Soaks: a customer, a line that breaks or a gateway that is killed, and what must hold after."""

import random
import time
from collections import Counter
from contextlib import ExitStack, contextmanager

from tests.integration.certification.proxy import Proxy
from tests.integration.certification.traffic import Outcome

SETTLED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.5
LEVEL_WITHIN_S, GOODBYES_MAX = 5.0, 3
PAUSE_S = 0.05
DOWN_MAX = 8  # orders that are sent while nobody is there
AT_ONCE = 0.25  # of the kills come while what was stored is sent again
BETWEEN = (10, 30)  # orders between two kills, the others
TRAFFIC_S = 0.3


class Line:
    """A customer behind a line of which we hold the scissors."""

    def __init__(self, peer, proxy):
        self.peer = peer
        self.proxy = proxy
        self.breaks = 0

    def cut(self, chance):
        """Break the line, in the middle or at its end."""
        if chance.random() < 0.7:
            self.breaks += self.proxy.cut()
        else:
            self.peer.drop()
            self.breaks += 1

    def settle(self, traffic):
        """Have all that waits canceled, and wait until all is answered or nothing more comes."""
        traffic.end()
        known, deadline = 0, time.monotonic() + SETTLED_WITHIN_S
        while time.monotonic() < deadline:
            if len(self.peer.came) > known:
                known, deadline = len(self.peer.came), time.monotonic() + SETTLED_WITHIN_S
            outcome = Outcome(tuple(self.peer.came))
            if not outcome.wrong(traffic.orders) or outcome.doubled:
                return outcome
            traffic.insist(self.peer.came)
            time.sleep(LOOK_EVERY_S)
        return Outcome(tuple(self.peer.came))


@contextmanager
def line(desk, client):
    """Open a line to a desk's gateway, and log on."""
    proxy = Proxy(desk.port)
    with ExitStack() as stack:
        stack.callback(proxy.close)
        peer = stack.enter_context(desk.customer(f"EMS-{client}", port=proxy.port))
        peer.start()
        peer.logged("logon")
        yield Line(peer, proxy)


def with_breaks(opened, traffic, *, seconds, orders_per_s, seed):
    """Send orders for some time while the line breaks again and again."""
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    next_cut = time.monotonic() + chance.uniform(0.5, 2.0)
    while time.monotonic() < until:
        traffic.order()
        if time.monotonic() >= next_cut:
            opened.cut(chance)
            next_cut = time.monotonic() + chance.uniform(1.0, 6.0)
        time.sleep(chance.expovariate(orders_per_s))


class Kills:
    """A gateway and a daemon that are killed in the middle of traffic.

    Attributes
    ----------
    gateways, daemons : int
        How many were.
    """

    def __init__(self, desk, opened, traffic, *, seed):
        self._desk = desk
        self._opened = opened
        self._traffic = traffic
        self._chance = random.Random(seed)
        self.gateways = 0
        self.daemons = 0

    def go(self, *, orders, daemons):
        """Send so many orders, and kill so many daemons on the way."""
        deadly = [(number + 1) * orders // (daemons + 1) for number in range(daemons)]
        while len(self._traffic.orders) < orders:
            if self._chance.random() >= AT_ONCE:
                self._send(self._chance.randint(*BETWEEN))
            self._send_for(self._chance.uniform(0, TRAFFIC_S))
            if deadly and len(self._traffic.orders) >= deadly[0]:
                deadly.pop(0)
                self._kill_daemon()
            else:
                self._kill_gateway()
            self._opened.peer.logged("logon")

    def _kill_gateway(self):
        self._desk.daemon.kill_gateway()
        self.gateways += 1
        self._send(self._chance.randint(0, DOWN_MAX))

    def _kill_daemon(self):
        self._desk.kill(lambda: self._send(DOWN_MAX))
        self.daemons += 1
        self._opened.proxy.target = self._desk.port

    def _send(self, count):
        for _ in range(count):
            self._traffic.order()
            time.sleep(PAUSE_S)

    def _send_for(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._send(1)


def told_by_the_daemon(floor, client):
    """Return the ExecIDs of all reports of a client, as the journal gives them."""
    refusals = {"cancel_rejected", "replace_rejected"}
    return Counter(
        report["exec_id"]
        for report in floor.all_reports()
        if report["client"] == client and report["kind"] not in refusals
    )


def check(floor, opened, traffic, *, client):
    """Hold what the customer was told against the journal, and both sides' numbers together."""
    outcome = opened.settle(traffic)
    assert outcome.doubled == [], outcome.doubled[:3]
    assert outcome.ledger.faults == [], outcome.ledger.faults[:3]
    wrong = outcome.wrong(traffic.orders)
    assert wrong == {}, wrong
    assert opened.peer.refused == []
    own = Counter(name for name in outcome.executions if name != "0")
    theirs = told_by_the_daemon(floor, client)
    assert own - theirs == Counter(), "told, and not in the journal"
    assert theirs - own == Counter(), "in the journal, and not told"
    answered = Counter(m[11] for m in unique(opened.peer.came) if m.kind in {"8", "9"})
    assert [name for name in traffic.requests if not answered[name]] == []


def unique(came):
    """Return each message once, by its number."""
    return list({message.number: message for message in reversed(came)}.values())


def check_numbers(desk, opened, client):
    """Have the customer log out, and compare what each side expects of the other.

    A line that broke under the goodbye leaves both a number short: they are level after the next.
    """
    path = desk.folder / "headrace.journal-fix" / f"FIX.4.4-HEADRACE-EMS-{client}.seqnums"
    for _ in range(GOODBYES_MAX):
        opened.peer.forget_states()
        opened.peer.stop()
        opened.peer.logged("logout")
        own = opened.peer.numbers()
        deadline = time.monotonic() + LEVEL_WITHIN_S
        while time.monotonic() < deadline:
            theirs = tuple(int(text) for text in path.read_text().split(":"))
            if theirs == own[::-1]:
                return
            time.sleep(LOOK_EVERY_S)
        opened.peer.start()
        opened.peer.logged("logon")
    raise AssertionError(f"ours {own}, theirs {theirs}")
