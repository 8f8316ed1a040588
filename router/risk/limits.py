"""Pre-trade controls: of a parent before anything is read, and of a plan before anything is signed.

The only place where `Approved` is built.
"""

from router.domain.event import Limits
from router.domain.order import ParentOrder
from router.domain.plan import Leg, NoRouteReason, QuantityKind, RoutePlan, RoutingProblem
from router.domain.units import (
    Amount,
    Price,
    Rounding,
    Side,
    TimestampNs,
    divide,
)
from router.domain.verdict import Approved, Refused, Verdict


def check_parent(order: ParentOrder, limits: Limits, now: TimestampNs) -> Refused | None:
    """Refuse an order that no market could make acceptable."""
    if order.quantity.atoms <= 0:
        return Refused(
            NoRouteReason.BELOW_MINIMUM,
            f"quantity must be positive, was {order.quantity.atoms} atoms",
        )
    if order.deadline_at <= now:
        return Refused(NoRouteReason.DEADLINE, "deadline must lie in the future; send a later one")
    if order.slippage_max_pips > limits.slippage_max_pips:
        return Refused(
            NoRouteReason.LIMIT_EXCEEDED,
            f"slippage_max must be at most {limits.slippage_max_pips / 100:g} bps"
            f" (limits.slippage_max_bps), was {order.slippage_max_pips / 100:g}",
        )
    return None


def check_notional(order: ParentOrder, arrival: Price, limits: Limits) -> Refused | None:
    """Refuse an order larger than the notional limit, valued at the arrival mid."""
    limit = next((a for a in limits.order_notional_max if a.asset == arrival.quote), None)
    if limit is None:
        return Refused(
            NoRouteReason.LIMIT_EXCEEDED,
            f"limits.order_notional_max has no value for {arrival.quote}; choose one",
        )
    notional = _value(order.quantity, arrival)
    if notional <= limit.atoms:
        return None
    largest = arrival.quantity(limit, Rounding.DOWN)
    return Refused(
        NoRouteReason.LIMIT_EXCEEDED,
        f"order notional {notional} is above limits.order_notional_max {limit.atoms}"
        f" (atoms of {limit.asset}); the largest quantity is {largest.atoms} atoms of"
        f" {largest.asset}",
    )


def approve(problem: RoutingProblem, plan: RoutePlan, left: Amount) -> Verdict:
    """Check a plan against the order's bounds, what is left of it, and what the accounts hold.

    The optimiser kept to all of these; this is the gate that does not trust it.
    """
    for fault in (
        _more_than_left(plan, left),
        _beyond_limit(problem, plan),
        _beyond_cash(problem, plan),
        _beyond_margin(problem, plan),
    ):
        if fault is not None:
            return fault
    return Approved(plan)


def _value(amount: Amount, price: Price) -> int:
    if amount.asset == price.quote:
        return amount.atoms
    return price.notional(amount, Rounding.UP).atoms


def _more_than_left(plan: RoutePlan, left: Amount) -> Refused | None:
    total = sum(
        (leg.quantity if left.asset == leg.quantity.asset else leg.notional).atoms
        for leg in plan.legs
    )
    if total <= left.atoms and plan.legs:
        return None
    return Refused(
        NoRouteReason.SOLVER,
        f"the plan trades {total} atoms of {left.asset} in {len(plan.legs)} legs,"
        f" {left.atoms} are left of the order",
    )


def _beyond_limit(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    limit = problem.limit_price
    for leg in plan.legs:
        exact_base = leg.quantity_kind is QuantityKind.BASE
        quantity = leg.quantity.atoms if exact_base else leg.bound.atoms
        cash = leg.bound.atoms if exact_base else leg.notional.atoms
        paid = cash * limit.base_atoms
        allowed = quantity * limit.quote_atoms
        bad = paid > allowed if leg.side is Side.BUY else paid < allowed
        if bad:
            return Refused(
                NoRouteReason.LIMIT_PRICE,
                f"{leg.instrument.id}: the leg's worst case is beyond the order's limit price",
            )
    return None


def _beyond_cash(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    for chain in problem.chains:
        for amount in chain.spendable:
            needed = sum(
                spent.atoms
                for leg in plan.legs
                if leg.instrument.account == chain.account
                and (spent := _most_spent(leg)).asset == amount.asset
            )
            if needed > amount.atoms:
                return Refused(
                    NoRouteReason.INSUFFICIENT_BALANCE,
                    f"{chain.account}: the plan may spend {needed} atoms of {amount.asset},"
                    f" {amount.atoms} are spendable; fund or approve more, or trade less",
                )
    return None


def _most_spent(leg: Leg) -> Amount:
    # A buyer gives quote, a seller gives base; the bound is what the exact side may cost at most.
    given_is_exact = (leg.side is Side.BUY) is (leg.quantity_kind is QuantityKind.CASH)
    if given_is_exact:
        return leg.notional if leg.side is Side.BUY else leg.quantity
    return leg.bound


def _beyond_margin(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    lots = {
        leg.instrument.id: (1 if leg.side is Side.BUY else -1)
        * (leg.quantity.atoms // leg.instrument.lot_atoms)
        for leg in plan.legs
    }
    for margin in problem.margins:
        books = [b for b in problem.books if b.instrument.account == margin.account]
        needed = margin.margin_used_elsewhere_atoms
        grows = False
        for book in books:
            after = book.position_lots + lots.get(book.instrument.id, 0)
            grows = grows or abs(after) > abs(book.position_lots)
            quantity = Amount(book.instrument.base.id, abs(after) * book.instrument.lot_atoms)
            mark = book.instrument.tick_price(book.mark_ticks)
            needed += divide(mark.notional(quantity, Rounding.UP).atoms, book.leverage, Rounding.UP)
        if grows and needed > margin.equity_atoms:
            return Refused(
                NoRouteReason.INSUFFICIENT_MARGIN,
                f"{margin.account}: initial margin would be {needed} atoms, equity is"
                f" {margin.equity_atoms}; add collateral or trade less",
            )
    return None
