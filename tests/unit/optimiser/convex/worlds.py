"""Small scaled problems, seeded: chains and books of either side, tiers, scenarios, little room.

`use` says in plain words what a row uses, share by share; nothing in it is vectorised.
"""

import itertools
import math
import random

import numpy as np

from router.domain.units import Side
from router.liquidity.curve import CostCurve, book_curve
from router.optimiser.convex.rows import AccountRows, Tiers
from router.optimiser.convex.scaled import CashRow, Demand, ScaledCurve, ScaledProblem

MID = 2_000.0


def random_scaled(
    seed: int,
    *,
    chains: int = 1,
    books: int = 2,
    accounts: int = 1,
    scenarios: int = 6,
    demands: int = 1,
    room: tuple[float, float] = (0.005, 0.05),
    held: float = 0.2,
) -> ScaledProblem:
    """Return a problem with `room` of every account's rows left before the order."""
    rng = random.Random(seed)
    sides = [rng.choice(tuple(Side)) for _ in range(demands)]
    quantity = math.exp(rng.uniform(math.log(20.0), math.log(2_000.0)))
    curves = []
    for d, side in enumerate(sides):
        curves += [
            scaled_curve(chain_curve(rng, side, quantity), f"chain:{i}", d, quantity, 1.0 / demands)
            for i in range(chains)
        ]
        curves += [
            scaled_curve(perp_curve(rng, side), f"perp-{d}-{i}", d, quantity, 1.0 / demands, rng)
            for i in range(books)
        ]
    held_by = [
        [c for c, curve in enumerate(curves) if curve.name.startswith("perp") and c % accounts == a]
        for a in range(accounts)
    ]
    cash = [
        CashRow(
            f"cash:{i}",
            (c,),
            pays_quote=sides[curve.demand] is Side.BUY,
            room=rng.uniform(0.5, 2.0) / demands,
            grain=3e-9,
        )
        for i, (c, curve) in enumerate((c, k) for c, k in enumerate(curves) if "chain" in k.name)
    ]
    return ScaledProblem(
        curves=tuple(curves),
        demands=tuple(Demand(f"order-{d}", 1.0 / demands) for d in range(demands)),
        cash=tuple(cash),
        accounts=tuple(
            account(rng, f"perp:{a}", members, scenarios=scenarios, room=room, held=held)
            for a, members in enumerate(held_by)
            if members
        ),
    )


def chain_curve(rng: random.Random, side: Side, quantity: float) -> CostCurve:
    """Return pools merged, within 15 % of the mid, that hold more than `quantity`."""
    buying = side is Side.BUY
    away = np.sort([rng.uniform(0.0, 0.5) for _ in range(rng.randint(2, 30))])
    prices = MID * (1.0 + away * 0.3) if buying else MID * (1.0 - away * 0.3)
    prices *= 1.0 + rng.uniform(-5e-4, 5e-4) + (5e-4 if buying else -5e-4)
    root = np.sqrt(prices)
    depth = np.array([math.exp(rng.gauss(0.0, 1.0)) for _ in root[:-1]])
    width = np.abs(1.0 / root[:-1] - 1.0 / root[1:])
    depth *= quantity * rng.uniform(1.2, 8.0) / float(depth @ width)
    return CostCurve(side, root[:-1], root[1:], depth=depth, quantity=depth * width)


def perp_curve(rng: random.Random, side: Side) -> CostCurve:
    """Return one side of a book, 40 levels deep."""
    sign = 1 if side is Side.BUY else -1
    ticks, levels = round(MID * 10 * (1.0 + rng.uniform(-3e-4, 3e-4))), []
    for _ in range(40):
        ticks += sign * rng.randint(1, 6)
        levels.append((ticks, rng.randint(1_000, 300_000)))
    return book_curve(levels, side, tick_size=0.1, lot_size=1e-4, fee_rate=4.5e-4)


def scaled_curve(
    curve: CostCurve,
    name: str,
    demand: int,
    quantity: float,
    share: float,
    rng: random.Random | None = None,
) -> ScaledCurve:
    """Return a curve of an order for `share` of `quantity`."""
    return ScaledCurve(
        name=name,
        curve=curve,
        floor=curve,
        demand=demand,
        quantity=quantity,
        mid=MID,
        cap=min(curve.capacity / quantity, share),
        adder=rng.uniform(-2e-4, 2e-4) if rng else 0.0,
    )


def account(
    rng: random.Random,
    name: str,
    members: list[int],
    *,
    scenarios: int,
    room: tuple[float, float],
    held: float,
) -> AccountRows:
    """Return rows of three tiers and so many scenarios."""
    n = len(members)
    gaps = np.array([rng.uniform(-0.3, 0.3) for _ in range(scenarios)])
    noise = np.array([[rng.gauss(0.0, 0.02) for _ in members] for _ in gaps]).reshape(-1, n)
    funding = np.array([[rng.uniform(-0.02, 0.02) for _ in members] for _ in gaps]).reshape(-1, n)
    shocks = gaps[:, None] + noise
    signs = np.array([rng.choice((-1.0, 1.0)) for _ in members])
    rooms = [rng.uniform(*room) for _ in range(scenarios + 1)]
    return AccountRows(
        account=name,
        names=(f"margin:{name}", *(f"stress:{name}:gap-{s}" for s in range(scenarios))),
        members=tuple(members),
        position=np.array([rng.choice((0.0, rng.uniform(-held, held))) for _ in members]),
        against_mark=np.array([rng.uniform(-3e-4, 3e-4) for _ in members]),
        weight=np.vstack([np.ones(n), 1.0 + shocks]),
        gain=np.vstack([np.zeros(n), signs * (shocks - funding)]),
        initial=tiers([(0.0, 0.04), (rng.uniform(0.05, 0.2), 0.1), (0.5, 0.2)], n),
        maintenance=tiers([(0.0, 0.02), (rng.uniform(0.05, 0.2), 0.05)], n),
        rooms=np.array(rooms),
        grain=3e-9,
    )


def tiers(rates: list[tuple[float, float]], members: int) -> Tiers:
    """Return the same marginal tiers for all members: above which notional, at what rate."""
    deduction, lines = 0.0, [(rates[0][1], 0.0)]
    for (_, before), (above, rate) in itertools.pairwise(rates):
        deduction += above * (rate - before)
        lines.append((rate, deduction))
    table = np.array([lines] * members)
    return Tiers(rate=table[:, :, 0], deduction=table[:, :, 1])


def use(scaled: ScaledProblem, row: int, shares: list[float]) -> float:
    """Return what the shares use of one row."""
    if row < len(scaled.cash):
        own = scaled.cash[row]
        return sum(
            shares[c] + (slip(scaled, c, shares[c]) if own.pays_quote else 0.0) for c in own.members
        )
    place, own_row = scaled.account_of(row)
    rows = scaled.accounts[place]
    table = rows.maintenance if own_row else rows.initial
    used = 0.0
    for m, c in enumerate(rows.members):
        x, before, weight = shares[c], float(rows.position[m]), float(rows.weight[own_row, m])

        def margin(position: float, m: int = m, weight: float = weight) -> float:
            notional = weight * abs(position)
            lines = zip(table.rate[m].tolist(), table.deduction[m].tolist(), strict=True)
            return max(rate * notional - deduction for rate, deduction in lines)

        used += slip(scaled, c, x) + float(rows.against_mark[m]) * x
        used += margin(before + x) - margin(before) - float(rows.gain[own_row, m]) * x
    return used


def slip(scaled: ScaledProblem, c: int, share: float) -> float:
    """Return what a share costs beyond the mid, by the curve's own array mathematics."""
    curve = scaled.curves[c]
    base = min(share * curve.quantity, curve.curve.capacity)
    return float(curve.curve.cost(base)) / (curve.quantity * curve.mid) - curve.curve.sign * share


def cost(scaled: ScaledProblem, shares: list[float]) -> float:
    """Return what shares cost, funding and basis included."""
    return sum(slip(scaled, c, x) + scaled.curves[c].adder * x for c, x in enumerate(shares))


def is_allowed(scaled: ScaledProblem, shares: list[float], *, slack: float = 0.0) -> bool:
    """Tell whether shares keep every row within its room."""
    rooms = scaled.rooms().tolist()
    return all(use(scaled, row, shares) <= room + slack for row, room in enumerate(rooms))


def random_plan(scaled: ScaledProblem, rng: random.Random) -> list[float] | None:
    """Return shares that meet every demand and every row, or None where none was hit upon."""
    shares = [0.0] * len(scaled.curves)
    for d, demand in enumerate(scaled.demands):
        own = [c for c, curve in enumerate(scaled.curves) if curve.demand == d]
        weights = [rng.expovariate(1.0) ** 3 for _ in own]
        for c, weight in zip(own, weights, strict=True):
            shares[c] = demand.share * weight / sum(weights)
        if any(shares[c] > scaled.curves[c].cap for c in own):
            return None
    return shares if is_allowed(scaled, shares) else None
