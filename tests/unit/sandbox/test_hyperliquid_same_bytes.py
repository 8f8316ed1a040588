"""Equal seeds in two processes whose hashes of text differ: no set or dict of names decides."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PROGRAM = """
from hashlib import sha256
from tests.unit.sandbox.test_hyperliquid_scene import Stage
from venues.sandbox.hyperliquid.config import SceneConfig
print(sha256(repr(Stage(SceneConfig(crowd=20)).run(30)).encode()).hexdigest())
"""


def told_under(hash_seed):
    return subprocess.check_output(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


def test_equal_seeds_mean_equal_bytes_in_another_process():
    assert told_under("1") == told_under("2")
