"""Both counterparties, and daemons whose journal lies where a test can spoil the disk."""

import subprocess
import time
from contextlib import contextmanager, suppress

import pytest

from router.compose.sandbox import sandboxes
from tests.integration.cli.conftest import furnished

DISK_BYTES = 24 * 1024 * 1024
REMOUNTED_WITHIN_S = 30.0
LOOK_EVERY_S = 0.01


class SmallDisk:
    """A file system of its own, which can be filled, emptied, and made read-only."""

    def __init__(self, path):
        self.path = path
        self.ballast = path / "ballast"

    def fill(self):
        with self.ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4_096))

    def empty(self):
        self.ballast.unlink()

    def remount(self, mode):
        """Mount it anew; it is busy for the moment in which a daemon tries its journal again."""
        until = time.monotonic() + REMOUNTED_WITHIN_S
        while time.monotonic() < until:
            with suppress(subprocess.CalledProcessError):
                return _mount("-o", f"remount,{mode}", self.path)
            time.sleep(LOOK_EVERY_S)
        return _mount("-o", f"remount,{mode}", self.path)


def _mount(*words):
    command = ["mount", *(str(word) for word in words)]
    return subprocess.run(  # noqa: S603 - the system's own command
        command,
        check=True,
        capture_output=True,
    )


@contextmanager
def mounted(path):
    """Mount a small disk; skips where that is not allowed."""
    path.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", path)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a file system cannot be mounted here ({error}): run as root")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)  # noqa: S603, S607 - as above


@pytest.fixture(scope="package")
def counterparties(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk") / "sandboxes"
    with sandboxes(folder, seed=11, block_time_s=0.5) as running:
        yield running


@pytest.fixture
def desk(counterparties, tmp_path):
    return furnished(counterparties, tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    with mounted(tmp_path / "small") as disk:
        yield disk
