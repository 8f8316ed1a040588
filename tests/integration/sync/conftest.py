"""A chain of its own for each test: reorganisations and lost blocks are not taken back."""

import pytest

from venues.sandbox.chain import start


@pytest.fixture
def chain():
    with start(families=True) as running:
        yield running
