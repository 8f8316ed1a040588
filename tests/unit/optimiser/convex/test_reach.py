import itertools
from dataclasses import replace

import numpy as np
import pytest

from router.optimiser.convex.reach import most_filled, most_paid, shortfalls
from router.optimiser.convex.scaled import Jump, ScaledProblem
from tests.unit.optimiser.convex.worlds import is_allowed, random_scaled, slip, tiers, use


def short(seed: int) -> ScaledProblem:
    """Return one chain with half the cash that the order needs, and two books with little room."""
    scaled = random_scaled(seed, scenarios=3, room=(0.001, 0.02), held=0.0)
    cash = tuple(replace(row, room=0.4) for row in scaled.cash)
    return replace(scaled, cash=cash)


@pytest.mark.parametrize("seed", range(6))
def test_no_point_of_a_grid_fills_more_than_is_said_to_be_the_most(seed):
    scaled = short(seed)
    grid = [np.linspace(0.0, c.cap, 25).tolist() for c in scaled.curves]

    most = most_filled(scaled)

    allowed = [
        sum(x) for x in itertools.product(*grid) if sum(x) <= 1.0 and is_allowed(scaled, list(x))
    ]
    assert max(allowed) <= most + 1e-9
    # Each of the three shares is at most a step below what it could be.
    assert most <= max(allowed) + sum(c.cap for c in scaled.curves) / 24


@pytest.mark.parametrize("seed", range(6))
def test_an_order_with_room_for_all_of_it_is_filled_whole(seed):
    scaled = random_scaled(seed, room=(5.0, 6.0))
    scaled = replace(scaled, cash=tuple(replace(row, room=5.0) for row in scaled.cash))

    assert most_filled(scaled) == pytest.approx(1.0, abs=1e-9)
    assert shortfalls(scaled) == ()


@pytest.mark.parametrize("seed", range(6))
def test_with_what_is_short_added_the_whole_order_is_allowed(seed):
    scaled = short(seed)

    found = {s.row: s.missing for s in shortfalls(scaled)}

    assert found
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert most_filled(scaled) < 1.0
    assert most_filled(with_more(scaled, found, times=1.0 + 1e-6)) == pytest.approx(1.0, abs=1e-6)
    # It is the least in sum, so half of it cannot be enough.
    assert most_filled(with_more(scaled, found, times=0.5)) < 1.0 - 1e-6


def with_more(scaled: ScaledProblem, more: dict[str, float], *, times: float) -> ScaledProblem:
    cash = tuple(
        replace(row, room=row.room + times * more.get(row.name, 0.0) + 1e-8) for row in scaled.cash
    )
    accounts = tuple(
        replace(a, rooms=a.rooms + np.array([times * more.get(n, 0.0) + 1e-8 for n in a.names]))
        for a in scaled.accounts
    )
    return replace(scaled, cash=cash, accounts=accounts)


@pytest.mark.parametrize("seed", range(6))
def test_margin_that_jumps_is_charged_so_that_what_is_told_is_allowed(seed):
    scaled = short(seed)
    account = scaled.accounts[0]
    jumps = tuple(
        Jump(0, m, f"perp-{m}", bounds=(0.0, 0.03), rates=(0.04, 0.5))
        for m in range(len(account.members))
    )

    cheap = most_filled(scaled)
    told = most_filled(replace(scaled, jumps=jumps))

    steep = replace(account, initial=tiers([(0.0, 0.5)], len(account.members)))
    dear = most_filled(replace(scaled, accounts=(steep,)))
    assert told == pytest.approx(dear, abs=1e-9)
    assert told <= cheap + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_cash_pays_for_what_it_pays_for_and_no_more(seed):
    scaled = short(seed)

    share = most_paid(scaled, 0)

    shares = [share, 0.0, 0.0]
    assert use(scaled, 0, shares) <= scaled.cash[0].room + 1e-12
    assert share < scaled.curves[0].cap
    more = share + 1e-6
    used = more + (slip(scaled, 0, more) if scaled.cash[0].pays_quote else 0.0)
    assert used > scaled.cash[0].room
