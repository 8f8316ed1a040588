"""One convex part: the programme's chords are refined where the answer lies, until it is proved.

Every round solves a linear programme, checks all rows of the answer exactly, bounds from below with
its duals on the exact curves, and lays the next chords around what the duals say. Scenarios come
into the programme when an answer breaks them. Refuses what is not convex; `parts` takes it apart.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from router.domain.certificate import Multiplier
from router.domain.error import SolverError
from router.optimiser.convex import direct, programme
from router.optimiser.convex.certificate import (
    GAP_MAX,
    ROOM_TOLERANCE,
    Best,
    Prices,
    bound_of,
    cheapest,
    gap_allowed,
    to_prices,
)
from router.optimiser.convex.chords import BESTS_MANY, Answer, Chorder, Chords
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import normalised

Solver: TypeAlias = Callable[[Chords], Answer | None]
IsLate: TypeAlias = Callable[[], bool]
FILL_TOLERANCE: Final = 1e-12  # of the order; atoms are made whole by `rounding`

_ROUNDS_MAX: Final = 24
_ROUNDS_SIMPLE: Final = 2  # then prices may be going in circles
_WIDTH_START: Final = 40e-4  # how far around the expected rate the first chords are dense
_WIDTH_MIN: Final = 1e-9
_NARROWER: Final = 0.15
_PENALTY: Final = 10.0  # for a share unfilled or a room exceeded: a thousand times the notional
_DEARER: Final = 100.0
_PENALTY_MAX: Final = 1e6


@dataclass(frozen=True, slots=True)
class Effort:
    """How to solve: by which solvers, one after the other, and until when.

    Attributes
    ----------
    is_late : Callable
        Asked between rounds; once it is true the best plan so far is taken.
    """

    solvers: tuple[Solver, ...] = (direct.solve, programme.solve)
    is_late: IsLate = lambda: False


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """The best shares found in a part, and the best bound.

    Attributes
    ----------
    upper : float
        Infinite where there is no plan; then `lower` is above what the dearest plan would cost.
    extra : tuple of Multiplier
        What the bound rests on beside the prices.
    """

    shares: Floats
    upper: float
    lower: float
    prices: Prices
    gap_max: float
    extra: tuple[Multiplier, ...] = ()

    @property
    def is_proved(self) -> bool:
        """Whether the bounds are as near as is asked."""
        return self.upper - self.lower <= self.gap_max


def prove(scaled: ScaledProblem, shares: Floats, demands: Floats, *, effort: Effort) -> Proof:
    """Return a certified plan of a part, or the proof that there is none.

    Parameters
    ----------
    shares, demands : float64
        Where to begin: an answer without rows, and its prices.

    Raises
    ------
    SolverError
        If neither a plan is proved in the rounds allowed, nor that there is none.
    """
    search = _Search(scaled, shares, demands)
    dearest = dearest_plan(scaled)
    for _ in range(_ROUNDS_MAX):
        answer = search.ask(effort.solvers)
        if answer is None:
            break
        search.learn(answer)
        if search.best.is_proved:
            return search.best
        if search.best.lower > dearest:
            return replace(search.best, upper=math.inf)
        if effort.is_late():
            break
    if math.isfinite(search.best.upper) and effort.is_late():
        return search.best
    gap = (search.best.upper - search.best.lower) * 1e4
    raise SolverError(f"gap is {gap:.4f} bps, above {GAP_MAX * 1e4:.4f}, and no round left")


def dearest_plan(scaled: ScaledProblem) -> float:
    """Return more than any plan costs: a bound above it proves that there is none."""
    dearest = [0.0] * len(scaled.demands)
    for curve in scaled.curves:
        if curve.cap > 0.0:
            rate = curve.rate(curve.cap) + max(curve.adder, 0.0)
            dearest[curve.demand] = max(dearest[curve.demand], rate)
    pairs = zip(dearest, scaled.demands, strict=True)
    return sum(rate * demand.share for rate, demand in pairs) + GAP_MAX


# What one search knows from round to round.
class _Search:
    def __init__(self, scaled: ScaledProblem, shares: Floats, demands: Floats) -> None:
        self._scaled = scaled
        self._rooms = scaled.kept_rooms()
        self._chorder = Chorder(scaled)
        self._always = frozenset((*range(len(scaled.cash)), *scaled.first_rows))
        self._scenarios = [
            (first + 1, account)
            for first, account in zip(scaled.first_rows, scaled.accounts, strict=True)
        ]
        prices = to_prices(demands.tolist(), ())
        bests = cheapest(scaled, prices)
        self._shares = shares
        self._centre = np.array([best.rate for best in bests])
        self._bests: list[Floats] = []
        self._seen: list[Floats] = []
        self._width = np.full(len(scaled.curves), _WIDTH_START)
        self._penalty = _PENALTY
        uses = scaled.uses(shares)
        self._charged = self._charged_by(uses)
        self._asked = self._wanted(uses, ())
        lower = bound_of(scaled, prices, bests)
        self.best = Proof(shares, math.inf, lower, prices, GAP_MAX)

    def ask(self, solvers: tuple[Solver, ...]) -> Answer | None:
        asked = sorted(self._asked)
        programme = self._chorder.chords(
            self._points(asked), asked=asked, rooms=self._rooms, penalty=self._penalty
        )
        self._programme_rows = programme.asked
        return next((a for solve in solvers if (a := solve(programme)) is not None), None)

    # Takes what an answer proves, and where it does not suffice, makes ready for the next.
    def learn(self, answer: Answer) -> None:
        scaled = self._scaled
        duals = zip(self._programme_rows, answer.rows.tolist(), strict=True)
        prices = to_prices(answer.demands.tolist(), duals)
        bests = cheapest(scaled, prices)
        lower = bound_of(scaled, prices, bests)
        if lower > self.best.lower:
            allowed = gap_allowed(scaled, prices)
            self.best = replace(self.best, lower=lower, prices=prices, gap_max=allowed)
        self._shares = normalised(answer.shares, scaled)
        uses = scaled.uses(self._shares)
        met = answer.unfilled <= FILL_TOLERANCE or self._meets_demands()
        if met and np.all(uses <= self._rooms + ROOM_TOLERANCE):
            upper = scaled.cost(self._shares)
            if upper < self.best.upper:
                self.best = replace(self.best, shares=self._shares, upper=upper)
        elif self._penalty < _PENALTY_MAX and self._is_worth_it(uses, is_met=met):
            self._penalty *= _DEARER
        if not self.best.is_proved:
            self._asked = self._wanted(uses, [row for row, _ in prices.rows])
            self._refocus(bests)

    def _points(self, asked: list[int]) -> Floats:
        if not self._seen:
            return self._chorder.first_points(
                self._shares, centre=self._centre, charged=self._charged, asked=asked
            )
        return self._chorder.points_around(
            self._shares,
            bests=np.stack(self._bests, axis=1),
            centre=self._centre,
            width=self._width,
            asked=asked,
        )

    # Whether each curve uses a row that is exceeded.
    def _charged_by(self, uses: Floats) -> NDArray[np.bool_]:
        exceeded = np.flatnonzero(uses > self._rooms).tolist()
        members: set[int] = set()
        for row in exceeded:
            if row < len(self._scaled.cash):
                members.update(self._scaled.cash[row].members)
        for first, account in zip(self._scaled.first_rows, self._scaled.accounts, strict=True):
            if any(first <= row < first + len(account.names) for row in exceeded):
                members.update(account.members)
        return np.array([c in members for c in range(len(self._scaled.curves))])

    def _meets_demands(self) -> bool:
        totals = np.zeros(len(self._scaled.demands))
        np.add.at(totals, [c.demand for c in self._scaled.curves], self._shares)
        wanted = [demand.share for demand in self._scaled.demands]
        return bool(np.all(totals >= np.array(wanted) - FILL_TOLERANCE))

    # Whether an answer rather pays the penalty, and no row can be added that would change that.
    def _is_worth_it(self, uses: Floats, *, is_met: bool) -> bool:
        beyond = set(np.flatnonzero(uses > self._rooms).tolist())
        is_full = len(self._asked - self._always) >= programme.SCENARIO_SLOTS
        is_paid = not is_met or not beyond.isdisjoint(self._asked)
        return is_paid and (is_full or beyond <= self._asked)

    # Scenarios that bind, then of every account in turn those an answer breaks worst, as many as
    # there are slots; of an account that breaks none the nearest, for it may take what others lose.
    def _wanted(self, uses: Floats, binding: Iterable[int]) -> frozenset[int]:
        kept = [row for row in sorted(binding) if row not in self._always]
        excess = uses - self._rooms
        ranked = []
        for place, (first, account) in enumerate(self._scenarios):
            own = excess[first : first + len(account.names) - 1]
            order = np.argsort(-own, kind="stable")[: programme.SCENARIO_SLOTS].tolist()
            worst = [r for r in order if own[r] > 0.0] or order[:1]
            ranked += [(rank, place, first + r) for rank, r in enumerate(worst)]
        kept += [row for _, _, row in sorted(ranked) if row not in kept]
        return self._always.union(kept[: programme.SCENARIO_SLOTS])

    def _refocus(self, bests: Sequence[Best]) -> None:
        self._seen.append(np.array([best.share for best in bests]))
        self._bests = self._seen[-1:]
        if len(self._seen) > _ROUNDS_SIMPLE:
            self._bests = [*self._seen[-BESTS_MANY:], *[self._shares] * BESTS_MANY][:BESTS_MANY]
        following = np.array([best.rate for best in bests])
        moved = np.abs(following - self._centre)
        narrower = np.maximum(self._width * _NARROWER, _WIDTH_MIN)
        near = np.maximum(narrower, 2.0 * moved)
        self._width = np.where(moved < self._width / 2.0, near, 2.0 * moved)
        self._centre = following
