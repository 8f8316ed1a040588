from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.market import QuotedSnapshot, ReservesSnapshot
from router.liquidity.mid import has_mid, pool_mid
from tests.unit.engine.scene import BLOCK, DOLLAR, ETHER, POOL, T0, observation

CONCENTRATED = observation().pools[0]
RESERVES = ReservesSnapshot(POOL.id, BLOCK, 3_000, 2 * ETHER, 6_000 * DOLLAR, T0)
QUOTED = QuotedSnapshot(
    POOL.id,
    BLOCK,
    T0,
    zero_for_one=((ETHER, 2_990 * DOLLAR),),
    one_for_zero=((3_010 * DOLLAR, ETHER),),
)


@pytest.mark.parametrize("pool", [CONCENTRATED, RESERVES, QUOTED])
def test_the_mid_of_every_family_is_the_price_it_shows(pool):
    mid = pool_mid(POOL, pool)
    dollars = Fraction(mid.quote_atoms * ETHER, mid.base_atoms * DOLLAR)

    assert has_mid(pool)
    assert abs(dollars - 3_000) < Fraction(1, 10**12)


def test_seen_from_the_other_token_it_is_the_inverse():
    mid, other = pool_mid(POOL, RESERVES), pool_mid(POOL.reversed(), RESERVES)

    assert (mid.quote_atoms, mid.base_atoms) == (other.base_atoms, other.quote_atoms)


def test_what_gives_nothing_one_way_shows_no_price():
    assert not has_mid(replace(RESERVES, reserve0=0))
    assert not has_mid(replace(QUOTED, one_for_zero=()))
    assert not has_mid(replace(CONCENTRATED, sqrt_price_x96=0))
