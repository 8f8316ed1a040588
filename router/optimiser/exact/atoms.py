"""A chain account's part over its pools, routes and networks, in whole atoms.

Refuses to weigh costs beyond the split that is cheapest, and to look at accounts.
"""

from typing import Final

from router.domain.plan import NoRouteReason, PoolCandidate, RoutingProblem
from router.domain.units import AccountId
from router.liquidity.aggregate import aggregate
from router.optimiser.exact.network import network_fillable, network_trade
from router.optimiser.exact.parts import held_atoms, parts
from router.optimiser.exact.route import route_fillable, route_trade
from router.optimiser.exact.trade import Trade, fillable, given, pool_trade
from router.optimiser.market.market import Selection, Source
from router.optimiser.market.network import Network
from router.optimiser.market.route import Route

_HELD_TOLERANCE: Final = 1.0 + 1e-9  # the curve is a float, the trade exact


def account_holds(selection: Selection, account: AccountId) -> int:
    """Return what the account's sources hold of what the order fixes, [atoms]."""
    market = selection.market
    most = [
        (source, held_atoms(source.curve, market.pair, kind=market.problem.kind))
        for source in selection.of(account)
    ]
    return sum(_fillable(market.problem, source, amount=atoms) for source, atoms in most if atoms)


def account_trades(
    selection: Selection, account: AccountId, atoms: int
) -> list[Trade | NoRouteReason]:
    """Trade a chain account's part, in atoms of what the order fixes, in its sources."""
    if atoms <= 0:
        return []
    market = selection.market
    problem, sources = market.problem, selection.of(account)
    shared = parts(
        aggregate([source.curve for source in sources]),
        market.pair,
        kind=problem.kind,
        atoms=atoms,
        fillable=lambda k, most: _fillable(problem, sources[k], amount=most),
        given=lambda k, part: _given(problem, sources[k], amount=part),
    )
    return [
        within_limit(problem, source, amount=part)
        for source, part in zip(sources, shared, strict=True)
        if part > 0
    ]


def within_limit(problem: RoutingProblem, source: Source, *, amount: int) -> Trade | NoRouteReason:
    """Trade `amount` of what the order fixes in a source whose every unit keeps the limit price."""
    way = source.way
    if isinstance(way, PoolCandidate):
        trade = pool_trade(problem, way, amount=amount, kind=problem.kind)
    elif isinstance(way, Network):
        trade = network_trade(problem, way, amount=amount)
    else:
        trade = route_trade(problem, way, amount=amount)
    if isinstance(trade, Trade) and not keeps_limit(source, trade):
        return NoRouteReason.LIMIT_PRICE
    return trade


def keeps_limit(source: Source, trade: Trade) -> bool:
    """Tell whether the last units keep the limit price, too: the average may where they do not."""
    tolerance = _HELD_TOLERANCE
    if not isinstance(source.way, PoolCandidate):
        # Each pool may round by an atom of a middle asset when taken and when given.
        tolerance += 2.0 * len(trade.hops) * source.way.middle_atom / trade.quote
    held = source.curve.capacity * 10.0**source.instrument.base.decimals
    return trade.base <= held * tolerance


def _fillable(problem: RoutingProblem, source: Source, *, amount: int) -> int:
    match source.way:
        case PoolCandidate():
            return fillable(source.way, problem.side, kind=problem.kind, amount=amount)
        case Network():
            return network_fillable(problem, source.way, amount=amount)
        case Route():
            return route_fillable(problem, source.way, amount=amount)


# What a route or network gives beyond its part is settled among its own pools.
def _given(problem: RoutingProblem, source: Source, *, amount: int) -> int:
    if isinstance(source.way, PoolCandidate):
        return given(source.way, problem.side, kind=problem.kind, amount=amount)
    return amount
