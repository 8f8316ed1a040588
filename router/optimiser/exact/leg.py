"""Exact trades as the legs of a plan: what they cost, and the worst they may become.

Every division rounds against us, and every bound towards what was agreed. Refuses to choose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.instrument import Instrument
from router.domain.plan import (
    BookCandidate,
    CostSplit,
    Leg,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    AccountId,
    Amount,
    Pips,
    Rounding,
    Side,
    divide,
)
from router.optimiser.exact.rooms import Rooms, rooms_of
from router.optimiser.exact.trade import Trade, paid_asset
from router.optimiser.market.gas_price import chain_of, gas_price_atoms, transaction_of
from router.optimiser.market.tick import limit_ticks, valid_limit_ticks
from router.optimiser.market.value import mark_value

_DOWN: Final = Rounding.DOWN
_UP: Final = Rounding.UP
_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class _Bound:
    atoms: int
    ticks: int | None = None


def to_legs(
    problem: RoutingProblem, trades: Sequence[Trade], *, rooms: Rooms | None = None
) -> tuple[Leg, ...]:
    """Return the legs with costs and bounds; the bounds of each chain account fit its cash.

    Parameters
    ----------
    rooms : Rooms | None
        What the accounts have left beside other orders; None where the order is alone.
    """
    units = _gas_units(problem, trades)
    rooms = rooms or rooms_of([problem])
    bounds = _fitted(problem, trades, [_bound(problem, t) for t in trades], rooms=rooms)
    return tuple(
        _leg(problem, trade, gas=_gas_cost(problem, trade, used), bound=bound)
        for trade, used, bound in zip(trades, units, bounds, strict=True)
    )


def total_cost(problem: RoutingProblem, trades: Sequence[Trade]) -> int:
    """Return what the trades cost against the arrival mid, gas and funding in, [quote atoms]."""
    units = _gas_units(problem, trades)
    pairs = zip(trades, units, strict=True)
    return sum(_cost(problem, t, gas=_gas_cost(problem, t, used)).total for t, used in pairs)


def total_gas(problem: RoutingProblem, trades: Sequence[Trade]) -> int:
    """Return what the gas of the trades costs, [quote atoms]."""
    units = _gas_units(problem, trades)
    return sum(_gas_cost(problem, t, used) for t, used in zip(trades, units, strict=True))


def slippage(problem: RoutingProblem, *, cost: int, base: int) -> Pips:
    """Return a cost over the notional at arrival mid, rounded against us."""
    mid = problem.arrival_mid
    return Pips(divide(cost * mid.base_atoms * PIPS_PER_UNIT, base * mid.quote_atoms, _UP))


# What a transaction costs before the first pool its legs share evenly.
def _gas_units(problem: RoutingProblem, trades: Sequence[Trade]) -> list[int]:
    units = []
    seen: dict[tuple[AccountId, str], int] = {}
    together = [transaction_of(t.instrument) for t in trades]
    for trade, transaction in zip(trades, together, strict=True):
        if isinstance(trade.candidate, BookCandidate):
            units.append(0)
            continue
        chain = chain_of(problem, trade.instrument)
        base, count = (chain.gas_units_base if chain else 0), together.count(transaction)
        place = seen.get(transaction, 0)
        seen[transaction] = place + 1
        units.append(trade.gas_units + base // count + (place < base % count))
    return units


def _gas_cost(problem: RoutingProblem, trade: Trade, units: int) -> int:
    if isinstance(trade.candidate, BookCandidate):
        return 0
    return gas_price_atoms(problem, chain_of(problem, trade.instrument), units)


def _cost(problem: RoutingProblem, trade: Trade, *, gas: int) -> CostSplit:
    buying = problem.side is Side.BUY
    base = Amount(trade.instrument.base.id, trade.base)
    at_mid = problem.arrival_mid.notional(base, _DOWN if buying else _UP).atoms
    worse = trade.quote - at_mid if buying else at_mid - trade.quote
    if not isinstance(trade.candidate, BookCandidate):
        return CostSplit(impact=worse - trade.fee, fees=trade.fee, gas=gas, funding=0)
    funding = _funding(problem, trade.candidate, base=trade.base)
    at_mark = mark_value(
        trade.candidate,
        trade.base // trade.instrument.lot_atoms,
        rounding=_UP if buying else _DOWN,
    )
    basis = at_mark - at_mid if buying else at_mid - at_mark
    return CostSplit(impact=worse, fees=trade.fee, gas=0, funding=funding, basis=basis)


# Funding over the horizon, and what the perp's price is expected to lose on its way to spot.
def _funding(problem: RoutingProblem, book: BookCandidate, *, base: int) -> int:
    sign = 1 if problem.side is Side.BUY else -1
    held = book.funding_rate_per_hour * problem.holding_horizon_s
    rate = sign * (held + book.basis * _SECONDS_PER_HOUR)
    lots = base // book.instrument.lot_atoms
    value = mark_value(book, lots, rounding=_UP if rate > 0 else _DOWN)
    return divide(rate * value, PICO_PER_UNIT * _SECONDS_PER_HOUR, _UP)


def _bound(problem: RoutingProblem, trade: Trade) -> _Bound:
    if isinstance(trade.candidate, BookCandidate):
        return _book_bound(problem, trade, trade.candidate)
    other = trade.quote if trade.kind is QuantityKind.BASE else trade.base
    tolerance, limit = problem.slippage_tolerance_pips, problem.limit_price
    pays = _pays_other(problem, trade)
    base = Amount(trade.instrument.base.id, trade.base)
    cash = Amount(trade.instrument.quote.id, trade.quote)
    towards = _DOWN if pays else _UP
    if trade.kind is QuantityKind.BASE:
        at_limit = limit.notional(base, towards).atoms
    else:
        at_limit = limit.quantity(cash, towards).atoms
    if pays:
        return _Bound(
            min(divide(other * (PIPS_PER_UNIT + tolerance), PIPS_PER_UNIT, _DOWN), at_limit)
        )
    return _Bound(max(divide(other * (PIPS_PER_UNIT - tolerance), PIPS_PER_UNIT, _UP), at_limit))


# Whether the amount that is not exact is one we pay; else it is one we receive.
def _pays_other(problem: RoutingProblem, trade: Trade) -> bool:
    return (problem.side is Side.BUY) is (trade.kind is QuantityKind.BASE)


# The limit lies around the last level the quote touched, so that the quote itself can fill.
def _book_bound(problem: RoutingProblem, trade: Trade, book: BookCandidate) -> _Bound:
    buying, instrument = problem.side is Side.BUY, book.instrument
    worst = trade.worst_ticks or 0
    pips = PIPS_PER_UNIT + (1 if buying else -1) * problem.slippage_tolerance_pips
    tolerated = divide(worst * pips, PIPS_PER_UNIT, _DOWN if buying else _UP)
    tolerated = valid_limit_ticks(tolerated, problem.side, tick_decimals=instrument.tick_decimals)
    agreed = limit_ticks(instrument, problem.side, limit=problem.limit_price)
    least = 0 if buying else _least_ticks(problem, trade, instrument)
    ticks = min(tolerated, agreed) if buying else max(tolerated, agreed, least)
    price = instrument.tick_price(ticks)
    base = Amount(instrument.base.id, trade.base)
    return _Bound(price.notional(base, _UP if buying else _DOWN).atoms, ticks)


# The lowest price at which a sale is still worth what the venue takes: it reckons with the limit.
def _least_ticks(problem: RoutingProblem, trade: Trade, instrument: Instrument) -> int:
    a_tick = instrument.tick_price(1)
    ticks = divide(
        instrument.notional_min_atoms * a_tick.base_atoms, a_tick.quote_atoms * trade.base, _UP
    )
    return valid_limit_ticks(ticks, problem.side, tick_decimals=instrument.tick_decimals)


# Where the bounds together exceed the cash, each keeps its quote and an equal part of the slack.
def _fitted(
    problem: RoutingProblem, trades: Sequence[Trade], bounds: list[_Bound], *, rooms: Rooms
) -> list[_Bound]:
    fitted = list(bounds)
    for account in sorted({t.instrument.account for t in trades}):
        own = [
            i
            for i, t in enumerate(trades)
            if t.instrument.account == account
            and not isinstance(t.candidate, BookCandidate)
            and _pays_other(problem, t)
        ]
        quoted = [trades[i].quote if problem.side is Side.BUY else trades[i].base for i in own]
        wanted = sum(bounds[i].atoms for i in own)
        room = rooms.left(account, paid_asset(problem))
        if wanted <= room:
            continue
        slack, asked = room - sum(quoted), wanted - sum(quoted)
        for i, least in zip(own, quoted, strict=True):
            more = divide((bounds[i].atoms - least) * slack, asked, _DOWN)
            fitted[i] = _Bound(least + more)
    return fitted


def _leg(problem: RoutingProblem, trade: Trade, *, gas: int, bound: _Bound) -> Leg:
    instrument = trade.instrument
    cost = _cost(problem, trade, gas=gas)
    other = instrument.quote if trade.kind is QuantityKind.BASE else instrument.base
    return Leg(
        instrument=instrument,
        side=problem.side,
        quantity_kind=trade.kind,
        quantity=Amount(instrument.base.id, trade.base),
        notional=Amount(instrument.quote.id, trade.quote),
        bound=Amount(other.id, bound.atoms),
        limit_ticks=bound.ticks,
        cost=cost,
        slippage=slippage(problem, cost=cost.total, base=trade.base),
        hops=trade.hops,
    )
