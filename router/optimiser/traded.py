"""The trades that a plan's legs say they are, quoted again by exact integers.

Refuses legs that no candidate of the problem quotes the same, and what is traded twice: each
instrument was quoted as if nobody else had used it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from router.domain.error import CertificateError
from router.domain.plan import (
    BookCandidate,
    Leg,
    NetworkCandidate,
    NoRouteReason,
    PoolCandidate,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.units import AssetId, InstrumentId, Side
from router.optimiser.exact import network as networks
from router.optimiser.exact import route as routes
from router.optimiser.exact.trade import Trade, book_trade, ordered, paid_asset, pool_trade

_Candidate: TypeAlias = PoolCandidate | BookCandidate | RouteCandidate | NetworkCandidate


def traded(problem: RoutingProblem, legs: Sequence[Leg]) -> list[Trade]:
    """Return the trade of every leg.

    Raises
    ------
    CertificateError
        If a leg is of no candidate, cannot trade, or is not what its hops add up to.
    """
    return [_traded(problem, leg) for leg in legs]


def check_once(legs: Sequence[Leg]) -> None:
    """Refuse legs that use a pool or a book twice between them.

    Raises
    ------
    CertificateError
        If they do.
    """
    used: Counter[InstrumentId] = Counter()
    for leg in legs:
        used.update([leg.instrument.id, *(hop.instrument.id for hop in leg.hops)])
    twice = sorted(name for name, count in used.items() if count > 1)
    if twice:
        raise CertificateError(f"{twice[0]} is traded twice, each time as if for the first")


def _traded(problem: RoutingProblem, leg: Leg) -> Trade:
    name = leg.instrument.id
    amount = ordered(problem, base=leg.quantity.atoms, quote=leg.notional.atoms)
    candidates: list[_Candidate] = [*problem.pools, *problem.books]
    candidates += [*problem.routes, *problem.networks]
    match next((c for c in candidates if c.instrument.id == name), None):
        case PoolCandidate() as pool:
            return _whole(name, pool_trade(problem, pool, amount=amount, kind=problem.kind))
        case BookCandidate() as book:
            lots = leg.quantity.atoms // book.instrument.lot_atoms
            return _whole(name, book_trade(problem, book, lots=lots))
        case NetworkCandidate() as network:
            _check_hops(problem, leg)
            return _whole(name, networks.requoted(problem, network, leg.hops))
        case RouteCandidate() as route:
            _check_hops(problem, leg)
            return _whole(name, routes.requoted(problem, route, leg.hops))
        case None:
            raise CertificateError(f"{name} is in the plan and not among the candidates")


# What is traded on the way nets to nothing, is there when it is paid, and the ends are the leg's.
def _check_hops(problem: RoutingProblem, leg: Leg) -> None:
    net: Counter[AssetId] = Counter()
    for hop in leg.hops:
        paid = hop.paid.asset
        net[paid] -= hop.paid.atoms
        if net[paid] < 0 and paid != paid_asset(problem):
            raise CertificateError(f"hops of {leg.instrument.id} pay {paid} before it has come in")
        net[hop.received.asset] += hop.received.atoms
    sign = 1 if problem.side is Side.BUY else -1
    ends = {
        leg.quantity.asset: sign * leg.quantity.atoms,
        leg.notional.asset: -sign * leg.notional.atoms,
    }
    for asset, atoms in net.items():
        if atoms != ends.get(asset, 0):
            raise CertificateError(
                f"hops of {leg.instrument.id} leave {atoms} atoms of {asset}, the leg says"
                f" {ends.get(asset, 0)}"
            )


def _whole(name: str, trade: Trade | NoRouteReason) -> Trade:
    if isinstance(trade, NoRouteReason):
        raise CertificateError(f"{name} cannot trade its leg: {trade.value}")
    return trade
