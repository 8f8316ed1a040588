"""What a scenario leaves of one perp account: exact, for verdicts. Pure.

Nothing is traded on the way, by us or by the venue, but what the scenario itself closes: what
forced sales would come to is in the arrays. Rounds against us: equity down, maintenance up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from router.domain.account import AccountSnapshot
from router.domain.limits import Limits
from router.domain.margin import HeldPosition
from router.domain.risk import ScenarioOutcome
from router.domain.stress import Scenario
from router.domain.units import PICO_PER_UNIT, AssetId, VenueId
from router.risk.margin.tiers import Tier, TierTable, total
from router.risk.stress.terms import terms


@dataclass(frozen=True, slots=True)
class Exposure:
    """A perp account as scenarios see it, in collateral atoms.

    Attributes
    ----------
    positions : tuple of HeldPosition
        All that draw on the equity.
    buffer_atoms : int
        What must be left above maintenance.
    """

    venue: VenueId
    equity_atoms: int
    positions: tuple[HeldPosition, ...]
    buffer_atoms: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a scenario leaves of an account, unrounded, in collateral atoms.

    Attributes
    ----------
    price, funding : Fraction
        What prices and funding brought; negative was lost.
    """

    price: Fraction
    funding: Fraction
    equity: Fraction
    maintenance: Fraction


def exposure(snapshot: AccountSnapshot, *, venue: VenueId, buffer_atoms: int) -> Exposure:
    """Return the account of a snapshot."""
    positions = tuple(marked.held for marked in snapshot.marked)
    return Exposure(venue, snapshot.equity_atoms, positions, buffer_atoms)


def stress_buffer(limits: Limits, *, venue: VenueId, collateral: AssetId) -> int:
    """Return what an account must have left above maintenance, in atoms of its collateral."""
    buffers = limits.venue_margin(venue).stress_buffers
    return sum(buffer.atoms for buffer in buffers if buffer.asset == collateral)


def outcome(account: Exposure, scenario: Scenario) -> ScenarioOutcome:
    """Return what a scenario leaves, rounded against us."""
    left = parts(account, scenario)
    equity, maintenance = floor(left.equity), ceil(left.maintenance)
    room = equity - maintenance - account.buffer_atoms
    return ScenarioOutcome(scenario.name, equity, maintenance, room)


def worst(account: Exposure, scenarios: Iterable[Scenario]) -> ScenarioOutcome | None:
    """Return the outcome of least room, the first of equals; None where none is asked."""
    found = (outcome(account, scenario) for scenario in scenarios)
    return min(found, key=lambda one: one.room_atoms, default=None)


def parts(account: Exposure, scenario: Scenario) -> Parts:
    """Return what a scenario leaves, and what brought it there."""
    price, funding, maintenance = Fraction(0), Fraction(0), Fraction(0)
    for held in account.positions:
        is_long = held.notional_atoms > 0
        now = terms(scenario, venue=account.venue, asset=held.asset)
        price += held.notional_atoms * now.price_gain(is_long=is_long)
        funding -= held.notional_atoms * now.funding
        left = abs(held.notional_atoms) * now.left(is_long=is_long)
        maintenance += tier_table(held).maintenance(left)
    equity = total([Fraction(account.equity_atoms), price, funding])
    return Parts(price, funding, equity, maintenance)


def tier_table(held: HeldPosition) -> TierTable:
    """Return the tiers of a position; without any it is kept by what opened it."""
    told = tuple(
        Tier(Fraction(t.above_atoms), t.leverage_max, Fraction(t.maintenance, PICO_PER_UNIT))
        for t in held.tiers
    )
    return TierTable(told or (Tier(Fraction(0), 1, Fraction(held.initial, PICO_PER_UNIT)),))
