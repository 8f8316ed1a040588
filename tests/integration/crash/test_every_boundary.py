"""Kill -9 around every journal record of an order, restart, and count the effects."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import pytest

from router.compose.recovery import verify
from router.compose.sandbox import sandboxes
from router.domain.order import OrderStatus
from router.shell import store

REPOSITORY = Path(__file__).parents[3]
QUANTITY = "60"
ETHER = 10**18
RECORDS_MIN = 15  # start, baseline, submit, twice observe to end, and the last look at the accounts


@dataclass
class Floor:
    """Both counterparties, and the server that runs desks that die."""

    running: object
    template: str
    server: subprocess.Popen
    directory: Path
    cases_count: int = 0

    def run(self, name, order, *, sequence=None, before=False):
        """Run one desk on the journal called `name` and return its exit code."""
        config = self.directory / name / "headrace.toml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(self.template)
        case = {
            "config": str(config),
            "environment": dict(self.running.environment),
            "order": order,
            "sequence": sequence,
            "before": before,
        }
        self.server.stdin.write(orjson.dumps(case) + b"\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def journal(self, name):
        return self.directory / name / "headrace.journal"

    def holdings(self):
        """Read what the trader has from the chain and the venue, by our own means."""
        client = self.running.chain.client
        trader = client.manifest.account("trader").address
        state = asyncio.run(_ask(self.running.venue, "clearinghouseState"))
        sizes = {p["position"]["coin"]: p["position"]["szi"] for p in state["assetPositions"]}
        fills = asyncio.run(_ask(self.running.venue, "userFills"))
        nonce = client.rpc.request("eth_getTransactionCount", trader, "latest")
        return {
            "weth": client.balance_of("WETH", trader),
            "perp": round(float(sizes.get("ETH", "0")) * 10_000) * 10**14,
            "nonce": int(nonce, 16),
            "orders": len({f["oid"] for f in fills}),
        }


async def _ask(venue, kind):
    body = {"type": kind, "user": venue["master_address"]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{venue['url']}/info", json=body) as answer,
    ):
        return await answer.json()


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    directory = tmp_path_factory.mktemp("crash")
    template = (REPOSITORY / "configs" / "demo.toml").read_text()
    with sandboxes(
        directory / "sandboxes", seed=7, block_time_s=0.5, collateral_usd=4_000
    ) as running:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.crash.server"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        with server:
            assert server.stdout.readline() == b"ready\n"
            yield Floor(running, template + running.tables(), server, directory)
            server.stdin.close()


def request(number):
    """Buy and sell in turn, so that neither market drifts."""
    return {
        "client_order_id": f"order-{number}",
        "side": "buy" if number % 2 == 0 else "sell",
        "quantity": QUANTITY,
        "base": "ETH",
        "quote": "USDC",
    }


def check_exactly_once(floor, name, number, before, after):
    sign = 1 if number % 2 == 0 else -1
    result = verify(floor.journal(name))
    assert result.fault is None
    (parent,) = result.world.parents.values()
    assert parent.status is OrderStatus.FILLED
    assert result.world.reconciliation.differences == ()
    moved = {key: after[key] - before[key] for key in before}
    assert moved["weth"] + moved["perp"] == sign * int(QUANTITY) * ETHER
    children = result.world.children.values()
    assert moved["nonce"] == sum(child.gas is not None for child in children)
    assert moved["orders"] == sum(
        child.order.venue == "hyperliquid" and bool(child.fills) for child in children
    )


def test_a_kill_around_any_record_loses_nothing_and_sends_nothing_twice(
    floor, record_testsuite_property
):
    straight = floor.holdings()
    assert floor.run("straight", request(0)) == 0
    plain = floor.holdings()
    check_exactly_once(floor, "straight", 0, straight, plain)
    assert plain["nonce"] == straight["nonce"] + 1
    assert plain["orders"] == straight["orders"] + 1
    kills = 0
    sequence, number = 1, 1
    while True:
        finished = False
        for before in (True, False):
            name = f"kill-{sequence}-{'before' if before else 'after'}"
            held = floor.holdings()
            code = floor.run(name, request(number), sequence=sequence, before=before)
            finished = code == 0
            assert finished or code == -signal.SIGKILL, f"{name} ended with {code}"
            if not finished:
                kills += 1
                assert floor.run(name, request(number)) == 0, f"{name}: the restart failed"
            check_exactly_once(floor, name, number, held, floor.holdings())
            number += 1
        if finished:
            break
        sequence += 1
    record_testsuite_property("kills", f"{kills} around {sequence - 1} records")
    assert sequence > RECORDS_MIN
    assert kills >= 2 * RECORDS_MIN


def test_the_journal_of_a_killed_desk_names_what_was_in_flight(floor):
    floor.run("named", request(0), sequence=7, before=True)

    records = list(store.read(floor.journal("named")))
    restarted = floor.run("named", request(0))

    assert len(records) == 6
    assert restarted == 0
