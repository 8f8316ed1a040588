"""A perp venue, a chain, and the daemon between them with its doors; each a process or a thread."""

import asyncio
import os
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path

import aiohttp
import orjson

from router.compose.sandbox_tables import AGENT_KEY_ENV, CHAIN_KEY_ENV, chain_table, venue_table
from router.gateway.link import link_path, linked
from venues.sandbox.hyperliquid import DEV_MASTER_ADDRESS, FundedAccount, SandboxConfig
from venues.sandbox.hyperliquid.config import LimitConfig
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import Stamp
from venues.sandbox.hyperliquid.scene.taker import take
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox

REPOSITORY = Path(__file__).parents[3]
STRANGER = "0x" + "5e" * 20
PROGRAM = "tests.integration.certification.unrationed"
READY_S = 60
LOOK_EVERY_S, LOOKS_MAX = 0.01, 2_000
PLENTY = {
    "children_per_min_max = 60": "children_per_min_max = 60000",
    "messages_per_s_max = 20": "messages_per_s_max = 20000",
    "messages_burst_max = 50": "messages_burst_max = 50000",
}


class Venue:
    """The perp venue on a thread of its own; nobody else trades there unless told to."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._opening = None
        self._sandbox = None

    def open(self):
        config = SandboxConfig(
            accounts=(
                FundedAccount(DEV_MASTER_ADDRESS, 20_000_000 * MICRO),
                FundedAccount(STRANGER, 20_000_000 * MICRO),
            ),
            limits=LimitConfig(by_ip=False, by_address=False),
        )
        self._opening = HyperliquidSandbox.start(config)
        self._sandbox = self._have(self._opening.__aenter__())

    def close(self):
        self._have(self._opening.__aexit__(None, None, None))
        self._have(self.loop.shutdown_asyncgens())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    @property
    def manifest(self):
        return self._sandbox.manifest()

    def direct(self, command, **words):
        """Have the venue do what its users cannot."""
        self._have(self._directed({"command": command, **words}))

    def book(self, percent):
        """Leave so much of the makers' liquidity; 100 quotes all of it afresh."""
        self.direct("thin_book", coin="ETH", percent=percent)

    def resting(self):
        """Return the desk's orders in the book."""
        return self._have(self._resting())

    def await_resting(self, holds):
        """Wait until something holds of the desk's orders in the book; return them."""
        for _ in range(LOOKS_MAX):
            orders = self.resting()
            if holds(orders):
                return orders
            time.sleep(LOOK_EVERY_S)
        raise AssertionError("it never came to that")

    def stranger_trades(self, dollars):
        """Let somebody else buy (positive) or sell at the touch."""
        self._have(self._traded(dollars))

    def _have(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(READY_S)

    async def _resting(self):
        return list(self._sandbox.venue.accounts[DEV_MASTER_ADDRESS].open_orders.values())

    async def _traded(self, dollars):
        state = self._sandbox.venue.state
        stamp = Stamp(self._sandbox.venue.advance(), "0x" + "00" * 32)
        take(
            self._sandbox.venue.matching,
            state.account(STRANGER),
            state.markets["ETH"],
            signed_notional=dollars * MICRO,
            stamp=stamp,
        )
        self._sandbox.publish()

    async def _directed(self, body):
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._sandbox.url}/sandbox", json=body) as answer,
        ):
            assert answer.status == HTTPStatus.OK, await answer.text()


class Floor:
    """The counterparties, and a folder with a desk's configuration."""

    def __init__(self, folder, chain, venue):
        self.chain = chain
        self.venue = venue
        self.folder = folder

    @property
    def config(self):
        return self.folder / "headrace.toml"

    @property
    def journal(self):
        return self.folder / "headrace.journal"

    def settle_in(self, folder):
        """Let the desk's files be in another folder, with a journal of its own."""
        self.folder = folder

    def furnish(self, gateway):
        """Write the configuration, with the table of the doors."""
        text = without_doors((REPOSITORY / "configs" / "demo.toml").read_text())
        for old, new in PLENTY.items():
            assert old in text, old
            text = text.replace(old, new)
        tables = chain_table(self.chain.manifest) + venue_table(self.venue.manifest)
        self.config.write_text(text + tables + gateway)

    @property
    def environment(self):
        return {
            **os.environ,
            CHAIN_KEY_ENV: self.chain.manifest.account("trader").private_key,
            AGENT_KEY_ENV: self.venue.manifest["agent_key"],
        }

    def ask(self, do, **fields):
        """Ask the daemon as a gateway would."""

        async def asked():
            async with linked(link_path(self.journal)) as link:
                return await link.ask(do, **fields)

        return asyncio.run(asked())

    def cancel_all(self, client):
        """Cancel all of a client's orders, and wait until they have ended; return how many."""
        going = self.ask("orders", client=client)["orders"]
        if going:
            name = f"all-{time.monotonic_ns()}"
            self.ask("mass_cancel", client=client, request=name, by="desk")
        for order in going:
            self.await_ended(order["order"], client=client)
        return len(going)

    def accept(self):
        """Wait until the desk has found that its record is not the venue's; take the venue's."""
        self._await_halt(is_on=True)
        self.ask("accept", reason="agreed with the venue", by="risk")
        self._await_halt(is_on=False)

    def _await_halt(self, *, is_on):
        for _ in range(LOOKS_MAX):
            if bool(self.ask("status")["halted"]) is is_on:
                return
            time.sleep(LOOK_EVERY_S)
        raise AssertionError(f"halted: {not is_on}")

    def await_ended(self, name, *, client):
        """Wait until an order has ended."""
        self.await_phase(name, "done", client=client)

    def await_phase(self, name, phase, *, client):
        """Wait until an order is where it is to be."""
        for _ in range(LOOKS_MAX):
            if (order := self.ask("order", order=name, client=client))["phase"] == phase:
                return
            time.sleep(LOOK_EVERY_S)
        raise AssertionError(f"{name} is not {phase}: {order}")

    def all_reports(self):
        """Return every report so far, from the journal's beginning: up to one made for the end."""
        mark = f"mark-{time.monotonic_ns()}"

        async def told():
            found = []
            async with asyncio.timeout(READY_S), linked(link_path(self.journal)) as link:
                order = {"client_order_id": mark, "side": "buy", "quantity": "5000"}
                order |= {"base": "ETH", "quote": "USDC", "client": "mark"}
                await link.ask("submit", order=order)
                async for report in link.follow("reports", after=[0, -1]):
                    if report["client"] == "mark" and report["first_client_order_id"] == mark:
                        return found
                    found.append(report)
            return found

        return asyncio.run(told())


def without_doors(text):
    """Return a configuration without the tables of gateways, for those who write their own."""
    tables = re.split(r"(?m)^(?=\[)", text)
    return "".join(table for table in tables if not re.match(r"\[+gateway\b", table))


class Daemon:
    """`headrace run` as a process."""

    def __init__(self, floor, name="daemon.log"):
        self._log = (floor.folder / name).open("ab")
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", PROGRAM, "run", str(floor.config), "--json"],
            cwd=REPOSITORY,
            env=floor.environment,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.facts = None

    def ready(self):
        """Wait until it serves; return what it says of itself."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(READY_S), "the daemon said nothing"
        line = self.process.stdout.readline()
        assert line, Path(self._log.name).read_text()
        self.facts = orjson.loads(line)
        return self.facts

    def kill(self):
        self.process.kill()
        self._end()

    def kill_gateway(self):
        """Kill the gateway for FIX; the daemon starts another."""
        found = []
        while not found:  # it may be about to start one
            tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
            children = [int(n) for task in tasks for n in (task / "children").read_text().split()]
            found = [pid for pid in children if b"gateway\0fix\0" in _words_of(pid)]
        for pid in found:
            os.kill(pid, signal.SIGKILL)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._end()

    def _end(self):
        self.process.wait(READY_S)
        self.process.stdout.close()
        self._log.close()


def _words_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def floor(folder, chain):
    """Open the counterparties on a chain that runs."""
    venue = Venue()
    with ExitStack() as stack:
        venue.open()
        stack.callback(venue.close)
        folder.mkdir(exist_ok=True)
        yield Floor(folder, chain, venue)
