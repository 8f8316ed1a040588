"""Whatever the units and magnitudes: one scale inside, so no solver fails.

Prices of 1e-6 to 1e5, tokens of 6, 8 and 18 decimals, raw liquidity of 1e10 to 1e25, orders from
dust to most of the liquidity, margin binding in about half.
"""

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from router.domain.units import Side
from router.liquidity.aggregate import merge
from router.liquidity.curve import CostCurve, book_curve
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.rows import AccountRows, Tiers
from router.optimiser.convex.scaled import CashRow, Demand, ScaledCurve, ScaledProblem
from router.optimiser.convex.split import separable
from tests.unit.optimiser.joint.checks import EFFORTS

GAP_MAX = 1e-6
ALL = 10_000
SLICES = 20
DECIMALS = (6, 8, 18)


def pools_of(rng: random.Random, side: Side, price: float) -> list[CostCurve]:
    """Return one to four pools around a price whose raw liquidity spans fifteen decades."""
    base, quote = rng.choice(DECIMALS), rng.choice(DECIMALS)
    raw = 10.0 ** rng.uniform(10.0, 25.0)
    sign = 1.0 if side is Side.BUY else -1.0
    made = []
    for _ in range(rng.randint(1, 4)):
        liquidity = raw * math.exp(rng.gauss(0.0, 1.5)) * 10.0 ** (-(base + quote) / 2.0)
        steps = np.cumsum([0.0, *(rng.uniform(1.0, 400.0) for _ in range(rng.randint(1, 30)))])
        edges = math.sqrt(price * (1.0 + rng.uniform(-3e-3, 3e-3)))
        root = edges * 1.0001 ** (sign * steps / 2.0) * (1.0 - 0.003) ** (-sign / 2.0)
        levels = liquidity * np.array([rng.uniform(0.05, 1.0) for _ in steps[1:]])
        width = np.abs(1.0 / root[:-1] - 1.0 / root[1:])
        made.append(CostCurve(side, root[:-1], root[1:], depth=levels, quantity=levels * width))
    return made


def book_of(rng: random.Random, side: Side, price: float, size: float) -> CostCurve:
    sign = 1.0 if side is Side.BUY else -1.0
    ticks = 100_000 + sign * np.cumsum([rng.randint(1, 30) for _ in range(30)])
    levels = [(int(t), rng.randint(1, 10_000)) for t in ticks]
    lots = sum(lots for _, lots in levels)
    return book_curve(
        levels,
        side,
        tick_size=price / 100_000,
        lot_size=size / lots,
        fee_rate=rng.choice((0.0, 4.5e-4)),
    )


def instance(seed: int) -> ScaledProblem:
    rng = random.Random(seed)
    side = rng.choice(tuple(Side))
    sign = 1.0 if side is Side.BUY else -1.0
    price = 10.0 ** rng.uniform(-6.0, 5.0)
    curves = [merge(pools_of(rng, side, price))]
    held = curves[0].capacity
    books = [
        book_of(rng, side, price, held * rng.uniform(0.1, 2.0)) for _ in range(rng.randint(1, 3))
    ]
    curves += books
    total = sum(curve.capacity for curve in curves)
    quantity = total * 10.0 ** rng.uniform(-9.0, math.log10(0.9))
    scaled = tuple(
        ScaledCurve(
            name=f"curve-{i}",
            curve=curve,
            floor=curve,
            demand=0,
            quantity=quantity,
            mid=price,
            cap=min(curve.capacity / quantity, 1.0),
            adder=rng.uniform(-1e-3, 1e-3) if i else 0.0,
        )
        for i, curve in enumerate(curves)
    )
    members, scenarios = len(books), rng.randint(0, 12)
    gaps = np.array([[rng.uniform(-0.3, 0.3)] * members for _ in range(scenarios)])
    gaps = gaps.reshape(scenarios, members)
    rate = np.array([[0.04, 0.1, 0.2]] * members)
    bounds = np.array([[0.0, 0.1, 0.5]] * members)
    deduction = np.cumsum(bounds * np.diff(rate, axis=1, prepend=rate[:, :1]), axis=1)
    account = AccountRows(
        account="perp",
        names=("margin:perp", *(f"stress:perp:{i}" for i in range(scenarios))),
        members=tuple(range(1, 1 + members)),
        position=np.array([rng.choice((0.0, rng.uniform(-0.5, 0.5))) for _ in range(members)]),
        against_mark=np.zeros(members),
        weight=np.vstack([np.ones((1, members)), 1.0 + gaps]),
        gain=np.vstack([np.zeros((1, members)), sign * gaps]),
        initial=Tiers(rate, deduction),
        maintenance=Tiers(rate / 2.0, deduction / 2.0),
        rooms=np.full(scenarios + 1, 1e6),
        grain=3e-9,
    )
    cash = CashRow("cash:chain", (0,), pays_quote=side is Side.BUY, room=1e6, grain=3e-9)
    made = ScaledProblem(scaled, (Demand("p-1", 1.0),), (cash,), (account,))
    return with_rooms(made, rng)


def with_rooms(made: ScaledProblem, rng: random.Random) -> ScaledProblem:
    """Return the problem with rooms near what the split without rows uses, in half."""
    if rng.random() < 0.5:
        return made
    shares, _ = separable(made)
    used = made.uses(shares)
    rows, account = len(made.cash), made.accounts[0]
    rooms = np.array([max(u, 0.0) * rng.uniform(0.2, 1.2) for u in used[rows:]])
    return replace(made, accounts=(replace(account, rooms=rooms),))


def assert_solved(seed: int, solver: str) -> str:
    made = instance(seed)

    split = solve_continuous(made, effort=EFFORTS[solver]())

    if split is None:
        return "refused"
    assert -1e-12 <= split.upper - split.lower <= split.gap_max <= 1.1 * GAP_MAX
    assert abs(float(np.sum(split.shares)) - 1.0) <= 1e-9
    assert np.all(split.shares <= np.array([c.cap for c in made.curves]) + 1e-9)
    return split.method


def test_no_solver_fails_at_any_magnitude():
    methods = [assert_solved(seed, "direct") for seed in range(200)]

    assert methods.count("joint") >= 50
    assert methods.count("separable") >= 50


def test_no_solver_fails_through_cvxpy():
    assert "joint" in {assert_solved(seed, "cvxpy") for seed in range(8)}


@pytest.mark.soak
@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("solver", EFFORTS)
def test_ten_thousand_instances(solver, part):
    for seed in range(part, ALL, SLICES):
        assert_solved(seed, solver)
