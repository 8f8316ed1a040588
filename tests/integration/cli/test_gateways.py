"""The daemon's gateways as processes: started with it, started again, gone with it."""

import asyncio
import os

import pytest

from router.cli import gateway_fix
from router.cli import gateways as verbs
from router.compose.doors import fix
from router.compose.doors.supervision import Kept, supervised
from router.domain.error import ConfigError
from router.shell import child_process, observe
from router.shell.clock import SystemClock
from router.shell.config import GatewayConfig, load_gateway

DEADLINE_S = 30.0
FILE = """
[engine]
journal = "desk.journal"
solve_deadline_ms = 5000
[limits]
order_notional_max = { USDC = "1" }
slippage_max_bps = 1
slippage_tolerance_bps = 1
plan_rounds_max = 1
child_lifetime_ms = 1
[staleness]
head_age_max_ms = 1
book_age_max_ms = 1
[assets]
ETH = 18
USDC = 6
[venues.perp]
account = "env:A_KEY_THAT_NO_GATEWAY_HAS"
"""
FIX = """
[gateway.clients.alpha]
accounts = ["main"]
[gateway.fix.sessions.ems]
kind = "order-entry"
client = "alpha"
target = "EMS"
"""
HTTP = """
[gateway.http]
without_keys = true
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "desk.toml"
    path.write_text(FILE + HTTP, encoding="utf-8")
    return path


def run(coroutine):
    async def bounded():
        async with asyncio.timeout(DEADLINE_S):
            return await coroutine

    return asyncio.run(bounded())


def test_a_gateway_reads_its_configuration_without_a_venues_secret(file):
    config = load_gateway(file)

    assert isinstance(config, GatewayConfig)
    assert config.journal == file.parent / "desk.journal"
    assert config.gateway == {"http": {"without_keys": True}}
    assert sorted(config.assets) == ["ETH", "USDC"]


def test_without_a_table_there_is_no_gateway(file):
    file.write_text(FILE, encoding="utf-8")

    async def doors():
        async with supervised(load_gateway(file), SystemClock()) as found:
            return dict(found)

    assert run(doors()) == {}


def test_a_gateway_that_is_killed_comes_back_where_it_was(file, monkeypatch):
    alarms = []
    monkeypatch.setattr(observe, "alarm_raised", alarms.append)
    kept = Kept("http", load_gateway(file), SystemClock())

    async def twice():
        first = await kept.start()
        child = kept.child
        keeping = asyncio.create_task(kept.keep())
        try:
            child.process.kill()
            while kept.child is child or not await answers(first["port"]):
                await asyncio.to_thread(os.sched_yield)
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
            await kept.stop()
        return child.process.returncode, kept.child.process.returncode

    killed, ended = run(twice())

    assert (killed, ended) == (-9, 0)
    assert alarms == ["gateway http ended with -9; it is started again"]


class Waits:
    """A clock that says how long it was asked to wait, and does not."""

    def __init__(self):
        self.asked_ms = []
        self.was_asked_thrice = asyncio.Event()

    async def sleep(self, duration):
        self.asked_ms.append(duration // 1_000_000)
        if len(self.asked_ms) > 2:
            self.was_asked_thrice.set()


def test_a_gateway_that_served_is_replaced_at_once_and_one_that_cannot_start_later_each_time(
    file, monkeypatch
):
    monkeypatch.setattr(observe, "alarm_raised", lambda _: None)
    clock = Waits()
    kept = Kept("http", load_gateway(file), clock)

    async def killed():
        await kept.start()
        file.write_text("[engine]\n")
        keeping = asyncio.create_task(kept.keep())
        kept.child.process.kill()
        await clock.was_asked_thrice.wait()
        keeping.cancel()
        await asyncio.wait({keeping})
        await kept.stop()

    run(killed())

    assert clock.asked_ms[:3] == [100, 1000, 2000]


async def answers(port):
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


def test_a_fix_gateway_says_where_it_listens_and_ends_when_it_is_told(file):
    file.write_text(FILE + FIX, encoding="utf-8")
    kept = Kept("fix", load_gateway(file), SystemClock())

    async def once():
        facts = await kept.start()
        is_there = await answers(facts["port"])
        await kept.stop()
        return facts, is_there, kept.child.process.returncode

    facts, is_there, code = run(once())

    assert facts["fix"] == f"127.0.0.1:{facts['port']}"
    assert is_there
    assert code == 0


def test_a_gateway_ends_with_whoever_started_it_and_not_without(file, monkeypatch):
    asked = []
    monkeypatch.setattr(fix, "run", lambda path, *, port: asked.append((path, port)))

    gateway_fix.run(file, port=7, parent=None)
    with pytest.raises(ConfigError, match="the daemon ended before its gateway began"):
        gateway_fix.run(file, port=7, parent=1)

    assert asked == [(file, 7)]


def test_a_gateway_that_cannot_start_says_so(file):
    file.write_text(FILE + HTTP.replace("http", "https"), encoding="utf-8")

    async def never():
        await child_process.start("gateway", "http", str(file))

    with pytest.raises(ConfigError, match="gateway http: ended while starting"):
        run(never())


def test_there_is_a_verb_for_each():
    names = {command.callback.__name__ for command in verbs.app.registered_commands}

    assert names == {"http", "fix", "documents"}
