"""What a scenario does to a position in one asset at one venue: the one place that says it. Pure.

Exact, for every unit of the position's signed notional at the mark. The verdict on an account, the
rows a plan must keep to and the arrays all read their numbers here, so that they cannot disagree.
"""

from dataclasses import dataclass
from fractions import Fraction

from router.domain.stress import Scenario
from router.domain.units import PIPS_PER_UNIT, AssetId, VenueId


@dataclass(frozen=True, slots=True)
class Terms:
    """Rates for every unit of signed notional before the scenario.

    Attributes
    ----------
    gap : Fraction
        Change of the price everywhere; above -1.
    growth : Fraction
        Change of the venue's own mark once all is over; above -1.
    funding : Fraction
        What longs pay.
    closed : Fraction
        Share of a position that gains by the gap which the venue closes, at `closed_at`.
    closed_at : Fraction
        Change of the mark when it closes.
    """

    gap: Fraction
    growth: Fraction
    funding: Fraction
    closed: Fraction = Fraction(0)
    closed_at: Fraction = Fraction(0)

    def kept(self, *, is_long: bool) -> Fraction:
        """Return which share of a position is left."""
        gains = self.gap > 0 if is_long else self.gap < 0
        return 1 - self.closed if gains else Fraction(1)

    def price_gain(self, *, is_long: bool) -> Fraction:
        """Return what price brings, the part that was closed included; of the signed notional."""
        kept = self.kept(is_long=is_long)
        return (1 - kept) * self.closed_at + kept * self.growth

    def gain(self, *, is_long: bool) -> Fraction:
        """Return what price and funding bring; of the signed notional."""
        return self.price_gain(is_long=is_long) - self.funding

    def left(self, *, is_long: bool) -> Fraction:
        """Return the notional left at the venue's last mark, of the notional before."""
        return self.kept(is_long=is_long) * (1 + self.growth)


def terms(scenario: Scenario, *, venue: VenueId, asset: AssetId) -> Terms:
    """Return what befalls positions in an asset at a venue."""
    own, there = scenario.shock(asset), scenario.venue(venue)
    gap = Fraction(own.gap_pips, PIPS_PER_UNIT)
    return Terms(
        gap=gap,
        growth=(1 + gap) * (1 + Fraction(there.mark_pips, PIPS_PER_UNIT)) - 1,
        funding=Fraction(own.funding_pips, PIPS_PER_UNIT),
        closed=Fraction(there.deleveraged_pips, PIPS_PER_UNIT),
        closed_at=gap * Fraction(there.deleveraged_at_pips, PIPS_PER_UNIT),
    )
