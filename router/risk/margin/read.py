"""An account as a venue told it, made into its model: exactly, or not at all. Pure.

Open positions stand at the marks they were told with, so that the equity comes out as told. A
position in a coin that is not configured is one lot, whose mark is its whole notional. Refuses an
account in which something that draws on its equity is unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import floor
from types import MappingProxyType
from typing import Final, TypeAlias

from router.domain.account import AccountMode, AccountSnapshot, IsolatedPosition, MarkedPosition
from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.margin import HeldPosition, InitialMargin, MarginTier
from router.domain.market import PerpContext
from router.domain.units import PICO_PER_UNIT, AssetId, InstrumentId, Pico, Rounding, divide
from router.risk.margin.account import Holding
from router.risk.margin.model import Held, MarginModel
from router.risk.margin.standard import StandardModel
from router.risk.margin.tiers import Tier, TierTable
from router.risk.margin.unified import UnifiedModel, pool

Resting: TypeAlias = Mapping[InstrumentId, tuple[int, int]]  # lots of resting buys, and of sells
_NONE: Final[Resting] = MappingProxyType({})
_TABLES_MAX: Final = 1_024


def account_model(
    snapshot: AccountSnapshot,
    instruments: Iterable[Instrument],
    contexts: Iterable[PerpContext],
    *,
    resting: Resting = _NONE,
) -> MarginModel:
    """Return the model of a perp account.

    Parameters
    ----------
    instruments : iterable of Instrument
        Those that are configured; of other accounts, too.
    contexts : iterable of PerpContext
        Marks of markets without a position, and tiers.

    Raises
    ------
    MalformedDataError
        If a position has no mark, or the account's mode has no model.
    """
    own = [
        i
        for i in instruments
        if i.account == snapshot.account and i.kind is InstrumentKind.PERP_BOOK
    ]
    told = {context.instrument: context for context in contexts}
    marked = {position.instrument: position.held for position in snapshot.marked}
    names = {instrument.id for instrument in own}
    places = [
        _place(i, snapshot, marked.get(i.id), context=told.get(i.id), resting=resting) for i in own
    ]
    found = [held for held in places if held is not None]
    found += [_elsewhere(m) for m in snapshot.marked if m.instrument not in names]
    found += [_isolated(position) for position in snapshot.isolated]
    collateral = _collateral(snapshot, own)
    match snapshot.mode:
        case AccountMode.STANDARD:
            cash = Fraction(snapshot.balance(collateral))
            return StandardModel(collateral, cash, tuple(found))
        case AccountMode.UNIFIED:
            decimals = own[0].quote.decimals if own else None
            return _unified(snapshot, found, collateral=collateral, decimals=decimals)
        case AccountMode.PORTFOLIO:
            raise MalformedDataError(
                f"{snapshot.account}: portfolio margin has no model here; use a standard account"
            )


def unexplained_atoms(snapshot: AccountSnapshot, model: MarginModel) -> int:
    """Return how much more equity the venue told than the model has; zero where they agree."""
    return snapshot.equity_atoms - floor(model.equity)


def per_lot(instrument: Instrument, ticks: int) -> Fraction:
    """Return a price of so many ticks in collateral atoms for a lot."""
    price = instrument.tick_price(ticks)
    return Fraction(price.quote_atoms * instrument.lot_atoms, price.base_atoms)


def lot_ticks(instrument: Instrument, price: Fraction, rounding: Rounding) -> int:
    """Return a price for a lot in ticks."""
    ticks = price / per_lot(instrument, 1)
    return divide(ticks.numerator, ticks.denominator, rounding)


def _collateral(snapshot: AccountSnapshot, own: Sequence[Instrument]) -> AssetId:
    if own:
        return own[0].quote.id
    if len(snapshot.balances) == 1:
        return snapshot.balances[0].asset
    raise MalformedDataError(
        f"{snapshot.account}: its collateral is unknown; configure an instrument that draws on it"
    )


# None where there is neither a position nor a mark at which one could be opened.
def _place(
    instrument: Instrument,
    snapshot: AccountSnapshot,
    marked: HeldPosition | None,
    *,
    context: PerpContext | None,
    resting: Resting,
) -> Held | None:
    lots = snapshot.position_lots(instrument.id)
    if lots and marked is not None and marked.notional_atoms * lots > 0:
        mark = Fraction(marked.notional_atoms, lots)
    elif context is not None:
        mark = per_lot(instrument, context.mark_ticks)
    elif lots:
        raise MalformedDataError(
            f"{instrument.id}: the position has no mark; wait until the venue tells one"
        )
    else:
        return None
    tiers = context.tiers if context is not None and context.tiers else ()
    if not tiers and marked is not None:
        tiers = marked.tiers
    leverage = snapshot.leverage(instrument.id) or 1
    rule = InitialMargin.AT_LEVERAGE if context is None or not tiers else context.initial_margin
    buys, sells = resting.get(instrument.id, (0, 0))
    return Held(
        instrument.id,
        instrument.base.id,
        Holding(Fraction(lots), mark, leverage, _table(tiers, _rate_of(leverage))),
        buys=Fraction(buys),
        sells=Fraction(sells),
        rule=rule,
    )


def _elsewhere(position: MarkedPosition) -> Held:
    return Held(position.instrument, position.held.asset, _whole(position.held))


def _isolated(position: IsolatedPosition) -> Held:
    return Held(
        position.instrument,
        position.held.asset,
        _whole(position.held),
        is_isolated=True,
        own_cash=Fraction(position.cash_atoms),
    )


# A position of which only the worth is told, as one lot.
def _whole(held: HeldPosition) -> Holding:
    size = 1 if held.notional_atoms > 0 else -1 if held.notional_atoms else 0
    leverage = max(1, round(Fraction(PICO_PER_UNIT, held.initial))) if held.initial else 1
    mark = Fraction(max(1, abs(held.notional_atoms)))
    return Holding(Fraction(size), mark, leverage, _table(held.tiers, held.initial))


def _rate_of(leverage: int) -> Pico:
    return Pico(divide(PICO_PER_UNIT, leverage, Rounding.UP))


# Without tiers a position is kept by what opened it.
@lru_cache(maxsize=_TABLES_MAX)
def _table(tiers: tuple[MarginTier, ...], initial: Pico) -> TierTable:
    found = tuple(
        Tier(Fraction(t.above_atoms), t.leverage_max, Fraction(t.maintenance, PICO_PER_UNIT))
        for t in tiers
    )
    return TierTable(found or (Tier(Fraction(0), 1, Fraction(initial, PICO_PER_UNIT)),))


def _unified(
    snapshot: AccountSnapshot,
    positions: Sequence[Held],
    *,
    collateral: AssetId,
    decimals: int | None,
) -> UnifiedModel:
    holding = next((s for s in snapshot.spot if s.asset == collateral), None)
    if holding is None:
        raise MalformedDataError(
            f"{snapshot.account}: the balance of {collateral} was not told; unified accounts need"
            " their spot balances"
        )
    finer = holding.decimals if decimals is None else decimals
    unit = Fraction(10**finer, 10**holding.decimals)
    bound = holding.held_atoms * unit
    return UnifiedModel((pool(collateral, holding.atoms * unit, positions, bound=bound),))
