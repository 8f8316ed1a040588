"""Stress scenarios: what may happen to every price, venue, peg and depth at once."""

from dataclasses import dataclass
from typing import Final

from router.domain.margin import StressShock
from router.domain.units import PIPS_PER_UNIT, AssetId, Pips, VenueId

NO_PIPS: Final = Pips(0)
ALL_PIPS: Final = Pips(PIPS_PER_UNIT)


@dataclass(frozen=True, slots=True)
class VenueShock:
    """What befalls one venue beside what befalls all prices.

    Attributes
    ----------
    mark_pips : Pips
        How far its marks are from the price everywhere else once all is over: a basis blow-out.
    is_out : bool
        It takes no orders until the scenario is over, ours to reduce included.
    oracle_late_s : int
        Its marks follow the price so much later.
    deleveraged_pips : Pips
        Share of each profitable position that it closes, by auto-deleveraging.
    deleveraged_at_pips : Pips
        How much of the gap has happened when it closes them: at that mark.
    """

    venue: VenueId
    mark_pips: Pips = NO_PIPS
    is_out: bool = False
    oracle_late_s: int = 0
    deleveraged_pips: Pips = NO_PIPS
    deleveraged_at_pips: Pips = NO_PIPS


@dataclass(frozen=True, slots=True)
class PegShock:
    """An asset that is not worth any more what it stands for; `value_pips` of it are left."""

    asset: AssetId
    value_pips: Pips


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens; where it says nothing, all stays as it is.

    Attributes
    ----------
    gap_pips : Pips
        Change of all prices but those `apart`; above -1,000,000.
    funding_pips : Pips
        What longs pay over the scenario, of their notional before it.
    apart : tuple of StressShock
        Assets with a gap and funding of their own; betas are resolved into them.
    depth_pips : Pips
        How much of every book's and pool's depth is left.
    gas_pips : Pips
        Gas price, of what it is now.
    duration_s : int
        How long it takes until the gap is complete.
    """

    name: str
    gap_pips: Pips = NO_PIPS
    funding_pips: Pips = NO_PIPS
    apart: tuple[StressShock, ...] = ()
    venues: tuple[VenueShock, ...] = ()
    pegs: tuple[PegShock, ...] = ()
    depth_pips: Pips = ALL_PIPS
    gas_pips: Pips = ALL_PIPS
    duration_s: int = 300

    def shock(self, asset: AssetId) -> StressShock:
        """Return what happens to an asset's price, and what its longs pay."""
        own = (shock for shock in self.apart if shock.asset == asset)
        return next(own, StressShock(asset, self.gap_pips, self.funding_pips))

    def venue(self, venue: VenueId) -> VenueShock:
        """Return what befalls a venue."""
        return next((v for v in self.venues if v.venue == venue), VenueShock(venue))

    def peg(self, asset: AssetId) -> Pips:
        """Return how much an asset that stands for another is still worth."""
        return next((p.value_pips for p in self.pegs if p.asset == asset), ALL_PIPS)
