"""One order's answer: the cheapest exact plan next to a split, and the plan as it is told.

The same for an order alone and for one of a basket, which sees what the others leave of the
accounts. Refuses to split.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from router.domain.certificate import Certificate
from router.domain.market import BlockRef
from router.domain.plan import (
    CostSplit,
    Leg,
    NoRouteReason,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
    SingleVenue,
)
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    AccountId,
    Amount,
    AssetId,
    Pico,
    Price,
    Rounding,
    Side,
    divide,
)
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.rows import Floats
from router.optimiser.exact.leg import slippage, to_legs, total_gas
from router.optimiser.exact.rooms import Rooms
from router.optimiser.exact.rounding import Draft, round_shares
from router.optimiser.exact.trade import Trade, paid_asset
from router.optimiser.gas.search import Solved
from router.optimiser.market.market import Market, Selection, select
from router.optimiser.market.scaling import scale

_ROUNDING_MAX: Final = 1e-5  # of the notional; more is worth another look
_REMAINDER_MAX: Final = 1e-6  # of the order: the pools carry nothing but what whole lots leave


def drafts(solved: Iterable[Solved], *, rooms: Rooms) -> list[Draft | NoRouteReason]:
    """Return each split's cheapest exact plan, or why it has none."""
    return [round_shares(s.selection, s.scaled, s.split.shares, rooms=rooms) for s in solved]


def alone(selection: Selection, quantity: float, split: Split, *, shares: Floats) -> Solved:
    """Return an order's own part of a split of several.

    Parameters
    ----------
    shares : float64, shape (n_chains + n_books,)
        Of the order.
    """
    return Solved(selection, scale(selection, quantity), replace(split, shares=shares))


def by_one_source(solved: Solved) -> Iterator[Solved]:
    """Ask each source alone, where the books carry all but what is less than a lot.

    Its gas and its whole atoms weigh more than its price there.
    """
    selection, shares = solved.selection, solved.split.shares
    n = len(selection.chains)
    if len(selection.sources) == 1 or float(np.sum(shares[:n])) > _REMAINDER_MAX:
        return
    for source in selection.sources:
        own = select(selection.market, source.pools)
        yield alone(
            own, solved.scaled.curves[0].quantity, solved.split, shares=np.append(0.0, shares[n:])
        )


def rounds_badly(found: Draft | NoRouteReason, solved: Solved) -> bool:
    """Tell whether whole lots cost more than they would where they are fine against the order."""
    if isinstance(found, NoRouteReason) or found.unfilled:
        return True
    problem = solved.selection.market.problem
    gas = total_gas(problem, found.trades)
    before_gas = slippage(problem, cost=found.cost - gas, base=found.base)
    return before_gas / PIPS_PER_UNIT - solved.split.upper > _ROUNDING_MAX


def route_plan(
    problem: RoutingProblem,
    chosen: Draft,
    certificate: Certificate,
    *,
    singles: Sequence[SingleVenue],
    rooms: Rooms,
) -> RoutePlan:
    """Return the plan that a draft is."""
    legs = to_legs(problem, chosen.trades, rooms=rooms)
    cost = sum((leg.cost for leg in legs), CostSplit(0, 0, 0, 0))
    return RoutePlan(
        parent=problem.parent,
        side=problem.side,
        legs=legs,
        unfilled=Amount(problem.quantity.asset, chosen.unfilled),
        arrival_mid=problem.arrival_mid,
        block=newest_block(chosen.trades),
        cost=cost,
        slippage=slippage(problem, cost=cost.total, base=chosen.base),
        singles=tuple(singles),
        certificate=certificate,
    )


def cost_rate(chosen: Sequence[tuple[RoutingProblem, Draft]]) -> Pico:
    """Return what the drafts cost together over their notionals at the arrival mids, rounded up."""
    return rate_of(
        sum(draft.cost for _, draft in chosen),
        [(problem.arrival_mid, draft.base) for problem, draft in chosen],
    )


def rate_of(cost: int, traded: Sequence[tuple[Price, int]]) -> Pico:
    """Return a cost over what is traded at the arrival mids, rounded up.

    Parameters
    ----------
    cost : int, [quote atoms]
    traded : Sequence[tuple[Price, int]]
        Arrival mid and base of every order, [base atoms]; not all zero.
    """
    whole = math.lcm(*(mid.base_atoms for mid, _ in traded))
    values = sum(base * mid.quote_atoms * (whole // mid.base_atoms) for mid, base in traded)
    return Pico(divide(cost * whole * PICO_PER_UNIT, values, Rounding.UP))


def worst_cash(
    problem: RoutingProblem, legs: Sequence[Leg]
) -> dict[tuple[AccountId, AssetId], int]:
    """Return what legs in pools may pay at most, their bounds being reached, [atoms]."""
    buying, cash = problem.side is Side.BUY, dict[tuple[AccountId, AssetId], int]()
    for leg in legs:
        if leg.limit_ticks is not None:
            continue
        pays_bound = buying is (leg.quantity_kind is QuantityKind.BASE)
        paid = leg.notional if buying else leg.quantity
        key = (leg.instrument.account, paid_asset(problem))
        cash[key] = cash.get(key, 0) + (leg.bound if pays_bound else paid).atoms
    return cash


def base_atoms(market: Market, quantity: float) -> int:
    """Return the base of an order in atoms, where it fixes the cash as it was solved for."""
    if market.problem.kind is QuantityKind.BASE:
        return market.problem.quantity.atoms
    return round(quantity * 10.0**market.pair.base.decimals)


def newest_block(trades: Sequence[Trade]) -> BlockRef | None:
    """Return the youngest block that the trades' pools were read at."""
    blocks = [pool.snapshot.block for trade in trades for pool in trade.pools]
    return max(blocks, key=lambda block: block.number, default=None)
