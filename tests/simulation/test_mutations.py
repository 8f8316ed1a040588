"""Each check is seen to fire on a bug planted for it, and on no seed without one."""

import sys

import pytest

from router.shell import observe
from router.simulation.inspector import check_names
from router.simulation.run import simulate
from tests.simulation.mutations import MUTATIONS

SEEDS_MAX = 400


@pytest.fixture(autouse=True)
def _quiet():
    observe.be_silent()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_planted_bug_is_found_by_the_check_it_was_planted_for(mutation, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        mutation.plant(patch)
        for seed in range(SEEDS_MAX):
            outcome = simulate(seed)
            if outcome.violation is not None:
                break
        else:
            pytest.fail(f"{mutation.broken}, and {SEEDS_MAX} seeds did not show it")
    clean = simulate(outcome.seed)

    with capsys.disabled():
        sys.stdout.write(f"\n  {mutation.name}: seed {outcome.seed}, {outcome.violation}")
    assert outcome.violation.check in mutation.seen_by, outcome.violation
    assert clean.violation is None, "the same seed holds without the bug"


def test_every_check_has_a_bug_planted_for_it():
    planted = frozenset().union(*(mutation.seen_by for mutation in MUTATIONS))

    assert planted == set(check_names())
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
