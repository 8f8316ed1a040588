"""Counterparties that run on, daemons that are killed, and clients that never give up."""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson

from router.compose.recovery import verify
from router.domain.error import OrderError
from router.domain.order import OrderStatus
from router.gateway import local
from router.gateway.order_request import parent_id
from router.shell import store
from router.state.world import Phase

REPOSITORY = Path(__file__).parents[3]
ETHER = 10**18
CLIENTS_COUNT = 4
PATIENCE_S = 0.05  # of a client whose daemon is away
READY_WITHIN_S = 60.0
POINT_WITHIN_S = 6.0  # after it was ready; then it is killed from outside, at a random moment
RANDOM_WITHIN_S = (0.0, 3.0)
SETTLED_WITHIN_S = 120.0

KINDS = (
    "EngineStarted",
    "AccountsObserved",
    "ParentSubmitted",
    "MarketObserved",
    "RouteSolved",
    "ChildSigned",
    "ChildAcknowledged",
    "ChildFilled",
    "ChildEnded",
    "TimerFired",
)
POINTS = (
    *(f"{moment} {kind}" for kind in KINDS for moment in ("before", "accepted", "durable")),
    *(
        f"{moment} {verb}"
        for verb in ("sign", "submit", "resolve", "read_account")
        for moment in ("call", "sent", "reply")
    ),
)


@dataclass
class Tally:
    """What a series of kills came to."""

    kills: Counter = field(default_factory=Counter)  # by point; "" is a random moment
    ready_s: list = field(default_factory=list)
    intents: int = 0
    reports: int = 0
    doubled: list = field(default_factory=list)
    lost: list = field(default_factory=list)

    def line(self):
        ready = sorted(self.ready_s)

        def at(share):
            return f"{ready[min(int(share * len(ready)), len(ready) - 1)]:.2f} s"

        named = sum(count for point, count in self.kills.items() if point)
        return (
            f"{self.kills.total()} kills, {named} at {len(self.kills.keys() - {''})} named points;"
            f" {self.intents} orders, {len(self.lost)} lost, {len(self.doubled)} doubled;"
            f" {len(ready)} starts, ready after p50 {at(0.5)}, p99 {at(0.99)}, max {at(1.0)}"
        )


class Zygote:
    """The process that forks daemons."""

    def __init__(self, process):
        self._process = process
        self.pid = None

    async def fork(self, **case):
        self._process.stdin.write(orjson.dumps(case) + b"\n")
        self.pid = (await self.heard())["pid"]

    async def heard(self):
        line = await self._process.stdout.readline()
        assert line, "the zygote died"
        return orjson.loads(line)

    def kill(self):
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


@asynccontextmanager
async def zygote():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.crash.zygote",
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    served = Zygote(process)
    try:
        assert (await served.heard())["imported"]
        yield served
    finally:
        process.stdin.close()
        await process.wait()


class Round:
    """One journal, killed many times.

    Parameters
    ----------
    is_naive : bool
        The desk journals after it has sent, and asks again under fresh names; it knows one venue.
    """

    def __init__(self, running, folder, *, seed, is_naive=False):
        self.running = running
        self.folder = folder
        self.random = random.Random(seed)
        self.is_naive = is_naive
        self.log = folder / "daemon.log"
        self.journal = folder / "headrace.journal"
        self.wanted = {}  # what each client wanted done, by the first name it gave it
        self.reports = {}
        self._is_over = False
        folder.mkdir()
        text = (REPOSITORY / "configs" / "demo.toml").read_text() + running.tables()
        text = text.replace("children_per_min_max = 60", "children_per_min_max = 6000")
        text = text.replace("messages_per_s_max = 20", "messages_per_s_max = 2000")
        text = text.replace("messages_burst_max = 50", "messages_burst_max = 5000")
        (folder / "headrace.toml").write_text(text)

    def case(self, point=None, nth=1):
        return {
            "config": str(self.folder / "headrace.toml"),
            "environment": dict(self.running.environment),
            "log": str(self.log),
            "point": point,
            "nth": nth,
            "is_naive": self.is_naive,
            "url": self.running.venue["url"],
        }

    async def run(self, daemon, points, tally):
        """Kill a daemon once for each point (None: at a random moment), then let all end."""
        before = await holdings(self.running)
        async with asyncio.TaskGroup() as group:
            clients = [group.create_task(self._client(n)) for n in range(CLIENTS_COUNT)]
            for point in points:
                await self._life(daemon, point, tally)
            self._is_over = True
            await self._last_life(daemon, clients, tally)
        tally.intents += len(self.wanted)
        tally.reports += len(self.reports)
        return before, await holdings(self.running)

    async def _life(self, daemon, point, tally):
        await daemon.fork(**self.case(point, self.random.choice((1, 1, 2, 3))))
        news = asyncio.create_task(daemon.heard())
        # From the fork on, or from when it is ready: half of the random moments are in the start.
        deadline = time.monotonic() + self.random.uniform(*RANDOM_WITHIN_S)
        if point is not None:
            deadline = time.monotonic() + READY_WITHIN_S
        while True:
            done, _ = await asyncio.wait({news}, timeout=max(0.0, deadline - time.monotonic()))
            if not done:
                daemon.kill()
                deadline, point = time.monotonic() + READY_WITHIN_S, None
                continue
            heard = news.result()
            if "ready" in heard:
                tally.ready_s.append(heard["ready"])
                news = asyncio.create_task(daemon.heard())
                if point is not None:
                    deadline = time.monotonic() + POINT_WITHIN_S
                continue
            assert heard["code"] == -signal.SIGKILL, f"{heard}; {self.log.read_text()[-4000:]}"
            tally.kills[point or ""] += 1
            return

    async def _last_life(self, daemon, clients, tally):
        await daemon.fork(**self.case())
        heard = await daemon.heard()
        assert "ready" in heard, f"{heard}; {self.log.read_text()[-4000:]}"
        tally.ready_s.append(heard["ready"])
        async with asyncio.timeout(SETTLED_WITHIN_S):
            await asyncio.wait(clients)
            await self._quiet()
        os.kill(daemon.pid, signal.SIGTERM)
        assert (await daemon.heard())["code"] == 0, self.log.read_text()[-4000:]

    # The daemon works on what its journal knows, also where no client asks any more.
    async def _quiet(self):
        socket = local.socket_path(self.journal)
        is_at_work = True
        while is_at_work:
            answer = await local.ask(socket, {"do": "orders"}, _nothing)
            is_at_work = bool(orjson.loads(answer)["orders"])
            await asyncio.sleep(PATIENCE_S)

    async def _client(self, number):
        count = 0
        while not self._is_over:
            count += 1
            await self._order(f"c{number}-{count}", self._request(number, count))

    # To and fro, so that no market drifts; at the book, at pools, at both, and spread over time.
    def _request(self, number, count):
        request = {
            "side": "buy" if (number + count) % 2 == 0 else "sell",
            "quantity": "0.5",
            "base": "ETH",
            "quote": "USDC",
            "allow_similar": "true",
            "slippage_max_bps": "90",
            "deadline_s": "600",
        }
        match 0 if self.is_naive else (number + count // 2) % 4:
            case 0:
                request["venues"] = "hyperliquid"
            case 1:
                request["venues"] = "local"
            case 2:
                request |= {"algo": "twap", "duration_s": "1.2", "interval_s": "0.4"}
                request["venues"] = "hyperliquid"
            case _:
                request["quantity"] = "1"
        return request

    async def _order(self, name, request):
        """Ask under one name until the daemon has reported."""
        self.wanted[name] = request
        socket = local.socket_path(self.journal)
        while name not in self.reports:
            try:
                answer = await local.ask(socket, {"client_order_id": name, **request}, _nothing)
            except OSError:  # it is being started anew
                await asyncio.sleep(PATIENCE_S)
            except OrderError as error:
                self.reports[name] = {"refused": str(error)}
            else:
                self.reports[name] = orjson.loads(answer)["ParentReport"]


def _nothing(_line):
    pass


async def holdings(running):
    """Read from the chain and the venue, by our own means, what the account has and did."""
    client = running.chain.client
    trader = client.manifest.account("trader").address
    fills = await _ask(running.venue, "userFills")
    orders = await _ask(running.venue, "historicalOrders")
    state = await _ask(running.venue, "clearinghouseState")
    sizes = {p["position"]["coin"]: p["position"]["szi"] for p in state["assetPositions"]}
    nonce = await asyncio.to_thread(client.rpc.request, "eth_getTransactionCount", trader, "latest")
    return {
        "nonce": int(nonce, 16),
        "weth": await asyncio.to_thread(client.balance_of, "WETH", trader),
        "perp": round(float(sizes.get("ETH", "0")) * 10_000) * 10**14,
        "fills": {f"{f['coin']}:{f['time']}:{f['tid']}": f for f in fills},
        "orders": {o["order"]["oid"]: o["order"].get("cloid") for o in orders},
    }


async def _ask(venue, kind):
    body = {"type": kind, "user": venue["master_address"]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{venue['url']}/info", json=body) as answer,
    ):
        return await answer.json()


def check(made, before, after, tally):
    """Compare the journal with the venues: nothing lost, nothing twice."""
    result = verify(made.journal)
    assert result.fault is None, result.fault
    world, journal_id = result.world, store.identity(made.journal)
    assert world.reconciliation.differences == ()
    for name, report in made.reports.items():
        parent = world.parents.get(parent_id(journal_id, name))
        if parent is None:
            assert "refused" in report, f"{name} was answered and is not in the journal: {report}"
        elif parent.phase is not Phase.DONE:
            tally.lost.append(f"{name} has not ended")
    for parent in world.parents.values():
        done = sum(f.quantity.atoms for c in parent.children for f in world.children[c].fills)
        if done > parent.order.quantity.atoms:
            tally.doubled.append(f"{parent.order.client_order_id} traded {done}")
        if parent.status is OrderStatus.FILLED:
            assert parent.order.quantity.atoms - done < 10**14, parent.order.client_order_id
    _check_book(world, before, after, tally)
    _check_chain(world, before, after, tally)


def _check_book(world, before, after, tally):
    ours = {
        fill.id: fill
        for child in world.children.values()
        for fill in child.fills
        if child.order.venue == "hyperliquid"
    }
    theirs = after["fills"].keys() - before["fills"].keys()
    tally.lost.extend(f"fill {name} is not in the journal" for name in theirs - ours.keys())
    tally.lost.extend(f"fill {name} is not at the venue" for name in ours.keys() - theirs)
    made = Counter(after["orders"][oid] for oid in after["orders"].keys() - before["orders"].keys())
    known = {s.reference for child in world.children.values() for s in child.attempts}
    for cloid, count in made.items():
        if count > 1:
            tally.doubled.append(f"{count} orders at the venue for intent {cloid}")
        if cloid not in known:
            tally.lost.append(f"order {cloid} at the venue is not in the journal")


def _check_chain(world, before, after, tally):
    children = [c for c in world.children.values() if c.order.venue == "local"]
    mined = sum(child.gas is not None for child in children)
    if after["nonce"] - before["nonce"] != mined:
        tally.lost.append(
            f"{after['nonce'] - before['nonce']} transactions, {mined} in the journal"
        )
    moved = {"local": after["weth"] - before["weth"], "hyperliquid": after["perp"] - before["perp"]}
    for venue, expected in moved.items():
        ours = sum(
            fill.quantity.atoms * (1 if child.order.side.value == "buy" else -1)
            for child in world.children.values()
            if child.order.venue == venue
            for fill in child.fills
        )
        if ours != expected:
            tally.lost.append(f"{venue} moved {expected}, the journal says {ours}")
