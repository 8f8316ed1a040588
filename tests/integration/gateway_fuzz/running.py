"""A daemon with its gateways in processes of their own, whose venue and solver cost nothing."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import orjson

REPOSITORY = Path(__file__).parents[3]
BENCHES = REPOSITORY / "scripts" / "benches"
END_S = 20
SECRET = "a-shared-secret-of-the-fuzzers-own"  # noqa: S105 - opens nothing
CONFIG = """\
[engine]
journal = "fuzz.journal"
solve_deadline_ms = 5000
[limits]
order_notional_max = { USDC = "1000000" }
slippage_max_bps = 100
slippage_tolerance_bps = 10
plan_rounds_max = 2
child_lifetime_ms = 60000
[staleness]
head_age_max_ms = 60000
book_age_max_ms = 60000
[assets]
ETH = 18
USDC = 6
[venues.bench]
[gateway.clients.desk]
accounts = ["main"]
"""
HTTP = """\
[[gateway.clients.desk.keys]]
id = "fuzz"
hmac_env = "HEADRACE_FUZZ_SECRET"
roles = ["trader"]
[gateway.http]
window_ms = 60000
requests_per_s = 100000
requests_burst = 100000
quotes_per_s = 100000
cancels_per_s = 100000
"""
FIX = """\
[gateway.fix.sessions.fuzz]
kind = "order-entry"
client = "desk"
target = "FUZZ"
heartbeat_s = 300
allow_reset = true
messages_per_s = 100000
messages_burst = 100000
"""


class Running:
    """The processes, and where the one gateway listens."""

    def __init__(self, process, port):
        self._process = process
        self.port = port
        self.gateway = self._gateway()

    def require_well(self):
        """Fail where the daemon has ended, or its gateway is another process than it was."""
        assert self._process.poll() is None, "the daemon goes on"
        assert self._gateway() == self.gateway, "the gateway was never started again"

    def _gateway(self):
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        found = [pid for pid in path.read_text().split() if b"\0gateway\0" in words_of(pid)]
        assert len(found) == 1, "one gateway is at work"
        return int(found[0])


def words_of(process):
    """Return the command line of a process."""
    return Path(f"/proc/{process}/cmdline").read_bytes()


@contextmanager
def running(folder, doors):
    """Run the processes until the block is left; nothing may be left on their error stream."""
    config, errors = folder / "fuzz.toml", folder / "errors"
    config.write_text(CONFIG + doors)
    paths = os.pathsep.join((str(BENCHES), str(REPOSITORY)))
    secrets = {"PYTHONPATH": paths, "HEADRACE_FUZZ_SECRET": SECRET}
    command = [sys.executable, str(BENCHES / "_gateway_desk.py"), str(config)]
    with (
        errors.open("wb") as told,
        subprocess.Popen(  # noqa: S603 - our own script
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=told,
            env={**os.environ, **secrets},
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            assert line, errors.read_text()
            yield Running(process, orjson.loads(line)["port"])
        finally:
            process.stdin.close()
            process.wait(END_S)
    assert b"Traceback" not in errors.read_bytes(), errors.read_text()
