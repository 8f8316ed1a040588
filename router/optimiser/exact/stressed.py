"""What a stressed scenario leaves of positions, exactly, and by which lines they are kept.

Equity is rounded down and maintenance up, as assessments do. Refuses to know of orders.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias

from router.domain.margin import HeldPosition, MarginTier, StressScenario
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT, AssetId

# Rate, and deduction in atoms: the largest is the margin.
Lines: TypeAlias = list[tuple[Fraction, Fraction]]


@dataclass(frozen=True, slots=True)
class Position:
    """A position with its signed worth at the mark, [collateral atoms], and what keeps it."""

    asset: AssetId
    value: Fraction
    lines: Lines


@dataclass(frozen=True, slots=True)
class Left:
    """What is left above maintenance: in whole atoms, rounded against us, and unrounded."""

    whole: int
    exact: Fraction


def left_in(scenario: StressScenario, positions: Iterable[Position], *, equity: Fraction) -> Left:
    """Return what a scenario leaves of equity and positions."""
    maintenance = Fraction(0)
    for position in positions:
        gained, kept = _stressed(position, scenario)
        equity += gained
        maintenance += kept
    return Left(floor(equity) - ceil(maintenance), equity - maintenance)


def position_of(held: HeldPosition) -> Position:
    """Return a position that no order touches."""
    lines = maintenance_lines(held.tiers, Fraction(held.initial, PICO_PER_UNIT))
    return Position(held.asset, Fraction(held.notional_atoms), lines)


def maintenance_lines(tiers: Sequence[MarginTier], initial: Fraction) -> Lines:
    """Return the lines of maintenance; without tiers that is the initial rate."""
    if not tiers:
        return [(initial, Fraction(0))]
    rates = [Fraction(tier.maintenance, PICO_PER_UNIT) for tier in tiers]
    return lines_of([tier.above_atoms for tier in tiers], rates)


def lines_of(above: Iterable[int], rates: Sequence[Fraction]) -> Lines:
    """Return the lines of rates that hold for the part inside each tier: they meet at bounds."""
    deduction, before, lines = Fraction(0), rates[0], []
    for bound, rate in zip(above, rates, strict=True):
        deduction += bound * (rate - before)
        before = rate
        lines.append((rate, deduction))
    return lines


def largest(lines: Lines, notional: Fraction) -> Fraction:
    """Return the margin of a notional."""
    return max(rate * notional - deduction for rate, deduction in lines)


# What a position gains, and its maintenance after.
def _stressed(position: Position, scenario: StressScenario) -> tuple[Fraction, Fraction]:
    value, shock, one = position.value, scenario.shock(position.asset), Fraction(1, PIPS_PER_UNIT)
    gap, paid = shock.gap_pips * one, shock.funding_pips * one
    growth = (1 + gap) * (1 + scenario.mark_pips * one) - 1
    closed = scenario.closed_pips * one if value * gap > 0 else Fraction(0)
    # Closed at that mark, or at the last where that is worse.
    at_close = min(value * gap * scenario.closed_at_pips * one, value * growth)
    gained = closed * at_close + (1 - closed) * value * growth - value * paid
    return gained, largest(position.lines, abs(value) * (1 + growth) * (1 - closed))
