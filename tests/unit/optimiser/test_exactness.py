"""The float curves that plans are made on, against the integers that pools execute."""

import math
import random

import pytest

from router.domain.instrument import Asset
from router.domain.plan import QuantityKind
from router.domain.units import AssetId, Side
from router.optimiser.exact.trade import Swapped, swapped
from router.optimiser.market.source import pool_cost
from tests.unit.optimiser.world import TIERS, pair, pool

NEAR = 1e-7  # a thousandth of a basis point
ATOMS = 2  # what rounding the amounts of one swap may take


def odd_pool(rng):
    fee, spacing = rng.choice(TIERS)
    base = Asset(AssetId("ETH"), rng.choice((6, 8, 18)))
    quote = Asset(AssetId("USDC"), rng.choice((6, 8, 18)))
    price = math.exp(rng.uniform(math.log(1e-6), math.log(1e5)))
    common = {
        "base": base,
        "quote": quote,
        "price": price,
        "fee_pips": fee,
        "base_is_token0": rng.random() < 0.5,
    }
    worth = math.exp(rng.uniform(math.log(1e4), math.log(1e9)))
    if rng.random() < 0.2:
        return pair(worth_usd=worth, **common), price
    return pool(depth_usd=worth, spacing=spacing, seed=rng.randrange(10**6), **common), price


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", list(QuantityKind))
def test_a_curve_is_right_to_a_thousandth_of_a_basis_point(side, kind):
    rng = random.Random(5)
    compared = 0
    for _ in range(200):
        candidate, price = odd_pool(rng)
        instrument = candidate.instrument
        curve = pool_cost(candidate, side, limit=None)
        units = (10.0**instrument.base.decimals, 10.0**instrument.quote.decimals)
        base = curve.capacity * rng.choice((1e-6, 1e-3, 0.1, 0.7)) * rng.random()
        cash = abs(float(curve.cost(base)))
        amount = int(base * units[0]) if kind is QuantityKind.BASE else int(cash * units[1])
        done = swapped(candidate, side, kind=kind, amount=amount) if amount else None
        if not isinstance(done, Swapped):
            continue

        told = abs(float(curve.cost(min(done.base / units[0], curve.capacity))))

        grain = ATOMS * max(price / units[0], 1.0 / units[1])
        assert abs(told - done.quote / units[1]) <= NEAR * told + grain
        compared += 1
    assert compared > 150
