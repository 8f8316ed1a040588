"""Seeded orders, cancels and replacements, and what became of each as its sender saw it.

Of eight orders three trade a little at the perp venue, four wait for a price they do not see and
are canceled or first replaced, one is refused before it trades: cheap kinds, so that many can be.
"""

import random
from collections import Counter, defaultdict

from tests.integration.certification import script
from tests.integration.certification.ledger import ENDS, STATUS, Ledger

TRADES, WAITS, REFUSED = "trades", "waits", "refused"
KINDS = (TRADES,) * 3 + (WAITS,) * 4 + (REFUSED,)
OPEN_MAX = 40  # waiting at a time; the oldest is canceled for a new one


class Traffic:
    """What one customer does."""

    def __init__(self, peer, *, seed, account):
        self._peer = peer
        self._account = account
        self._random = random.Random(seed)
        self._waiting = []  # the orders' first names
        self._names = {}  # of those: all that were asked for, the newest last
        self._cancels = {}  # of those that were to end: the last request
        self.orders = []
        self.requests = []
        self._count = 0

    def order(self):
        """Send the next order, and sometimes a request for an older one."""
        kind = self._random.choice(KINDS)
        name = self._name("o")
        self.orders.append(name)
        if kind == TRADES:
            script.new(self._peer, name, "0.01", t1=self._account)
        elif kind == WAITS:
            size = f"0.{self._random.randint(10, 99)}"
            script.waits(self._peer, name, size, t1=self._account)
            self._waiting.append(name)
            self._names[name] = [name]
        else:
            script.new(self._peer, name, "5000", t1=self._account)
        if len(self._waiting) > OPEN_MAX or self._random.random() < 0.3:
            self._request()

    def end(self):
        """Cancel all that still waits."""
        while self._waiting:
            self._cancel(self._waiting.pop())

    def insist(self, came):
        """Cancel once more what a cancel was refused for: its name was one that never held.

        A request that comes too late, since the daemon was away, is refused, and a later one that
        builds on it as well.
        """
        refused = {message[11] for message in came if message.kind == "9"}
        for order, request in tuple(self._cancels.items()):
            if request in refused:
                self._names[order] = [name for name in self._names[order] if name not in refused]
                self._cancel(order)

    def _request(self):
        if not self._waiting:
            return
        order = self._waiting.pop(0)
        if self._random.random() < 0.4:
            fresh, before = self._name("r"), self._names[order][-1]
            self.requests.append(fresh)
            script.replace_waiting(self._peer, fresh, before, f"0.{self._random.randint(10, 99)}")
            self._names[order].append(fresh)
            self._waiting.append(order)
        else:
            self._cancel(order)

    def _cancel(self, order):
        fresh = self._name("c")
        self.requests.append(fresh)
        self._cancels[order] = fresh
        script.cancel(self._peer, fresh, self._names[order][-1])

    def _name(self, kind):
        self._count += 1
        return f"{kind}{self._count}"


class Outcome:
    """What a session was told, message by message."""

    def __init__(self, came):
        self.ledger = Ledger()
        self.refused = Counter()  # orders that never were, by name
        self.doubled = []
        self.executions = []
        self._ends = defaultdict(list)
        numbers = set()
        for message in came:
            if message.number in numbers:
                if not message.is_repeated:
                    self.doubled.append(message)
                continue
            numbers.add(message.number)
            self._take(message)

    def _take(self, message):
        if message.kind != "8":
            return
        if message[37] == "NONE":
            self.refused[message[11]] += 1
            return
        self.ledger.take(message)
        self.executions.append(message[17])
        is_filled = message[39] == "2" and message[150] != STATUS
        if message[150] in ENDS or is_filled:
            self._ends[message[37]].append(message[150])

    def chains(self):
        """Return how often each order has ended, by each name it had."""
        counts = Counter(self.refused)
        for order, chain in self.ledger.chains.items():
            for name in chain.names:
                counts[name] += len(self._ends[order])
        return counts

    def wrong(self, orders):
        """Return the orders that have not ended exactly once."""
        counts = self.chains()
        return {name: counts[name] for name in orders if counts[name] != 1}
