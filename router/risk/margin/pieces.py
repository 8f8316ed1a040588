"""Margin of a position as the largest of some lines over its notional: convex, tier by tier. Pure.

What an optimiser needs to bound margin from below and from above by the same rows. Initial margin
that jumps with the tier is no such function; its lowest tier stands in for it, and it is so said.
Refuses to round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from router.domain.margin import InitialMargin
from router.risk.margin.tiers import Tier, TierTable


@dataclass(frozen=True, slots=True)
class Piece:
    """A line: margin for every unit of notional, and what it is at none (never positive).

    Attributes
    ----------
    intercept : Fraction
        In the unit of the notional.
    """

    slope: Fraction
    intercept: Fraction

    def at(self, notional: Fraction) -> Fraction:
        """Return the line's margin of a notional."""
        return self.slope * notional + self.intercept


def maintenance_pieces(tiers: TierTable) -> tuple[Piece, ...]:
    """Return the lines whose largest is the margin that keeps a position."""
    rows = zip(tiers.tiers, tiers.deductions, strict=True)
    return tuple(Piece(tier.rate, -deduction) for tier, deduction in rows)


def initial_pieces(tiers: TierTable, leverage: int, rule: InitialMargin) -> tuple[Piece, ...]:
    """Return the lines whose largest is the margin that opens a position.

    Notes
    -----
    Where the margin jumps (`InitialMargin.CAPPED`) the line is that of the lowest tier, which is
    exact up to the first bound and too little above.
    """
    opening = [Fraction(1, min(leverage, tier.leverage_max)) for tier in tiers.tiers]
    if rule is InitialMargin.AT_LEVERAGE:
        return (Piece(Fraction(1, leverage), Fraction(0)),)
    if rule is InitialMargin.CAPPED:
        return (Piece(opening[0], Fraction(0)),)
    return _chain(tiers.tiers, opening)


def largest(pieces: Sequence[Piece], notional: Fraction) -> Fraction:
    """Return the margin of a notional."""
    return max(piece.at(notional) for piece in pieces)


def initial_margin(
    notional: Fraction, tiers: TierTable, *, leverage: int, rule: InitialMargin
) -> Fraction:
    """Return the margin that opens a position of a notional; exact for every rule."""
    if rule is InitialMargin.AT_LEVERAGE:
        return notional / leverage
    if rule is InitialMargin.CAPPED:
        return notional / min(leverage, tiers.leverage_max(notional))
    return largest(initial_pieces(tiers, leverage, rule), notional)


# Each line goes on where the one before ends.
def _chain(tiers: Sequence[Tier], rates: Sequence[Fraction]) -> tuple[Piece, ...]:
    pieces = [Piece(rates[0], Fraction(0))]
    for (_, low), (above, high) in pairwise(
        [(tier.above, rate) for tier, rate in zip(tiers, rates, strict=True)]
    ):
        pieces.append(Piece(high, pieces[-1].intercept - above * (high - low)))
    return tuple(pieces)
