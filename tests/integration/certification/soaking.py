"""Soaks: a customer, a line that breaks or a gateway that is killed, and what must hold after."""

import random
import selectors
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager

import orjson

from tests.integration.certification.floor import READY_S, REPOSITORY, Daemon
from tests.integration.certification.peer import initiator
from tests.integration.certification.proxy import Proxy
from tests.integration.certification.traffic import Outcome

SETTLED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.5
PAUSE_S = 0.05
DOOR = """
[gateway.clients.alpha]
accounts = ["main"]

[gateway.fix.sessions.ems]
kind = "order-entry"
client = "alpha"
target = "EMS"
"""


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
        """Have all that waits canceled, and wait until everything has been answered."""
        traffic.end()
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while time.monotonic() < deadline:
            outcome = Outcome(tuple(self.peer.came))
            if not outcome.wrong(traffic.orders) or outcome.doubled:
                return outcome
            time.sleep(LOOK_EVERY_S)
        return Outcome(tuple(self.peer.came))


@contextmanager
def line(folder, dictionary, *, port):
    """Open a line to a gateway's port, and log on."""
    proxy = Proxy(port)
    with ExitStack() as stack:
        stack.callback(proxy.close)
        peer = stack.enter_context(
            initiator(folder, port=proxy.port, dictionary=dictionary, sender="EMS")
        )
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


def with_kills(traffic, *, orders, keeper, daemon_kills):
    """Send so many orders, and kill the daemon so many times on the way."""
    deadly = {(number + 1) * orders // (daemon_kills + 1) for number in range(daemon_kills)}
    for number in range(orders):
        traffic.order()
        if number in deadly:
            keeper.kill()
        time.sleep(PAUSE_S)


class Keeper:
    """The daemon, killed and started again."""

    def __init__(self, floor, daemon):
        self._floor = floor
        self._daemon = daemon

    def kill(self):
        self._daemon.kill()
        self._daemon = Daemon(self._floor)
        self._daemon.ready()

    def stop(self):
        self._daemon.stop()


class Gateways:
    """FIX gateways of one configuration and one port, killed and forked anew until told to stop.

    Attributes
    ----------
    kills : int
    port : int
        Where the first one listened, and each after it.
    """

    def __init__(self, config, log):
        self.kills = 0
        self.port = 0
        self.folder = config.parent
        self._log = log.open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [
                sys.executable,
                "-m",
                "tests.integration.certification.zygote",
                str(config),
            ],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._pid = 0
        self._rest = b""
        self._over = threading.Event()
        self._hunter = None
        assert self._heard()["imported"]

    def fork(self):
        """Start one, and wait until it is ready."""
        self._process.stdin.write(b"%d\n" % self.port)
        self._process.stdin.flush()
        ready = None
        while ready is None or not self._pid:
            said = self._heard()
            assert "code" not in said, f"the gateway ended while it started: {said}"
            if "pid" in said:
                self._pid = said["pid"]
            else:
                ready = said
        self.port = int(ready["port"])

    def hunt(self, peer, *, seed):
        """Kill one after another, each 0.15 to 0.3 s after the customer was back."""
        self._hunter = threading.Thread(target=self._hunt, args=(peer, random.Random(seed)))
        self._hunter.start()

    def spare(self):
        """Kill no more; the last one stays."""
        self._over.set()
        self._hunter.join(READY_S)

    def close(self):
        if self._process.stdin.closed:
            return
        self._process.stdin.close()
        self._kill()
        self._process.wait(READY_S)
        self._process.stdout.close()
        self._log.close()

    def _hunt(self, peer, chance):
        while not self._over.wait(chance.uniform(0.15, 0.3)):
            known = peer.logons
            self._kill()
            assert self._heard()["code"] == -9
            self._pid = 0
            self.kills += 1
            self.fork()
            while peer.logons == known and not self._over.wait(LOOK_EVERY_S / 10):
                pass

    def _kill(self):
        subprocess.run(["kill", "-9", str(self._pid)], check=False)  # noqa: S603, S607 - ours

    def _heard(self):
        while b"\n" not in self._rest:
            with selectors.DefaultSelector() as selector:
                selector.register(self._process.stdout, selectors.EVENT_READ)
                assert selector.select(READY_S), "the gateway said nothing"
            data = self._process.stdout.read1()
            assert data, "the zygote died"
            self._rest += data
        first, _, self._rest = self._rest.partition(b"\n")
        return orjson.loads(first)


def told_by_the_daemon(floor):
    """Return the ExecIDs of all reports of the client, as the journal gives them."""
    refusals = {"cancel_rejected", "replace_rejected"}
    return Counter(
        report["exec_id"]
        for report in floor.all_reports()
        if report["client"] == "alpha" and report["kind"] not in refusals
    )


def check(floor, opened, traffic, outcome):
    """Hold what the customer was told against the journal, and both sides' numbers together."""
    assert outcome.doubled == []
    assert outcome.ledger.faults == []
    assert outcome.wrong(traffic.orders) == {}
    assert opened.peer.refused == []
    own = Counter(name for name in outcome.executions if name != "0")
    theirs = told_by_the_daemon(floor)
    assert own - theirs == Counter(), "told, and not in the journal"
    assert theirs - own == Counter(), "in the journal, and not told"
    answered = Counter(m[11] for m in unique(opened.peer.came) if m.kind in {"8", "9"})
    assert [name for name in traffic.requests if not answered[name]] == []


def unique(came):
    """Return each message once, by its number."""
    return list({message.number: message for message in reversed(came)}.values())


def check_numbers(opened, gateways):
    """Have the customer log out, and compare what each side expects of the other."""
    opened.peer.stop()
    opened.peer.logged("logout")
    sender, target = opened.peer.numbers()
    gateways.close()
    (path,) = gateways.folder.glob("*-fix/*.seqnums")
    out, in_ = (int(text) for text in path.read_text().split(":"))
    assert (sender, target) == (in_, out)
