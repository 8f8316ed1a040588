import random

import numpy as np
import pytest

from router.optimiser.convex.asked import AskedRows
from router.optimiser.convex.flat import FlatCurves
from router.optimiser.convex.scaled import ScaledProblem
from tests.unit.optimiser.convex.worlds import random_scaled, use

EPS = np.finfo(np.float64).eps


def world(seed: int) -> ScaledProblem:
    return random_scaled(seed, chains=2, books=3, accounts=2, demands=2)


def random_points(scaled: ScaledProblem, rng: random.Random, count: int) -> np.ndarray:
    rows = [[rng.random() * c.cap for _ in range(count - 2)] for c in scaled.curves]
    return np.array([[0.0, *row, c.cap] for row, c in zip(rows, scaled.curves, strict=True)])


def alone(scaled: ScaledProblem, c: int, share: float) -> list[float]:
    return [share if i == c else 0.0 for i in range(len(scaled.curves))]


@pytest.mark.parametrize("seed", range(6))
def test_all_curves_at_once_cost_what_each_costs_alone(seed):
    scaled = world(seed)
    points = random_points(scaled, random.Random(seed), 9)

    slips = FlatCurves(scaled.curves).slips(points)

    alone = [[c.slip(x) for x in row] for c, row in zip(scaled.curves, points.tolist(), strict=True)]
    # A cost is a share times a price near 1, less the share.
    assert np.allclose(slips, alone, rtol=0.0, atol=16 * EPS)


@pytest.mark.parametrize("seed", range(6))
def test_all_curves_at_once_give_what_each_gives_alone(seed):
    scaled = world(seed)
    rng = random.Random(seed)
    rates = np.array(
        [
            [rng.uniform(-0.05, 0.2) for _ in range(6)] + [c.rate(rng.random() * c.cap)] * 2
            for c in scaled.curves
        ]
    )
    rates = rates[:, [0, 1, 2, 6, 3, 4, 5, 7]]

    shares = FlatCurves(scaled.curves).shares_at(rates, below=4)

    for c, curve in enumerate(scaled.curves):
        expected = [curve.share_at(r) for r in rates[c, :4].tolist()]
        expected += [curve.share_below(r) for r in rates[c, 4:].tolist()]
        # Near a root price a share is known to the curve's depth times the root's last digits.
        assert np.allclose(shares[c], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_asked_rows_use_what_is_reckoned_share_by_share(seed):
    scaled = world(seed)
    rng = random.Random(seed)
    asked = sorted(rng.sample(range(scaled.n_rows), scaled.n_rows // 2))
    points = random_points(scaled, rng, 6)

    slips = FlatCurves(scaled.curves).slips(points)
    uses = AskedRows(scaled, asked).uses(slips=slips, points=points)

    for i, row in enumerate(asked):
        for c in range(len(scaled.curves)):
            expected = [use(scaled, row, alone(scaled, c, x)) for x in points[c].tolist()]
            assert np.allclose(uses[i, c], expected, rtol=0.0, atol=64 * EPS)


@pytest.mark.parametrize("seed", range(6))
def test_every_row_of_an_account_uses_what_is_reckoned_share_by_share(seed):
    scaled = world(seed)
    shares = random_points(scaled, random.Random(seed), 3)[:, 1]

    uses = scaled.uses(shares)

    expected = [use(scaled, row, shares.tolist()) for row in range(scaled.n_rows)]
    assert np.allclose(uses, expected, rtol=0.0, atol=64 * EPS)


@pytest.mark.parametrize("seed", range(6))
def test_between_its_nearest_kinks_a_row_is_as_straight_as_the_slip(seed):
    scaled = world(seed)
    rng = random.Random(seed)
    asked = range(scaled.n_rows)
    shares = random_points(scaled, rng, 3)[:, 1]

    low, high = AskedRows(scaled, asked).nearest_kinks(shares)

    for c, (start, end) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        assert start <= shares[c] <= end
        if start == end:
            continue
        inside = [start + part * (end - start) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
        slips = [use(scaled, c, alone(scaled, c, 0.0)) if False else scaled.curves[c].slip(x) for x in inside]
        for row in asked:
            used = [use(scaled, row, alone(scaled, c, x)) for x in inside]
            charges = bool(used[-1] != used[0]) and row >= len(scaled.cash)
            rest = [u - s if charges else u for u, s in zip(used, slips, strict=True)]
            if row >= len(scaled.cash):
                bent = max(abs(rest[i + 1] - 2 * rest[i] + rest[i - 1]) for i in (1, 2, 3))
                if start > 0.0 and shares[c] != start and shares[c] != end:
                    assert bent <= 64 * EPS


@pytest.mark.parametrize("seed", range(6))
def test_kinks_are_where_the_slope_of_a_row_changes(seed):
    scaled = world(seed)
    for account in scaled.accounts:
        for row in range(len(account.names)):
            for member, c in enumerate(account.members):
                cap = scaled.curves[c].cap
                kinks = account.kinks(row, member, cap=cap)
                ends = [0.0, *kinks, cap]
                middles = [0.5 * (a + b) for a, b in zip(ends, ends[1:], strict=False)]
                slopes = [account.slope(row, member, x) for x in middles]
                # Straight between kinks, and its slope never falls.
                assert slopes == sorted(slopes)
                for a, b, slope in zip(ends, ends[1:], slopes, strict=False):
                    for part in (0.1, 0.9):
                        x = a + part * (b - a)
                        assert account.slope(row, member, x) == slope
