"""A desk's own FIX engine, as small as it may be: it asks for what it missed, and repeats itself.

What it took lasts as long as the object does, through every connection.
"""

import asyncio
from contextlib import asynccontextmanager

from tests.integration.fix.gateway import connected, stamp

_ADMIN = frozenset("0125A4")


class Ems:
    """One end of a session.

    Attributes
    ----------
    reports : list of Said
        What it took of the application's messages, in order.
    """

    def __init__(self, target, **who):
        self.target = target
        self.who = who
        self.next_in = 1
        self.next_out = 1
        self.reports = []
        self._sent = {}
        self._peer = None
        self._asked = 0
        self._came = asyncio.Condition()
        self._logged_on = asyncio.Event()
        self._reading = None

    @asynccontextmanager
    async def on_line(self, gateway, more=""):
        """Log on, and take what comes until the block is left."""
        async with connected(gateway, target=self.target, **self.who) as peer:
            self._asked = 0
            if "141=Y" in more:
                self.next_in, self.next_out, self._sent = 1, 1, {}
            self._peer = peer
            await peer.log_on(self._number(), more)
            self._logged_on.clear()
            reading = self._reading = asyncio.create_task(self._read(peer))
            try:
                yield self
            finally:
                reading.cancel()
                await asyncio.wait({reading})

    def send(self, kind, body):
        """Send a message of the application."""
        number = self._number()
        self._sent[number] = (kind, body, stamp())
        self._peer.send(kind, body, number=number)

    def log_out(self):
        self._peer.send("5", number=self._number())

    async def is_left(self):
        """Wait until the other side has hung up."""
        async with asyncio.timeout(30):
            await asyncio.wait({self._reading})

    async def is_refused(self):
        """Wait until it is let in, or hung up on; return whether it was."""
        taking = asyncio.create_task(self._logged_on.wait())
        await asyncio.wait({taking, self._reading}, return_when=asyncio.FIRST_COMPLETED)
        taking.cancel()
        return not self._logged_on.is_set()

    async def took(self, test):
        """Wait until something was taken of which the test holds; return the first such."""
        async with asyncio.timeout(30), self._came:
            while not (found := [each for each in self.reports if test(each)]):
                await self._came.wait()
        return found[0]

    async def took_exec(self, name, exec_type):
        return await self.took(lambda said: said[11] == name and said[150] == exec_type)

    @property
    def exec_ids(self):
        return [each[17] for each in self.reports if each.kind == "8" and each[150] != "I"]

    def _number(self):
        self.next_out += 1
        return self.next_out - 1

    async def _read(self, peer):
        while (said := await peer.receive()).fields:
            await self._take(peer, said)

    async def _take(self, peer, said):
        number = int(said[34])
        if said.kind == "A":
            self._logged_on.set()
        if said.kind == "2":
            self._repeat(peer, int(said[7]))
        if number > self.next_in:
            if number > self._asked and self._asked < self.next_in:
                self._asked = number
                peer.send("2", f"7={self.next_in}|16=0|", number=self._number())
            return
        if number < self.next_in:
            assert said[43] == "Y", said
            return
        self.next_in = int(said[36]) if said.kind == "4" else number + 1
        if said.kind not in _ADMIN:
            async with self._came:
                self.reports.append(said)
                self._came.notify_all()

    def _repeat(self, peer, begin):
        for number in range(begin, self.next_out):
            if number in self._sent:
                kind, body, first = self._sent[number]
                peer.send(kind, body, number=number, more=f"43=Y|122={first}|")
            else:
                more = f"43=Y|122={stamp()}|"
                peer.send("4", f"123=Y|36={number + 1}|", number=number, more=more)
