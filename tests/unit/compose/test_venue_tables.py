import pytest

from router.compose.venue_tables import setups
from router.domain.error import ConfigError
from router.shell.clock import SystemClock
from router.shell.config import load
from tests.unit.compose.desk_file import DESK, ENVIRONMENT


def made(tmp_path, text):
    path = tmp_path / "desk.toml"
    path.write_text(text)
    return setups(load(path, ENVIRONMENT), ENVIRONMENT, SystemClock())


def test_chains_come_before_venues_and_each_is_one(tmp_path):
    chain, venue = made(tmp_path, DESK)

    assert (chain.venue.id, venue.venue.id) == ("local", "hyperliquid")
    assert (chain.native, venue.native) == ("ETH", None)
    assert chain.approve is not None
    assert chain.discover is not None
    assert venue.approve is None
    assert {i.venue for i in chain.instruments} == {"local"}


def test_two_chains_may_have_pools_of_one_family(tmp_path):
    own = DESK.split("[chains.local]")[1].split("[venues.hyperliquid]")[0]
    second = ("[chains.local]" + own).replace("chains.local", "chains.other")
    second = second.replace("chain_id = 31337", "chain_id = 31338")

    first, other, _ = made(tmp_path, DESK + second)

    assert {i.id.partition("@")[2] for i in first.instruments} == {"local"}
    assert {i.id.partition("@")[2] for i in other.instruments} == {"other"}


def test_a_router_that_a_family_needs_and_nobody_gave_is_named(tmp_path):
    text = DESK.replace("universal_router = ", "another_router = ")

    with pytest.raises(ConfigError, match=r"chains\.local\.routers\.universal_router: must be"):
        made(tmp_path, text)
