"""Runs a script of the venue's own client against a sandbox, in that client's environment."""

import asyncio
import os
from pathlib import Path

import orjson
import pytest

from venues.sandbox.hyperliquid import HyperliquidSandbox

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
WAIT_S = 90.0
LEAVING = b"-- leaving --"
"""What a script prints before it unsubscribes."""


def oracle_python():
    named = os.environ.get("HEADRACE_ORACLE_PYTHON")
    path = Path(named) if named else REPOSITORY / ".venv-oracle" / "bin" / "python"
    if not path.exists():
        pytest.skip(
            "the official Hyperliquid client is not installed: set HEADRACE_ORACLE_PYTHON to a "
            "python that has it, or create .venv-oracle from requirements-oracle.lock"
        )
    return path


async def run(script, config, arguments):
    """Return what a script printed last; `arguments` makes its arguments of the sandbox."""
    async with HyperliquidSandbox.start(config) as sandbox, asyncio.timeout(WAIT_S):
        process = await asyncio.create_subprocess_exec(
            oracle_python(),
            HERE / script,
            *arguments(sandbox),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, err.decode()
        # Frames that were under way when the script unsubscribed are nobody's surprise.
        assert b"unexpected subscription" not in out.partition(LEAVING)[0]
        return orjson.loads(out.splitlines()[-1])
