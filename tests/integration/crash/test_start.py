"""How long a start takes on a journal with very many open children."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from tests.integration.crash import crowd

REPOSITORY = Path(__file__).parents[3]
READY_S_MAX = 3.0
BEHIND = 250  # records after the newest checkpoint: it is made again after two seconds
RUNS = 3  # the best of them: what a start takes, not what else the machine does
CONFIG_OF_VENUES = """
[venues.hyperliquid]
url = "http://127.0.0.1:1"
"""


def start(folder):
    """Start the process and return what it says of itself."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [
            sys.executable,
            "-m",
            "tests.integration.crash.crowd",
            folder / "headrace.toml",
            folder / "crowd.journal",
        ],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        check=False,
    )
    assert ended.stdout, ended.stderr.decode()[-4_000:]
    return orjson.loads(ended.stdout)


def quickest(folder, children_count, *, runs):
    text = (REPOSITORY / "configs" / "demo.toml").read_text() + CONFIG_OF_VENUES
    (folder / "headrace.toml").write_text(text)
    crowd.write(folder / "crowd.journal", children_count // crowd.BOOKS_COUNT, behind=BEHIND)
    started = [start(folder) for _ in range(runs)]
    assert {marks["open"] for marks in started} == {children_count}
    return min(started, key=lambda marks: marks["looked"] - marks["began"])


def parts(marks):
    """Say where the time went, in seconds."""
    names = ("began", "imported", "replayed", "started", "looked")
    moments = [marks[name] for name in names]
    spent = [f"{b - a:.2f}" for a, b in pairwise(moments)]
    split = "imports {}, replay {}, connect {}, accounts {}".format(*spent)
    return f"{moments[-1] - moments[0]:.2f} s ({split}), {marks['cpu']:.2f} s of the processor"


def test_a_start_on_five_hundred_open_children_finds_them_all(tmp_path, record_testsuite_property):
    marks = quickest(tmp_path, 500, runs=1)

    record_testsuite_property("start_500", parts(marks))


@pytest.mark.soak
def test_a_start_on_ten_thousand_open_children_takes_three_seconds_at_most(
    tmp_path, record_testsuite_property
):
    marks = quickest(tmp_path, 10_000, runs=RUNS)

    record_testsuite_property("start_10000", parts(marks))
    print(parts(marks))  # noqa: T201 - a figure to publish
    assert marks["looked"] - marks["began"] <= READY_S_MAX
