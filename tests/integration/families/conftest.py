"""A chain with the pools of every family, and a way to leave no trace on it."""

import pytest

from venues.sandbox.chain import start


@pytest.fixture(scope="session")
def families_chain():
    with start(families=True) as running:
        yield running


@pytest.fixture
def chain(families_chain):
    before = families_chain.snapshot()
    yield families_chain
    families_chain.revert(before)
