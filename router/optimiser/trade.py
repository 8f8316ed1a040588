"""What each instrument does with an exact amount, by the integers of its own state.

Refuses floats. A trade the state cannot fill whole, or that breaks the order's limit price or a
venue's minimum, comes back as the reason it cannot be; the accounts are checked for all together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.instrument import Instrument
from router.domain.plan import (
    BookCandidate,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import PIPS_PER_UNIT, AccountId, Amount, Price, Rounding, Side, divide
from router.liquidity.concentrated import swap
from router.liquidity.oracle import LiquidityError
from router.liquidity.order_book import Book, take
from router.optimiser.source import book_levels, exact_pool

_DOWN: Final = Rounding.DOWN
_UP: Final = Rounding.UP


@dataclass(frozen=True, slots=True)
class Trade:
    """One instrument's exact part.

    Attributes
    ----------
    base, quote : int, [atoms]
        What changes hands; pool fees are inside, a book's taker fee is not.
    fee : int, [quote atoms]
        Pool fee (valued at the arrival mid when it is taken in base) or taker fee; rounded up.
    worst_ticks : int | None
        Books: price of the last level touched.
    """

    candidate: PoolCandidate | BookCandidate
    kind: QuantityKind
    base: int
    quote: int
    fee: int
    worst_ticks: int | None

    @property
    def instrument(self) -> Instrument:
        """Return what is traded."""
        return self.candidate.instrument


def pool_trade(
    problem: RoutingProblem, pool: PoolCandidate, *, amount: int, kind: QuantityKind
) -> Trade | NoRouteReason:
    """Trade exactly `amount` of base or cash against the pool's snapshot."""
    buying, exact_base = problem.side is Side.BUY, kind is QuantityKind.BASE
    base_is_token0 = pool.instrument.base_is_token0
    exact_input = buying is not exact_base  # a buyer pays cash in, a seller pays base in
    try:
        done = swap(
            exact_pool(pool),
            zero_for_one=base_is_token0 is not buying,
            amount_specified=amount if exact_input else -amount,
        )
    except LiquidityError:
        return NoRouteReason.NO_LIQUIDITY
    base = abs(done.amount0 if base_is_token0 else done.amount1)
    quote = abs(done.amount1 if base_is_token0 else done.amount0)
    if (base if exact_base else quote) != amount:
        return NoRouteReason.NO_LIQUIDITY
    fee = done.fee_amount
    if not buying:
        fee = problem.arrival_mid.notional(Amount(pool.instrument.base.id, fee), _UP).atoms
    trade = Trade(pool, kind, base, quote, fee, None)
    if base <= 0 or quote < pool.instrument.notional_min_atoms:
        return NoRouteReason.BELOW_MINIMUM
    return trade if keeps_limit(trade, problem) else NoRouteReason.LIMIT_PRICE


def fillable(problem: RoutingProblem, pool: PoolCandidate, *, amount: int) -> int:
    """Return how much of `amount` of what the order fixes the pool has liquidity for."""
    buying, exact_base = problem.side is Side.BUY, problem.kind is QuantityKind.BASE
    base_is_token0 = pool.instrument.base_is_token0
    done = swap(
        exact_pool(pool),
        zero_for_one=base_is_token0 is not buying,
        amount_specified=amount if buying is not exact_base else -amount,
    )
    return abs(done.amount0 if base_is_token0 is exact_base else done.amount1)


def keeps_limit(trade: Trade, problem: RoutingProblem) -> bool:
    """Tell whether a pool's average price, fee included, is no worse than the order's limit."""
    limit = problem.limit_price
    paid, allowed = trade.quote * limit.base_atoms, trade.base * limit.quote_atoms
    return paid <= allowed if problem.side is Side.BUY else paid >= allowed


def book_trade(problem: RoutingProblem, book: BookCandidate, *, lots: int) -> Trade | NoRouteReason:
    """Take exactly `lots` from the levels the order may use."""
    instrument, buying = book.instrument, problem.side is Side.BUY
    levels = book_levels(book, problem.side, limit=problem.limit_price)
    if sum(size for _, size in levels) < lots:
        return NoRouteReason.LIMIT_PRICE
    taken = take(Book((), levels) if buying else Book(levels, ()), problem.side, lots=lots)
    against = _UP if buying else _DOWN
    quote = _value(instrument, taken.notional, rounding=against)
    if quote < instrument.notional_min_atoms:
        return NoRouteReason.BELOW_MINIMUM
    fee = divide(quote * instrument.fee_pips, PIPS_PER_UNIT, _UP)
    base = lots * instrument.lot_atoms
    return Trade(book, QuantityKind.BASE, base, quote, fee, taken.worst_price_ticks)


def broken_account(problem: RoutingProblem, trades: Sequence[Trade]) -> NoRouteReason | None:
    """Check every account exactly; None if all the trades together are affordable."""
    for account in {t.instrument.account for t in trades}:
        own = [t for t in trades if t.instrument.account == account]
        pools = [t for t in own if isinstance(t.candidate, PoolCandidate)]
        books = [(t, t.candidate) for t in own if isinstance(t.candidate, BookCandidate)]
        if pools and spent(problem, pools) > spendable(problem, account):
            return NoRouteReason.INSUFFICIENT_BALANCE
        if books and not _has_margin(problem, account, books):
            return NoRouteReason.INSUFFICIENT_MARGIN
    return None


def spent(problem: RoutingProblem, trades: Sequence[Trade]) -> int:
    """Return what pool trades take from an account: quote to buy, base to sell, [atoms]."""
    return sum(t.quote if problem.side is Side.BUY else t.base for t in trades)


def spendable(problem: RoutingProblem, account: AccountId) -> int:
    """Return what a chain account may pay with, [atoms]."""
    buying = problem.side is Side.BUY
    asset = problem.arrival_mid.quote if buying else problem.arrival_mid.base
    return sum(
        amount.atoms
        for chain in problem.chains
        if chain.account == account
        for amount in chain.spendable
        if amount.asset == asset
    )


def mark_value(book: BookCandidate, lots: int, *, rounding: Rounding) -> int:
    """Value lots at the mark price, [quote atoms]."""
    return _value(book.instrument, lots * book.mark_ticks, rounding=rounding)


def _has_margin(
    problem: RoutingProblem, account: AccountId, trades: Sequence[tuple[Trade, BookCandidate]]
) -> bool:
    sign = 1 if problem.side is Side.BUY else -1
    sizes = {book.instrument.id: t.base // book.instrument.lot_atoms for t, book in trades}
    if all(
        sign * book.position_lots < 0 and sizes[book.instrument.id] <= abs(book.position_lots)
        for _, book in trades
    ):
        return True  # a venue lets reducing orders pass whatever the margin
    needed = 0
    for book in problem.books:
        if book.instrument.account == account:
            after = book.position_lots + sign * sizes.get(book.instrument.id, 0)
            value = mark_value(book, abs(after), rounding=_UP)
            needed += divide(value, book.leverage, _UP)
    for trade, book in trades:
        lots = sizes[book.instrument.id]
        fair = mark_value(book, lots, rounding=_DOWN if sign > 0 else _UP)
        needed += sign * (trade.quote - fair) + trade.fee
    margin = next((m for m in problem.margins if m.account == account), None)
    return margin is not None and needed <= margin.equity_atoms - margin.margin_used_elsewhere_atoms


def _value(instrument: Instrument, ticks_lots: int, *, rounding: Rounding) -> int:
    tick: Price = instrument.tick_price(1)
    return divide(ticks_lots * instrument.lot_atoms * tick.quote_atoms, tick.base_atoms, rounding)
