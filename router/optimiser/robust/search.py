"""The robust plan of one convex part: a linear programme refined until its bound is near enough.

Chords of every curve at every depth make a linear programme of Rockafellar and Uryasev's form,

    minimise  sum_k p_k cost_k(z) + a (t + sum_k p_k / tail * excess_k),  excess_k >= cost_k(z) - t

with the rows of the nominal one. It is written in the form of `convex.chords`, so the same solvers
take it: `t` is a curve of one piece, and every scenario a row that may be exceeded at a price of
one. The duals of the scenarios' rows are the weights of the tail that the bound rests on. The rows
are those of the state as it was seen, so what is feasible does not depend on the scenarios, and
the nominal plan, proved first, is where the search begins. Refuses to tell parts apart.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.certificate import Multiplier
from router.domain.error import SolverError
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.convex.certificate import (
    GAP_MAX,
    ROOM_TOLERANCE,
    Prices,
    gap_allowed,
    to_prices,
)
from router.optimiser.convex.chords import PIECES, Answer, Chorder, Chords
from router.optimiser.convex.joint import FILL_TOLERANCE, Effort, Proof
from router.optimiser.convex.programme import SCENARIO_SLOTS
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import normalised
from router.optimiser.robust.bound import robust_bound
from router.optimiser.robust.depth import DepthCurve, outcomes
from router.optimiser.robust.outlook import Outlook, to_tail

INCLUSION: Final = "inclusion"
_ROUNDS_MAX: Final = 40
_LADDER: Final = np.array([0.0, 0.02, 0.08, 0.25, 0.55, 1.0])  # of the width, on either side
_INSIDE: Final = PIECES + 1 - 3 - 2 * _LADDER.size  # points left for between answer and bound
_NARROWER: Final = 0.2
_WIDTH_MIN: Final = 1e-9
_PENALTY: Final = 10.0
_DEARER: Final = 100.0
_PENALTY_MAX: Final = 1e6


def named_tail(outlook: Outlook, tail: Sequence[Pico]) -> tuple[Multiplier, ...]:
    """Write the weights of a tail down as multipliers of their scenarios."""
    named = zip(outlook.names, tail, strict=True)
    return tuple(Multiplier(f"{INCLUSION}:{name}", weight) for name, weight in named if weight > 0)


def read_tail(outlook: Outlook, multipliers: Iterable[Multiplier]) -> tuple[Pico, ...]:
    """Read the weights of a tail among the multipliers of a stored bound."""
    told = {m.row: m.value for m in multipliers}
    return tuple(told.get(f"{INCLUSION}:{name}", Pico(0)) for name in outlook.names)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best plan and bound so far; the bound rests on the prices and the tail."""

    shares: Floats
    upper: float
    lower: float
    prices: Prices
    tail: tuple[Pico, ...]
    gap_max: float

    def proof(self, outlook: Outlook) -> Proof:
        """Return it as the proof of a part."""
        return Proof(
            shares=self.shares,
            upper=self.upper,
            lower=self.lower,
            prices=self.prices,
            gap_max=self.gap_max,
            extra=named_tail(outlook, self.tail),
        )


def improve(
    part: ScaledProblem,
    depths: Sequence[DepthCurve],
    outlook: Outlook,
    *,
    nominal: Proof,
    effort: Effort,
) -> Proof:
    """Return the certified robust plan of a part that has the given nominal one.

    Raises
    ------
    SolverError
        If no certificate within 0.01 bp is found in the rounds allowed.
    """
    search = _Search(part, depths, outlook, nominal=nominal)
    for _ in range(_ROUNDS_MAX):
        if search.best.upper - search.best.lower <= search.best.gap_max or effort.is_late():
            return search.best.proof(outlook)
        programme = search.programme()
        answer = next((a for s in effort.solvers if (a := s(programme)) is not None), None)
        if answer is None:
            break
        search.learn(answer)
    gap = (search.best.upper - search.best.lower) * 1e4
    raise SolverError(f"robust gap is {gap:.4f} bps, above {GAP_MAX * 1e4:.4f}, and no round left")


# What one search knows from round to round.
class _Search:
    def __init__(
        self,
        part: ScaledProblem,
        depths: Sequence[DepthCurve],
        outlook: Outlook,
        *,
        nominal: Proof,
    ) -> None:
        self._part, self._depths, self._outlook = part, depths, outlook
        self._rooms = part.tightened().rooms()
        self._chorder = Chorder(part)
        self._caps = np.array([c.cap for c in part.curves])
        self._shares = nominal.shares
        self._width = self._caps.copy()
        self._penalty = _PENALTY
        self._always = {*range(len(part.cash)), *part.first_rows}
        self._asked = self._always | {row for row, _ in nominal.prices.rows}
        mass = 1.0 + outlook.aversion
        prices = to_prices(
            [mass * d / PICO_PER_UNIT for d in nominal.prices.demands],
            [(row, mass * p / PICO_PER_UNIT) for row, p in nominal.prices.rows],
        )
        costs = outcomes(part.curves, depths, nominal.shares, outlook=outlook)
        tail = to_tail(outlook, outlook.tail_weights(costs).tolist())
        bound = robust_bound(part, depths, outlook, prices=prices, tail=tail)
        self._best_shares = np.array(bound.shares)
        self.best = Found(
            shares=nominal.shares,
            upper=outlook.worth(costs),
            lower=bound.value,
            prices=prices,
            tail=tail,
            gap_max=gap_allowed(part, prices),
        )

    def programme(self) -> Chords:
        points = _points(self._shares, self._best_shares, width=self._width, caps=self._caps)
        nominal = self._chorder.chords(
            points, asked=sorted(self._asked), rooms=self._rooms, penalty=self._penalty
        )
        self._rows = nominal.asked
        return _robust(nominal, points, self._depths, outlook=self._outlook, part=self._part)

    def learn(self, answer: Answer) -> None:
        n_rows, outlook = len(self._rows), self._outlook
        duals = zip(self._rows, (self._penalty * answer.rows[:n_rows]).tolist(), strict=True)
        prices = to_prices(answer.demands[: len(self._part.demands)].tolist(), duals)
        self._judge(answer)
        tail = to_tail(outlook, outlook.tail_weights(self._costs).tolist())
        if outlook.aversion > 0.0:
            weights = answer.rows[n_rows:] * outlook.weights / outlook.tail
            tail = to_tail(outlook, weights.tolist())
        bound = robust_bound(self._part, self._depths, outlook, prices=prices, tail=tail)
        if bound.value > self.best.lower:
            self.best = replace(
                self.best,
                lower=bound.value,
                prices=prices,
                tail=tail,
                gap_max=gap_allowed(self._part, prices),
            )
        self._best_shares = np.array(bound.shares)

    # Takes the answer's plan if it is feasible and better, and asks for the rows it breaks.
    def _judge(self, answer: Answer) -> None:
        part = self._part
        before, self._shares = self._shares, normalised(answer.shares[: len(part.curves)], part)
        self._costs = outcomes(part.curves, self._depths, self._shares, outlook=self._outlook)
        excess = part.uses(self._shares) - self._rooms
        worst = [int(r) for r in np.argsort(-excess, kind="stable")[:SCENARIO_SLOTS]]
        broken = {r for r in worst if excess[r] > ROOM_TOLERANCE}
        met = answer.unfilled <= FILL_TOLERANCE
        if met and not broken:
            upper = self._outlook.worth(self._costs)
            if upper < self.best.upper:
                self.best = replace(self.best, shares=self._shares, upper=upper)
        elif broken <= self._asked and self._penalty < _PENALTY_MAX:
            self._penalty *= _DEARER
        self._asked |= broken
        moved = np.abs(self._shares - before)
        narrower = np.maximum(self._width * _NARROWER, _WIDTH_MIN)
        self._width = np.minimum(np.maximum(narrower, 2.0 * moved), self._caps)


# Dense around the last answer and where the last bound was best, and some between them;
# shape (n_curves, PIECES + 1).
def _points(shares: Floats, bests: Floats, *, width: Floats, caps: Floats) -> Floats:
    low, high = np.minimum(shares, bests), np.maximum(shares, bests)
    steps = width[:, None] * _LADDER
    inside = np.linspace(0.0, 1.0, _INSIDE + 2)[1:-1]
    found = (
        np.zeros((caps.size, 1)),
        caps[:, None],
        shares[:, None],
        low[:, None] + (high - low)[:, None] * inside,
        low[:, None] - steps,
        high[:, None] + steps,
    )
    return np.sort(np.clip(np.concatenate(found, axis=1), 0.0, caps[:, None]), axis=1)


# The nominal programme with expected costs, and the scenarios as rows; see the module's text.
def _robust(
    nominal: Chords,
    points: Floats,
    depths: Sequence[DepthCurve],
    *,
    outlook: Outlook,
    part: ScaledProblem,
) -> Chords:
    slopes = _slopes(nominal, points, depths, part=part)
    expected = np.einsum("k,kcp->cp", outlook.weights, slopes)
    rows = replace(
        nominal,
        cost=expected,
        uses=nominal.uses * nominal.beyond_price,
        rooms=nominal.rooms * nominal.beyond_price,
        beyond_price=1.0,
    )
    if outlook.aversion <= 0.0:
        return rows
    return _with_tail(rows, slopes, outlook, span=span(part, depths, outlook))


# What a piece costs a share in every scenario, shape (n_scenarios, n_curves, PIECES).
def _slopes(
    nominal: Chords, points: Floats, depths: Sequence[DepthCurve], *, part: ScaledProblem
) -> Floats:
    found = []
    for c, (curve, depth) in enumerate(zip(part.curves, depths, strict=True)):
        width = nominal.width[c]
        rises = np.diff(depth.slips(points[c]), axis=1)
        per_share = np.divide(rises, width, out=np.zeros_like(rises), where=width > 0.0)
        found.append(per_share[depth.place] + curve.adder)
    return np.stack(found, axis=1)


def span(
    part: ScaledProblem, depths: Sequence[DepthCurve], outlook: Outlook
) -> tuple[float, float]:
    """Return between which costs every outcome of every plan lies."""
    low, high = [math.inf] * len(part.demands), [-math.inf] * len(part.demands)
    for curve, depth in zip(part.curves, depths, strict=True):
        d, first = curve.demand, curve.rate(0.0) if depth.end > 0.0 else depth.limit_rate
        low[d] = min(low[d], first + curve.adder)
        high[d] = max(high[d], depth.limit_rate + curve.adder)
    shares = [demand.share for demand in part.demands]
    least = sum(rate * share for rate, share in zip(low, shares, strict=True))
    most = sum(rate * share for rate, share in zip(high, shares, strict=True))
    return least + float(outlook.moves.min()), most + float(outlook.moves.max())


# Two more curves, that meet a demand of their own: `t`, and what is left of its span.
def _with_tail(
    rows: Chords, slopes: Floats, outlook: Outlook, *, span: tuple[float, float]
) -> Chords:
    n_curves, n_rows, n_scenarios = rows.cost.shape[0], len(rows.asked), outlook.weights.size
    cost, width = np.zeros((2, n_curves + 2, PIECES))
    cost[:n_curves], width[:n_curves] = rows.cost, rows.width
    cost[n_curves, 0], width[n_curves:, 0] = outlook.aversion, span[1] - span[0]
    uses = np.zeros((n_rows + n_scenarios, n_curves + 2, PIECES))
    uses[:n_rows, :n_curves] = rows.uses
    # An excess costs its scenario's price; the row in units of that price, its excess costs one.
    price = outlook.aversion * outlook.weights / outlook.tail
    uses[n_rows:, :n_curves] = price[:, None, None] * slopes
    uses[n_rows:, n_curves, 0] = -price
    serves = np.concatenate((rows.serves, np.full(2, rows.shares.size)))
    return replace(
        rows,
        cost=cost,
        width=width,
        serves=serves,
        shares=np.append(rows.shares, span[1] - span[0]),
        uses=uses,
        rooms=np.concatenate((rows.rooms, price * (span[0] - outlook.moves))),
        asked=(*rows.asked, *(-1 - k for k in range(n_scenarios))),
    )
