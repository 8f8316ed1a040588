"""A sandbox as a process of its own: it says where it is, and ends when it is told to."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import orjson

from venues.sandbox.hyperliquid.config import SandboxConfig
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox


class ManifestTakenError(Exception):
    """Another sandbox that is running keeps its manifest under the same name."""


def serve(config: SandboxConfig, *, manifest_path: Path | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM, or until its own time fails: that error is raised.

    Parameters
    ----------
    config : SandboxConfig
    manifest_path : Path, optional
        Gets a JSON object (url, ws_url, master_address, agent_address, agent_key, coins, pid) once
        requests are served, written whole or not at all; removed at the end.

    Raises
    ------
    ManifestTakenError
        Another sandbox keeps its manifest there; nothing of it was touched.
    """
    with nullcontext() if manifest_path is None else kept(manifest_path):
        asyncio.run(_serve(config, manifest_path))


def remove_leftover(manifest_path: Path) -> None:
    """Remove the manifest of a sandbox that was killed.

    Raises
    ------
    ManifestTakenError
        The sandbox is running; nothing of it was touched.
    """
    with kept(manifest_path):
        pass


@contextmanager
def kept(manifest_path: Path) -> Iterator[None]:
    """Have the manifest's name for oneself; nothing lies there before and after.

    Raises
    ------
    ManifestTakenError
    """
    # The lock goes with the process, however it ends. The file that is locked stays: removed, it
    # could be locked twice under one name.
    lock = manifest_path.with_name(manifest_path.name + ".lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ManifestTakenError(
                f"{manifest_path} belongs to a sandbox that is running: end it or take another "
                "directory"
            ) from None
        manifest_path.unlink(missing_ok=True)
        try:
            yield
        finally:
            manifest_path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


async def _serve(config: SandboxConfig, manifest_path: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with HyperliquidSandbox.start(config) as sandbox:
        if manifest_path is not None:
            _write_whole(manifest_path, orjson.dumps(sandbox.manifest()))
        waits = [asyncio.create_task(event.wait()) for event in (stop, sandbox.ended)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
