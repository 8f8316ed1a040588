"""What a plan is held against: what others would have done, and what may become of it."""

from dataclasses import dataclass

from router.domain.plan import CostSplit
from router.domain.units import InstrumentId, Pico, Pips


@dataclass(frozen=True, slots=True)
class NaiveSplit:
    """What a split without an optimiser costs.

    Attributes
    ----------
    parts : tuple of (InstrumentId, int)
        Base atoms at each instrument; empty where the markets do not hold it.
    cost : CostSplit | None
        In quote atoms against the arrival mid; None where the markets do not hold it.
    slippage : Pips | None
        As of a plan.
    is_allowed : bool
        Whether limit price, cash, margin and stress allow it, too.
    """

    method: str
    parts: tuple[tuple[InstrumentId, int], ...]
    cost: CostSplit | None
    slippage: Pips | None
    is_allowed: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the plan as sent costs in one scenario of its uncertainty."""

    name: str
    weight: Pico
    slippage: Pips


@dataclass(frozen=True, slots=True)
class Weighed:
    """A plan beside what it is held against."""

    naive: tuple[NaiveSplit, ...]
    outcomes: tuple[Outcome, ...]
