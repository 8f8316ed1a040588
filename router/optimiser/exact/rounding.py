"""From shares to whole lots and atoms: the second border between floats and integers.

Perp legs go to whole lots, down or one up, whichever ends cheaper; the pools take exactly what is
left, split again; every candidate is quoted by exact integers and checked against every account
before it may win. Refuses to send what it could not check.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from router.domain.plan import (
    BookCandidate,
    NoRouteReason,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import Amount, Rounding, Side, divide
from router.optimiser.convex.reach import most_paid
from router.optimiser.convex.rows import Floats
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.exact.atoms import account_holds, account_trades
from router.optimiser.exact.leg import total_cost
from router.optimiser.exact.parts import NEARLY_ALL
from router.optimiser.exact.rooms import Rooms, Used
from router.optimiser.exact.trade import (
    Trade,
    book_trade,
    ordered,
    paid_asset,
    used_by,
)
from router.optimiser.market.market import Market, Selection
from router.optimiser.market.source import book_levels

_BOTH_WAYS_MAX: Final = 4  # books tried both ways; more would be 2**n candidates
_INSIDE: Final = 1.0 - 1e-9
_FINE: Final = 1e-5  # lots over the order; at prices 1 % apart that is a thousandth of a bp


@dataclass(frozen=True, slots=True)
class Draft:
    """Exact trades that every account can bear.

    Attributes
    ----------
    cost : int, [quote atoms]
        Against the arrival mid, gas and funding in.
    unfilled : int, [atoms of the order's quantity]
    regret : int, [quote atoms]
        What is minimised: the cost, and the whole worth of what is left over. So a remainder
        below a lot goes to a pool unless the gas for it is more than it is worth.
    """

    trades: tuple[Trade, ...]
    cost: int
    unfilled: int
    regret: int

    @property
    def base(self) -> int:
        """Return what is traded in all, [base atoms]."""
        return sum(t.base for t in self.trades)


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    selection: Selection
    scaled: ScaledProblem
    rooms: Rooms


def round_shares(
    selection: Selection, scaled: ScaledProblem, shares: Floats, *, rooms: Rooms
) -> Draft | NoRouteReason:
    """Return the cheapest exact plan next to the shares, or why there is none.

    Parameters
    ----------
    scaled : ScaledProblem
        Of this order alone.
    rooms : Rooms
        What the accounts have left beside the other orders.
    """
    problem, planned = selection.market.problem, _Planned(selection, scaled, rooms)
    n_chains = len(selection.chains)
    chain_shares, book_shares = shares[:n_chains], shares[n_chains:]
    best: Draft | None = None
    reason = NoRouteReason.BELOW_MINIMUM
    tried = set()
    for lots in _lot_choices(problem, scaled, book_shares):
        books = _book_trades(selection.market, lots)
        key = tuple(t.base for t in books)
        if key in tried:
            continue
        tried.add(key)
        found = _filled_by_pools(planned, books, shares=chain_shares)
        if isinstance(found, NoRouteReason):
            # That one lot up is more than the order says nothing about the order.
            reason = reason if found is NoRouteReason.LIMIT_EXCEEDED else found
        elif best is None or found.regret < best.regret:
            best = found
        if best is not None and best.unfilled == 0 and _is_fine(problem, scaled):
            break
    return best or reason


# Whether no choice between a lot more or less is worth a look: so little changes its price.
def _is_fine(problem: RoutingProblem, scaled: ScaledProblem) -> bool:
    atoms = sum(b.instrument.lot_atoms / 10.0**b.instrument.base.decimals for b in problem.books)
    return atoms / scaled.curves[0].quantity <= _FINE


def provisional(selection: Selection, scaled: ScaledProblem, shares: Floats) -> Used:
    """Return about what an order's shares take of the accounts, before they are rounded."""
    problem, n = selection.market.problem, len(selection.chains)
    lots = (choice[0] for choice in _lots_either(problem, scaled, shares[n:]))
    used = used_by(problem, _book_trades(selection.market, tuple(lots)))
    buying, pair = problem.side is Side.BUY, selection.market.pair
    cash = dict(used.cash)
    for c, (account, curve) in enumerate(selection.chains):
        base = min(float(shares[c]) * scaled.curves[c].quantity, curve.capacity)
        amount = scaled.curves[c].point.cost(base) if buying else base
        scale_up = 10.0 ** (pair.quote if buying else pair.base).decimals
        key = (account, paid_asset(problem))
        cash[key] = cash.get(key, 0) + math.ceil(amount * scale_up)
    return Used(cash, used.fills)


def draft(
    problem: RoutingProblem, trades: Sequence[Trade | NoRouteReason], *, rooms: Rooms
) -> Draft | NoRouteReason:
    """Return the trades as a draft, or the first reason against them."""
    whole: list[Trade] = []
    for trade in trades:
        if isinstance(trade, NoRouteReason):
            return trade
        whole.append(trade)
    if not whole:
        return NoRouteReason.BELOW_MINIMUM
    broken = rooms.broken(used_by(problem, whole))
    if broken is not None:
        return broken
    whole.sort(key=lambda t: (isinstance(t.candidate, BookCandidate), t.instrument.id))
    left = problem.quantity.atoms - sum(ordered_atoms(problem, t) for t in whole)
    cost = total_cost(problem, whole)
    return Draft(tuple(whole), cost, left, cost + _worth(problem, left))


def ordered_atoms(problem: RoutingProblem, trade: Trade) -> int:
    """Return what a trade fills of the order, in atoms of what the order fixes."""
    return ordered(problem, base=trade.base, quote=trade.quote)


def whole_lots(problem: RoutingProblem, book: BookCandidate, *, atoms: int) -> int:
    """Return the most lots of a book within `atoms` of what the order fixes."""
    levels = book_levels(book, problem.side, limit=problem.limit_price)
    if problem.kind is QuantityKind.BASE:
        return min(atoms // book.instrument.lot_atoms, sum(size for _, size in levels))
    unit = book.instrument.tick_price(1)
    lots, left = 0, atoms * unit.base_atoms
    for ticks, size in levels:
        one = ticks * unit.quote_atoms * book.instrument.lot_atoms
        fits = min(left // one, size)
        lots, left = lots + fits, left - fits * one
        if fits < size:
            break
    return lots


def least_lots(problem: RoutingProblem, book: BookCandidate) -> int:
    """Return the fewest lots the venue takes; more than the book shows where it shows too few."""
    instrument = book.instrument
    unit = instrument.tick_price(1)
    needed = divide(
        instrument.notional_min_atoms * unit.base_atoms,
        unit.quote_atoms * instrument.lot_atoms,
        Rounding.UP,
    )
    lots = 0
    for ticks, size in book_levels(book, problem.side, limit=problem.limit_price):
        taken = min(divide(needed, ticks, Rounding.UP), size)
        lots, needed = lots + taken, needed - taken * ticks
        if needed <= 0:
            return max(lots, 1)
    return lots + 1


def _worth(problem: RoutingProblem, atoms: int) -> int:
    if problem.kind is QuantityKind.CASH:
        return atoms
    return problem.arrival_mid.notional(Amount(problem.quantity.asset, atoms), Rounding.UP).atoms


# Every book down to whole lots or one up, or, where that is under its minimum, up to the minimum
# or left out; with many books only all down.
def _lot_choices(
    problem: RoutingProblem, scaled: ScaledProblem, shares: Floats
) -> Iterator[tuple[int, ...]]:
    return product(*_lots_either(problem, scaled, shares))


def _lots_either(
    problem: RoutingProblem, scaled: ScaledProblem, shares: Floats
) -> list[tuple[int, ...]]:
    choices: list[tuple[int, ...]] = []
    whole = scaled.curves[0].quantity
    for book, share in zip(problem.books, shares, strict=True):
        lot = book.instrument.lot_atoms / 10**book.instrument.base.decimals
        down = int(share * whole / lot)
        if share > 0.0 and len(problem.books) <= _BOTH_WAYS_MAX:
            least = least_lots(problem, book)
            choices.append((0, least) if down < least else (down, down + 1))
        else:
            choices.append((down,))
    return choices


# Legs the book cannot fill, or under its minimum, are left out: others take their part.
def _book_trades(market: Market, lots: tuple[int, ...]) -> tuple[Trade, ...]:
    problem = market.problem
    made = (
        book_trade(problem, book, lots=count)
        for book, count in zip(problem.books, lots, strict=True)
        if count > 0
    )
    return tuple(trade for trade in made if isinstance(trade, Trade))


def _filled_by_pools(
    planned: _Planned, books: tuple[Trade, ...], *, shares: Floats
) -> Draft | NoRouteReason:
    selection, rooms = planned.selection, planned.rooms
    problem = selection.market.problem
    rest = problem.quantity.atoms - sum(ordered_atoms(problem, t) for t in books)
    if rest < 0:
        return NoRouteReason.LIMIT_EXCEEDED
    if not selection.chains:
        return draft(problem, _topped_up(selection.market, books, rest, rooms=rooms), rooms=rooms)
    if rest == 0:
        return draft(problem, books, rooms=rooms)
    reason = NoRouteReason.NO_LIQUIDITY
    best: Draft | None = None
    for parts, is_second in _chain_parts(planned, rest, shares=shares):
        if is_second and best is not None:
            break
        found = draft(problem, [*books, *_chain_trades(selection, parts)], rooms=rooms)
        if isinstance(found, NoRouteReason):
            reason = found
        elif best is None or found.regret < best.regret:
            best = found
    return best or _partly_filled(planned, books, rest) or reason


# Where a lot more is too much and the pools hold too little for what the lots leave, they take
# all they can; less than the lots is left over.
def _partly_filled(planned: _Planned, books: tuple[Trade, ...], rest: int) -> Draft | None:
    if not books:
        return None
    selection, scaled = planned.selection, planned.scaled
    problem = selection.market.problem
    inner = scaled.tightened()
    shares = np.array([most_paid(inner, c) for c in range(len(selection.chains))])
    parts = [int(a * _INSIDE) for a in _planned_atoms(selection, scaled, shares)]
    parts = [min(part, room) for part, room in zip(parts, _rooms(planned, rest), strict=True)]
    lots = sum(_lot_atoms(problem, book) for book in problem.books)
    if not 0 <= rest - sum(parts) < lots:
        return None
    found = draft(problem, [*books, *_chain_trades(selection, parts)], rooms=planned.rooms)
    return None if isinstance(found, NoRouteReason) else found


def _chain_trades(selection: Selection, parts: Sequence[int]) -> list[Trade | NoRouteReason]:
    chains = zip(selection.chains, parts, strict=True)
    return [t for (account, _), atoms in chains for t in account_trades(selection, account, atoms)]


# A lot in atoms of what the order fixes, at the arrival mid.
def _lot_atoms(problem: RoutingProblem, book: BookCandidate) -> int:
    lot = Amount(book.instrument.base.id, book.instrument.lot_atoms)
    if problem.kind is QuantityKind.BASE:
        return lot.atoms
    return problem.arrival_mid.notional(lot, Rounding.UP).atoms


# What each chain account can pay, where that is in atoms of what the order fixes.
def _rooms(planned: _Planned, rest: int) -> list[int]:
    selection, rooms = planned.selection, planned.rooms
    problem = selection.market.problem
    if not _is_paid_in_order_units(problem):
        return [rest] * len(selection.chains)
    asset = paid_asset(problem)
    return [min(rooms.left(account, asset), rest) for account, _ in selection.chains]


# Without a pool the lots left over go, one book after the other, where they are cheapest.
def _topped_up(
    market: Market, books: tuple[Trade, ...], rest: int, *, rooms: Rooms
) -> tuple[Trade, ...]:
    problem = market.problem
    trades = {t.instrument.id: t for t in books}
    for book in problem.books:
        current = trades.get(book.instrument.id)
        own = ordered_atoms(problem, current) if current else 0
        lots = whole_lots(problem, book, atoms=own + rest)
        larger = book_trade(problem, book, lots=lots) if lots else NoRouteReason.BELOW_MINIMUM
        if isinstance(larger, NoRouteReason) or (current and larger.base <= current.base):
            continue
        others = [t for key, t in trades.items() if key != book.instrument.id]
        if rooms.broken(used_by(problem, [*others, larger])) is None:
            rest -= ordered_atoms(problem, larger) - own
            trades[book.instrument.id] = larger
    return tuple(trades[b.instrument.id] for b in problem.books if b.instrument.id in trades)


# In proportion to the shares first; for where an account is too tight for that, second ways, in
# which each chain in turn takes what whole lots leave, and the others keep their shares.
def _chain_parts(
    planned: _Planned, rest: int, *, shares: Floats
) -> Iterator[tuple[tuple[int, ...], bool]]:
    selection, scaled = planned.selection, planned.scaled
    n = len(selection.chains)
    if n == 1:
        yield (rest,), False
        return
    total = float(np.sum(shares))
    weights = shares / total if total > 0.0 else np.zeros(n)
    rooms = _rooms(planned, rest)
    for c, (account, _) in enumerate(selection.chains):
        if shares[c] > NEARLY_ALL * scaled.curves[c].cap:
            rooms[c] = min(rooms[c], account_holds(selection, account))
    ways = ([int(rest * w) for w in weights], _planned_atoms(selection, scaled, shares))
    for parts, is_second in zip(ways, (False, True), strict=True):
        floors = [min(part, room) for part, room in zip(parts, rooms, strict=True)]
        left = rest - sum(floors)
        for taker in sorted(range(n), key=lambda c: -floors[c]):
            if floors[taker] + left >= 0:
                taken = tuple(f + left if c == taker else f for c, f in enumerate(floors))
                yield taken, is_second


# What each chain trades at its share, in atoms of what the order fixes.
def _planned_atoms(selection: Selection, scaled: ScaledProblem, shares: Floats) -> list[int]:
    problem = selection.market.problem
    if problem.kind is QuantityKind.BASE:
        return [int(problem.quantity.atoms * share) for share in shares]
    scale_up = 10**selection.market.pair.quote.decimals
    chains = zip(scaled.curves, shares, strict=False)  # the chains come first
    amounts = [min(float(x) * c.quantity, c.curve.capacity) for c, x in chains]
    costs = [float(c.curve.cost(a)) for c, a in zip(scaled.curves, amounts, strict=False)]
    return [int(abs(cost) * scale_up) for cost in costs]


def _is_paid_in_order_units(problem: RoutingProblem) -> bool:
    return (problem.side is Side.BUY) is (problem.kind is QuantityKind.CASH)
