"""How much of the orders the rows allow, and what is short: where a refusal comes from.

The same linear programme as the joint solve, with other prices: nothing costs but what is left
unfilled, or what goes beyond a room. Refuses to weigh costs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from router.optimiser.convex.certificate import ROOM_TOLERANCE, cheapest, to_prices
from router.optimiser.convex.chords import Answer, Chorder
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.jumps import charged
from router.optimiser.convex.parts import reduces_only
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledCurve, ScaledProblem
from router.optimiser.convex.split import normalised

_ROUNDS: Final = 12
_HALVINGS: Final = 60
_WIDTH: Final = 40e-4
_NARROWER: Final = 0.2
_DEAR: Final = 1e4  # against a price of one for what is minimised
_ACCOUNTS_MAX: Final = 3  # that are tried reducing only, together
_SCENARIOS_MAX: Final = 24


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A row, and how much more room the whole orders would need there, as a share of notional."""

    row: str
    missing: float


def most_filled(scaled: ScaledProblem) -> float:
    """Return about the largest fraction of all orders that the rows allow; 0 where none.

    Margin that jumps is charged at its dearest tier: what is told is allowed, but may be less than
    the most.
    """
    return max(_filled(_at_dearest_tiers(part)) for part in _with_reducing(scaled))


def shortfalls(scaled: ScaledProblem) -> tuple[Shortfall, ...]:
    """Return which rows stand against the whole orders, and by how much; the largest first."""
    asked, beyond = _least_beyond(scaled)
    found = [
        Shortfall(scaled.name(row), float(missing))
        for row, missing in zip(asked, beyond, strict=True)
        if missing > ROOM_TOLERANCE
    ]
    return tuple(sorted(found, key=lambda s: -s.missing))


def most_paid(scaled: ScaledProblem, place: int) -> float:
    """Return the largest share of a chain's curve that its cash pays alone."""
    curve = scaled.curves[place]
    row = next(r for r in scaled.cash if place in r.members)
    if not row.pays_quote:
        return min(max(row.room, 0.0), curve.cap)
    return _last_within(curve, row.room)


def _at_dearest_tiers(scaled: ScaledProblem) -> ScaledProblem:
    for jump in scaled.jumps:
        scaled = charged(scaled, jump, tier=len(jump.rates) - 1)
    return scaled


# The cost of a buy rises with its share.
def _last_within(curve: ScaledCurve, room: float) -> float:
    low, high = 0.0, curve.cap
    if curve.slip(high) + high <= room:
        return high
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if curve.slip(middle) + middle <= room else (low, middle)
    return low


def _with_reducing(scaled: ScaledProblem) -> Iterator[ScaledProblem]:
    able = [
        i
        for i, account in enumerate(scaled.accounts)
        if np.any(account.position < 0.0) or np.any(account.rooms < 0.0)
    ][:_ACCOUNTS_MAX]
    for count in range(len(able) + 1):
        for chosen in combinations(able, count):
            part = scaled
            for place in chosen:
                part = reduces_only(part, place)
            yield part


def _filled(scaled: ScaledProblem) -> float:
    inner, best = scaled.tightened(), 0.0
    rooms = inner.rooms()
    if np.any(rooms < -ROOM_TOLERANCE):
        # Trading nothing is no plan; what cures the breach may be.
        best = -1.0
    for shares, answer in _rounds(inner, unfilled_price=1.0, beyond_price=_DEAR):
        if np.all(inner.uses(shares) <= rooms + ROOM_TOLERANCE):
            filled = _fraction(scaled, shares)
            if filled <= best + 1e-9 and answer.unfilled < 1.0:
                return max(best, filled)
            best = max(best, filled)
    return max(best, 0.0)


def _least_beyond(scaled: ScaledProblem) -> tuple[tuple[int, ...], Floats]:
    answer: Answer | None = None
    rows: tuple[int, ...] = ()
    search = _Rows(scaled)
    for _, answered in _rounds(scaled, unfilled_price=_DEAR, beyond_price=1.0, search=search):
        rows, answer = search.programme_rows, answered
    return (rows, answer.beyond) if answer else ((), np.zeros(0))


# Which rows the programme was asked.
class _Rows:
    def __init__(self, scaled: ScaledProblem) -> None:
        self.asked = {*range(len(scaled.cash)), *scaled.first_rows}
        self.programme_rows: tuple[int, ...] = ()


def _rounds(
    scaled: ScaledProblem,
    *,
    unfilled_price: float,
    beyond_price: float,
    search: _Rows | None = None,
) -> Iterator[tuple[Floats, Answer]]:
    search = search or _Rows(scaled)
    rooms, chorder = scaled.rooms(), Chorder(scaled)
    shares = np.array([curve.cap for curve in scaled.curves])
    centre = np.array([curve.rate(curve.cap) if curve.cap else 0.0 for curve in scaled.curves])
    width, found = np.full(len(scaled.curves), _WIDTH), shares
    for _ in range(_ROUNDS):
        excess = scaled.uses(shares) - rooms
        worst = [int(r) for r in np.argsort(-excess, kind="stable")[:_SCENARIOS_MAX]]
        search.asked |= {r for r in worst if excess[r] > 0.0}
        asked = sorted(search.asked)
        points = chorder.points_around(
            shares, bests=found[:, None], centre=centre, width=width, asked=asked
        )
        programme = chorder.chords(points, asked=asked, rooms=rooms, penalty=beyond_price)
        programme = replace(
            programme, cost=np.zeros_like(programme.cost), unfilled_price=unfilled_price
        )
        search.programme_rows = programme.asked
        solved = next((a for s in Effort().solvers if (a := s(programme)) is not None), None)
        if solved is None:
            return
        shares = np.clip(solved.shares, 0.0, [curve.cap for curve in scaled.curves])
        if solved.unfilled <= 0.0:
            shares = normalised(shares, scaled)
        yield shares, solved
        duals = zip(programme.asked, solved.rows.tolist(), strict=True)
        # Prices so high that what a share costs by itself does not count.
        dear = [(row, _DEAR * _DEAR * dual) for row, dual in duals]
        prices = to_prices((_DEAR * _DEAR * solved.demands).tolist(), dear)
        bests = cheapest(scaled, prices)
        centre = np.array([best.rate for best in bests])
        found = np.array([best.share for best in bests])
        width = np.maximum(width * _NARROWER, 1e-9)


def _fraction(scaled: ScaledProblem, shares: Floats) -> float:
    totals = np.zeros(len(scaled.demands))
    np.add.at(totals, [c.demand for c in scaled.curves], shares)
    parts = [t / d.share for t, d in zip(totals.tolist(), scaled.demands, strict=True)]
    return min(1.0, *parts)
