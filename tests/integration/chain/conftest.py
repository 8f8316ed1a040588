"""A chain with the pools of every family, for the tests that need them."""

import pytest

from venues.sandbox.chain import start


@pytest.fixture(scope="session")
def family_chain():
    with start(families=True) as running:
        yield running


@pytest.fixture
def family_snapshot(family_chain):
    """Give that chain, and put it back afterwards to what it was before the test."""
    before = family_chain.snapshot()
    yield family_chain
    family_chain.revert(before)
