"""A chain with the pools of every family, put back after each test to what it was."""

import pytest

from tests.integration.execution.scene import Scene
from venues.sandbox.chain import start


@pytest.fixture(scope="session")
def whole_chain():
    with start(families=True) as running:
        yield running


@pytest.fixture(scope="session")
def pools_read():
    return {}


@pytest.fixture
def scene(whole_chain, pools_read):
    before = whole_chain.snapshot()
    yield Scene(whole_chain, pools_read)
    whole_chain.revert(before)
