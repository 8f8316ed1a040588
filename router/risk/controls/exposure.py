"""What is open and held: open notional, perp positions, leverage (C05). Pure.

Nothing of this is asked of an order that only reduces, nor of a scope that ends with less than it
has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from router.domain.control import Control
from router.domain.controls import ControlLimits, amount_of
from router.domain.instrument import Instrument
from router.domain.order import ChildOrder
from router.domain.plan import Leg
from router.domain.scope import Scope, ScopeKind
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    InstrumentId,
    Rounding,
    Side,
    VenueId,
    divide,
)
from router.risk.controls.breach import Breach, in_units, over
from router.risk.controls.case import Planned, holds_market, markets_of
from router.state.activity import scopes_of

_PCT = 100


@dataclass(frozen=True, slots=True)
class _Place:
    """A perp position: its value at the mark before the plan, and after it; collateral atoms."""

    account: AccountId
    venue: VenueId
    collateral: AssetId
    instrument: InstrumentId | None  # None: several, of which the order touches none
    before: int
    after: int


def open_notional(planned: Planned) -> Iterator[Breach]:
    """Ask what is sent and has not ended, with the plan."""
    asked = planned.asked
    if asked.order.reduces_only:
        return
    quote = asked.order.quote
    for limits, legs in planned.parts():
        bound = amount_of(limits.open_notional_max, quote)
        if bound is None:
            continue
        out = sum(
            _cash(leg, quote)
            for child in asked.world.open_children()
            for leg in child.order.legs
            if _is_of(limits.scope, child.order, leg)
        )
        value = out + sum(_cash(leg, quote) for leg in legs)
        if value > bound:
            yield over(
                Control.EXPOSURE,
                limits.scope,
                "open_notional_max",
                limit=bound,
                value=value,
                show=in_units(quote, asked.world.configured),
                remedy="wait until what is out has ended, or send less",
            )


def positions(planned: Planned) -> Iterator[Breach]:
    """Ask how much is held in perp positions after the plan, longs and shorts added up."""
    asked = planned.asked
    if asked.order.reduces_only or not planned.books:
        return
    places = _places(planned)
    for limits, _ in planned.parts():
        for collateral in dict.fromkeys(p.collateral for p in places):
            bound = amount_of(limits.position_notional_max, collateral)
            here = [p for p in places if p.collateral == collateral and _holds(limits.scope, p)]
            value = sum(p.after for p in here)
            if bound is not None and value > bound and value > sum(p.before for p in here):
                yield over(
                    Control.EXPOSURE,
                    limits.scope,
                    "position_notional_max",
                    limit=bound,
                    value=value,
                    show=in_units(collateral, asked.world.configured),
                    remedy="reduce first, name other venues, or send less",
                )


def leverage(planned: Planned) -> Iterator[Breach]:
    """Ask what each account holds for its equity after the plan."""
    if planned.asked.order.reduces_only or not planned.books:
        return
    places = _places(planned)
    equities = {margin.account: margin.equity_atoms for margin in planned.problem.margins}
    for limits, legs in planned.parts():
        bound = limits.leverage_max_pct
        for account in dict.fromkeys(x.instrument.account for x in legs if bound is not None):
            if account not in equities:
                continue
            own = [p for p in places if p.account == account]
            before, after = sum(p.before for p in own), sum(p.after for p in own)
            breach = _levered(limits, after=after, equity=equities[account])
            if breach is not None and after > before:
                yield breach


def _levered(limits: ControlLimits, *, after: int, equity: int) -> Breach | None:
    bound = limits.leverage_max_pct
    if bound is None or after * _PCT <= bound * equity:
        return None
    value = divide(after * _PCT, equity, Rounding.UP) if equity > 0 else after * _PCT
    return over(
        Control.EXPOSURE,
        limits.scope,
        "leverage_max_pct",
        limit=bound,
        value=value,
        show=str,
        remedy="reduce first, add collateral, or send less",
    )


# A market that nobody has priced yet is not among them: nothing can have been opened there.
def _places(planned: Planned) -> tuple[_Place, ...]:
    world, books = planned.asked.world, planned.books
    changes = _changes(planned)
    found = []
    for margin in planned.problem.margins:
        own = [b.instrument for b in books.values() if b.instrument.account == margin.account]
        elsewhere = sum(abs(held.notional_atoms) for held in margin.elsewhere)
        place = _Place(
            margin.account, own[0].venue, own[0].quote.id, None, before=elsewhere, after=elsewhere
        )
        found.append(place)
    for book in books.values():
        instrument = book.instrument
        lot = Amount(instrument.base.id, instrument.lot_atoms)
        worth = instrument.tick_price(book.mark_ticks).notional(lot, Rounding.UP).atoms
        after = book.position_lots + changes.get(instrument.id, 0)
        found.append(_place(instrument, abs(book.position_lots) * worth, abs(after) * worth))
    known = {margin.account for margin in planned.problem.margins}
    held: Mapping[tuple[AccountId, InstrumentId], int] = (
        {} if world.ledger is None else world.ledger.positions
    )
    for (account, name), lots in held.items():
        other = world.instruments.get(name)
        if other is not None and account not in known:
            worth = abs(lots) * world.activity.marks.get(name, 0)
            found.append(_place(other, worth, worth))
    return tuple(found)


def _place(instrument: Instrument, before: int, after: int) -> _Place:
    return _Place(
        instrument.account,
        instrument.venue,
        instrument.quote.id,
        instrument.id,
        before=before,
        after=after,
    )


# Lots by market: of the plan, and of what other orders have out.
def _changes(planned: Planned) -> dict[InstrumentId, int]:
    out = [(c.order.side, leg) for c in planned.asked.world.open_children() for leg in c.order.legs]
    changes: dict[InstrumentId, int] = {}
    for side, leg in (*out, *((leg.side, leg) for leg in planned.plan.legs)):
        lots = leg.quantity.atoms // leg.instrument.lot_atoms
        signed = lots if side is Side.BUY else -lots
        changes[leg.instrument.id] = changes.get(leg.instrument.id, 0) + signed
    return changes


def _holds(scope: Scope, place: _Place) -> bool:
    match scope.kind:
        case ScopeKind.FIRM:
            return True
        case ScopeKind.STRATEGY:
            return False  # a position is nobody's in particular
        case ScopeKind.ACCOUNT:
            return scope.name == place.account
        case ScopeKind.VENUE:
            return scope.name == place.venue
        case ScopeKind.INSTRUMENT:
            return scope.name == place.instrument


def _is_of(scope: Scope, child: ChildOrder, leg: Leg) -> bool:
    markets = markets_of(leg)
    return scope in scopes_of(child) or any(holds_market(scope, market) for market in markets)


def _cash(leg: Leg, quote: AssetId) -> int:
    amounts = (a.atoms for a in (leg.notional, leg.bound) if a.asset == quote)
    return max(amounts, default=0)
