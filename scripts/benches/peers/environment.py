"""Install the peers, each in an environment of its own, from locks with hashes, when first asked.

Nothing of them is ever imported here: a peer is a process that is handed a task as JSON on its
standard input and answers on its standard output.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[2]
INSTALL_TIMEOUT_S: Final = 900
PEER_TIMEOUT_S: Final = 600
REASON_MAX: Final = 160
_DEGENBOT_LOCK: Final = HERE / "requirements-degenbot.lock"
_NODE_LOCK: Final = HERE / "package-lock.json"


class PeerMissingError(Exception):
    """A peer cannot be installed or run here; the message says why."""


def ask_degenbot(task: object) -> dict[str, Any]:
    """Let degenbot do a task; `degenbot_quotes.py` says which."""
    environment = ROOT / ".venv-degenbot"
    python = environment / "bin" / "python"
    if not _is_current(environment, _DEGENBOT_LOCK):
        uv = shutil.which("uv")
        lock = ["--quiet", "--no-deps", "--require-hashes", "--requirement", str(_DEGENBOT_LOCK)]
        if uv is None:
            _install([sys.executable, "-m", "venv", "--clear", str(environment)])
            _install([str(python), "-m", "pip", "install", "--no-input", *lock])
        else:
            _install([uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment])
            _install([uv, "pip", "install", "--python", python, *lock])
        _mark(environment, _DEGENBOT_LOCK)
    return _ask([str(python), str(HERE / "degenbot_quotes.py")], task)


def ask_v3_sdk(task: object) -> dict[str, Any]:
    """Let the TypeScript SDK of Uniswap V3 do a task; `v3_sdk_quotes.cjs` says which."""
    modules = HERE / "node_modules"
    if not _is_current(modules, _NODE_LOCK):
        quietly = ["--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund"]
        _install([_node_tool("npm"), "ci", *quietly, "--loglevel=error"])
        _mark(modules, _NODE_LOCK)
    return _ask([_node_tool("node"), str(HERE / "v3_sdk_quotes.cjs")], task)


def _is_current(environment: Path, lock: Path) -> bool:
    marker = environment / f".installed-{lock.name}"
    return marker.exists() and marker.read_bytes() == lock.read_bytes()


def _mark(environment: Path, lock: Path) -> None:
    (environment / f".installed-{lock.name}").write_bytes(lock.read_bytes())


# The set-up puts a Node.js there where the machine has none.
def _search_path() -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), str(ROOT / ".venv-node" / "bin")))


def _node_tool(name: str) -> str:
    found = shutil.which(name, path=_search_path())
    if found is None:
        raise PeerMissingError(f"there is no {name} here")
    return found


def _install(command: Sequence[str | Path]) -> None:
    _run(command, input_bytes=b"", timeout_s=INSTALL_TIMEOUT_S)


def _ask(command: Sequence[str], task: object) -> dict[str, Any]:
    answer: dict[str, Any] = orjson.loads(
        _run(command, input_bytes=orjson.dumps(task), timeout_s=PEER_TIMEOUT_S)
    )
    return answer


def _run(command: Sequence[str | Path], *, input_bytes: bytes, timeout_s: int) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - our own command, of tools the operator has
            command,
            input=input_bytes,
            capture_output=True,
            check=True,
            cwd=HERE,
            env={**os.environ, "PATH": _search_path()},
            timeout=timeout_s,
        )
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode(errors="replace").strip().splitlines() or ["no word why"]
        raise PeerMissingError(words[-1][:REASON_MAX]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissingError(str(error)[:REASON_MAX]) from error
    return done.stdout
