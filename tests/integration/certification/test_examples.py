"""The examples, from start to end, as somebody would run them against the sandboxes."""

import subprocess
import sys
from base64 import b64encode
from contextlib import ExitStack

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from router.gateway.fix.dictionary import xml
from tests.integration.certification.floor import REPOSITORY, Daemon, floor
from venues.sandbox.chain import start

pytestmark = pytest.mark.soak  # with a daemon of their own, and a curve of many solutions
EXAMPLES = REPOSITORY / "scripts" / "examples"
WITHIN_S = 110
DOORS = """
[gateway.clients.desk]
accounts = ["main", "fix"]

[[gateway.clients.desk.keys]]
id = "desk-1"
ed25519 = "{public}"
roles = ["trader", "viewer"]
accounts = ["main"]

[gateway.http]

[gateway.fix.sessions.ems]
kind = "order-entry"
client = "desk"
target = "EMS"
accounts = ["fix"]
"""


@pytest.fixture(scope="module")
def key():
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def facts(tmp_path_factory, key):
    """Give what a daemon with both doors says of itself."""
    folder = tmp_path_factory.mktemp("examples")
    with (
        start(block_time_s=0.25, state_dir=folder / "chain") as chain,
        floor(folder, chain) as counterparties,
        ExitStack() as stack,
    ):
        public = b64encode(key.public_key().public_bytes_raw()).decode()
        counterparties.furnish(DOORS.format(public=public))
        daemon = Daemon(counterparties)
        stack.callback(daemon.stop)
        (folder / "FIX44.xml").write_text(xml("44"))
        yield {**daemon.ready(), "dictionary": folder / "FIX44.xml"}


def run(name, *words, key):
    """Run an example; return what it printed."""
    private = b64encode(key.private_bytes_raw()).decode()
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, str(EXAMPLES / f"{name}.py"), *words],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY), "HEADRACE_KEY": private, "HEADRACE_KEY_ID": "desk-1"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_an_algo_desk_trades_watches_and_cancels(facts, key):
    told = run("algo_desk", facts["http"], "--key", "desk-1", key=key)

    assert "cancel: done" in told
    assert "day-1-sweep: filled, 0.5 of 0.5 ETH" in told
    (ended,) = (line for line in told.splitlines() if line.startswith("day-1-twap: "))
    assert ended.startswith("day-1-twap: canceled, ")


def test_a_dry_run_shows_cost_cause_and_curve_and_trades_nothing(facts, key):
    told = run("dry_run", facts["http"], key=key)

    assert "100 ETH at a mid of " in told
    assert "  fees " in told
    assert "##" in told
    assert "feasible: False: " in told


def test_an_ems_sends_a_twap_by_fix_and_cancels_it(facts, key):
    host, _, port = facts["fix"].rpartition(":")
    words = (host, port, "--target", "EMS", "--dictionary", str(facts["dictionary"]))

    told = run("ems_fix", *words, key=key)

    lines = told.splitlines()
    assert lines[0].startswith("ems-1            new ")
    assert any(" trade " in line for line in lines)
    assert lines[-1].startswith("ems-1-x          canceled")
