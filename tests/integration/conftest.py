"""One prepared chain for the whole run, and a way to leave no trace on it."""

import pytest

from venues.sandbox.chain import start


@pytest.fixture(scope="session")
def chain():
    with start() as running:
        yield running


@pytest.fixture
def chain_snapshot(chain):
    """Give the session's chain, and put it back afterwards to what it was before the test."""
    before = chain.snapshot()
    yield chain
    chain.revert(before)
