"""Merged curves are the sum of their parts, however they came about."""

import math
import random

import numpy as np
import pytest

from router.domain.units import Side
from router.liquidity.curve import CostCurve, book_curve, empty_curve
from router.liquidity.merged import merge_tree
from router.liquidity.oracle import LiquidityError

EPS = float(np.finfo(np.float64).eps)
# Depths are added in another order than in the reference: an epsilon for each curve, and a few.
TOLERANCE = 1e-13


def ranges(rng, side, *, price=2000.0):
    """Return a curve of a few ranges with gaps; ends often coincide with those of others."""
    sign = 1.0 if side is Side.BUY else -1.0
    tick, rows = rng.randrange(20), []
    for _ in range(rng.randint(1, 6)):
        begin = tick + rng.choice((0, 0, 3))
        tick = begin + rng.randint(1, 12)
        rows.append((begin, tick, 10.0 ** rng.uniform(-3.0, 9.0)))
    begin, end, depth = np.array(rows).T
    start, stop = (math.sqrt(price) * np.exp(sign * 1e-3 * ends) for ends in (begin, end))
    return CostCurve(
        side=side,
        root_start=start,
        root_end=stop,
        depth=depth,
        quantity=depth * np.abs(stop - start) / (start * stop),
    )


def levels(rng, side):
    step = 1 if side is Side.BUY else -1
    offered = [(2000 + step * k, rng.randint(1, 9)) for k in sorted(rng.sample(range(40), 5))]
    return book_curve(offered, side, tick_size=1.0, lot_size=0.5, fee_rate=0.0)


def any_curve(rng, side):
    kind = rng.choice((ranges, ranges, levels, None))
    return empty_curve(side) if kind is None else kind(rng, side)


def plainly_merged(curves):
    """Return the merged curve by asking every curve for its depth at every end of any."""
    sign = curves[0].sign
    grid = np.unique([sign * r for c in curves for r in (*c.root_start, *c.root_end)])
    roots = sign * grid
    depth = sum(curve.depth_at(roots) for curve in curves)
    rows = []
    for place, root in enumerate(roots):
        level = sum(
            float(curve.quantity[k])
            for curve in curves
            for k in np.flatnonzero(np.isinf(curve.depth) & (curve.root_start == root))
        )
        if level:
            rows.append((root, root, math.inf, level))
        if depth[place]:
            after = roots[place + 1]
            quantity = depth[place] * abs(after - root) / (after * root)
            rows.append((root, after, depth[place], quantity))
    start, end, depth, quantity = np.array(rows).reshape(-1, 4).T
    return CostCurve(curves[0].side, start, end, depth=depth, quantity=quantity)


def assert_same(curve, expected, *, rtol=TOLERANCE):
    assert curve.side is expected.side
    np.testing.assert_array_equal(curve.root_start, expected.root_start)
    np.testing.assert_array_equal(curve.root_end, expected.root_end)
    np.testing.assert_allclose(curve.depth, expected.depth, rtol=rtol)
    np.testing.assert_allclose(curve.quantity, expected.quantity, rtol=rtol)


def drawn(seed, *, least=2):
    rng = random.Random(seed)
    side = rng.choice(list(Side))
    count = max(rng.choice((2, 3, 7, 30, 60)), least)
    return rng, side, [any_curve(rng, side) for _ in range(count)]


@pytest.mark.parametrize("seed", range(60))
def test_a_merged_curve_is_what_all_curves_hold_at_every_price(seed):
    _, _, curves = drawn(seed)

    filled = [curve for curve in curves if curve.quantity.size]
    if len(filled) > 1:
        assert_same(merge_tree(curves).curve, plainly_merged(curves))


def test_sums_of_sums_of_sums_are_sums():
    rng = random.Random(1)
    curves = [any_curve(rng, Side.SELL) for _ in range(600)]

    assert_same(merge_tree(curves).curve, plainly_merged(curves))


@pytest.mark.parametrize("seed", range(60))
def test_a_changed_curve_gives_what_merging_anew_gives(seed):
    rng, side, curves = drawn(seed)
    tree = merge_tree(curves)
    before = tree.curve.quantity.copy()
    changed = {rng.randrange(len(curves)): any_curve(rng, side) for _ in range(3)}

    again = tree.replaced(changed).replaced({0: curves[-1]})

    anew = [changed.get(place, curve) for place, curve in enumerate(curves)]
    anew[0] = curves[-1]
    assert_same(again.curve, merge_tree(anew).curve, rtol=0.0)
    assert list(again.curves) == anew
    np.testing.assert_array_equal(tree.curve.quantity, before)


@pytest.mark.parametrize("seed", range(60))
def test_curves_that_are_left_out_are_not_there(seed):
    rng, _, curves = drawn(seed)
    out = set(rng.sample(range(len(curves)), len(curves) // 2))
    left = [curve for place, curve in enumerate(curves) if place not in out]

    assert_same(merge_tree(curves).without(out).curve, merge_tree(left).curve)


def test_without_any_curve_nothing_is_left():
    curves = [ranges(random.Random(3), Side.BUY).shifted(0.5) for _ in range(3)]

    nothing = merge_tree(curves).without(range(3)).curve

    assert nothing.capacity == 0.0
    assert nothing.shift == 0.5
    assert merge_tree([empty_curve(Side.BUY), empty_curve(Side.BUY)]).curve.capacity == 0.0


def test_a_curve_that_is_alone_stays_as_it_is():
    rng = random.Random(4)
    first, second = ranges(rng, Side.SELL), ranges(rng, Side.SELL)

    assert merge_tree([first]).curve is first
    assert merge_tree([first]).replaced({0: second}).curve is second
    assert merge_tree([first, second]).without([0]).curve is second


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_the_curves_does_not_matter(seed):
    rng, _, curves = drawn(seed, least=30)
    shuffled = rng.sample(curves, len(curves))

    assert_same(merge_tree(shuffled).curve, merge_tree(curves).curve)


@pytest.mark.parametrize("seed", range(20))
def test_the_price_of_a_quantity_leads_back_to_it(seed):
    rng, side, _ = drawn(seed)
    merged = merge_tree([ranges(rng, side) for _ in range(30)]).curve
    quantity = merged.capacity * np.linspace(0.0, 1.0, 101)[1:-1]

    back = merged.quantity_at(merged.marginal(quantity))

    # A root price is good to an epsilon, and so is what it holds to that of depth over root.
    noise = 16 * EPS * float(np.max(merged.depth / merged.root_start))
    # In gaps the price of the next unit is beyond the gap.
    np.testing.assert_allclose(back, quantity, rtol=64 * EPS, atol=noise)


def test_a_small_depth_is_not_lost_where_a_large_one_has_ended():
    # Range prices 1 to 4 of depth 1e25 and 1 to 9 of depth 1e10; and the next group of curves.
    large = CostCurve(
        side=Side.BUY,
        root_start=np.array([1.0]),
        root_end=np.array([2.0]),
        depth=np.array([1e25]),
        quantity=np.array([1e25 * 0.5]),
    )
    small = CostCurve(
        side=Side.BUY,
        root_start=np.array([1.0]),
        root_end=np.array([3.0]),
        depth=np.array([1e10]),
        quantity=np.array([1e10 * 2.0 / 3.0]),
    )

    merged = merge_tree([large, small] + [large] * 40).curve

    assert merged.depth[-1] == 1e10
    assert merged.quantity[-1] == pytest.approx(1e10 * (1.0 / 2.0 - 1.0 / 3.0), rel=4 * EPS)


def test_neighbours_that_overlap_by_rounding_are_merged_all_the_same():
    end = math.nextafter(2.0, 3.0)
    overlapping = CostCurve(
        side=Side.BUY,
        root_start=np.array([1.0, 2.0]),
        root_end=np.array([end, 3.0]),
        depth=np.array([6.0, 12.0]),
        quantity=np.array([3.0, 2.0]),
    )

    merged = merge_tree([overlapping, overlapping]).curve

    assert merged.capacity == pytest.approx(10.0, rel=8 * EPS)
    assert float(merged.quantity_at(2.5**2)) == pytest.approx(6.0 + 24.0 * 0.1, rel=16 * EPS)


def test_curves_that_do_not_fit_are_refused():
    rng = random.Random(5)
    buy, sell = ranges(rng, Side.BUY), ranges(rng, Side.SELL)
    tree = merge_tree([buy, buy])

    with pytest.raises(LiquidityError, match="empty"):
        merge_tree([])
    with pytest.raises(LiquidityError, match="one side"):
        tree.replaced({1: sell})
    with pytest.raises(LiquidityError, match="same shift"):
        tree.replaced({1: buy.shifted(1.0)})
