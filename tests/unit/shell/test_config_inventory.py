import pytest

from router.domain.error import ConfigError
from router.domain.inventory import ChainInventory
from router.domain.units import VenueId
from router.shell import config
from router.shell.config_inventory import ChainInventorySettings, chain_inventories
from tests.unit.shell.test_config import ENVIRONMENT, GOOD

CHAINS = {"local": {"fee_cap_gwei": 300, "in_flight_max": 4}}
TABLE = """
[inventory.local]
native_reserve = "0.25"
"""
CHAIN = """
[chains.local]
fee_cap_gwei = 300
in_flight_max = 4
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "desk.toml"
        path.write_text(GOOD + text, encoding="utf-8")
        return config.load(path, ENVIRONMENT).limits.inventory

    return load_text


def tables(reserve, name="local"):
    return {name: ChainInventorySettings(native_reserve=reserve)}


def test_a_reserve_is_read_with_the_cap_and_the_count_of_its_chain(load):
    expected = ChainInventory(VenueId("local"), 25 * 10**16, 300 * 10**9, in_flight_max=4)

    assert load(CHAIN + TABLE) == (expected,)


def test_without_a_table_nothing_is_kept(load):
    assert load(CHAIN) == ()


def test_a_chain_that_does_not_say_how_many_may_have_sixteen_in_flight():
    chains = {"local": {"fee_cap_gwei": 1}}

    (rule,) = chain_inventories("inventory", tables("0"), chains=chains, assets={})

    assert (rule.native_reserve_wei, rule.in_flight_max) == (0, 16)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CHAIN + TABLE.replace("local", "other"), r"inventory.other: is no chain .* use one of"),
        (CHAIN.replace("fee_cap_gwei = 300\n", "") + TABLE, "needs chains.local.fee_cap_gwei"),
        (CHAIN + TABLE.replace("0.25", "-1"), "native_reserve: must not be negative"),
        (CHAIN + TABLE.replace("0.25", "1e3"), "native_reserve: "),
        (CHAIN + TABLE + 'reserve = "1"', "reserve: unknown key"),
        (CHAIN + "[inventory.local]\n", "native_reserve: missing; add it"),
    ],
)
def test_a_faulty_table_is_refused_with_the_key_and_the_remedy(load, text, words):
    with pytest.raises(ConfigError, match=words):
        load(text)
