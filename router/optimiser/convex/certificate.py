"""A proof, from a handful of numbers, that no plan is much cheaper than ours.

For any price of each demand and any multipliers >= 0 of the rows, weak duality gives a bound that
no feasible plan can beat; see README.md. Nothing here trusts a solver: its duals are rounded to the
integers that will be stored, and the bound is computed from those. Refuses to know about gas and
lots, which only ever add cost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.certificate import Multiplier, PartBound
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.convex.rows import AccountRows, Floats
from router.optimiser.convex.scaled import ScaledCurve, ScaledProblem

GAP_MAX: Final = 1e-6  # 0.01 bp of the notional
ROOM_TOLERANCE: Final = 1e-9  # of the notional; whole atoms are checked again exactly
DEMAND: Final = "demand"
_FLOAT_SLACK: Final = 1e-13  # of the numbers added up: what the evaluation itself may be off
_KINKS: Final = 40.0  # what kinks left out beside the ends of a curve are off, in float slacks


@dataclass(frozen=True, slots=True)
class Prices:
    """Multipliers as they are stored: of every demand, and of the rows that are not zero."""

    demands: tuple[Pico, ...]
    rows: tuple[tuple[int, Pico], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A continuous plan and its proof.

    Attributes
    ----------
    shares : float64, shape (n_curves,)
        Those of each demand sum to its share.
    upper, lower : float
        Exact cost of the shares, and the least bound of all parts; both rates.
    parts : tuple of PartBound
        Every part of the plans that had to be bounded; that of the shares first.
    method : str
        How it was found.
    gap_max : float
        What is accepted: a hundredth of a basis point, and what the atoms kept free are worth.
    """

    shares: Floats
    upper: float
    lower: float
    parts: tuple[PartBound, ...]
    method: str
    gap_max: float = GAP_MAX

    @property
    def gap(self) -> float:
        """Return the upper minus the lower bound."""
        return self.upper - self.lower

    @property
    def multipliers(self) -> tuple[Multiplier, ...]:
        """Return those of the part the shares lie in."""
        return self.parts[0].multipliers


@dataclass(frozen=True, slots=True)
class Best:
    """Where a curve is best at given prices.

    Attributes
    ----------
    rate : float
        What one more unit there would have to cost, at these prices, to be worth it.
    """

    share: float
    value: float
    rate: float


@dataclass(frozen=True, slots=True)
class Bend:
    """A straight part of what prices charge a curve, from a share on.

    Attributes
    ----------
    slope : float
        Beside the slip.
    weight : float
        Of the slip.
    """

    start: float
    slope: float
    weight: float


def to_prices(demands: Iterable[float], rows: Iterable[tuple[int, float]]) -> Prices:
    """Round duals to what will be stored; a negative multiplier of a row becomes zero."""
    rounded = ((row, round(float(price) * PICO_PER_UNIT)) for row, price in rows)
    return Prices(
        tuple(Pico(round(float(d) * PICO_PER_UNIT)) for d in demands),
        tuple((i, Pico(r)) for i, r in rounded if r > 0),
    )


def lower_bound(scaled: ScaledProblem, prices: Prices) -> float:
    """Return a cost rate that no feasible plan of the scaled problem can beat."""
    return bound_of(scaled, prices, cheapest(scaled, prices))


def bound_of(scaled: ScaledProblem, prices: Prices, bests: Iterable[Best]) -> float:
    """Return the bound that follows from where every curve is best at the prices."""
    demands = [d / PICO_PER_UNIT for d in prices.demands]
    bound = sum(d * of.share for d, of in zip(demands, scaled.demands, strict=True))
    rooms = scaled.rooms()
    bound -= sum(p / PICO_PER_UNIT * float(rooms[row]) for row, p in prices.rows)
    bound += sum(best.value for best in bests)
    return bound - _FLOAT_SLACK * size_of(scaled, prices)


def size_of(scaled: ScaledProblem, prices: Prices) -> float:
    """Return the size of the numbers that a bound adds up, which its floats are as exact as."""
    size = 1.0 + sum(abs(price) for price in prices.demands) / PICO_PER_UNIT
    rooms = scaled.rooms()
    for row, price in prices.rows:
        held = 0.0
        if row >= len(scaled.cash):
            held = float(np.abs(scaled.accounts[scaled.account_of(row)[0]].position).sum())
        size += price / PICO_PER_UNIT * (_KINKS + abs(float(rooms[row])) + held)
    return size


def cheapest(scaled: ScaledProblem, prices: Prices) -> list[Best]:
    """Return for every curve where it is best at these prices.

    Minimises ``weight * slip(x) + bends(x) - demand * x`` over 0 <= x <= cap, where `bends` is what
    the rows with a multiplier charge beside the slip: straight between the kinks, its slope rising.
    The weight is more from the share on at which a fill loses, where initial margin is charged.
    The minimum is exact: in the first straight part whose end is not better than its inside.
    """
    rows = {row: price / PICO_PER_UNIT for row, price in prices.rows}
    cash = [(r, rows[i]) for i, r in enumerate(scaled.cash) if i in rows]
    accounts: list[tuple[AccountRows, list[tuple[int, float]]]] = [(a, []) for a in scaled.accounts]
    for place, price in rows.items():
        if place >= len(scaled.cash):
            account_place, own_row = scaled.account_of(place)
            accounts[account_place][1].append((own_row, price))
    found = []
    for c, curve in enumerate(scaled.curves):
        weight = 1.0
        linear = curve.adder - prices.demands[curve.demand] / PICO_PER_UNIT
        for row, price in cash:
            if c in row.members:
                weight += price if row.pays_quote else 0.0
                linear += price
        bends = [Bend(0.0, linear, weight)]
        for account, own in accounts:
            if own and c in account.members:
                bends = bends_of(
                    account, own, account.members.index(c), after=bends[0], cap=curve.cap
                )
        found.append(_least(curve, bends))
    return found


def is_feasible(scaled: ScaledProblem, shares: Floats, *, rooms: Floats | None = None) -> bool:
    """Tell whether the shares keep every row within its room, or within other rooms told."""
    within = scaled.rooms() if rooms is None else rooms
    return bool(np.all(scaled.uses(shares) <= within + ROOM_TOLERANCE))


def gap_allowed(scaled: ScaledProblem, prices: Prices) -> float:
    """Return the gap to accept: for a tiny order, rooms kept free for whole atoms are worth more.

    The bound is of the whole rooms, the plan stays a grain inside them.
    """
    grains = scaled.grains()
    return GAP_MAX + sum(p / PICO_PER_UNIT * float(grains[row]) for row, p in prices.rows)


def part_bound(scaled: ScaledProblem, prices: Prices, *, lower: float) -> PartBound:
    """Write a part's bound down with the names of its rows, rounded away from the plan."""
    demands = zip(scaled.demands, prices.demands, strict=True)
    named = [Multiplier(demand_name(d.name), price) for d, price in demands]
    named += [Multiplier(scaled.name(row), price) for row, price in prices.rows]
    return PartBound(
        assumptions=scaled.assumptions,
        multipliers=tuple(named),
        lower_bound=Pico(int(np.floor(lower * PICO_PER_UNIT))),
    )


def demand_name(order: str) -> str:
    """Return the name of an order's multiplier."""
    return f"{DEMAND}:{order}"


def bends_of(
    account: AccountRows,
    rows: Sequence[tuple[int, float]],
    member: int,
    *,
    after: Bend,
    cap: float,
) -> list[Bend]:
    """Return the straight parts of what rows charge a member, beside what `after` charges it.

    Parameters
    ----------
    rows : Sequence[tuple[int, float]]
        Rows of the account, and their multipliers.
    """
    kinks = sorted({k for row, _ in rows for k in account.kinks(row, member, cap=cap)})
    starts, ends = [0.0, *kinks], [*kinks, cap]
    bends = []
    for start, end in zip(starts, ends, strict=True):
        middle = 0.5 * (start + end)
        slope = sum(price * account.slope(row, member, middle) for row, price in rows)
        weight = sum(price for row, price in rows if account.bears(row, member, middle))
        bends.append(Bend(start, after.slope + slope, after.weight + weight))
    return bends


def _least(curve: ScaledCurve, bends: list[Bend]) -> Best:
    charged, share, rate, weight = 0.0, 0.0, 0.0, bends[0].weight
    for i, bend in enumerate(bends):
        end = bends[i + 1].start if i + 1 < len(bends) else curve.cap
        if bend.weight > weight:
            charged -= (bend.weight - weight) * curve.floor_slip(bend.start)
        weight = bend.weight
        rate = -bend.slope / weight
        share = min(max(curve.floor_share_at(rate), bend.start), end)
        charged += bend.slope * (share - bend.start)
        if share < end:
            break
    return Best(share, weight * curve.floor_slip(share) + charged, rate)
