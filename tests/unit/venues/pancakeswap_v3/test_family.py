"""What sets configured PancakeSwap V3 pools apart."""

import pytest

from tests.unit.venues import pool_words
from tests.unit.venues.pool_words import FACTORY, POOL, SENDER, USDC, WETH
from venues.evm.pools.fee_tiers import pool_salt
from venues.evm.words.hashing import create2_address
from venues.pancakeswap_v3 import family
from venues.pancakeswap_v3.spec import INIT_CODE_HASH


def setup(fee_pips, **own):
    pools = [{"address": POOL, "base": "ETH", "quote": "USDC", "fee_pips": fee_pips}]
    (pool,) = family.configured({"factory": FACTORY, "pools": pools, **own}, pool_words.facts())
    return pool


@pytest.mark.parametrize(("fee", "spacing"), [(100, 1), (500, 10), (2500, 50), (10_000, 200)])
def test_its_tiers_and_router_are_its_own(fee, spacing):
    pool = setup(fee)

    assert pool.tick_spacing == spacing
    assert pool.instrument.id == f"pancakeswap_v3:ETH/USDC:{fee}@local"
    assert pool.instrument.router == "pancakeswap_v3"


def test_the_deployer_and_not_the_factory_makes_the_address():
    salt = pool_salt(USDC, WETH, 2500)
    wanted = create2_address(SENDER, salt=salt, init_code_hash=INIT_CODE_HASH)

    assert setup(2500).contracts == {"factory": FACTORY}
    known = setup(2500, pool_deployer=SENDER)
    assert known.contracts == {"factory": FACTORY, "create2": wanted}
