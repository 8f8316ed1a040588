"""What a schedule costs: impact that decays, funding, and the risk of waiting, as float64.

A schedule is the share of the order that each interval trades as it begins; shares add up to one.
Refuses costs that every schedule pays alike, such as fees.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.schedule import ScheduleProblem
from router.domain.units import NS_PER_S, PICO_PER_UNIT, PIPS_PER_UNIT
from router.liquidity.curve import Floats

_DAY_NS: Final = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The objective; arrays have one entry an interval, rates are quote per quote at arrival.

    Attributes
    ----------
    temporary : float64
        Cost rate of the whole order in the interval alone.
    transient : float
        How far the whole order at once moves the price.
    decay : float64
        What is left, as the interval begins, of a move made as the one before began; the first's
        is zero.
    variance : float64
        Of the mid's return over the interval.
    held : float64
        What holding the whole position through the interval costs.
    aversion : float
        Weight of the variance.
    """

    temporary: Floats
    transient: float
    decay: Floats
    variance: Floats
    held: Floats
    aversion: float

    def expected(self, shares: Floats) -> float:
        """Return the expected cost rate.

        Notes
        -----
        A slice pays half of its own move and all that is left of earlier ones: half the quadratic
        form of the kernel ``decay``, which is positive semidefinite for an exponential one.

        References
        ----------
        Obizhaeva, Wang, "Optimal trading strategy and supply/demand dynamics" (2013), section 6.
        Alfonsi, Schied, Slynko, "Order book resilience, price manipulation, and the positive
        portfolio problem" (2012), section 2.
        """
        own = self.temporary @ shares**2
        moved = 0.5 * self.transient * (shares @ self._felt(shares))
        return float(own + moved + self.held @ np.cumsum(shares))

    def risk(self, shares: Floats) -> float:
        """Return the variance of the cost rate.

        References
        ----------
        Almgren, Chriss, "Optimal execution of portfolio transactions" (2000), section 1.4.
        """
        return float(self.variance @ self._remaining(shares) ** 2)

    def objective(self, shares: Floats) -> float:
        """Return what is minimised."""
        return self.expected(shares) + self.aversion * self.risk(shares)

    def gradient(self, shares: Floats) -> Floats:
        """Return how the objective grows with each share."""
        later = self.held - 2.0 * self.aversion * self.variance * self._remaining(shares)
        whole = np.cumsum(later[::-1])[::-1]
        return 2.0 * self.temporary * shares + self.transient * self._felt(shares) + whole

    @property
    def scale(self) -> float:
        """Return about how large the objective is; positive."""
        parts = (
            self.transient,
            float(self.temporary.max()),
            self.aversion * math.fsum(self.variance),
            math.fsum(np.abs(self.held)),
        )
        return max(parts) or 1.0

    def _remaining(self, shares: Floats) -> Floats:
        return 1.0 - np.cumsum(shares)

    # The kernel times the shares: what earlier slices left, the slice itself, what later ones do.
    def _felt(self, shares: Floats) -> Floats:
        earlier, later = np.zeros_like(shares), np.zeros_like(shares)
        for k in range(1, shares.size):
            earlier[k] = self.decay[k] * (earlier[k - 1] + shares[k - 1])
        for k in range(shares.size - 2, -1, -1):
            later[k] = self.decay[k + 1] * (later[k + 1] + shares[k + 1])
        return earlier + shares + later


def terms_of(problem: ScheduleProblem) -> Terms:
    """Return the objective of a problem."""
    intervals = problem.intervals
    begins = np.array([each.begins_at - intervals[0].begins_at for each in intervals], np.float64)
    lasts = np.array([each.ends_at - each.begins_at for each in intervals], dtype=np.float64)
    volatility = problem.volatility_pips / PIPS_PER_UNIT
    decay = np.zeros(len(intervals))
    if problem.half_life > 0:
        decay[1:] = np.exp2(-np.diff(begins) / problem.half_life)
    return Terms(
        temporary=_rates([each.temporary_pico for each in intervals]),
        transient=problem.transient_pico / PICO_PER_UNIT,
        decay=decay,
        variance=volatility**2 * lasts / _DAY_NS,
        held=_rates([each.held_pico for each in intervals]),
        aversion=problem.aversion_pico / PICO_PER_UNIT,
    )


def _rates(picos: list[int]) -> Floats:
    return np.array(picos, dtype=np.float64) / PICO_PER_UNIT
