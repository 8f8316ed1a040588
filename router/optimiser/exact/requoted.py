"""Legs of an older plan, quoted again on fresh state: the same exact amounts over the same pools.

A leg over several pools keeps the shares of its plan: what comes in of an asset on the way is paid
on in the proportions planned, so where nothing has moved it trades what it was planned to, to the
atom. Refuses to split anew.
"""

from collections import Counter

from router.domain.plan import (
    BookCandidate,
    Hop,
    Leg,
    NetworkCandidate,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.units import Amount, AssetId, Side
from router.optimiser.exact.trade import (
    Trade,
    agreed,
    book_trade,
    is_exact_input,
    ordered,
    pool_trade,
    swapped,
)


def requoted(problem: RoutingProblem, leg: Leg) -> Trade | NoRouteReason:
    """Return what a leg would trade on the state of a problem, or why it cannot.

    The problem need only be of the same order as the leg's own; it may state another quantity.
    """
    amount = ordered(problem, base=leg.quantity.atoms, quote=leg.notional.atoms)
    candidates = (*problem.pools, *problem.books, *problem.ways)
    match next((c for c in candidates if c.instrument == leg.instrument), None):
        case PoolCandidate() as pool:
            return pool_trade(problem, pool, amount=amount, kind=problem.kind)
        case BookCandidate() as book:
            return book_trade(problem, book, lots=leg.quantity.atoms // book.instrument.lot_atoms)
        case RouteCandidate() | NetworkCandidate() as way:
            return _way_trade(problem, way, leg)
        case None:
            return NoRouteReason.NO_VENUE


def keeps_bound(trade: Trade, leg: Leg) -> bool:
    """Tell whether a leg's trade is within the bound that its venue enforces."""
    in_base = leg.quantity_kind is QuantityKind.BASE
    other = trade.quote if in_base else trade.base
    if leg.limit_ticks is not None:
        worst = trade.worst_ticks or 0
        is_buy = leg.side is Side.BUY
        return worst <= leg.limit_ticks if is_buy else worst >= leg.limit_ticks
    pays = (leg.side is Side.BUY) is in_base
    return other <= leg.bound.atoms if pays else other >= leg.bound.atoms


def _way_trade(
    problem: RoutingProblem, way: RouteCandidate | NetworkCandidate, leg: Leg
) -> Trade | NoRouteReason:
    forwards = is_exact_input(problem.side, problem.kind)
    in_base = problem.kind is QuantityKind.BASE
    exact, other = (leg.quantity, leg.notional) if in_base else (leg.notional, leg.quantity)
    pools = {pool.instrument.id: pool for pool in way.pools}
    hops = leg.hops if forwards else leg.hops[::-1]
    if any(hop.instrument.id not in pools for hop in hops):
        return NoRouteReason.NO_VENUE
    planned = Counter[AssetId]()
    for hop in hops:
        planned[_exact(hop, forwards=forwards).asset] += _exact(hop, forwards=forwards).atoms
    due = Counter[AssetId]({exact.asset: exact.atoms})
    for hop in hops:
        fixed = _exact(hop, forwards=forwards)
        part = due[fixed.asset] * fixed.atoms // planned[fixed.asset]
        moved = _swapped(pools[hop.instrument.id], hop, part=part, forwards=forwards)
        if isinstance(moved, NoRouteReason):
            return moved
        due[fixed.asset] -= part
        planned[fixed.asset] -= fixed.atoms
        due[moved.asset] += moved.atoms
    base, quote = (exact.atoms, due[other.asset]) if in_base else (due[other.asset], exact.atoms)
    gas_units = sum(pools[hop.instrument.id].gas_units for hop in hops)
    return agreed(Trade(way, problem.kind, base, quote, 0, gas_units, hops=leg.hops), problem)


# Which amount of a hop is decided first: in the direction of the money, or against it.
def _exact(hop: Hop, *, forwards: bool) -> Amount:
    return hop.paid if forwards else hop.received


# What the other side of a pool comes to when so much of the exact one is traded.
def _swapped(pool: PoolCandidate, hop: Hop, *, part: int, forwards: bool) -> Amount | NoRouteReason:
    if part <= 0:
        return NoRouteReason.BELOW_MINIMUM
    buys = hop.received.asset == pool.instrument.base.id
    kind = QuantityKind.CASH if buys is forwards else QuantityKind.BASE
    done = swapped(pool, Side.BUY if buys else Side.SELL, kind=kind, amount=part)
    if isinstance(done, NoRouteReason):
        return done
    other = hop.received if forwards else hop.paid
    return Amount(other.asset, done.quote if kind is QuantityKind.BASE else done.base)
