"""Pre-trade controls: of a parent before anything is read, and of a plan before anything is signed.

The only place where `Approved` is built.
"""

from router.domain.event import Limits
from router.domain.instrument import Instrument
from router.domain.order import ParentOrder
from router.domain.plan import (
    BookCandidate,
    Leg,
    NoRouteReason,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import (
    PIPS_PER_UNIT,
    AccountId,
    Amount,
    AssetId,
    Price,
    Rounding,
    Side,
    TimestampNs,
    divide,
)
from router.domain.verdict import Approved, Refused, Verdict
from router.risk.routes import broken_route


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
        _not_asked_for(problem, plan),
        broken_route(problem, plan),
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


def _not_asked_for(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    known = {p.instrument.id for p in problem.pools} | {b.instrument.id for b in problem.books}
    known |= {r.instrument.id for r in problem.routes}
    for leg in plan.legs:
        if leg.instrument.id not in known or leg.side is not problem.side:
            return Refused(
                NoRouteReason.SOLVER,
                f"{leg.instrument.id}: the plan has a {leg.side.value} there, which the problem"
                " does not ask for",
            )
    return None


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
        paid = (cash + _venue_fee(leg, cash)) * limit.base_atoms
        allowed = quantity * limit.quote_atoms
        bad = paid > allowed if leg.side is Side.BUY else paid < allowed
        if bad:
            return Refused(
                NoRouteReason.LIMIT_PRICE,
                f"{leg.instrument.id}: the leg's worst case is beyond the order's limit price",
            )
    return None


# What a book charges on top, as cash that a buyer pays more and a seller receives less.
def _venue_fee(leg: Leg, cash: int) -> int:
    if leg.instrument.is_on_chain:
        return 0
    fee = divide(cash * leg.instrument.fee_pips, PIPS_PER_UNIT, Rounding.UP)
    return fee if leg.side is Side.BUY else -fee


def _beyond_cash(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    needed: dict[tuple[AccountId, AssetId], int] = {}
    for leg in plan.legs:
        if leg.instrument.is_on_chain:
            spent = _most_spent(leg)
            key = (leg.instrument.account, spent.asset)
            needed[key] = needed.get(key, 0) + spent.atoms
    for (account, asset), atoms in needed.items():
        spendable = sum(
            amount.atoms
            for chain in problem.chains
            for amount in chain.spendable
            if (chain.account, amount.asset) == (account, asset)
        )
        if atoms > spendable:
            return Refused(
                NoRouteReason.INSUFFICIENT_BALANCE,
                f"{account}: the plan may spend {atoms} atoms of {asset},"
                f" {spendable} are spendable; fund or approve more, or trade less",
            )
    return None


def _most_spent(leg: Leg) -> Amount:
    # A buyer gives quote, a seller gives base; the bound is what the exact side may cost at most.
    given_is_exact = (leg.side is Side.BUY) is (leg.quantity_kind is QuantityKind.CASH)
    if given_is_exact:
        return leg.notional if leg.side is Side.BUY else leg.quantity
    return leg.bound


def _beyond_margin(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    for account in dict.fromkeys(b.instrument.account for b in problem.books):
        margins = [m for m in problem.margins if m.account == account]
        equity = sum(m.equity_atoms for m in margins)
        needed = sum(m.margin_used_elsewhere_atoms for m in margins)
        grows = False
        for book in problem.books:
            if book.instrument.account != account:
                continue
            traded = _lots(plan, book.instrument)
            reduces = traded * book.position_lots < 0 and abs(traded) <= abs(book.position_lots)
            grows = grows or (traded != 0 and not reduces)
            value = _mark_value(book, abs(book.position_lots + traded), rounding=Rounding.UP)
            needed += divide(value, book.leverage, Rounding.UP) + _loss_at_mark(plan, book)
        if grows and needed > equity:
            return Refused(
                NoRouteReason.INSUFFICIENT_MARGIN,
                f"{account}: initial margin would be {needed} atoms, equity is {equity};"
                " add collateral or trade less",
            )
    return None


def _mark_value(book: BookCandidate, lots: int, *, rounding: Rounding) -> int:
    quantity = Amount(book.instrument.base.id, lots * book.instrument.lot_atoms)
    return book.instrument.tick_price(book.mark_ticks).notional(quantity, rounding).atoms


# Equity bears at once what the fill costs against the mark, fee included; a gain counts for us.
def _loss_at_mark(plan: RoutePlan, book: BookCandidate) -> int:
    loss = 0
    for leg in plan.legs:
        if leg.instrument.id != book.instrument.id:
            continue
        buying = leg.side is Side.BUY
        lots = divide(leg.quantity.atoms, leg.instrument.lot_atoms, Rounding.UP)
        fair = _mark_value(book, lots, rounding=Rounding.DOWN if buying else Rounding.UP)
        worse = leg.notional.atoms - fair if buying else fair - leg.notional.atoms
        loss += worse + divide(
            leg.notional.atoms * leg.instrument.fee_pips, PIPS_PER_UNIT, Rounding.UP
        )
    return loss


def _lots(plan: RoutePlan, instrument: Instrument) -> int:
    return sum(
        (1 if leg.side is Side.BUY else -1)
        * divide(leg.quantity.atoms, instrument.lot_atoms, Rounding.UP)
        for leg in plan.legs
        if leg.instrument.id == instrument.id
    )
