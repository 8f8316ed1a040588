"""Configured and discovered Uniswap V3 pools."""

import pytest

from router.domain.error import ConfigError
from tests.unit.venues import pool_words
from tests.unit.venues.pool_words import FACTORY, POOL, USDC, WETH, ZERO
from venues.evm.pools.family import Dialect
from venues.evm.pools.fee_tiers import pool_salt
from venues.evm.words.hashing import create2_address
from venues.uniswap_v3 import family
from venues.uniswap_v3.spec import INIT_CODE_HASH

CREATED = "PoolCreated(address,address,uint24,int24,address)"
PLAIN = {"address": POOL.upper().replace("0X", "0x"), "base": "ETH", "quote": "USDC"}


def setup(fee_pips, **changes):
    pools = [PLAIN | {"fee_pips": fee_pips} | changes]
    (pool,) = family.configured({"factory": FACTORY, "pools": pools}, pool_words.facts())
    return pool


@pytest.mark.parametrize(("fee", "spacing"), [(100, 1), (500, 10), (3000, 60), (10_000, 200)])
def test_a_usual_fee_has_its_tick_spacing(fee, spacing):
    pool = setup(fee)

    assert (pool.fee_pips, pool.tick_spacing) == (fee, spacing)
    assert pool.instrument.id == f"uniswap_v3:ETH/USDC:{fee}@local"
    assert (pool.dialect, pool.topic, pool.hooks) == (Dialect.V3, None, ZERO)
    assert pool.emitter == pool.instrument.symbol == POOL
    assert pool.instrument.router == "universal_router"


def test_another_fee_needs_its_tick_spacing():
    with pytest.raises(ConfigError, match="needs tick_spacing, because fee_pips 300 is none of"):
        setup(300)
    assert setup(300, tick_spacing=6).tick_spacing == 6


def test_the_address_that_the_factory_must_have_made_is_computed():
    salt = pool_salt(USDC, WETH, 500)
    wanted = create2_address(FACTORY, salt=salt, init_code_hash=INIT_CODE_HASH)

    assert setup(500).contracts == {"factory": FACTORY, "create2": wanted}


@pytest.mark.parametrize(
    ("pair", "base"), [((USDC, WETH), "ETH"), ((USDC, pool_words.DAI), "USDC")]
)
def test_a_new_pool_is_found_with_the_asset_that_is_configured_first_as_base(pair, base):
    indexed = (("address", pair[0]), ("address", pair[1]), ("uint24", 300))
    log = pool_words.log(CREATED, indexed, (("int24", 6), ("address", POOL)))

    table = family.discovered(log, pool_words.facts())

    assert log.topics[0] == family.discovery_topic()
    assert table["base"] == base
    (pool,) = family.configured({"factory": FACTORY, "pools": [table]}, pool_words.facts())
    assert (pool.fee_pips, pool.tick_spacing, pool.emitter) == (300, 6, POOL)
    assert (pool.token0, pool.token1) == pair
