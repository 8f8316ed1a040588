"""What funding takes from the accounts: by day, of the equity, and how long they bear it. Exact."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT, AccountId, InstrumentId, VenueId
from router.state.world import World

HOURS_A_DAY: Final = 24


@dataclass(frozen=True, slots=True)
class Holding:
    """A signed position in a watched market, in collateral atoms."""

    instrument: InstrumentId
    account: AccountId
    notional: Fraction


@dataclass(frozen=True, slots=True)
class Burden:
    """What an account pays at present rates, in collateral atoms; negative is received.

    Attributes
    ----------
    equity : int | None
        None where it is not known.
    room : Fraction | None
        Equity that may be lost before the soft zone, or before liquidation where no zones are set;
        None where the account was not assessed.
    """

    an_hour: Fraction
    equity: int | None
    room: Fraction | None

    def exceeds(self, pips: int) -> bool:
        """Tell whether a day costs more than so much of the equity."""
        if self.equity is None or self.an_hour <= 0:
            return False
        return self.an_hour * HOURS_A_DAY * PIPS_PER_UNIT > pips * self.equity

    def hours_left(self) -> int | None:
        """Return for how many whole hours the room lasts; None where nothing is paid or known."""
        if self.room is None or self.an_hour <= 0:
            return None
        return max(0, int(self.room // self.an_hour))


def holdings(world: World) -> dict[InstrumentId, Holding]:
    """Return the positions in markets whose funding is told, at what the venue settles on."""
    found: dict[InstrumentId, Holding] = {}
    if world.ledger is None:
        return found
    known = world.instruments
    for (account, name), lots in world.ledger.positions.items():
        own, instrument = world.funding.own.get(name), known.get(name)
        if own is None or own.price is None or instrument is None or not lots:
            continue
        if account != instrument.account:
            continue  # the ledger still has what was traded with before
        base = lots * instrument.lot_atoms
        value = Fraction(base * own.price.quote_atoms, own.price.base_atoms)
        found[name] = Holding(name, account, value)
    return found


def burdens(
    world: World, held: Mapping[InstrumentId, Holding], rates: Mapping[InstrumentId, int]
) -> dict[AccountId, Burden]:
    """Return what each account pays an hour, all its positions together."""
    paid: dict[AccountId, Fraction] = {}
    for holding in held.values():
        rate = Fraction(rates.get(holding.instrument, 0), PICO_PER_UNIT)
        paid[holding.account] = paid.get(holding.account, Fraction(0)) + holding.notional * rate
    venues = {i.account: i.venue for i in world.configured}
    return {
        account: _burden(world, account, venue=venues[account], an_hour=an_hour)
        for account, an_hour in paid.items()
    }


def _burden(world: World, account: AccountId, *, venue: VenueId, an_hour: Fraction) -> Burden:
    found = None if world.assessment is None else world.assessment.of(account)
    if found is None or found.unknown:
        return Burden(an_hour, world.funding.equity.get(account), None)
    soft = next((z.soft_pips for z in world.limits.zones if z.venue == venue), PIPS_PER_UNIT)
    # Maintenance is this share of the equity where the zone begins.
    room = found.equity_atoms - Fraction(found.maintenance_atoms * PIPS_PER_UNIT, soft)
    return Burden(an_hour, found.equity_atoms, room)
