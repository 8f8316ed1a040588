"""What the whole order would cost at each instrument alone: the measure of what splitting gains."""

from router.domain.plan import (
    BookCandidate,
    NoRouteReason,
    QuantityKind,
    RoutingProblem,
    SingleVenue,
)
from router.optimiser.exact.atoms import within_limit
from router.optimiser.exact.leg import slippage
from router.optimiser.exact.rooms import Rooms
from router.optimiser.exact.rounding import Draft, draft, whole_lots
from router.optimiser.exact.route import best_path
from router.optimiser.exact.trade import Trade, book_trade
from router.optimiser.market.market import Selection, Source, select
from router.optimiser.market.route import Route


def singles(
    selection: Selection, *, rooms: Rooms
) -> tuple[tuple[SingleVenue, ...], tuple[Draft, ...]]:
    """Return each instrument alone, and the drafts of those that carry the whole order.

    A book carries it if less than a lot is left over; a route over all its pools or one of each
    hop, whichever is cheaper.
    """
    problem = selection.market.problem
    venues: list[SingleVenue] = []
    drafts: list[Draft] = []
    attempts = [(s.instrument.id, _whole_at_source(selection, s)) for s in selection.sources]
    attempts += [(b.instrument.id, [_whole_at_book(problem, b)]) for b in problem.books]
    for name, ways in attempts:
        found = [d for way in ways if isinstance(d := draft(problem, [way], rooms=rooms), Draft)]
        if not found:
            venues.append(SingleVenue(name, None, 0))
            continue
        best = min(found, key=lambda d: d.regret)
        rate = slippage(problem, cost=best.cost, base=best.base)
        venues.append(SingleVenue(name, rate, problem.quantity.atoms - best.unfilled))
        drafts.append(best)
    return tuple(venues), tuple(drafts)


def _whole_at_source(selection: Selection, source: Source) -> list[Trade | NoRouteReason]:
    problem, whole = selection.market.problem, selection.market.problem.quantity.atoms
    attempts = [within_limit(problem, source, amount=whole)]
    if isinstance(source.way, Route):
        path = best_path(problem, source.way, amount=whole)
        if path is not None and len(path) < len(source.pools):
            (alone,) = select(selection.market, [source.pools[i] for i in path]).sources
            attempts.append(within_limit(problem, alone, amount=whole))
    return attempts


def _whole_at_book(problem: RoutingProblem, book: BookCandidate) -> Trade | NoRouteReason:
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
