"""Payments from one key through drops, fee spikes, reorganisations and kills, then counted.

The driver is killed with SIGKILL at random moments and started again on its journal; the chain
meanwhile does what chains do. In the end every payee has been paid once, and no nonce is missing.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from router.domain.order import OrderStatus
from router.journal.record import genesis, verify
from router.shell.store import read
from tests.integration.executor.driver import JOURNAL_ID, Book, entries, payee_of
from tests.integration.executor.scene import GWEI, PAYEES_FROM, TRANSFER_TOPIC
from venues.sandbox.chain import start

REPOSITORY = Path(__file__).parents[3]
BLOCK_EVERY_S = 0.06
DEEPEST = 5
QUIET_WEI = GWEI
# Each step stays for some blocks; the last is beyond what a payment may offer.
SPIKE_STEPS_WEI = (15 * GWEI, 45 * GWEI, 135 * GWEI, 405 * GWEI, 1200 * GWEI)
STEP_BLOCKS = (2, 6)


@dataclass
class Storm:
    """What the chain does to whoever uses it.

    Attributes
    ----------
    done : Counter
        How often each thing happened.
    """

    chain: object
    rng: random.Random
    done: Counter = field(default_factory=Counter)
    _spike: list = field(default_factory=list)  # base fees of the blocks to come, last first

    @property
    def rpc(self):
        return self.chain.client.rpc

    def block(self):
        """Make a block, after something may have happened."""
        chance = self.rng.random()
        if chance < 0.25:
            self._drop()
        elif chance < 0.35 and not self._spike:
            self.done["fee spikes"] += 1
            self._spike = self._steps()
        elif chance < 0.42:
            self.done["reorganisations"] += 1
            self.chain.client.reorg(self.rng.randint(1, DEEPEST))
        base_wei = self._spike.pop() if self._spike else QUIET_WEI
        self.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(base_wei))
        self.chain.client.mine()
        self.done["blocks"] += 1

    def _steps(self):
        reached = SPIKE_STEPS_WEI[: self.rng.randint(1, len(SPIKE_STEPS_WEI))]
        return [wei for wei in reversed(reached) for _ in range(self.rng.randint(*STEP_BLOCKS))]

    def _drop(self):
        waiting = self.hashes_waiting()
        for name in self.rng.sample(waiting, min(len(waiting), 3)):
            self.rpc.request("anvil_dropTransaction", name)
            self.done["drops"] += 1

    def hashes_waiting(self):
        content = self.rpc.request("txpool_content")
        return sorted(
            transaction["hash"]
            for part in content.values()
            for sender in part.values()
            for transaction in sender.values()
        )


class Server:
    """Starts drivers, each of which lives until it is killed or has done its work."""

    def __init__(self, case):
        self._case = orjson.dumps(case) + b"\n"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.executor.driver"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        self._codes = []
        assert self._line() == b"ready"

    def begin(self):
        """Start a driver and return its process id."""
        self._process.stdin.write(self._case)
        self._process.stdin.flush()
        pid = int(self._line())
        self._codes.clear()
        self._waiter = threading.Thread(target=lambda: self._codes.append(int(self._line())))
        self._waiter.start()
        return pid

    def code(self):
        """Return how the driver ended, None while it lives."""
        return self._codes[0] if self._codes else None

    def wait(self):
        self._waiter.join(20)
        return self.code()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close() if self.code() is not None else None
        self._process.kill()
        self._process.wait()

    def _line(self):
        return self._process.stdout.readline().strip()


def soak(directory, *, payments_count, lives_blocks, seed, within_s):
    """Run the whole thing and return the chain's story and the journal's."""
    journal, rng = directory / "soak.journal", random.Random(seed)
    with start(seed=7, state_dir=directory) as chain:
        chain.client.set_automine(on=False)
        first_block, storm = chain.client.block_number(), Storm(chain, rng)
        used = nonce_of(chain)
        case = {
            "manifest": str(directory / "chain.json"),
            "ws_urls": [chain.manifest.ws_url],
            "journal": str(journal),
            "payments_count": payments_count,
            "seed": seed,
        }
        began = time.monotonic()
        with Server(case) as server:
            while True:
                pid = server.begin()
                dies_at = storm.done["blocks"] + rng.randint(*lives_blocks)
                while server.code() is None:
                    assert time.monotonic() < began + within_s, progress(journal, storm)
                    storm.block()
                    time.sleep(BLOCK_EVERY_S)
                    if storm.done["blocks"] >= dies_at and server.code() is None:
                        os.kill(pid, signal.SIGKILL)
                        server.wait()
                if server.code() != -signal.SIGKILL:
                    break
                storm.done["kills"] += 1
            assert server.code() == 0
        storm.done["seconds"] = round(time.monotonic() - began)
        return check(chain, journal, storm, span=(used, first_block, payments_count))


def check(chain, journal, storm, *, span):
    used, first_block, payments_count = span
    book = Book()
    for entry in entries(journal):
        book.note(entry)
    paid = payees_paid(chain, first_block)
    children = list(book.children.values())

    assert paid == Counter(range(payments_count)), "every payee is paid once, and nobody else is"
    assert [child.nonce for child in children] == list(range(used, used + len(children)))
    assert set(book.ends) == set(book.children)
    assert nonce_of(chain) == used + len(children), "no nonce is missing or used by anything else"
    assert storm.hashes_waiting() == []
    statuses = Counter(end.status for end in book.ends.values())
    assert set(statuses) <= {OrderStatus.FILLED, OrderStatus.CANCELED}
    filled = {n for n, end in book.ends.items() if end.status is OrderStatus.FILLED}
    assert sorted(payee_of(book.children[n]) for n in filled) == list(range(payments_count))
    tip = genesis(JOURNAL_ID)
    for record in read(journal):
        assert verify(record, tip) is None
        tip = record.tip
    return {
        "payments": payments_count,
        **storm.done,
        "children": len(children),
        "canceled": statuses[OrderStatus.CANCELED],
        "replacements": sum(max(len(signed) - 1, 0) for signed in book.attempts.values()),
        "transactions signed": sum(map(len, book.attempts.values())),
        "journal records": tip.sequence,
    }


def payees_paid(chain, first_block):
    """Count who was paid by the logs of the chain as it is now."""
    trader = chain.manifest.account("trader").address.removeprefix("0x").lower()
    logs = chain.client.rpc.request(
        "eth_getLogs",
        {
            "fromBlock": hex(first_block + 1),
            "toBlock": "latest",
            "address": chain.manifest.token("USDC").address,
            "topics": [TRANSFER_TOPIC, f"0x{trader:0>64}"],
        },
    )
    assert all(int(log["data"], 16) == 1 for log in logs)
    return Counter(int(log["topics"][2], 16) - PAYEES_FROM for log in logs)


def nonce_of(chain):
    trader = chain.manifest.account("trader").address
    return int(chain.client.rpc.request("eth_getTransactionCount", trader, "latest"), 16)


def progress(journal, storm):
    book = Book()
    for entry in entries(journal):
        book.note(entry)
    waiting = [(c.id, c.nonce, len(book.attempts[c.id])) for c in book.open_children()]
    return f"too slow: {len(book.ends)} children ended, open {waiting}, {dict(storm.done)}"


def test_a_few_payments_through_a_storm_are_each_made_once(tmp_path, capsys):
    figures = soak(tmp_path, payments_count=24, lives_blocks=(3, 10), seed=11, within_s=120)

    with capsys.disabled():
        print(f"\nexecutor soak, slice: {figures}")  # noqa: T201 - the figures are the point
    assert figures["kills"] >= 1


@pytest.mark.soak
def test_500_payments_through_a_storm_are_each_made_once(tmp_path, capsys):
    figures = soak(tmp_path, payments_count=500, lives_blocks=(3, 25), seed=12, within_s=900)

    with capsys.disabled():
        print(f"\nexecutor soak: {figures}")  # noqa: T201 - the figures are the point
    happened = ("kills", "drops", "fee spikes", "reorganisations", "replacements")
    assert all(figures[name] >= 3 for name in happened)
