"""A proof, from a handful of numbers, that no plan is much cheaper than ours.

For any price alpha of the demand and any multipliers beta >= 0 of the account rows, weak duality
gives a bound no feasible plan can beat; see README.md. Nothing here trusts a solver: its duals are
rounded to the integers that will be stored, and the bound is computed from those. Refuses to know
about gas and lots, which only ever add cost.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.certificate import Certificate, Multiplier
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.convex.scaled import Floats, Row, ScaledCurve, ScaledProblem

GAP_MAX: Final = 1e-6  # 0.01 bp of the order's notional
ROOM_TOLERANCE: Final = 1e-9  # of the order's notional; whole atoms are checked again exactly
DEMAND: Final = "demand"
REDUCES: Final = "reduce "  # and the row of an account whose orders only reduce positions
_FLOAT_SLACK: Final = 1e-13  # what the evaluation itself may be off, for costs below the notional
_BPS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Multipliers as they are stored: of the demand, and of each account row."""

    demand: Pico
    rows: tuple[Pico, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A continuous plan and its proof.

    Attributes
    ----------
    shares : float64, shape (n_curves,)
        They sum to 1.
    upper, lower : float
        Exact cost of the shares, and the bound from the multipliers; both rates.
    multipliers : tuple of Multiplier
        Of every branch that had to be bounded.
    method : str
        How it was found; after a comma the accounts that only reduce positions, if any.
    gap_max : float
        What is accepted: a hundredth of a basis point, and what the atoms kept free are worth.
    """

    shares: Floats
    upper: float
    lower: float
    multipliers: tuple[Multiplier, ...]
    method: str
    gap_max: float = GAP_MAX

    @property
    def gap(self) -> float:
        """Return the upper minus the lower bound."""
        return self.upper - self.lower


def to_prices(demand: float, rows: Iterable[float]) -> Prices:
    """Round duals to what will be stored; a negative row multiplier becomes zero."""
    rounded = tuple(Pico(max(round(float(r) * PICO_PER_UNIT), 0)) for r in rows)
    return Prices(Pico(round(demand * PICO_PER_UNIT)), rounded)


def lower_bound(scaled: ScaledProblem, prices: Prices) -> float:
    """Return a cost rate that no feasible plan of the scaled problem can beat."""
    demand = prices.demand / PICO_PER_UNIT
    rows = [r / PICO_PER_UNIT for r in prices.rows]
    bound = demand - sum(rows[i] * scaled.rows[i].room for i in _asked(scaled))
    for curve in scaled.curves:
        _, value = cheapest(curve, demand=demand, row=rows[curve.row] if curve.row >= 0 else 0.0)
        bound += value
    return bound - _FLOAT_SLACK


def gap_allowed(scaled: ScaledProblem, prices: Prices) -> float:
    """Return the gap to accept: for a tiny order, rooms kept free for whole atoms are worth more.

    The bound is of the whole rooms, the plan stays a grain inside them.
    """
    grains = sum(prices.rows[i] / PICO_PER_UNIT * scaled.rows[i].grain for i in _asked(scaled))
    return GAP_MAX + grains


def cheapest(curve: ScaledCurve, *, demand: float, row: float) -> tuple[float, float]:
    """Return the share of a curve that is best at these prices, and its value there.

    Minimises ``(1 + row * row_cost) * slip(x) + linear * x + row * row_position * |position + x|``
    exactly: the function is convex, smooth but for the kink where the position is closed, so the
    minimum lies where a side's marginal rate is met, cut to that side.
    """
    weight = 1.0 + row * curve.row_cost
    linear = curve.adder + row * curve.row_linear - demand
    margin = row * curve.row_position
    kink = min(max(-curve.position, 0.0), curve.cap)
    reducing, adding = (margin - linear) / weight, (-margin - linear) / weight
    reduced, added = curve.share_at([reducing, adding]).tolist()
    # A tie at a level of a book needs no second look: its units are worth nothing either way.
    candidates = np.array([min(reduced, kink), kink, min(max(added, kink), curve.cap)])
    values = (
        weight * curve.slip(candidates)
        + linear * candidates
        + margin * np.abs(curve.position + candidates)
    )
    best = int(np.argmin(values))
    return float(candidates[best]), float(values[best])


def is_feasible(scaled: ScaledProblem, shares: Floats) -> bool:
    """Tell whether the shares keep every account that is asked within its room."""
    used = scaled.use(shares)
    return all(used[i] <= scaled.rows[i].room + ROOM_TOLERANCE for i in _asked(scaled))


def multipliers(rows: Sequence[Row], prices: Prices, *, branch: str = "") -> tuple[Multiplier, ...]:
    """Name the stored multipliers; those of a losing branch carry its name."""
    prefix = f"{branch}/" if branch else ""
    named = zip(rows, prices.rows, strict=True)
    own = tuple(Multiplier(f"{prefix}{row.name}", value) for row, value in named)
    return (Multiplier(f"{prefix}{DEMAND}", prices.demand), *own)


def certify(split: Split, *, rounded_cost: Pico) -> Certificate:
    """Write the proof down, each bound rounded away from the other."""
    return Certificate(
        upper_bound=Pico(math.ceil(split.upper * PICO_PER_UNIT)),
        lower_bound=Pico(math.floor(split.lower * PICO_PER_UNIT)),
        rounded_cost=rounded_cost,
        multipliers=split.multipliers,
        method=split.method,
    )


def sentences(certificate: Certificate) -> tuple[str, ...]:
    """Say in words how good the plan is, what binds, and what more of it would save."""
    gap = certificate.gap / PICO_PER_UNIT * _BPS
    lower = certificate.lower_bound / PICO_PER_UNIT * _BPS
    sent = certificate.rounded_cost / PICO_PER_UNIT * _BPS
    bound = f"no plan costs less than {lower:.4f} bps before gas"
    found = f"the split found is within {gap:.4f} bps of that before gas and lots"
    said = [f"{bound}; {found}, and as sent costs {sent:.4f} bps"]
    for multiplier in certificate.multipliers:
        kind, _, account = multiplier.row.partition(":")
        if multiplier.value <= 0 or kind not in _RESOURCES:
            continue
        saved = multiplier.value / PICO_PER_UNIT * _BPS
        said.append(
            f"{_RESOURCES[kind]} of {account} binds: one more unit of it would save "
            f"{saved:.4f} bps of that unit"
        )
    _, _, branch = certificate.method.partition(", ")
    for part in branch.split("+") if branch else ():
        _, _, account = part.partition(":")
        said.append(f"{account} is short of collateral: the plan only reduces positions there")
    if len(said) == 1:
        said.append("neither cash nor margin binds: more of them would save nothing")
    return tuple(said)


_RESOURCES: Final = {"cash": "cash", "margin": "collateral"}


def without_rows(scaled: ScaledProblem, dropped: frozenset[int]) -> ScaledProblem:
    """Return the branch where the accounts of these rows only reduce positions.

    A venue lets reducing orders pass whatever the margin, so the row falls away and every curve of
    it is capped at closing the position.
    """
    curves = tuple(
        replace(c, row=-1, cap=min(c.cap, max(-c.position, 0.0))) if c.row in dropped else c
        for c in scaled.curves
    )
    return replace(scaled, curves=curves)


# Rows that some curve draws on; a branch may have dropped others.
def _asked(scaled: ScaledProblem) -> set[int]:
    return {curve.row for curve in scaled.curves if curve.row >= 0}
