"""A chain whose blocks come by themselves, as heads must while nobody trades."""

import pytest

from venues.sandbox.chain import start


@pytest.fixture(scope="package")
def ticking_chain():
    with start(block_time_s=0.5) as running:
        yield running
