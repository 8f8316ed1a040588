"""Scenarios as rows that a plan must keep to: the same losses that assessments reckon. Pure.

A row is exact, but where a venue would close a position at a better mark than its last: that is not
counted on, for the row would not be convex.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from router.domain.instrument import Instrument
from router.domain.limits import Limits
from router.domain.margin import StressScenario
from router.domain.stress import Scenario
from router.domain.units import PIPS_PER_UNIT, AccountId, AssetId, VenueId
from router.risk.stress.terms import Terms


def shared_rows(scenarios: Iterable[Scenario]) -> tuple[StressScenario, ...]:
    """Return what every perp account must survive: what befalls all venues alike."""
    return tuple(_once(_row(s) for s in scenarios if not _is_apart(s)))


def venue_rows(
    limits: Limits, instruments: tuple[Instrument, ...]
) -> dict[AccountId, tuple[StressScenario, ...]]:
    """Return, by perp account, the scenarios that befall its venue, or another, alone."""
    apart = [s for s in limits.stresses if _is_apart(s)]
    rows: dict[AccountId, tuple[StressScenario, ...]] = {}
    for instrument in instruments:
        if apart and not instrument.is_on_chain and instrument.account not in rows:
            own = (row_at(s, instrument.venue) for s in apart)
            rows[instrument.account] = tuple(_once(own, told=limits.scenarios))
    return rows


def row_at(scenario: Scenario, venue: VenueId) -> StressScenario:
    """Return what a scenario does to the accounts of a venue."""
    there = scenario.venue(venue)
    return replace(
        _row(scenario),
        mark_pips=there.mark_pips,
        closed_pips=there.deleveraged_pips,
        closed_at_pips=there.deleveraged_at_pips,
    )


def row_terms(row: StressScenario, asset: AssetId) -> Terms:
    """Return what befalls positions in an asset; what is closed, at the worse mark of the two."""
    shock = row.shock(asset)
    gap = Fraction(shock.gap_pips, PIPS_PER_UNIT)
    growth = (1 + gap) * (1 + Fraction(row.mark_pips, PIPS_PER_UNIT)) - 1
    at_close = gap * Fraction(row.closed_at_pips, PIPS_PER_UNIT)
    return Terms(
        gap=gap,
        growth=growth,
        funding=Fraction(shock.funding_pips, PIPS_PER_UNIT),
        closed=Fraction(row.closed_pips, PIPS_PER_UNIT),
        closed_at=min(at_close, growth) if gap > 0 else max(at_close, growth),
    )


def _row(scenario: Scenario) -> StressScenario:
    return StressScenario(scenario.name, scenario.gap_pips, scenario.funding_pips, scenario.apart)


# Whether what it leaves of an account depends on the venue; an outage or a late oracle ends alike.
def _is_apart(scenario: Scenario) -> bool:
    return any(v.mark_pips or v.deleveraged_pips for v in scenario.venues)


# Scenarios that only differ in depth, gas or pegs are one row, by the name of the first.
def _once(
    rows: Iterable[StressScenario], *, told: Iterable[StressScenario] = ()
) -> Iterator[StressScenario]:
    seen = {_unnamed(row) for row in told}
    for row in rows:
        if _unnamed(row) not in seen:
            seen.add(_unnamed(row))
            yield row


def _unnamed(row: StressScenario) -> StressScenario:
    same = replace(row, name="")
    return same if row.closed_pips else replace(same, closed_at_pips=row.closed_pips)
