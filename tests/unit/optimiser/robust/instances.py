"""Small scaled problems and uncertainties to plan for, seeded; nothing of the product solves them.

Every curve is a table of price levels or of stretches of constant liquidity, of one order.
"""

import random

import numpy as np

from router.domain.plan import InclusionScenario, Uncertainty
from router.domain.units import PICO_PER_UNIT, Pico, Pips, Side
from router.liquidity.curve import CostCurve
from router.optimiser.convex.rows import AccountRows, Tiers
from router.optimiser.convex.scaled import CashRow, Demand, ScaledCurve, ScaledProblem
from router.optimiser.robust.depth import View

MID = 2_000.0
LIMIT = 0.08


def scenario(name, *, weight, move=0, pool=1_000_000, book=1_000_000):
    """Return a scenario; the weight is a fraction, the others are pips."""
    return InclusionScenario(
        name, Pico(round(weight * PICO_PER_UNIT)), Pips(move), Pips(pool), Pips(book)
    )


def uncertainty(*scenarios, tail=0.2, aversion=1.0):
    """Return an uncertainty; tail and aversion are fractions."""
    return Uncertainty(scenarios, Pips(round(tail * 1e6)), Pips(round(aversion * 1e6)))


AS_SEEN = uncertainty(scenario("as seen", weight=1.0), aversion=0.0)


def random_uncertainty(seed, *, aversion=1.0, tail=0.2):
    """Return three to eight scenarios of moves either way and depth leaving."""
    rng = random.Random(seed)
    raw = [rng.random() for _ in range(rng.randint(3, 8))]
    weights = [int(w / sum(raw) * PICO_PER_UNIT) for w in raw]
    weights[0] += PICO_PER_UNIT - sum(weights)
    found = (
        InclusionScenario(
            f"s{k}",
            Pico(weight),
            Pips(rng.randint(-500, 3_000)),
            Pips(rng.randint(150_000, 1_000_000)),
            Pips(rng.randint(100_000, 1_000_000)),
        )
        for k, weight in enumerate(weights)
    )
    return uncertainty(*found, tail=tail, aversion=aversion)


def levels(rates, sizes, *, side=Side.BUY):
    """Return a book: rates against the mid, ascending, and how much of the order each holds."""
    sign = 1.0 if side is Side.BUY else -1.0
    root = np.sqrt(MID * (1.0 + sign * np.array(rates)))
    return CostCurve(side, root, root, depth=np.full(root.size, np.inf), quantity=np.array(sizes))


def stretches(rates, depth, *, side=Side.BUY):
    """Return a pool: between the ascending rates lies `depth` times a stretch's width in price.

    Depths are in orders for a price that moves by the whole mid.
    """
    sign = 1.0 if side is Side.BUY else -1.0
    root = np.sqrt(MID * (1.0 + sign * np.array(rates)))
    liquidity = 2.0 * np.array(depth) * np.sqrt(MID)
    quantity = liquidity * np.abs(1.0 / root[:-1] - 1.0 / root[1:])
    return CostCurve(side, root[:-1], root[1:], depth=liquidity, quantity=quantity)


def random_curves(seed, side):
    """Return two pools and two books, each too thin for the whole order in bad scenarios."""
    rng = random.Random(seed)
    curves = []
    for _ in range(2):
        first = rng.uniform(1e-4, 2e-3)
        rates = np.append(first, first + np.cumsum([rng.uniform(5e-3, 2e-2) for _ in range(4)]))
        depth = [rng.uniform(5.0, 40.0) for _ in range(4)]
        rates = rates[rates < LIMIT]
        curves.append((stretches(rates, depth[: rates.size - 1], side=side), False))
    for _ in range(2):
        rates = np.cumsum([rng.uniform(2e-4, 3e-3) for _ in range(12)])
        sizes = [rng.uniform(0.01, 0.12) for _ in range(12)]
        curves.append((levels(rates, sizes, side=side), True))
    return curves


def problem(curves, *, rows=True, cash=None, equity=None, adders=None, position=0.0):
    """Return the scaled problem of one order of a share of one, and the views of its curves.

    The books share an account with 10 % initial margin and one scenario of a 20 % gap against it;
    `cash` is what the pools may use, `equity` what the books may; None: as much as they like.
    """
    scaled = tuple(
        ScaledCurve(
            name=f"curve-{i}",
            curve=curve,
            floor=curve,
            demand=0,
            quantity=1.0,
            mid=MID,
            cap=min(curve.capacity, 1.0),
            adder=0.0 if adders is None else adders[i],
        )
        for i, (curve, _) in enumerate(curves)
    )
    pools = tuple(i for i, (_, is_book) in enumerate(curves) if not is_book)
    books = tuple(i for i, (_, is_book) in enumerate(curves) if is_book)
    buying = curves[0][0].side is Side.BUY
    made = ScaledProblem(
        curves=scaled,
        demands=(Demand("p-1", 1.0),),
        cash=(CashRow("cash:chain", pools, buying, 10.0 if cash is None else cash, 0.0),)
        if rows and pools
        else (),
        accounts=(_account(books, equity, position, buying=buying),) if rows and books else (),
    )
    views = tuple(View(c, c, is_book=is_book, limit_rate=LIMIT) for c, is_book in curves)
    return made, views


def _account(books, equity, position, *, buying):
    n = len(books)
    rate = np.full((n, 1), 0.1)
    return AccountRows(
        account="perp",
        names=("margin:perp", "stress:perp:gap"),
        members=books,
        position=np.full(n, position),
        against_mark=np.zeros(n),
        weight=np.vstack((np.ones(n), np.full(n, 0.8 if buying else 1.2))),
        gain=np.vstack((np.zeros(n), np.full(n, -0.2))),
        initial=Tiers(rate, np.zeros((n, 1))),
        maintenance=Tiers(0.5 * rate, np.zeros((n, 1))),
        rooms=np.full(2, 10.0 if equity is None else equity),
        grain=0.0,
    )
