"""Perp accounts of a survey, assessed one by one: margin, zone, and the worst scenario. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from router.domain.account import AccountSnapshot
from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.limits import Limits
from router.domain.observation import Survey
from router.domain.risk import AccountAssessment, ScenarioOutcome, Zone
from router.domain.units import (
    PIPS_PER_UNIT,
    AccountId,
    AssetId,
    InstrumentId,
    Pips,
    Price,
    VenueId,
    format_decimal,
)
from router.risk.margin.figures import figures
from router.risk.margin.model import Held, MarginModel, distance_to
from router.risk.margin.read import account_model, unexplained_atoms
from router.risk.report import AccountRisk, PositionRisk
from router.risk.stress.exact import exposure, outcome, stress_buffer

_UNKNOWN = "no answer from its venue"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is asked of accounts.

    Attributes
    ----------
    zones : Mapping[AccountId, Zone]
        By liquidation preferences; others are safe.
    reserved : Mapping[AccountId, int]
        Collateral atoms that legs in flight may still take.
    before : Mapping[AccountId, Zone]
        Where accounts were found last: one that cannot be looked at is taken to be there still.
    """

    limits: Limits
    instruments: tuple[Instrument, ...]
    zones: Mapping[AccountId, Zone]
    reserved: Mapping[AccountId, int] = field(default_factory=dict)
    before: Mapping[AccountId, Zone] = field(default_factory=dict)

    def zone(self, account: AccountId) -> Zone:
        """Return the zone of an account that could not be looked at whole."""
        return self.zones.get(account, self.before.get(account, Zone.SAFE))


def account_risks(survey: Survey, judged: Judged) -> tuple[AccountRisk, ...]:
    """Return every configured perp account, those that could not be read included."""
    quotes = {i.account: i for i in judged.instruments if not i.is_on_chain}
    return tuple(_account(survey, judged, i) for i in quotes.values())


def _account(survey: Survey, judged: Judged, instrument: Instrument) -> AccountRisk:
    account, venue, collateral = instrument.account, instrument.venue, instrument.quote.id
    snapshot = survey.observation.account(account)
    if snapshot is None:
        why = survey.unreadable.get(account, _UNKNOWN)
        return _unknown(instrument, zone=judged.zone(account), why=why)
    try:
        model = account_model(snapshot, judged.instruments, survey.observation.contexts)
    except MalformedDataError as error:
        return _unknown(instrument, zone=judged.zone(account), why=str(error))
    if (name := _untold(snapshot)) is not None:
        why = f"the venue does not tell what its position in {name} is worth"
        return _unknown(instrument, zone=judged.zone(account), why=why)
    strange = _unexplained(snapshot, model, instrument)
    if strange:
        return _unknown(instrument, zone=judged.zone(account), why=strange)
    model = model.reserving(Fraction(judged.reserved.get(account, 0)))
    outcomes = _outcomes(snapshot, judged.limits, venue=venue, collateral=collateral)
    ratio = model.risk_ratio
    return AccountRisk(
        found=AccountAssessment(
            account=account,
            venue=venue,
            equity_atoms=floor(model.equity),
            initial_atoms=ceil(model.initial),
            maintenance_atoms=ceil(model.maintenance),
            zone=judged.zones.get(account, Zone.SAFE),
            worst=min(outcomes, key=lambda one: one.room_atoms, default=None),
        ),
        collateral=collateral,
        value_atoms=floor(model.value),
        available_atoms=floor(model.available),
        withdrawable_atoms=floor(model.withdrawable),
        transfer_requirement_atoms=ceil(model.transfer_requirement),
        ratio_pips=None if ratio is None else Pips(ceil(ratio * PIPS_PER_UNIT)),
        reduces_only="",
        positions=_positions(model, judged.instruments),
        outcomes=outcomes,
    )


# Scenarios move what positions are worth; without that an account is not assessed whole.
def _untold(snapshot: AccountSnapshot) -> InstrumentId | None:
    told = {marked.instrument for marked in snapshot.marked}
    return next(
        (p.instrument for p in snapshot.positions if p.lots and p.instrument not in told), None
    )


# A venue that contradicts itself is not believed; its figures are rounded, once a position.
def _unexplained(snapshot: AccountSnapshot, model: MarginModel, instrument: Instrument) -> str:
    off = unexplained_atoms(snapshot, model)
    if abs(off) <= 2 + len(snapshot.marked):
        return ""
    told, made = (
        format_decimal(floor(atoms), instrument.quote.decimals)
        for atoms in (snapshot.equity_atoms, snapshot.equity_atoms - off)
    )
    quote = instrument.quote.id
    return f"its equity is {told} {quote} by its venue, and {made} by its cash and positions"


def _outcomes(
    snapshot: AccountSnapshot, limits: Limits, *, venue: VenueId, collateral: AssetId
) -> tuple[ScenarioOutcome, ...]:
    buffer = stress_buffer(limits, venue=venue, collateral=collateral)
    seen = exposure(snapshot, venue=venue, buffer_atoms=buffer)
    return tuple(outcome(seen, scenario) for scenario in limits.stresses)


def _unknown(instrument: Instrument, *, zone: Zone, why: str) -> AccountRisk:
    account, venue = instrument.account, instrument.venue
    found = AccountAssessment(account, venue, 0, 0, 0, zone, worst=None, unknown=why)
    return AccountRisk(
        found=found,
        collateral=instrument.quote.id,
        value_atoms=0,
        available_atoms=0,
        withdrawable_atoms=0,
        transfer_requirement_atoms=0,
        ratio_pips=None,
        reduces_only="",
        positions=(),
        outcomes=(),
    )


def _positions(model: MarginModel, instruments: tuple[Instrument, ...]) -> tuple[PositionRisk, ...]:
    known = {i.id: i for i in instruments}
    prices = dict(figures(model).liquidation_prices)
    return tuple(
        _position(held, known.get(held.instrument), prices[held.instrument])
        for held in model.positions
        if held.size
    )


def _position(
    held: Held, instrument: Instrument | None, liquidation: Fraction | None
) -> PositionRisk:
    distance = distance_to(held, liquidation)
    return PositionRisk(
        instrument=held.instrument,
        asset=held.asset,
        lots=int(held.size),
        notional_atoms=floor(held.worth),
        initial_atoms=ceil(held.initial),
        maintenance_atoms=ceil(held.holding.maintenance),
        is_isolated=held.is_isolated,
        mark=_price(instrument, held.holding.mark),
        liquidation=_price(instrument, liquidation),
        distance_pips=None if distance is None else Pips(floor(distance * PIPS_PER_UNIT)),
    )


# Of a lot in atoms into a price; exact, for a price is a ratio.
def _price(instrument: Instrument | None, per_lot: Fraction | None) -> Price | None:
    if instrument is None or per_lot is None:
        return None
    base_atoms = per_lot.denominator * instrument.lot_atoms
    return Price(instrument.base.id, instrument.quote.id, per_lot.numerator, base_atoms)
