"""Pre-trade controls: of a parent before anything is read, and of a plan before anything is signed.

The only place where `Approved` is built.
"""

from router.domain.control import Control, Finding
from router.domain.limits import Limits
from router.domain.order import ParentOrder
from router.domain.plan import (
    Leg,
    NoRouteReason,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.scope import FIRM, Scope, ScopeKind
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
from router.risk.margin_check import beyond_margin
from router.risk.routes import broken_route


def check_parent(order: ParentOrder, limits: Limits, now: TimestampNs) -> Refused | None:
    """Refuse an order that no market could make acceptable."""
    if order.quantity.atoms <= 0:
        return _refused(
            NoRouteReason.BELOW_MINIMUM,
            f"quantity must be positive, was {order.quantity.atoms} atoms",
            control=Control.ORDER_FORM,
            looked_at=("quantity", "positive", str(order.quantity.atoms)),
        )
    if order.deadline_at <= now:
        return _refused(
            NoRouteReason.DEADLINE,
            "deadline must lie in the future; send a later one",
            control=Control.ORDER_FORM,
            looked_at=("deadline", f"after {now}", str(order.deadline_at)),
        )
    if order.slippage_max_pips > limits.slippage_max_pips:
        most, asked = f"{limits.slippage_max_pips / 100:g}", f"{order.slippage_max_pips / 100:g}"
        return _refused(
            NoRouteReason.LIMIT_EXCEEDED,
            f"slippage_max must be at most {most} bps (limits.slippage_max_bps), was {asked}",
            control=Control.SLIPPAGE,
            looked_at=("limits.slippage_max_bps", most, asked),
        )
    return None


def check_notional(order: ParentOrder, arrival: Price, limits: Limits) -> Refused | None:
    """Refuse an order larger than the notional limit, valued at the arrival mid.

    One that only reduces is as large as it must be.
    """
    if order.reduces_only:
        return None
    limit = next((a for a in limits.order_notional_max if a.asset == arrival.quote), None)
    if limit is None:
        return _refused(
            NoRouteReason.LIMIT_EXCEEDED,
            f"limits.order_notional_max has no value for {arrival.quote}; choose one",
            control=Control.ORDER_SIZE,
            looked_at=("limits.order_notional_max", "none", str(arrival.quote)),
        )
    notional = _value(order.quantity, arrival)
    if notional <= limit.atoms:
        return None
    largest = arrival.quantity(limit, Rounding.DOWN)
    return _refused(
        NoRouteReason.LIMIT_EXCEEDED,
        f"order notional {notional} is above limits.order_notional_max {limit.atoms}"
        f" (atoms of {limit.asset}); the largest quantity is {largest.atoms} atoms of"
        f" {largest.asset}",
        control=Control.ORDER_SIZE,
        looked_at=(
            "limits.order_notional_max",
            f"{limit.atoms} atoms of {limit.asset}",
            f"{notional} atoms of {limit.asset}",
        ),
    )


def approve(problem: RoutingProblem, plan: RoutePlan, left: Amount) -> Verdict:
    """Check a plan against the order's bounds, what is left of it, and what the accounts hold.

    The optimiser kept to all of these; this is the gate that does not trust it.
    """
    return (
        _not_asked_for(problem, plan)  # first: what is after it takes legs to be sound
        or broken_route(problem, plan)
        or _more_than_left(plan, left)
        or _beyond_limit(problem, plan)
        or _beyond_cash(problem, plan)
        or beyond_margin(problem, plan)
        or Approved(plan)
    )


# With what a control looked at: key, limit and value.
def _refused(
    reason: NoRouteReason,
    message: str,
    *,
    control: Control,
    looked_at: tuple[str, str, str],
    scope: Scope = FIRM,
) -> Refused:
    key, limit, value = looked_at
    return Refused(reason, message, Finding(control, scope, key, limit, value, message))


def _value(amount: Amount, price: Price) -> int:
    if amount.asset == price.quote:
        return amount.atoms
    return price.notional(amount, Rounding.UP).atoms


def _not_asked_for(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    asked = {c.instrument for c in (*problem.pools, *problem.books, *problem.ways)}
    for leg in plan.legs:
        if leg.instrument not in asked or leg.side is not problem.side or not _is_sound(leg):
            return Refused(
                NoRouteReason.SOLVER,
                f"{leg.instrument.id}: the plan has a {leg.side.value} there, which the problem"
                " does not ask for",
            )
    return None


# Some of its own assets, and no credit for what would be traded backwards.
def _is_sound(leg: Leg) -> bool:
    base, quote = leg.instrument.base.id, leg.instrument.quote.id
    other = quote if leg.quantity_kind is QuantityKind.BASE else base
    amounts = (leg.quantity, leg.notional, leg.bound)
    has_assets = tuple(a.asset for a in amounts) == (base, quote, other)
    has_ticks = leg.instrument.is_on_chain or (leg.limit_ticks or 0) > 0
    return (
        has_assets and has_ticks and leg.quantity.atoms > 0 and min(a.atoms for a in amounts) >= 0
    )


def _more_than_left(plan: RoutePlan, left: Amount) -> Refused | None:
    total = sum(
        (leg.quantity if left.asset == leg.quantity.asset else leg.notional).atoms
        for leg in plan.legs
    )
    if total <= left.atoms and plan.legs:
        return None
    return _refused(
        NoRouteReason.SOLVER,
        f"the plan trades {total} atoms of {left.asset} in {len(plan.legs)} legs,"
        f" {left.atoms} are left of the order",
        control=Control.ORDER_FORM,
        looked_at=("what is left of the order", f"{left.atoms} atoms of {left.asset}", str(total)),
    )


def _beyond_limit(problem: RoutingProblem, plan: RoutePlan) -> Refused | None:
    limit = problem.limit_price
    for leg in plan.legs:
        exact_base = leg.quantity_kind is QuantityKind.BASE
        quantity = leg.quantity.atoms if exact_base else leg.bound.atoms
        cash = _worst_cash(leg) if exact_base else leg.notional.atoms
        paid = (cash + _venue_fee(leg, cash)) * limit.base_atoms
        allowed = quantity * limit.quote_atoms
        bad = paid > allowed if leg.side is Side.BUY else paid < allowed
        if bad:
            message = f"{leg.instrument.id}: the leg's worst case is beyond the order's limit price"
            return _refused(
                NoRouteReason.LIMIT_PRICE,
                message,
                control=Control.SLIPPAGE,
                looked_at=(
                    "limit price of the plan",
                    f"{limit.quote_atoms}/{limit.base_atoms}",
                    f"{paid}/{allowed}",
                ),
            )
    return None


# A book is told ticks, and not the bound that stands for them.
def _worst_cash(leg: Leg) -> int:
    if leg.limit_ticks is None:
        return leg.bound.atoms
    price, buying = leg.instrument.tick_price(leg.limit_ticks), leg.side is Side.BUY
    at_limit = price.notional(leg.quantity, Rounding.UP if buying else Rounding.DOWN).atoms
    return max(at_limit, leg.bound.atoms) if buying else min(at_limit, leg.bound.atoms)


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
            spent = most_spent(leg)
            key = (leg.instrument.account, spent.asset)
            needed[key] = needed.get(key, 0) + spent.atoms
    for (account, asset), atoms in needed.items():
        spendable = sum(
            amount.atoms
            for chain in problem.chains
            for amount in chain.spendable
            if (chain.account, amount.asset) == (account, asset)
        )
        spendable -= sum(
            r.amount.atoms
            for r in problem.reservations
            if (r.account, r.amount.asset) == (account, asset)
        )
        if atoms > spendable:
            return _refused(
                NoRouteReason.INSUFFICIENT_BALANCE,
                f"{account}: the plan may spend {atoms} atoms of {asset},"
                f" {spendable} are spendable; fund or approve more, or trade less",
                control=Control.BALANCE,
                looked_at=(
                    "spendable",
                    f"{spendable} atoms of {asset}",
                    f"{atoms} atoms of {asset}",
                ),
                scope=Scope(ScopeKind.ACCOUNT, account),
            )
    return None


def most_spent(leg: Leg) -> Amount:
    """Return the most that a leg on chain may take from its account.

    A buyer gives quote, a seller gives base; the bound is what the exact side may cost at most.
    """
    given_is_exact = (leg.side is Side.BUY) is (leg.quantity_kind is QuantityKind.CASH)
    if given_is_exact:
        return leg.notional if leg.side is Side.BUY else leg.quantity
    return leg.bound
