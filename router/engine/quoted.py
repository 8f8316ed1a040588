"""Orders that are executed as they were quoted, or not at all. Pure.

No plan is made: the quote's own legs, with their own bounds, are priced on fresh state and sent if
they are no dearer than agreed. What a leg leaves unfilled is given back, and planned nowhere else.
"""

from dataclasses import dataclass, replace

from router.algo import sweep
from router.domain.instrument import STAGES
from router.domain.plan import CostSplit, Leg, NoRouteReason, RoutePlan, RoutingProblem
from router.domain.quote import BoundQuote
from router.domain.units import NS_PER_S, Amount, Pips
from router.domain.verdict import Approved, Refused
from router.engine import sending
from router.engine.admission import Step, settle
from router.engine.preparing import Prepared
from router.execution import progress
from router.optimiser.exact.leg import slippage, total_cost
from router.optimiser.exact.requoted import keeps_bound, requoted
from router.optimiser.exact.trade import Trade, ordered
from router.risk import controls
from router.risk import limits as risk
from router.state.world import ParentState, World


@dataclass(frozen=True, slots=True)
class _Due:
    """What of a quote is still to be sent, and the problem it is held against now."""

    quote: BoundQuote
    legs: tuple[Leg, ...]
    problem: RoutingProblem

    def plan(self) -> RoutePlan:
        """Return the legs as a plan of their own, with the costs that were quoted."""
        problem, legs = self.problem, self.legs
        cost = sum((leg.cost for leg in legs), CostSplit(0, 0, 0, 0))
        base = sum(leg.quantity.atoms for leg in legs)
        filled = sum(ordered(problem, base=g.quantity.atoms, quote=g.notional.atoms) for g in legs)
        rest = max(0, problem.quantity.atoms - filled)
        return replace(
            self.quote.plan,
            parent=problem.parent,
            legs=legs,
            unfilled=Amount(problem.quantity.asset, rest),
            cost=cost,
            slippage=slippage(problem, cost=cost.total, base=base),
        )


def observed(ready: Prepared) -> Step:
    """Send what of the quote is next, if it still is what was shown."""
    world, parent, at = ready.world, ready.parent, ready.at
    quote = parent.order.as_quoted
    assert quote is not None, "asked of orders that are bound to a quote"
    legs = _unsent(world, parent, quote)
    if not legs:
        return _over(ready, "the quote is executed, and what its legs left unfilled is given back")
    if at > quote.expires_at:
        late = (at - quote.expires_at) / NS_PER_S
        return _over(ready, f"quote {quote.id} expired {late:.1f} s ago; ask for a new one")
    due = _Due(quote, legs, _problem(ready, quote))
    parent = replace(parent, problem=due.problem)
    verdict = _verdict(ready, due, parent=parent)
    if isinstance(verdict, Refused):
        return _over(ready, verdict)
    world, commands = sending.sent(world, parent, verdict, at=at)
    return world, (*ready.alarms, *commands)


def drift(problem: RoutingProblem, legs: tuple[Leg, ...]) -> Pips | str:
    """Return how much dearer legs are on a problem's state than they were quoted, or why they fail.

    All costs count, gas and funding too, over the legs' notional at the quote's arrival mid;
    rounded against us, and negative where they have become cheaper.
    """
    trades: list[Trade] = []
    for leg in legs:
        trade = requoted(problem, leg)
        if isinstance(trade, NoRouteReason):
            return f"{leg.instrument.id} cannot trade its leg any more: {trade.value}"
        if not keeps_bound(trade, leg):
            return (
                f"{leg.instrument.id} would trade {trade.base} atoms for {trade.quote}, beyond the"
                f" quote's bound of {leg.bound.atoms} atoms of {leg.bound.asset}"
            )
        trades.append(trade)
    dearer = total_cost(problem, trades) - sum(leg.cost.total for leg in legs)
    return slippage(problem, cost=dearer, base=sum(leg.quantity.atoms for leg in legs))


# The quote's legs whose stage has come, or comes later; the first ones of them are sent now.
def _unsent(world: World, parent: ParentState, quote: BoundQuote) -> tuple[Leg, ...]:
    children = world.children_of(parent.order.id)
    sent = {leg.instrument.id for child in children for leg in child.order.legs}
    return tuple(
        leg
        for leg in quote.plan.legs
        if leg.instrument.id not in sent and STAGES[leg.instrument.kind] >= parent.stage
    )


# Held against the limit price that the quote was shown with, and reckoned from its mid.
def _problem(ready: Prepared, quote: BoundQuote) -> RoutingProblem:
    order, mid = ready.parent.order, quote.plan.arrival_mid
    return replace(ready.problem(), arrival_mid=mid, limit_price=sweep.limit_price(order, mid))


def _verdict(ready: Prepared, due: _Due, *, parent: ParentState) -> Refused | Approved:
    found = drift(due.problem, due.legs)
    stale = f"quote {due.quote.id} does not hold any more"
    if isinstance(found, str):
        return Refused(NoRouteReason.LIMIT_PRICE, f"{stale}: {found}; ask for a new one")
    if found > due.quote.drift_max_pips:
        return Refused(
            NoRouteReason.LIMIT_PRICE,
            f"{stale}: it drifted by {found / 100:.2f} bps,"
            f" {due.quote.drift_max_pips / 100:.2f} bps are allowed; ask for a new one",
        )
    plan = due.plan()
    verdict = risk.approve(due.problem, plan, progress.slice_left(ready.world, parent))
    if isinstance(verdict, Refused):
        return verdict
    return controls.plan_refusal(ready.world, parent, plan, at=ready.at) or verdict


def _over(ready: Prepared, reason: Refused | str) -> Step:
    world, commands = settle(ready.world, ready.parent, reason, at=ready.at)
    return world, (*ready.alarms, *commands)
