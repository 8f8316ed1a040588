"""From shares to whole lots and atoms: the second border between floats and integers.

Perp legs go to whole lots, down or one up, whichever ends cheaper; the pools take exactly what is
left, split again; every candidate is quoted by exact integers and checked against every account
before it may win. Refuses to send what it could not check.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from router.domain.plan import (
    BookCandidate,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import AccountId, Amount, Rounding, Side
from router.liquidity.aggregate import aggregate
from router.optimiser.leg import total_cost
from router.optimiser.problem import Floats, Market, ScaledProblem, Selection
from router.optimiser.source import book_levels
from router.optimiser.trade import (
    Trade,
    book_trade,
    broken_account,
    pool_trade,
    spendable,
)

_DUST_SHARE: Final = 1e-6  # of a chain's part: a pool with less is not worth a hop
_BOTH_WAYS_MAX: Final = 4  # books tried both ways; more would be 2**n candidates
_CASH_STEPS: Final = 8  # Newton steps from cash to base on a convex curve


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


def round_shares(
    selection: Selection, scaled: ScaledProblem, shares: Floats
) -> Draft | NoRouteReason:
    """Return the cheapest exact plan next to the shares, or why there is none."""
    problem = selection.market.problem
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
        found = _filled_by_pools(selection, books, chain_shares)
        if isinstance(found, NoRouteReason):
            reason = found
        elif best is None or found.regret < best.regret:
            best = found
    return best or reason


def draft(
    problem: RoutingProblem, trades: Sequence[Trade | NoRouteReason]
) -> Draft | NoRouteReason:
    """Return the trades as a draft, or the first reason against them."""
    whole: list[Trade] = []
    for trade in trades:
        if isinstance(trade, NoRouteReason):
            return trade
        whole.append(trade)
    if not whole:
        return NoRouteReason.BELOW_MINIMUM
    broken = broken_account(problem, whole)
    if broken is not None:
        return broken
    whole.sort(key=lambda t: (isinstance(t.candidate, BookCandidate), t.instrument.id))
    left = problem.quantity.atoms - sum(ordered_atoms(problem, t) for t in whole)
    cost = total_cost(problem, whole)
    return Draft(tuple(whole), cost, left, cost + _worth(problem, left))


def ordered_atoms(problem: RoutingProblem, trade: Trade) -> int:
    """Return what a trade fills of the order, in atoms of what the order fixes."""
    return trade.base if problem.kind is QuantityKind.BASE else trade.quote


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


def _worth(problem: RoutingProblem, atoms: int) -> int:
    if problem.kind is QuantityKind.CASH:
        return atoms
    return problem.arrival_mid.notional(Amount(problem.quantity.asset, atoms), Rounding.UP).atoms


# Every book down to whole lots or one up; with many books only all down.
def _lot_choices(
    problem: RoutingProblem, scaled: ScaledProblem, shares: Floats
) -> Iterator[tuple[int, ...]]:
    choices = []
    ordered = scaled.curves[0].quantity
    for book, share in zip(problem.books, shares, strict=True):
        lot = book.instrument.lot_atoms / 10**book.instrument.base.decimals
        down = int(share * ordered / lot)
        up = (down, down + 1) if share > 0.0 and len(problem.books) <= _BOTH_WAYS_MAX else (down,)
        choices.append(up)
    return product(*choices)


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
    selection: Selection, books: tuple[Trade, ...], chain_shares: Floats
) -> Draft | NoRouteReason:
    problem = selection.market.problem
    rest = problem.quantity.atoms - sum(ordered_atoms(problem, t) for t in books)
    if rest < 0:
        return NoRouteReason.LIMIT_EXCEEDED
    if not selection.chains:
        return draft(problem, _topped_up(selection.market, books, rest))
    if rest == 0:
        return draft(problem, books)
    reason = NoRouteReason.NO_LIQUIDITY
    best: Draft | None = None
    for parts in _chain_parts(selection, rest, chain_shares):
        trades: list[Trade | NoRouteReason] = list(books)
        for (account, _), atoms in zip(selection.chains, parts, strict=True):
            trades.extend(_pool_trades(selection, account, atoms))
        found = draft(problem, trades)
        if isinstance(found, NoRouteReason):
            reason = found
        elif best is None or found.regret < best.regret:
            best = found
    return best or reason


# Without a pool the lots left over go, one book after the other, where they are cheapest.
def _topped_up(market: Market, books: tuple[Trade, ...], rest: int) -> tuple[Trade, ...]:
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
        if broken_account(problem, [*others, larger]) is None:
            rest -= ordered_atoms(problem, larger) - own
            trades[book.instrument.id] = larger
    return tuple(trades[b.instrument.id] for b in problem.books if b.instrument.id in trades)


# In proportion to the shares first; where cash is tight, each chain in turn takes the dust.
def _chain_parts(selection: Selection, rest: int, shares: Floats) -> Iterator[tuple[int, ...]]:
    problem = selection.market.problem
    total = float(np.sum(shares))
    n = len(selection.chains)
    if n == 1:
        yield (rest,)
        return
    weights = shares / total if total > 0.0 else np.zeros(n)
    floors = [int(rest * w) for w in weights]
    if _is_paid_in_order_units(problem):
        rooms = [spendable(problem, account) for account, _ in selection.chains]
        floors = [min(f, room) for f, room in zip(floors, rooms, strict=True)]
    for taker in sorted(range(n), key=lambda c: -floors[c]):
        left = rest - sum(floors)
        yield tuple(f + left if c == taker else f for c, f in enumerate(floors))


def _is_paid_in_order_units(problem: RoutingProblem) -> bool:
    return (problem.side is Side.BUY) is (problem.kind is QuantityKind.CASH)


def _pool_trades(
    selection: Selection, account: AccountId, atoms: int
) -> list[Trade | NoRouteReason]:
    if atoms <= 0:
        return []
    market = selection.market
    own = [i for i in selection.pools if market.problem.pools[i].instrument.account == account]
    parts = _split_atoms(market, own, atoms)
    return [
        pool_trade(market.problem, market.problem.pools[i], amount=part, kind=market.problem.kind)
        for i, part in zip(own, parts, strict=True)
        if part > 0
    ]


# Splits base or cash over pools; the largest takes what rounding and dust leave.
def _split_atoms(market: Market, pools: Sequence[int], atoms: int) -> list[int]:
    problem = market.problem
    candidate: PoolCandidate = problem.pools[pools[0]]
    together = aggregate([market.pool_curves[i] for i in pools])
    if problem.kind is QuantityKind.BASE:
        quantity = atoms / 10**candidate.instrument.base.decimals
        amounts = together.split(min(quantity, together.capacity))
    else:
        cash = atoms / 10**candidate.instrument.quote.decimals
        quantity = _base_for_cash(market, pools, cash)
        split = together.split(quantity)
        pairs = zip(pools, split, strict=True)
        amounts = np.array([abs(float(market.pool_curves[i].cost(q))) for i, q in pairs])
    total = float(np.sum(amounts))
    amounts = np.where(amounts >= _DUST_SHARE * total, amounts, 0.0)
    parts = [int(atoms * a) for a in amounts / max(float(np.sum(amounts)), 1e-300)]
    parts[int(np.argmax(amounts))] += atoms - sum(parts)
    return parts


def _base_for_cash(market: Market, pools: Sequence[int], cash: float) -> float:
    together = aggregate([market.pool_curves[i] for i in pools])
    merged = together.merged
    assert merged is not None, "pool curves have no shift"
    quantity = min(cash / market.mid, merged.capacity)
    for _ in range(_CASH_STEPS):
        missing = cash - abs(float(merged.cost(quantity)))
        step = missing / abs(float(merged.marginal(quantity)))
        quantity = min(max(quantity + step, 0.0), merged.capacity)
    return quantity
