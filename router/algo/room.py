"""What an order's accounts can pay for in all: cash on chains, and the margin of perp accounts.

An upper bound: refuses to plan, and to say that what it lets through will be filled.
"""

from router.domain.margin import MarginAccount
from router.domain.plan import BookCandidate, ChainCash, QuantityKind, RoutingProblem
from router.domain.units import AccountId, Amount, AssetId, Rounding, Side, divide


def room(problem: RoutingProblem, *, paid: Amount) -> Amount:
    """Return the most that may have been traded, in the asset the problem fixes.

    Parameters
    ----------
    paid : Amount
        What each perp account will have paid by then, in its collateral.
    """
    used = {market.instrument.account for market in (*problem.pools, *problem.ways)}
    cash = sum(_cash(problem, chain) for chain in problem.chains if chain.account in used)
    margin = sum(_margin(problem, account, paid=paid.atoms) for account in problem.margins)
    return Amount(problem.quantity.asset, cash + margin)


# A buyer gives quote, a seller base; what is not fixed is turned into what is.
def _cash(problem: RoutingProblem, chain: ChainCash) -> int:
    buying, in_base = problem.side is Side.BUY, problem.kind is QuantityKind.BASE
    price = problem.arrival_mid
    gives = price.quote if buying else price.base
    have = sum(amount.atoms for amount in chain.spendable if amount.asset == gives)
    have = max(0, have - _reserved(problem, chain.account, gives))
    if buying is not in_base:
        return have
    if buying:
        return price.quantity(Amount(gives, have), Rounding.UP).atoms
    return price.notional(Amount(gives, have), Rounding.UP).atoms


def _margin(problem: RoutingProblem, account: MarginAccount, *, paid: int) -> int:
    books = [book for book in problem.books if book.instrument.account == account.account]
    quote = problem.arrival_mid.quote
    cut = sum(_worth(book, abs(book.position_lots)) for book in books if _cuts(problem.side, book))
    value = cut
    if not account.reduces_only:
        bound = sum(
            divide(_worth(book, abs(book.position_lots)), book.leverage, Rounding.DOWN)
            for book in books
        )
        left = account.equity_atoms - account.margin_used_elsewhere_atoms - bound - paid
        left -= _reserved(problem, account.account, quote)
        # What is cut frees its margin, which may open as much on the other side.
        value += cut + max(0, left) * max((book.leverage for book in books), default=0)
    if problem.kind is QuantityKind.CASH:
        return value
    return problem.arrival_mid.quantity(Amount(quote, value), Rounding.UP).atoms


def _cuts(side: Side, book: BookCandidate) -> bool:
    return book.position_lots < 0 if side is Side.BUY else book.position_lots > 0


def _worth(book: BookCandidate, lots: int) -> int:
    instrument = book.instrument
    quantity = Amount(instrument.base.id, lots * instrument.lot_atoms)
    return instrument.tick_price(book.mark_ticks).notional(quantity, Rounding.UP).atoms


def _reserved(problem: RoutingProblem, account: AccountId, asset: AssetId) -> int:
    own = (r.amount for r in problem.reservations if r.account == account)
    return sum(amount.atoms for amount in own if amount.asset == asset)
