"""The anvil process: one child, on its own port, that never outlives its parent.

Starts and ends exactly one process and knows it by its pid. Deploys nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from venues.sandbox.chain.artifacts import node_binary
from venues.sandbox.chain.rpc import ChainError

CHAIN_ID = 31337
BLOCK_GAS_LIMIT = 60_000_000

_STATES = "headrace-anvil-"
_START_POLL_S = 0.002
_START_POLLS_MAX = 5_000
_STOP_TIMEOUT_S = 5.0

# The kernel kills the child when the thread that started it ends (PR_SET_PDEATHSIG is 1). The
# request has to be made inside the child and survives exec, so this interpreter makes it and then
# becomes the node, under the same pid. The parent may have died in between: then nobody is left
# to send the signal, and the child leaves by itself. A parent that blocks signals passes that on
# through exec, and the node has to hear its end.
_LAUNCHER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
signal.pthread_sigmask(signal.SIG_SETMASK, [])
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent ended before the node began")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """How the node makes blocks."""

    genesis_time_s: int
    chain_id: int = CHAIN_ID
    port: int | None = None
    """None lets the kernel choose a free one."""
    slots_in_an_epoch: int = 32
    """`safe` is one epoch behind the head and `finalized` two."""
    log_path: Path | None = None


class Anvil:
    """A running node. Start it from a thread that lives as long as the node should."""

    def __init__(self, options: NodeOptions) -> None:
        # Left to itself the node keeps old states in the home directory, for good.
        _sweep()
        self._states = tempfile.TemporaryDirectory(prefix=f"{_STATES}{os.getpid()}-")
        command = _command(options, self._states.name)
        self._log = _open_log(options.log_path)
        self._process = subprocess.Popen(  # noqa: S603 (the arguments are ours)
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the terminal's interrupt is for the parent to handle
        )
        try:
            self.port = self._listening_port()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The node's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Tell whether the process still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the process and wait until it is gone; a second call does nothing."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_TIMEOUT_S)
        self._log.close()
        self._states.cleanup()

    def _listening_port(self) -> int:
        for _ in range(_START_POLLS_MAX):
            text = self._log_text()
            found = re.search(r"Listening on 127\.0\.0\.1:(\d+)", text)
            if found is not None:
                return int(found[1])
            if not self.alive:
                reason = (text.strip() or "no output").splitlines()[-1]
                raise ChainError(f"anvil ended while starting: {reason}")
            time.sleep(_START_POLL_S)
        raise ChainError("anvil did not listen in time; see its log")

    def _log_text(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")


# A parent that was killed could not take its node's states along.
def _sweep() -> None:
    for left in Path(tempfile.gettempdir()).glob(f"{_STATES}*"):
        owner = left.name.removeprefix(_STATES).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)


def _open_log(path: Path | None) -> IO[bytes]:
    return tempfile.TemporaryFile() if path is None else path.open("wb+")


def _command(options: NodeOptions, states: str) -> list[str]:
    binary = str(node_binary())
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), binary]
    flags = {
        "--host": "127.0.0.1",
        "--port": str(options.port or 0),
        "--chain-id": str(options.chain_id),
        "--timestamp": str(options.genesis_time_s),
        "--hardfork": "osaka",
        "--gas-limit": str(BLOCK_GAS_LIMIT),
        "--slots-in-an-epoch": str(options.slots_in_an_epoch),
        "--cache-path": states,
        "--color": "never",
    }
    command = [*launcher, *(part for flag in flags.items() for part in flag)]
    command.append("--enable-tx-gas-limit")  # 16,777,216 gas a transaction, as public chains do
    return command
