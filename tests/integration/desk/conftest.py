"""A chain with the pools of every family, put back after each test to what it was."""

import pytest

from tests.integration.execution.scene import Scene
from venues.sandbox.chain import start


@pytest.fixture(scope="session")
def review_chain():
    with start(families=True) as running:
        yield running


@pytest.fixture(scope="session")
def review_pools():
    return {}


@pytest.fixture
def scene(review_chain, review_pools):
    before = review_chain.snapshot()
    yield Scene(review_chain, review_pools)
    review_chain.revert(before)
