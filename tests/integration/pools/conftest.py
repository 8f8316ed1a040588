"""A chain of its own for each module: these tests fill it with pools and never put it back."""

import sys

import pytest

from tests.integration.pools.ground import Ground
from venues.sandbox.chain import start


@pytest.fixture(scope="module")
def ground():
    with start(families=True) as chain:
        yield Ground(chain).prepare()


@pytest.fixture
def report(capsys):
    """Say what was compared where a person sees it, without being asked for the output."""

    def say(name, tally):
        with capsys.disabled():
            sys.stdout.write(f"\n{name}: {tally}\n")

    return say
