"""Compile our own few contracts with the npm compiler, once, and keep what comes out.

What is compiled lies beside the node modules, never in the repository, under a name that the
sources, the settings and the compiler's version decide.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import orjson

from router.domain.error import ConfigError
from venues.sandbox.chain.artifacts import NODE_MODULES

_SOURCES = Path(__file__).resolve().parent / "solidity"
_CACHE = NODE_MODULES / ".cache" / "headrace-solidity"
_NODE_IN_ENVIRONMENT = Path(__file__).resolve().parents[3] / ".venv-node" / "bin" / "node"
_COMPILE_TIMEOUT_S = 120.0
_SETTINGS = {
    "optimizer": {"enabled": True, "runs": 200},
    "evmVersion": "cancun",
    "outputSelection": {"*": {"*": ["evm.bytecode.object"]}},
}
# The compiler's own wrapper reads everything from the input, so it is given no import callback.
_SCRIPT = """
const solc = require(process.argv[1]);
const input = require("fs").readFileSync(0, "utf8");
process.stdout.write(solc.compile(input));
"""


def creation_code(contract: str) -> bytes:
    """Return the creation bytecode of one of our own contracts.

    Raises
    ------
    ConfigError
        There is no Node.js or no compiler, or the sources do not compile.
    """
    return bytes.fromhex(_compiled()[contract])


@cache
def _compiled() -> dict[str, str]:
    sources = {path.name: {"content": path.read_text()} for path in sorted(_SOURCES.glob("*.sol"))}
    job = orjson.dumps({"language": "Solidity", "sources": sources, "settings": _SETTINGS})
    kept = _CACHE / f"{hashlib.sha256(_compiler_version() + job).hexdigest()}.json"
    if not kept.is_file():
        _keep(kept, _compile(job))
    found: dict[str, str] = orjson.loads(kept.read_bytes())
    return found


def _compiler_version() -> bytes:
    package = NODE_MODULES / "solc" / "package.json"
    if not package.is_file():
        raise ConfigError(
            "the Solidity compiler is missing: run scripts/run, or `npm ci` in venues/sandbox"
        )
    return package.read_bytes()


def _compile(job: bytes) -> dict[str, str]:
    command = [_node(), "-e", _SCRIPT, str(NODE_MODULES / "solc")]
    done = subprocess.run(  # noqa: S603 (the arguments are ours)
        command, input=job, capture_output=True, check=False, timeout=_COMPILE_TIMEOUT_S
    )
    if done.returncode:
        raise ConfigError(f"the Solidity compiler failed: {done.stderr.decode().strip()[:500]}")
    answer = orjson.loads(done.stdout)
    errors = [each for each in answer.get("errors", ()) if each["severity"] == "error"]
    if errors:
        raise ConfigError(f"our contracts do not compile: {errors[0]['formattedMessage']}")
    return {
        name: contract["evm"]["bytecode"]["object"]
        for contracts in answer["contracts"].values()
        for name, contract in contracts.items()
    }


def _node() -> str:
    found = shutil.which("node")
    if found is None and _NODE_IN_ENVIRONMENT.is_file():
        found = str(_NODE_IN_ENVIRONMENT)
    if found is None:
        raise ConfigError("no Node.js was found to compile contracts with: run scripts/setup run")
    return found


# Several processes may compile at once; whoever comes last wins, with the same content.
def _keep(path: Path, compiled: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(compiled))
    Path(part).replace(path)
