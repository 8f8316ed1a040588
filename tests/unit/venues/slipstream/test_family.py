"""What sets configured and discovered Slipstream pools apart."""

from dataclasses import replace

import pytest

from router.domain.error import MalformedDataError
from tests.unit.venues import pool_words
from tests.unit.venues.pool_words import FACTORY, POOL, SENDER, USDC, WETH
from venues.evm.pools.fee_tiers import pool_salt
from venues.evm.words.hashing import clone_init_code_hash, create2_address
from venues.slipstream import family

CREATED = "PoolCreated(address,address,int24,address)"
PLAIN = {"address": POOL, "base": "ETH", "quote": "USDC", "tick_spacing": 100}


def setup(pool=PLAIN, **own):
    table = {"factory": FACTORY, "pools": [pool], **own}
    (made,) = family.configured(table, pool_words.facts())
    return made


def created(spacing):
    indexed = (("address", USDC), ("address", WETH), ("int24", spacing))
    return pool_words.log(CREATED, indexed, (("address", POOL),))


def test_its_key_is_the_tick_spacing_and_its_fee_is_not_known_yet():
    pool = setup()

    assert pool.instrument.id == "slipstream:ETH/USDC:ts100@local"
    assert pool.instrument.router == "slipstream"
    assert (pool.tick_spacing, pool.fee_pips, pool.instrument.fee_pips) == (100, 0, 0)


def test_the_address_of_a_proxy_is_computed_where_the_implementation_is_known():
    wanted = create2_address(
        FACTORY,
        salt=pool_salt(USDC, WETH, 100),
        init_code_hash=clone_init_code_hash(SENDER),
    )

    assert setup().contracts == {"factory": FACTORY}
    known = setup(pool_implementation=SENDER)
    assert known.contracts == {"factory": FACTORY, "create2": wanted}


def test_the_factory_is_asked_by_tick_spacing():
    lookup = family.identity_calls(setup())[-1]

    types = ["address", "address", "int24"]
    selector = pool_words.selector_of("getPool(address,address,int24)")
    assert lookup.target == FACTORY
    assert lookup.data == selector + pool_words.words(types, USDC, WETH, 100)


def test_a_new_pool_is_found_by_its_tick_spacing():
    table = family.discovered(created(200), pool_words.facts())

    assert created(200).topics[0] == family.discovery_topic()
    assert table == PLAIN | {"tick_spacing": 200}
    assert setup(table).tick_spacing == 200


@pytest.mark.parametrize(
    "log", [created(0), created(-1), created(16_384), replace(created(1), data=b"")]
)
def test_a_new_pool_that_cannot_be_is_malformed(log):
    with pytest.raises(MalformedDataError, match="log 3 of"):
        family.discovered(log, pool_words.facts())
