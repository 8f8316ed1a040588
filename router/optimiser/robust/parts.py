"""The convex parts of what is allowed, each proved for the robust objective.

Which plans are allowed does not depend on the inclusion scenarios, so the parts, and which of them
a bound covers, are those of `convex.parts`: its reasons only speak of rows and their multipliers,
which stand for any convex objective. Refuses to go on beyond a number of parts, and says so.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from router.domain.certificate import Assumption, PartBound
from router.domain.error import SolverError
from router.domain.units import PICO_PER_UNIT, Pico
from router.optimiser.convex.certificate import GAP_MAX, Prices, Split, part_bound, to_prices
from router.optimiser.convex.joint import Effort, Proof, prove
from router.optimiser.convex.parts import cut, holds_demands, neighbours, part_of, underpaid
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import separable
from router.optimiser.robust.bound import robust_bound
from router.optimiser.robust.depth import DepthCurve
from router.optimiser.robust.outlook import Outlook, to_tail
from router.optimiser.robust.search import improve, named_tail, read_tail, span

_PARTS_MAX: Final = 64
_UNHELD_PRICE: Final = 10.0  # of demands that a part's curves cannot hold
_FACTORS: Final = tuple(10.0**power for power in range(8))


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    part: ScaledProblem
    prices: Prices
    lower: float


@dataclass(frozen=True, slots=True, eq=False)
class _Bounded:
    part: ScaledProblem
    proof: Proof

    def stored(self) -> PartBound:
        """Return the bound as it is written down, the weights of the tail among the multipliers."""
        proof = self.proof
        bound = part_bound(self.part, proof.prices, lower=proof.lower)
        return replace(bound, multipliers=(*bound.multipliers, *proof.extra))


class Walk:
    """What is known from part to part."""

    def __init__(
        self,
        scaled: ScaledProblem,
        depths: Sequence[DepthCurve],
        outlook: Outlook,
        *,
        effort: Effort,
    ) -> None:
        self._scaled, self._depths, self._outlook = scaled, depths, outlook
        self._effort = effort
        self._tail = to_tail(outlook, outlook.weights.tolist())
        self._extra = named_tail(outlook, self._tail)
        self._waiting: list[_Waiting] = []
        self._seen: set[tuple[Assumption, ...]] = set()
        self._bounded: list[_Bounded] = []
        self._best: _Bounded | None = None

    def solve(self) -> Split | None:
        """Return the best split of all parts, or None if each is proved to hold none."""
        root = part_of(self._scaled, ())
        nothing = to_prices([0.0] * len(root.demands), ())
        self._waiting.append(_Waiting(root, nothing, -math.inf))
        while self._waiting:
            likeliest = min(range(len(self._waiting)), key=lambda i: self._waiting[i].lower)
            waiting = self._waiting.pop(likeliest)
            if waiting.part.assumptions in self._seen:
                continue
            self._seen.add(waiting.part.assumptions)
            if len(self._seen) > _PARTS_MAX:
                raise SolverError(f"more than {_PARTS_MAX} parts of tiers and reducing accounts")
            self._look(waiting)
        return None if self._best is None else self._split(self._best)

    def _look(self, waiting: _Waiting) -> None:
        best = self._best
        if best is not None and waiting.lower >= best.proof.upper - GAP_MAX:
            self._keep(waiting.part, self._unsolved(waiting.part, waiting.prices))
            return
        proof = self._prove(waiting.part)
        if math.isinf(proof.upper):
            self._keep(waiting.part, proof)
            return
        dearer = underpaid(waiting.part, proof.shares)
        if dearer:
            jump, tier = dearer[0]
            self._wait(cut(self._scaled, waiting.part, jump, tier=tier), proof.prices)
            return
        if dearer is not None:
            raise SolverError("margin jumps at a tier that no part ends at")
        self._keep(waiting.part, proof)
        if best is None or proof.upper < best.proof.upper:
            self._best = self._bounded[-1]

    def _prove(self, part: ScaledProblem) -> Proof:
        if not holds_demands(part):
            return self._impossible(part, to_prices([_UNHELD_PRICE] * len(part.demands), ()))
        inner = part_of(self._scaled, part.assumptions, is_strict=True)
        nominal = prove(inner, *separable(part), effort=self._effort)
        if math.isinf(nominal.upper):
            return self._impossible(part, nominal.prices)
        found = improve(inner, self._depths, self._outlook, nominal=nominal, effort=self._effort)
        if not part.jumps:
            return found
        tail = read_tail(self._outlook, found.extra)
        return replace(found, lower=self._bound(part, found.prices, tail))

    # Prices that prove that there is no plan prove it all the more, the higher they are.
    def _impossible(self, part: ScaledProblem, prices: Prices) -> Proof:
        _, dearest = span(part, self._depths, self._outlook)
        dearest = max(dearest, 0.0) * (1.0 + self._outlook.aversion)
        found = self._unsolved(part, prices)
        for factor in _FACTORS:
            found = self._unsolved(part, _times(prices, factor * (1.0 + self._outlook.aversion)))
            if found.lower > dearest:
                break
        return found

    def _unsolved(self, part: ScaledProblem, prices: Prices) -> Proof:
        lower, nothing = self._bound(part, prices, self._tail), np.zeros(len(part.curves))
        return Proof(nothing, math.inf, lower, prices, GAP_MAX, extra=self._extra)

    def _bound(self, part: ScaledProblem, prices: Prices, tail: Sequence[Pico]) -> float:
        outlook = self._outlook
        return robust_bound(part, self._depths, outlook, prices=prices, tail=tail).value

    def _keep(self, part: ScaledProblem, proof: Proof) -> None:
        self._bounded.append(_Bounded(part, proof))
        self._wait(neighbours(part, proof.prices), proof.prices)

    def _wait(self, parts: Iterable[ScaledProblem], prices: Prices) -> None:
        for part in parts:
            asked = np.isfinite(part.rooms())
            own = Prices(prices.demands, tuple((r, p) for r, p in prices.rows if asked[r]))
            self._waiting.append(_Waiting(part, own, self._unsolved(part, own).lower))

    def _split(self, best: _Bounded) -> Split:
        others = [one for one in self._bounded if one is not best]
        upper = best.proof.upper
        return Split(
            shares=best.proof.shares,
            upper=upper,
            lower=min(upper, *(one.proof.lower for one in self._bounded)),
            parts=tuple(one.stored() for one in (best, *others)),
            method="robust",
            gap_max=max(best.proof.gap_max, *(one.proof.gap_max for one in self._bounded)),
        )


def _times(prices: Prices, factor: float) -> Prices:
    return to_prices(
        [factor * d / PICO_PER_UNIT for d in prices.demands],
        [(row, factor * p / PICO_PER_UNIT) for row, p in prices.rows],
    )
