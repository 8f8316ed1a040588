"""A chain of its own for this folder: it stops making blocks by itself."""

import pytest

from venues.sandbox.chain import start

QUIET_WEI = 10**9


@pytest.fixture(scope="package")
def quiet_chain():
    with start() as running:
        yield running


@pytest.fixture
def chain(quiet_chain):
    """Give the chain, and put it back afterwards to what it was before the test."""
    rpc = quiet_chain.client.rpc
    before = quiet_chain.snapshot()
    # What the next block asks for gas is not part of what a snapshot remembers.
    rpc.request("anvil_setNextBlockBaseFeePerGas", hex(QUIET_WEI))
    quiet_chain.client.mine()
    yield quiet_chain
    quiet_chain.revert(before)
    rpc.request("anvil_dropAllTransactions")
