"""What may have happened by inclusion, as numbers, and what a plan's outcomes are worth over it.

With cost_k what a plan costs in scenario k and p_k its weight, the plan minimises

    F = sum_k p_k cost_k + a CVaR(cost),    CVaR(cost) = max over q in Q of sum_k q_k cost_k,
    Q = {q : 0 <= q_k <= p_k / tail, sum_k q_k = 1}

so ``F = max over q in Q of sum_k (p_k + a q_k) cost_k``: the dearest of weighted sums whose
weights add up to 1 + a. Refuses weights that are no probabilities.

References
----------
Rockafellar, Uryasev, "Optimization of conditional value-at-risk" (2000).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from router.domain.error import OrderError
from router.domain.plan import InclusionScenario, Uncertainty
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT, Pico
from router.optimiser.convex.rows import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Scenarios in the order of their names, so that the order they came in cannot matter.

    Attributes
    ----------
    weights : float64, shape (n_scenarios,)
    moves : float64, shape (n_scenarios,)
        How far every price moves against the order, as a fraction of the arrival mid.
    pool_depths, book_depths : float64, shape (n_scenarios,)
        Fractions of the liquidity that are left.
    tail_caps : tuple of Pico
        The most that each scenario may weigh in the tail: its weight over the tail.
    tail : float
        The fraction of outcomes that are the tail.
    aversion : float
        What the tail's mean weighs beside the expectation.
    """

    names: tuple[str, ...]
    weights: Floats
    moves: Floats
    pool_depths: Floats
    book_depths: Floats
    tail_caps: tuple[Pico, ...]
    tail: float
    aversion: float

    def tail_weights(self, costs: Floats) -> Floats:
        """Return the weights of the tail: as much as may be of the dearest, then of the next."""
        weights, left = np.zeros(costs.size), 1.0
        for k in np.argsort(-costs, kind="stable"):
            weights[k] = min(float(self.weights[k]) / self.tail, left)
            left -= float(weights[k])
        return weights

    def expected(self, costs: Floats) -> float:
        """Return the mean of the outcomes."""
        return float(self.weights @ costs)

    def tail_mean(self, costs: Floats) -> float:
        """Return the mean of the worst outcomes: the conditional value at risk."""
        return float(self.tail_weights(costs) @ costs)

    def worth(self, costs: Floats) -> float:
        """Return what is minimised."""
        return self.expected(costs) + self.aversion * self.tail_mean(costs)

    def masses(self, tail: Sequence[Pico]) -> Floats:
        """Return what each scenario weighs in all at the given weights of the tail."""
        return self.weights + self.aversion * np.array(tail, dtype=np.float64) / PICO_PER_UNIT


def outlook_of(uncertainty: Uncertainty) -> Outlook:
    """Read an uncertainty.

    Raises
    ------
    OrderError
        If the weights do not add up to one, or a number is out of its range.
    """
    _check(uncertainty)
    found = sorted(uncertainty.scenarios, key=lambda s: s.name)
    return Outlook(
        names=tuple(s.name for s in found),
        weights=_array([s.weight for s in found], PICO_PER_UNIT),
        moves=_array([s.move_pips for s in found], PIPS_PER_UNIT),
        pool_depths=_array([s.pool_depth_pips for s in found], PIPS_PER_UNIT),
        book_depths=_array([s.book_depth_pips for s in found], PIPS_PER_UNIT),
        tail_caps=tuple(Pico(s.weight * PIPS_PER_UNIT // uncertainty.tail_pips) for s in found),
        tail=uncertainty.tail_pips / PIPS_PER_UNIT,
        aversion=uncertainty.aversion_pips / PIPS_PER_UNIT,
    )


def to_tail(outlook: Outlook, weights: Sequence[float]) -> tuple[Pico, ...]:
    """Return the weights of a tail as they are stored: within the caps, and one in all, exactly."""
    caps = outlook.tail_caps
    whole = [round(float(w) * PICO_PER_UNIT) for w in weights]
    kept = [min(max(w, 0), cap) for w, cap in zip(whole, caps, strict=True)]
    for k in sorted(range(len(kept)), key=lambda k: -kept[k]):
        missing = PICO_PER_UNIT - sum(kept)
        kept[k] = min(max(kept[k] + missing, 0), caps[k])
    return tuple(Pico(w) for w in kept)


def is_tail(outlook: Outlook, tail: Sequence[Pico]) -> bool:
    """Tell whether stored weights are those of some tail, so that a bound may rest on them."""
    within = all(0 <= w <= cap for w, cap in zip(tail, outlook.tail_caps, strict=True))
    return within and sum(tail) == PICO_PER_UNIT


def _array(numbers: Sequence[int], unit: int) -> Floats:
    return np.array(numbers, dtype=np.float64) / unit


def _check(uncertainty: Uncertainty) -> None:
    scenarios = uncertainty.scenarios
    total = sum(s.weight for s in scenarios)
    if total != PICO_PER_UNIT:
        raise OrderError(
            f"uncertainty: weights of the scenarios must add up to {PICO_PER_UNIT}, not {total}"
        )
    if not 0 < uncertainty.tail_pips <= PIPS_PER_UNIT:
        raise OrderError(
            f"uncertainty: tail_pips must be above 0 and at most {PIPS_PER_UNIT}, "
            f"was {uncertainty.tail_pips}"
        )
    if uncertainty.aversion_pips < 0:
        raise OrderError(
            f"uncertainty: aversion_pips must not be negative, was {uncertainty.aversion_pips}"
        )
    names = [s.name for s in scenarios]
    if len(set(names)) < len(names):
        raise OrderError(f"uncertainty: every scenario needs its own name, were {names}")
    for scenario in scenarios:
        _check_scenario(scenario)


def _check_scenario(scenario: InclusionScenario) -> None:
    if scenario.weight < 0:
        raise OrderError(f"scenario {scenario.name}: weight must not be negative")
    for field, pips in (
        ("pool_depth_pips", scenario.pool_depth_pips),
        ("book_depth_pips", scenario.book_depth_pips),
    ):
        if not 0 < pips <= PIPS_PER_UNIT:
            raise OrderError(
                f"scenario {scenario.name}: {field} must be above 0 and at most {PIPS_PER_UNIT}, "
                f"was {pips}"
            )
    if scenario.move_pips <= -PIPS_PER_UNIT:
        raise OrderError(f"scenario {scenario.name}: move_pips must leave a price above zero")
