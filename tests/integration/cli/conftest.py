"""Both counterparties for the whole folder, and the command line on them."""

import os
import re
import selectors
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import pytest
import structlog
from typer.testing import CliRunner

from router.cli.main import app
from router.compose.sandbox import Sandboxes, sandboxes
from tests.unit.shell.floor import run

REPOSITORY = Path(__file__).parents[3]
READY_S = 60


@dataclass(frozen=True)
class Desk:
    """A folder with a configuration, and both counterparties behind it."""

    running: Sandboxes
    folder: Path

    @property
    def config(self):
        return self.folder / "headrace.toml"

    @property
    def journal(self):
        return self.folder / "headrace.journal"

    def with_text(self, old, new):
        """Write the configuration with one thing changed, which must be in it."""
        changed, count = re.subn(old, new, self.config.read_text(), count=1, flags=re.MULTILINE)
        assert count == 1, f"{old} is in the configuration"
        self.config.write_text(changed)
        return self

    def headrace(self, verb, *words):
        """Run one verb on the configuration in this process, as the command would."""
        return self.on_file(verb, self.config, *words)

    def on_file(self, verb, path, *words):
        """Run one verb on any file."""
        environment = dict(self.running.environment)
        ended = CliRunner().invoke(app, [verb, str(path), *words], env=environment)
        structlog.reset_defaults()  # what the verb configured writes to a stream that has ended
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return ended

    def refused(self, verb, *words):
        """Run a verb that must fail as expected errors do, and return its one line."""
        ended = self.headrace(verb, *words)
        assert ended.exit_code == 2, ended.output
        assert ended.stdout == ""
        assert ended.stderr.startswith("error: ")
        assert ended.stderr.count("\n") == 1
        return ended.stderr.removeprefix("error: ").removesuffix("\n")

    def holdings(self):
        """Read what the trader has done on the chain and at the venue, by our own means."""
        client = self.running.chain.client
        trader = client.manifest.account("trader").address
        nonce = client.rpc.request("eth_getTransactionCount", trader, "latest")
        fills = ask(self.running.venue, "userFills")
        state = ask(self.running.venue, "clearinghouseState")
        return {
            "nonce": int(nonce, 16),
            "weth": client.balance_of("WETH", trader),
            "fills": len(fills),
            "orders": len({f["oid"] for f in fills}),
            "positions": state["assetPositions"] and state["assetPositions"][0]["position"]["szi"],
        }

    @contextmanager
    def daemon(self):
        """Run the daemon in a process of its own, from ready until the block is left."""
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "router.cli.main", "run", str(self.config), "--json"],
            cwd=REPOSITORY,
            env={**os.environ, **self.running.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            try:
                yield process, orjson.loads(_first_line(process))
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.wait(READY_S)


def _first_line(process):
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(READY_S), "the daemon said nothing"
    line = process.stdout.readline()
    assert line, process.stderr.read().decode()
    return line


def ask(venue, kind):
    """Ask the venue for something about the desk's account."""
    return run(_ask(venue, kind))


async def _ask(venue, kind):
    body = {"type": kind, "user": venue["master_address"]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{venue['url']}/info", json=body) as answer,
    ):
        return await answer.json()


@pytest.fixture(scope="package")
def counterparties(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "sandboxes"
    with sandboxes(folder, seed=7, block_time_s=0.5) as running:
        yield running


def furnished(counterparties, folder):
    text = (REPOSITORY / "configs" / "demo.toml").read_text() + counterparties.tables()
    made = Desk(counterparties, folder)
    made.config.write_text(text)
    return made


@pytest.fixture
def desk(counterparties, tmp_path):
    return furnished(counterparties, tmp_path)


@pytest.fixture(scope="module")
def serving(counterparties, tmp_path_factory):
    """Give a desk whose daemon runs, its process, and what it said when it was ready."""
    made = furnished(counterparties, tmp_path_factory.mktemp("daemon"))
    with made.daemon() as (process, ready):
        yield made, process, ready
