"""An amount shared out over curves in whole atoms."""

import pytest

from router.domain.plan import QuantityKind
from router.domain.units import Side
from router.liquidity.aggregate import aggregate
from router.optimiser.exact.parts import held_atoms, parts
from router.optimiser.market.source import pool_cost
from tests.unit.optimiser.world import MID, UNIT, USD, pair, pool

DEEP, SHALLOW = pool("deep", depth_usd=2e7), pair("shallow", worth_usd=1e7, fee_pips=500)
PAIR = DEEP.instrument


def together(*pools, side=Side.BUY):
    return aggregate([pool_cost(p, side, limit=None) for p in pools])


def exactly(_index, part):
    return part


def never(_index: int, _most: int) -> int:
    raise AssertionError("no curve is drained")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kind", QuantityKind)
@pytest.mark.parametrize("odd", [1, 7_777_777, 123_456_789_012_345_678])
def test_parts_add_up_to_the_atom_and_meet_in_one_price(side, kind, odd):
    atoms = 50 * UNIT + odd if kind is QuantityKind.BASE else int(50 * MID) * USD + odd % USD
    curves = together(DEEP, SHALLOW, side=side)

    shared = parts(curves, PAIR, kind=kind, atoms=atoms, fillable=never, given=exactly)

    assert sum(shared) == atoms
    scale = 10.0 ** (18 if kind is QuantityKind.BASE else 6)
    # Where a curve is at a cash amount, its inverse says; a step of a millionth is enough.
    prices = []
    for curve, part in zip(curves.curves, shared, strict=True):
        quantity = part / scale
        if kind is QuantityKind.CASH:
            low, high = 0.0, 100.0
            for _ in range(80):
                middle = (low + high) / 2
                low, high = (
                    (middle, high) if abs(float(curve.cost(middle))) < quantity else (low, middle)
                )
            quantity = low
        prices.append(float(curve.marginal(quantity)))
    assert prices[0] == pytest.approx(prices[1], rel=1e-9)


def test_a_drained_curve_is_asked_what_its_market_really_has():
    asked = []

    def fillable(index: int, most: int) -> int:
        asked.append((index, most))
        return most - 5

    curves = together(SHALLOW, DEEP)
    endless, ending = curves.curves
    beyond = 1.01 * float(endless.quantity_at(ending.marginal(ending.capacity)))
    atoms = held_atoms(ending, PAIR, kind=QuantityKind.BASE) + int(beyond * UNIT)

    shared = parts(
        curves, PAIR, kind=QuantityKind.BASE, atoms=atoms, fillable=fillable, given=exactly
    )

    assert asked == [(1, held_atoms(ending, PAIR, kind=QuantityKind.BASE))]
    assert shared == [atoms - asked[0][1] + 5, asked[0][1] - 5]


def test_a_part_too_small_for_a_hop_is_left_to_the_others():
    # A hundredth of a per cent cheaper, of a dollar in all: a ten-millionth of 2,000 dollars.
    dust = pair("dust", worth_usd=1.0, price=MID * 0.9999, fee_pips=500)
    assert float(together(dust).curves[0].quantity_at(MID * 1.0005)) > 1e-8

    shared = parts(
        together(DEEP, dust),
        PAIR,
        kind=QuantityKind.BASE,
        atoms=UNIT,
        fillable=never,
        given=exactly,
    )

    assert shared == [UNIT, 0]


@pytest.mark.parametrize("coarse", [0, 1])
def test_what_a_coarse_market_gives_beyond_its_part_is_taken_off_an_exact_one(coarse):
    def given(index, part):
        return -(-part // 1000) * 1000 if index == coarse else part

    atoms = 123_456_789_012_345_678
    plain = parts(
        together(DEEP, SHALLOW),
        PAIR,
        kind=QuantityKind.BASE,
        atoms=atoms,
        fillable=never,
        given=exactly,
    )

    shared = parts(
        together(DEEP, SHALLOW),
        PAIR,
        kind=QuantityKind.BASE,
        atoms=atoms,
        fillable=never,
        given=given,
    )

    assert sum(shared) == sum(plain) == atoms
    assert shared[coarse] % 1000 == 0 != plain[coarse] % 1000
    assert abs(shared[coarse] - plain[coarse]) <= 1000


def test_where_every_market_is_coarse_the_parts_still_add_up():
    def given(_index, part):
        return -(-part // 1000) * 1000

    shared = parts(
        together(DEEP, DEEP),
        PAIR,
        kind=QuantityKind.BASE,
        atoms=UNIT + 1,
        fillable=never,
        given=given,
    )

    assert sum(shared) == UNIT + 1
