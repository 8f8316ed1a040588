import itertools
import random
from dataclasses import replace

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

    alone = [
        [c.slip(x) for x in row] for c, row in zip(scaled.curves, points.tolist(), strict=True)
    ]
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
def test_the_nearest_kinks_are_the_nearest_of_all_asked_rows(seed):
    scaled = world(seed)
    shares = random_points(scaled, random.Random(seed), 3)[:, 1]

    low, high = AskedRows(scaled, range(scaled.n_rows)).nearest_kinks(shares)

    expected = {}
    for account in scaled.accounts:
        for member, c in enumerate(account.members):
            cap = scaled.curves[c].cap
            rows = range(len(account.names))
            kinks = {k for row in rows for k in account.kinks(row, member, cap=cap)}
            below = [k for k in kinks if k < shares[c]]
            above = [k for k in kinks if k > shares[c]]
            expected[c] = (max(below, default=shares[c]), min(above, default=shares[c]))
    for c in range(len(scaled.curves)):
        assert (low[c], high[c]) == pytest.approx(
            expected.get(c, (shares[c], shares[c])), abs=1e-15
        )
    assert any(a < b for a, b in expected.values())


@pytest.mark.parametrize("seed", range(6))
def test_kinks_are_where_the_slope_of_a_row_changes(seed):
    scaled = world(seed)
    for account in scaled.accounts:
        for row in range(len(account.names)):
            for member, c in enumerate(account.members):
                cap = scaled.curves[c].cap
                kinks = account.kinks(row, member, cap=cap)
                ends = [0.0, *kinks, cap]
                middles = [0.5 * (a + b) for a, b in itertools.pairwise(ends)]
                slopes = [account.slope(row, member, x) for x in middles]
                # Straight between kinks, and its slope never falls.
                assert slopes == sorted(slopes)
                for (a, b), slope in zip(itertools.pairwise(ends), slopes, strict=True):
                    for part in (0.1, 0.9):
                        x = a + part * (b - a)
                        assert account.slope(row, member, x) == slope


def test_a_room_keeps_its_grain_free_but_never_asks_an_account_that_trades_nothing():
    scaled = world(0)
    account = scaled.accounts[0]
    rooms = np.concatenate(([0.5, 1e-9, 0.0, -0.2], account.rooms[4:]))

    inner = replace(scaled, accounts=(replace(account, rooms=rooms),)).tightened().accounts[0]

    assert account.grain == 3e-9
    assert inner.rooms[:4].tolist() == [0.5 - 3e-9, 0.0, 0.0, -0.2 - 3e-9]
