import itertools

import numpy as np
import pytest

from router.optimiser.convex.certificate import GAP_MAX, lower_bound, to_prices
from router.optimiser.convex.split import normalised, separable, solve_separable
from tests.unit.optimiser.convex.worlds import cost, random_scaled

EPS = np.finfo(np.float64).eps


@pytest.mark.parametrize("seed", range(20))
def test_a_separable_split_meets_its_own_bound(seed):
    scaled = random_scaled(seed, chains=2, books=3, demands=2)

    shares, demands = separable(scaled)

    lower = lower_bound(scaled, to_prices(demands.tolist(), ()))
    # A price is rounded to 1e-12, and the bound takes off what its own evaluation may be off.
    assert 0.0 <= cost(scaled, shares.tolist()) - lower <= 2e-12


@pytest.mark.parametrize("seed", range(10))
def test_no_exchange_between_two_curves_is_cheaper(seed):
    scaled = random_scaled(seed, chains=2, books=3)
    shares, _ = separable(scaled)
    best = cost(scaled, shares.tolist())

    for a, b in itertools.permutations(range(len(shares)), 2):
        for step in (1e-6, 1e-4, 1e-2):
            moved = min(step, float(shares[a]), scaled.curves[b].cap - float(shares[b]))
            changed = shares.copy()
            changed[a] -= moved
            changed[b] += moved
            assert cost(scaled, changed.tolist()) >= best - 8 * EPS


@pytest.mark.parametrize("seed", range(10))
def test_a_split_fills_every_order_to_the_last_digit(seed):
    scaled = random_scaled(seed, demands=2)

    shares, _ = separable(scaled)

    for d, demand in enumerate(scaled.demands):
        own = [x for c, x in zip(scaled.curves, shares.tolist(), strict=True) if c.demand == d]
        assert sum(own) == pytest.approx(demand.share, abs=4 * EPS)
    caps = np.array([curve.cap for curve in scaled.curves])
    assert np.all((shares >= 0.0) & (shares <= caps + EPS))


def test_a_row_that_stands_against_the_split_leaves_none():
    room = [solve_separable(random_scaled(4, room=room)) for room in ((5.0, 6.0), (-0.01, -0.005))]

    assert room[0] is not None
    assert room[0].gap <= GAP_MAX * 1e-5
    assert room[1] is None


def test_dust_goes_to_where_there_is_most_room():
    scaled = random_scaled(2)
    shares, _ = separable(scaled)

    found = normalised(shares * (1.0 - 1e-9), scaled)

    assert float(found.sum()) == pytest.approx(1.0, abs=4 * EPS)
    assert np.count_nonzero(np.abs(found - shares) > 2e-9) == 0
