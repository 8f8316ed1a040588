"""Seeds without a planted bug: all promises hold, and a seed is the same run wherever it runs."""

import os
import subprocess
import sys
import time

import pytest

from router.simulation.batch import simulate_many
from router.simulation.run import simulate

DEFAULT_SEEDS = range(100_000)
DEFAULT_S = 20.0
SOAK_SEEDS = range(100_000, 1_000_000)
SOAK_S = 300.0
RUNS_MIN = 50
PRINT_DIGESTS = """
from router.shell import observe
from router.simulation.run import simulate
observe.be_silent()
print([simulate(seed).digest for seed in range(8)])
"""


def hold(seeds, seconds, capsys):
    began = time.monotonic()
    jobs = os.cpu_count() or 1

    figures = simulate_many(seeds, jobs=jobs, enough=lambda: time.monotonic() - began > seconds)

    took_s = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(
            f"\n  {figures.runs} seeds in {took_s:.0f} s ({figures.runs / took_s:.0f} a second,"
            f" {jobs} processes): {figures.crashes} crashes, {figures.events} events,"
            f" {figures.effects} effects, {figures.orders} orders,"
            f" {len(figures.violations)} violations\n"
        )
    found = [(each.seed, each.violation) for each in figures.violations]
    assert not found, found
    assert figures.runs >= RUNS_MIN
    assert figures.crashes > 0
    assert figures.filled > 0


def test_no_promise_is_broken_on_as_many_seeds_as_a_third_of_a_minute_holds(capsys):
    hold(DEFAULT_SEEDS, DEFAULT_S, capsys)


@pytest.mark.soak
def test_no_promise_is_broken_on_as_many_seeds_as_five_minutes_hold(capsys):
    hold(SOAK_SEEDS, SOAK_S, capsys)


def test_a_seed_gives_the_same_bytes_in_every_process():
    told = {
        subprocess.check_output(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-c", PRINT_DIGESTS],
            env=os.environ | {"PYTHONHASHSEED": seed},
            text=True,
        )
        for seed in ("1", "2")
    }

    assert len(told) == 1
    digests = told.pop().strip("[]\n").split(", ")
    assert len(set(digests)) == len(digests), "other seeds are other runs"


def test_a_seed_gives_the_same_run_twice_in_one_process():
    assert simulate(11) == simulate(11)
