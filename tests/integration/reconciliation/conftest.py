"""A chain whose blocks come by themselves, and a place for a desk's files."""

import pytest

from venues.sandbox.chain import start


@pytest.fixture(scope="package")
def chain():
    with start(block_time_s=1) as running:
        yield running


@pytest.fixture
def path(tmp_path):
    return tmp_path / "headrace.toml"
