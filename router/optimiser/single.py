"""What the whole order would cost at each instrument alone: the measure of what splitting gains."""

from router.domain.plan import NoRouteReason, QuantityKind, SingleVenue
from router.optimiser.atoms import pool_within_limit
from router.optimiser.leg import slippage
from router.optimiser.problem import Market
from router.optimiser.rounding import Draft, draft, whole_lots
from router.optimiser.trade import Trade, book_trade


def singles(market: Market) -> tuple[tuple[SingleVenue, ...], tuple[Draft, ...]]:
    """Return each instrument alone, and the drafts of those that carry the whole order.

    A book carries it if less than a lot is left over.
    """
    problem = market.problem
    venues: list[SingleVenue] = []
    drafts: list[Draft] = []
    attempts = [
        pool_within_limit(market, i, amount=problem.quantity.atoms)
        for i in range(len(problem.pools))
    ]
    attempts += [_whole_at_book(market, i) for i in range(len(problem.books))]
    names = [p.instrument.id for p in problem.pools] + [b.instrument.id for b in problem.books]
    for name, attempt in zip(names, attempts, strict=True):
        found = draft(problem, [attempt])
        if isinstance(found, NoRouteReason):
            venues.append(SingleVenue(name, None, 0))
            continue
        rate = slippage(problem, cost=found.cost, base=found.base)
        filled = problem.quantity.atoms - found.unfilled
        venues.append(SingleVenue(name, rate, filled))
        drafts.append(found)
    return tuple(venues), tuple(drafts)


def _whole_at_book(market: Market, index: int) -> Trade | NoRouteReason:
    problem = market.problem
    book = problem.books[index]
    lots = whole_lots(problem, book, atoms=problem.quantity.atoms)
    if lots == 0:
        return NoRouteReason.BELOW_MINIMUM
    trade = book_trade(problem, book, lots=lots)
    if isinstance(trade, NoRouteReason):
        return trade
    filled = trade.base if problem.kind is QuantityKind.BASE else trade.quote
    lot = book.instrument.lot_atoms
    if problem.kind is QuantityKind.CASH:
        lot = -(-trade.quote * lot // trade.base) + 1  # about a lot's cash, at the average price
    return trade if problem.quantity.atoms - filled < lot else NoRouteReason.LIMIT_PRICE
