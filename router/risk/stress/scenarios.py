"""Scenarios as arrays over the assets and venues of a book. Floats; shares, not pips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.domain.stress import Scenario
from router.domain.units import PIPS_PER_UNIT, AssetId, VenueId
from router.risk.stress.book import StressBook
from router.risk.stress.depth import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Shocks:
    """What happens in each scenario.

    Attributes
    ----------
    gap, funding, peg : float64, shape (assets, scenarios)
        Change of the price; what longs pay; what is left of what an asset stands for.
    mark, shown, closed, closed_at : float64, shape (venues, scenarios)
        The venue's own change of the mark; how much of the gap its late marks show when the price
        has arrived; share of profitable positions it closes, and at how much of the gap.
    is_out : bool, shape (venues, scenarios)
    depth, gas : float64, shape (scenarios,)
        Of what they are now.
    """

    names: tuple[str, ...]
    gap: Floats
    funding: Floats
    peg: Floats
    mark: Floats
    shown: Floats
    closed: Floats
    closed_at: Floats
    is_out: NDArray[np.bool_]
    depth: Floats
    gas: Floats


def shocks(scenarios: Sequence[Scenario], book: StressBook) -> Shocks:
    """Return the scenarios as they touch a book."""
    assets = {asset: place for place, asset in enumerate(book.assets)}
    venues = {venue: place for place, venue in enumerate(book.venues)}
    made = Shocks(
        names=tuple(scenario.name for scenario in scenarios),
        gap=np.tile(_shares([s.gap_pips for s in scenarios]), (len(assets), 1)),
        funding=np.tile(_shares([s.funding_pips for s in scenarios]), (len(assets), 1)),
        peg=np.ones((len(assets), len(scenarios))),
        mark=np.zeros((len(venues), len(scenarios))),
        shown=np.ones((len(venues), len(scenarios))),
        closed=np.zeros((len(venues), len(scenarios))),
        closed_at=np.zeros((len(venues), len(scenarios))),
        is_out=np.zeros((len(venues), len(scenarios)), dtype=np.bool_),
        depth=_shares([s.depth_pips for s in scenarios]),
        gas=_shares([s.gas_pips for s in scenarios]),
    )
    for column, scenario in enumerate(scenarios):
        _put_assets(made, scenario, column, assets=assets)
        _put_venues(made, scenario, column, venues=venues)
    return made


# Of several entries for one thing the first holds, as in Scenario: it is put last.
def _put_assets(
    made: Shocks, scenario: Scenario, column: int, *, assets: Mapping[AssetId, int]
) -> None:
    for own in reversed(scenario.apart):
        row = assets.get(own.asset)
        if row is not None:
            made.gap[row, column] = own.gap_pips / PIPS_PER_UNIT
            made.funding[row, column] = own.funding_pips / PIPS_PER_UNIT
    for peg in reversed(scenario.pegs):
        row = assets.get(peg.asset)
        if row is not None:
            made.peg[row, column] = peg.value_pips / PIPS_PER_UNIT


def _put_venues(
    made: Shocks, scenario: Scenario, column: int, *, venues: Mapping[VenueId, int]
) -> None:
    for there in reversed(scenario.venues):
        row = venues.get(there.venue)
        if row is None:
            continue
        made.mark[row, column] = there.mark_pips / PIPS_PER_UNIT
        late = there.oracle_late_s / max(scenario.duration_s, 1)
        made.shown[row, column] = max(0.0, 1.0 - late)
        made.closed[row, column] = there.deleveraged_pips / PIPS_PER_UNIT
        made.closed_at[row, column] = there.deleveraged_at_pips / PIPS_PER_UNIT
        made.is_out[row, column] = there.is_out


def _shares(pips: Sequence[int]) -> Floats:
    return np.array(pips, dtype=np.float64) / PIPS_PER_UNIT
