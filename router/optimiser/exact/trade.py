"""What each instrument does with an exact amount, by the integers of its own state.

Refuses floats. A trade the state cannot fill whole, or that breaks the order's limit price or a
venue's minimum, comes back as the reason it cannot be; the accounts are checked for all together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.instrument import Instrument
from router.domain.market import ReservesSnapshot
from router.domain.plan import (
    BookCandidate,
    Hop,
    NetworkCandidate,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.units import (
    PIPS_PER_UNIT,
    AccountId,
    Amount,
    AssetId,
    Rounding,
    Side,
    divide,
)
from router.liquidity.oracle import LiquidityError
from router.liquidity.order_book import Book, take
from router.liquidity.pool import pool_of, swap
from router.optimiser.exact.rooms import Fill, Used, rooms_of
from router.optimiser.market.source import book_levels
from router.optimiser.market.value import lots_value

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
        Pool fees (valued at the arrival mid when taken in base) or taker fee; rounded up.
    gas_units : int
        Of the pools it uses.
    worst_ticks : int | None
        Books: price of the last level touched.
    hops : tuple of Hop
        Routes and networks: what each pool takes and gives, in the order in which they happen.
    """

    candidate: PoolCandidate | RouteCandidate | NetworkCandidate | BookCandidate
    kind: QuantityKind
    base: int
    quote: int
    fee: int
    gas_units: int = 0
    worst_ticks: int | None = None
    hops: tuple[Hop, ...] = ()

    @property
    def instrument(self) -> Instrument:
        """Return what is traded."""
        return self.candidate.instrument

    @property
    def pools(self) -> tuple[PoolCandidate, ...]:
        """Return the pools it may use; none for a book."""
        match self.candidate:
            case PoolCandidate():
                return (self.candidate,)
            case RouteCandidate() | NetworkCandidate():
                return self.candidate.pools
            case BookCandidate():
                return ()


@dataclass(frozen=True, slots=True)
class Swapped:
    """What changes hands in a pool, and the fee in atoms of what is paid."""

    base: int
    quote: int
    fee: int


def swapped(
    pool: PoolCandidate, side: Side, *, kind: QuantityKind, amount: int
) -> Swapped | NoRouteReason:
    """Trade exactly `amount` of a pool's base or quote against its snapshot, prices aside."""
    try:
        done = _swap(pool, side, kind=kind, amount=amount)
    except LiquidityError:
        return NoRouteReason.NO_LIQUIDITY
    if (done.base if kind is QuantityKind.BASE else done.quote) != amount:
        return NoRouteReason.NO_LIQUIDITY
    return done if done.base > 0 and done.quote > 0 else NoRouteReason.BELOW_MINIMUM


def fillable(pool: PoolCandidate, side: Side, *, kind: QuantityKind, amount: int) -> int:
    """Return how much of `amount` of base or quote the pool has liquidity for."""
    try:
        done = _swap(pool, side, kind=kind, amount=amount)
    except LiquidityError:
        return 0
    return done.base if kind is QuantityKind.BASE else done.quote


def given(pool: PoolCandidate, side: Side, *, kind: QuantityKind, amount: int) -> int:
    """Return what a pool gives when exactly `amount` of base or quote is asked of it.

    More than that only where the router pays a whole atom in for it and takes all that this buys:
    in pools without ticks, which know no exact output.
    """
    if is_exact_input(side, kind) or not isinstance(pool.snapshot, ReservesSnapshot):
        return amount
    try:
        asked = _swap(pool, side, kind=kind, amount=amount)
        if kind is QuantityKind.BASE:
            return _swap(pool, side, kind=QuantityKind.CASH, amount=asked.quote).base
        return _swap(pool, side, kind=QuantityKind.BASE, amount=asked.base).quote
    except LiquidityError:
        return amount


def pool_trade(
    problem: RoutingProblem, pool: PoolCandidate, *, amount: int, kind: QuantityKind
) -> Trade | NoRouteReason:
    """Trade exactly `amount` of base or cash against the pool's snapshot."""
    done = swapped(pool, problem.side, kind=kind, amount=amount)
    if isinstance(done, NoRouteReason):
        return done
    buying = problem.side is Side.BUY
    fee = done.fee if buying else base_fee(problem, done.fee)
    return agreed(Trade(pool, kind, done.base, done.quote, fee, pool.gas_units), problem)


def base_fee(problem: RoutingProblem, atoms: int) -> int:
    """Value a fee that is taken in base at the arrival mid, rounded up, [quote atoms]."""
    return problem.arrival_mid.notional(Amount(problem.arrival_mid.base, atoms), _UP).atoms


def agreed(trade: Trade, problem: RoutingProblem) -> Trade | NoRouteReason:
    """Return the trade if it keeps the venue's minimum and the order's limit price on average."""
    if trade.quote < trade.instrument.notional_min_atoms:
        return NoRouteReason.BELOW_MINIMUM
    return trade if keeps_limit(trade, problem) else NoRouteReason.LIMIT_PRICE


def is_exact_input(side: Side, kind: QuantityKind) -> bool:
    """Tell whether what is fixed is what we pay: a buyer's cash, a seller's base."""
    return (side is Side.BUY) is (kind is QuantityKind.CASH)


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
    quote = lots_value(instrument, taken.notional, rounding=against)
    if quote < instrument.notional_min_atoms:
        return NoRouteReason.BELOW_MINIMUM
    fee = divide(quote * instrument.fee_pips, PIPS_PER_UNIT, _UP)
    base = lots * instrument.lot_atoms
    worst = taken.worst_price_ticks
    return Trade(book, QuantityKind.BASE, base, quote, fee, worst_ticks=worst)


def broken_account(problem: RoutingProblem, trades: Sequence[Trade]) -> NoRouteReason | None:
    """Check every account exactly; None if all the trades of one order together are borne."""
    return rooms_of([problem]).broken(used_by(problem, trades))


def used_by(problem: RoutingProblem, trades: Sequence[Trade]) -> Used:
    """Return what trades take from the accounts."""
    buying = problem.side is Side.BUY
    cash: dict[tuple[AccountId, AssetId], int] = {}
    fills = []
    for trade in trades:
        if isinstance(trade.candidate, BookCandidate):
            lots = trade.base // trade.instrument.lot_atoms
            fills.append(Fill(trade.candidate, problem.side, lots, trade.quote, trade.fee))
            continue
        key = (trade.instrument.account, paid_asset(problem))
        cash[key] = cash.get(key, 0) + (trade.quote if buying else trade.base)
    return Used(cash, tuple(fills))


def paid_asset(problem: RoutingProblem) -> AssetId:
    """Return what trades in pools pay with."""
    return problem.arrival_mid.quote if problem.side is Side.BUY else problem.arrival_mid.base


def ordered(problem: RoutingProblem, *, base: int, quote: int) -> int:
    """Return which of two amounts the order fixes."""
    return base if problem.kind is QuantityKind.BASE else quote


# Where less is there than asked, a concentrated pool gives what it has.
def _swap(pool: PoolCandidate, side: Side, *, kind: QuantityKind, amount: int) -> Swapped:
    base_is_token0 = pool.instrument.base_is_token0
    done = swap(
        pool_of(pool.snapshot),
        zero_for_one=base_is_token0 is (side is Side.SELL),
        amount_specified=amount if is_exact_input(side, kind) else -amount,
    )
    amounts = (abs(done.amount0), abs(done.amount1))
    base, quote = amounts if base_is_token0 else amounts[::-1]
    return Swapped(base, quote, done.fee_amount)
