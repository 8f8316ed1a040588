"""Pays one payee after another from one key, journaling as an engine does, until it is killed.

Started as a program it imports everything once, says so, then forks a process for every line it
reads: says its pid, waits for its end, says its exit code. A fork inherits the imports, so that a
restart costs no start-up.

What is durable before what: the intent before it is signed, signed bytes before they are sent, a
replacement before it is sent, and the end of a child before its payee is paid by another one.
"""

import asyncio
import os
import random
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import eth_account
import orjson

from router.domain.command import SignChild
from router.domain.error import VenueError
from router.domain.event import ChildEnded, ChildReplaced, ChildSigned
from router.domain.order import TERMINAL, OrderStatus
from router.journal.codec import decode_command, decode_event, encode
from router.journal.record import make_record
from router.shell.store import open_journal, read
from tests.integration.executor.scene import (
    Heads,
    S,
    SystemClock,
    config,
    order,
    paid_in,
    payment,
)
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.transactions.executor import Executor
from venues.evm.words.key import SigningKey
from venues.sandbox.chain import ChainManifest
from venues.transport.error import TransportError

IMPORTED = (eth_account,)
JOURNAL_ID = "soak"
OPEN_MAX = 16
LIFETIMES_S = (1, 15)  # the short ones pass while a payment is stuck
TRIES_APART = 10**6  # children of one payee differ in their number by this


@dataclass
class Case:
    """What a run is told."""

    manifest: ChainManifest
    ws_urls: tuple
    journal: Path
    payments_count: int
    seed: int


@dataclass
class Book:
    """What the journal says."""

    children: dict = field(default_factory=dict)  # by id, in order of their nonces
    attempts: dict = field(default_factory=dict)
    ends: dict = field(default_factory=dict)

    def note(self, entry):
        match entry:
            case SignChild(child):
                self.children[child.id] = child
                self.attempts[child.id] = []
            case ChildSigned() | ChildReplaced():
                self.attempts[entry.child].append(entry.signed)
            case ChildEnded():
                self.ends[entry.child] = entry

    def open_children(self):
        return [child for name, child in self.children.items() if name not in self.ends]

    def tries(self, payee):
        return [child for child in self.children.values() if payee_of(child) == payee]

    def owed(self, payments_count):
        """Return the payees who were not paid, and whom nobody is paying."""
        busy = {payee_of(child) for child in self.open_children()}
        paid = {
            payee_of(self.children[name])
            for name, end in self.ends.items()
            if end.status is OrderStatus.FILLED
        }
        return [payee for payee in range(payments_count) if payee not in busy | paid]


def payee_of(child):
    return int(child.id.removeprefix("c-")) % TRIES_APART


def entries(path):
    """Yield what a journal holds, in order."""
    for record in read(path):
        is_intent = record.event.startswith(b'{"SignChild"')
        yield decode_command(record.event) if is_intent else decode_event(record.event)


class Driver:
    """One life of the process."""

    def __init__(self, case, store, book):
        self._case = case
        self._store = store
        self._book = book
        self._clock = SystemClock()
        self._rng = random.Random(f"{case.seed}:{len(book.children)}")
        configured = config(
            case.manifest,
            ws_urls=case.ws_urls,
            confirmations=6,  # deeper than any reorganisation of the soak
            replace_after_blocks=4,
            receipt_timeout=2 * S,
        )
        self._endpoints = Endpoints(configured, self._clock)
        self._executor = Executor(
            configured, self._endpoints, self._clock, SigningKey(configured.signing_key)
        )
        self._address = configured.address
        self._heads = Heads()

    async def run(self):
        head_follower = asyncio.create_task(self._follow_heads())
        try:
            await self._pay()
        finally:
            head_follower.cancel()
            await asyncio.wait([head_follower])
            await self._executor.close()
            await self._endpoints.close()

    async def _pay(self):
        working = {asyncio.create_task(self._work(c)) for c in self._book.open_children()}
        while True:
            for payee in self._book.owed(self._case.payments_count)[: OPEN_MAX - len(working)]:
                child = await self._intend(payee)
                working.add(asyncio.create_task(self._work(child)))
            if not working:
                return
            done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def _intend(self, payee):
        nonces = [child.nonce for child in self._book.children.values()]
        nonce = 1 + max(nonces) if nonces else await self._used_count()
        tip = await self._asked(lambda chain: chain.tip())
        number = payee + TRIES_APART * len(self._book.tries(payee))
        deadline_s = tip.header.timestamp_s + self._rng.randint(*LIFETIMES_S)
        child = order(number, nonce, deadline_s=deadline_s)
        await self._append(SignChild(child))
        return child

    async def _work(self, child):
        attempts = self._book.attempts[child.id]
        if not attempts:
            await self._append(ChildSigned(child.id, await self._signed(child), self._now()))
            await self._submit(child)
        while True:
            try:
                found = await self._executor.resolve(
                    child, tuple(attempts), decode=paid_in(child), next_head=self._heads.next
                )
            except VenueError:
                await self._clock.sleep(S // 20)
                continue
            if found.status in TERMINAL:
                end = ChildEnded(child.id, found.status, found.reason, found.gas, self._now())
                await self._append(end)
                return
            if found.wanted is not None:
                await self._replace(child, found.wanted)

    async def _signed(self, child):
        execution = payment(self._case.manifest, payee_of(child))
        while True:
            try:
                return await self._executor.sign(child, execution)
            except VenueError:  # a spike beyond the cap, a node that is gone: the nonce is taken
                await self._clock.sleep(S // 10)

    async def _replace(self, child, wanted):
        attempts = tuple(self._book.attempts[child.id])
        with suppress(VenueError):
            signed = await self._executor.replace(child, attempts, wanted)
            await self._append(ChildReplaced(child.id, signed, self._now()))
            await self._submit(child)

    async def _submit(self, child):
        with suppress(VenueError):  # whatever it says, what became of it is asked next
            await self._executor.submit(child, self._book.attempts[child.id][-1])

    async def _append(self, entry):
        await self._store.append(make_record(self._store.tip, encode(entry), ()))
        self._book.note(entry)

    async def _used_count(self):
        count = await self._asked(
            lambda chain: chain.request("eth_getTransactionCount", self._address, "latest")
        )
        return int(count, 16)

    async def _asked(self, question):
        while True:
            try:
                return await self._endpoints.ask(question)
            except TransportError:
                await self._clock.sleep(S // 20)

    async def _follow_heads(self):
        while True:
            with suppress(TransportError):
                chain = await self._endpoints.open()
                try:
                    heads = await chain.rpc.subscribe(("newHeads",), within=S)
                    while True:
                        await heads.take()
                        self._heads.tell()
                finally:
                    await chain.aclose()
            await self._clock.sleep(S // 10)

    def _now(self):
        return self._clock.now()


async def _live(case):
    book = Book()
    if case.journal.exists():
        for entry in entries(case.journal):
            book.note(entry)
    store = open_journal(case.journal, journal_id=JOURNAL_ID)
    try:
        await Driver(case, store, book).run()
    finally:
        store.close()


def _child(line):
    try:
        told = orjson.loads(line)
        case = Case(
            manifest=ChainManifest.read(Path(told["manifest"])),
            ws_urls=tuple(told["ws_urls"]),
            journal=Path(told["journal"]),
            payments_count=told["payments_count"],
            seed=told["seed"],
        )
        asyncio.run(_live(case))
    except BaseException:  # noqa: BLE001 - the parent only sees the status
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main():
    """Serve until standard input ends."""
    _say("ready")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(line)
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
