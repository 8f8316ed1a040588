"""A chain with the pools of every family, put back after each test to what it was."""

import pytest

from tests.integration.chain_venue.scene import Scene
from venues.sandbox.chain import start


@pytest.fixture(scope="session")
def trading_chain():
    with start(families=True) as running:
        yield running


@pytest.fixture
def scene(trading_chain):
    before = trading_chain.snapshot()
    yield Scene(trading_chain)
    # A block that the node is making while it goes back would leave it without a newest one.
    trading_chain.client.set_automine(on=False)
    trading_chain.client.rpc.request("anvil_dropAllTransactions")
    trading_chain.client.mine()
    trading_chain.revert(before)
    trading_chain.client.set_automine(on=True)
