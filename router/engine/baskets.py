"""Orders that are planned together under the margin they share. Pure.

A basket goes in lock step: its members are observed, planned and checked together, and the next
plan is made once nothing of it is out. Before anything was sent it is all of them or none; after
that, a member without a route gives back what is left of it, the side that is ahead is held back,
and what one side has traded too much in the end is taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from router.algo.together import together
from router.domain.algo import Sweep
from router.domain.basket import Basket, BasketPlan
from router.domain.command import Command, RaiseAlarm, ReportParent, SolveBasket
from router.domain.event import (
    BasketRefused,
    BasketSolved,
    BasketSubmitted,
    MarketObserved,
    ObservationFailed,
)
from router.domain.instrument import STAGES
from router.domain.order import OrderStatus, ParentOrder
from router.domain.plan import RoutePlan, RoutingProblem
from router.domain.units import ParentId, TimestampNs
from router.domain.verdict import Approved, Refused
from router.engine import scheduling, sending
from router.engine.admission import Step, end, fault_of, found, observe, rejected, settle
from router.engine.planning import admitted
from router.engine.preparing import Prepared, prepared
from router.execution import leg_risk, progress
from router.execution.leg_risk import Asking
from router.reconciliation.compare import is_current
from router.risk import controls, inventory
from router.risk import limits as risk
from router.risk.basket_check import beyond_alone, beyond_together
from router.state.world import ParentState, Phase, World

_Why: TypeAlias = Refused | str

_HELD: Final = "held back: its side is far enough ahead, and nobody is left to catch up with it"


def submitted(world: World, event: BasketSubmitted) -> Step:
    """Take the orders of a basket in, all or none."""
    basket, orders, at = event.basket, event.orders, event.at
    if basket.id in world.baskets or any(order.id in world.parents for order in orders):
        return world, ()
    faults: dict[ParentId, _Why] = {}
    for order in orders:
        world, fault = admitted(world, order, at)
        if fault is not None:
            faults[order.id] = fault
    whole = form_fault(basket, orders)
    if whole is not None:
        faults = dict.fromkeys(basket.orders, whole)
    world = replace(world, baskets=world.baskets.put(basket.id, basket))
    if faults:
        for order in orders:
            world = world.with_parent(rejected(world.parents[order.id]))
        return _none(world, basket, faults, at=at)
    return world, tuple(ReportParent(o.id, OrderStatus.NEW, "accepted") for o in orders)


def form_fault(basket: Basket, orders: Sequence[ParentOrder]) -> str | None:
    """Say why orders cannot be a basket, whatever the market is; None if they can."""
    pairs = [(order.base, order.quote) for order in orders]
    twice = next((pair for pair in pairs if pairs.count(pair) > 1), None)
    asked = (
        (tuple(o.id for o in orders) == basket.orders, "must be the orders it names"),
        (bool(orders), "must hold an order at least"),
        (twice is None, f"holds two orders of {twice and '/'.join(twice)}; send their net as one"),
        (len({order.quote for order in orders}) == 1, "must have one quote asset"),
        (len({order.strategy for order in orders}) == 1, "must be of one strategy"),
        (len({order.reduces_only for order in orders}) == 1, "may not only reduce in a part"),
        (all(isinstance(o.algo, Sweep) for o in orders), "is traded at once; leave algos out"),
        (all(order.as_quoted is None for order in orders), "may not hold quotes"),
    )
    return next((f"basket {basket.id}: {wanted}" for holds, wanted in asked if not holds), None)


def is_of_one(world: World, parent: ParentId) -> bool:
    """Tell whether an order belongs to a basket that is not over."""
    return world.parents[parent].order.basket in world.baskets


def observed(world: World, event: MarketObserved) -> Step:
    """Make the problems of a basket's next plans, and have them solved together."""
    basket = _basket_of(world, event.parent)
    asked = _in_phase(world, basket, Phase.OBSERVING)
    seen = event.observation.accounts
    if asked and not is_current(seen, world.mined, world.filled_at):
        return observe(world, asked[0])  # read before something that has moved the accounts since
    ready: list[Prepared] = []
    told: tuple[Command, ...] = ()
    for member in asked:
        outcome = prepared(world, member, event)
        if isinstance(outcome, Prepared):
            parent = leg_risk.capped(outcome.world, basket, outcome.parent)
            ready.append(replace(outcome, parent=parent))
            told = (*told, *(each for each in outcome.alarms if each not in told))
            world = outcome.world.with_parent(parent)
        else:
            world, commands = outcome
            told = (*told, *commands)
    if len(ready) < len(basket.orders) and not _has_begun(world, basket):
        return _then(told, _none(world, basket, _faults(world, basket), at=event.at))
    return _then(told, _asked(world, basket, ready))


def unobservable(world: World, event: ObservationFailed) -> Step:
    """End the members whose markets could not be read."""
    told: tuple[Command, ...] = ()
    for member in _in_phase(world, _basket_of(world, event.parent), Phase.OBSERVING):
        world, commands = scheduling.slice_over(world, member, event.reason, at=event.at)
        told = (*told, *commands)
    return world, told


def solved(world: World, event: BasketSolved) -> Step:
    """Check the plans of a basket, and have the children of those signed that may go now."""
    basket = world.baskets.get(event.basket)
    members = () if basket is None else _in_phase(world, basket, Phase.SOLVING)
    if basket is None or not members:
        return world, ()
    faults = _standing(world, members, at=event.at)
    if faults:
        return _without(world, basket, faults, at=event.at)
    answers = _answers(members, event.plan)
    if answers is None:
        return observe(world, members[0])  # what was asked has changed since
    faults = _checked(world, answers, at=event.at)
    if faults:
        return _without(world, basket, faults, at=event.at)
    pairs = [(problem, plan) for _, problem, plan in answers]
    torn = beyond_together(pairs) or inventory.plans_refusal(world, pairs)
    if torn is not None:
        return _apart(world, basket, members, why=torn, at=event.at)
    return _sent(world, basket, answers, at=event.at)


def refused(world: World, event: BasketRefused) -> Step:
    """End a basket, or plan it otherwise: there is no plan."""
    basket = world.baskets.get(event.basket)
    members = () if basket is None else _in_phase(world, basket, Phase.SOLVING)
    if basket is None or not members:
        return world, ()
    if any(member.problem is None for member in members):
        return observe(world, members[0])  # limits have changed since it was asked
    return _apart(world, basket, members, why=event.message, at=event.at)


def followed(world: World, at: TimestampNs) -> Step:
    """Close the baskets whose orders are all done, and take back what was traded too much."""
    told: tuple[Command, ...] = ()
    for basket in tuple(world.baskets.rows()):
        if not leg_risk.is_over(world, basket):
            continue
        orders = leg_risk.unwinding(world, basket, at)
        world = replace(world, baskets=world.baskets.without(basket.id))
        for order in orders:
            world, commands = _unwound(world, basket, order, at=at)
            told = (*told, *commands)
    return world, told


def _unwound(world: World, basket: Basket, order: ParentOrder, *, at: TimestampNs) -> Step:
    excess = f"basket {basket.id}: one side is too far ahead"
    world, fault = admitted(world, order, at)
    if fault is None:
        accepted = ReportParent(order.id, OrderStatus.NEW, "accepted")
        return world, (RaiseAlarm(f"{excess}, {order.id} takes it back"), accepted)
    why = fault if isinstance(fault, str) else fault.message
    world, commands = end(world, rejected(world.parents[order.id]), fault, at=at)
    return world, (RaiseAlarm(f"{excess}, and may not be taken back: {why}"), *commands)


# The problems of those that have a market left, together; whoever has none goes without.
def _asked(world: World, basket: Basket, ready: Sequence[Prepared]) -> Step:
    if not ready:
        return world, ()
    held = [each for each in ready if leg_risk.is_held(world, basket, each.parent)]
    if len(held) == len(ready):
        return _without(
            world, basket, {each.parent.order.id: _HELD for each in held}, at=ready[0].at
        )
    for each in held:
        world = world.with_parent(replace(each.parent, phase=Phase.QUEUED))
    ready = [each for each in ready if each not in held]
    shared = together([each.problem() for each in ready], ready[0].observation)
    faults: dict[ParentId, _Why] = {
        problem.parent: "no market that it may use can be used now"
        for problem in shared
        if not (problem.pools or problem.books or problem.ways)
    }
    if faults:
        return _without(world, basket, faults, at=ready[0].at)
    for each, problem in zip(ready, shared, strict=True):
        world = world.with_parent(replace(each.parent, phase=Phase.SOLVING, problem=problem))
    return world, (SolveBasket(basket.id, shared),)


_Answers: TypeAlias = Sequence[tuple[ParentState, RoutingProblem, RoutePlan]]


# Each member with its problem and plan; None where they are not those that were asked for.
def _answers(members: Sequence[ParentState], plan: BasketPlan) -> _Answers | None:
    told = {each.parent: each for each in plan.plans}
    found = [
        (member, member.problem, told[member.order.id])
        for member in members
        if member.problem is not None and member.order.id in told
    ]
    return found if len(found) == len(members) == len(told) else None


def _standing(
    world: World, members: Iterable[ParentState], *, at: TimestampNs
) -> dict[ParentId, _Why]:
    faults = ((member.order.id, fault_of(world, member, at)) for member in members)
    return {name: fault for name, fault in faults if fault is not None}


# What stands against single plans.
def _checked(world: World, answers: _Answers, *, at: TimestampNs) -> dict[ParentId, _Why]:
    faults: dict[ParentId, _Why] = {}
    for member, problem, plan in answers:
        verdict = risk.approve(problem, plan, progress.slice_left(world, member))
        if not isinstance(verdict, Refused):
            verdict = controls.plan_refusal(world, member, plan, at=at) or verdict
        if isinstance(verdict, Refused):
            faults[member.order.id] = verdict
    return faults


# There is no plan for several of a basket that has begun: the one that is furthest behind is
# planned by itself, and the others wait until that is decided.
def _apart(
    world: World, basket: Basket, members: Sequence[ParentState], *, why: _Why, at: TimestampNs
) -> Step:
    if len(members) == 1 or not _has_begun(world, basket):
        return _without(world, basket, {m.order.id: why for m in members}, at=at)
    alone = leg_risk.laggard(world, basket, members)
    told: tuple[Command, ...] = ()
    for member in members:
        if member.order.id != alone.order.id:
            world, commands = scheduling.wait(world, member, at)
            told = (*told, *commands)
    return _then(told, observe(world, replace(alone, problem=None)))


# Whose plan the accounts bear even if no other of the basket happens, as far as sides allow it.
def _sent(world: World, basket: Basket, answers: _Answers, *, at: TimestampNs) -> Step:
    pairs = [(problem, plan) for _, problem, plan in answers]
    asking = [
        _asking(plan) for place, (_, plan) in enumerate(pairs) if beyond_alone(pairs, place) is None
    ]
    free = leg_risk.released(world, basket, asking)
    if not free:
        alone = {m.order.id: beyond_alone(pairs, k) or _HELD for k, (m, _, _) in enumerate(answers)}
        return _without(world, basket, alone, at=at)
    told: tuple[Command, ...] = ()
    for member, _, plan in answers:
        if member.order.id in free:
            # Approved one by one and together: `_checked` has found nothing.
            verdict = risk.approve(_problem(member), plan, progress.slice_left(world, member))
            assert isinstance(verdict, Approved), "it was approved a moment ago"
            world, commands = sending.sent(world, member, verdict, at=at)
            told = (*told, *commands)
        else:
            world = world.with_parent(replace(member, phase=Phase.QUEUED, problem=None))
    return world, told


def _problem(member: ParentState) -> RoutingProblem:
    assert member.problem is not None, "a plan answers a problem"
    return member.problem


def _asking(plan: RoutePlan) -> Asking:
    stage = min(STAGES[leg.instrument.kind] for leg in plan.legs)
    now = [leg for leg in plan.legs if STAGES[leg.instrument.kind] == stage]
    return Asking(plan.parent, plan.side, sum(leg.notional.atoms for leg in now))


# Nothing was sent yet: then none of the basket is. Else those go into their next round or give
# back what is left of them, and the others are planned again without them.
def _without(
    world: World, basket: Basket, faults: Mapping[ParentId, _Why], *, at: TimestampNs
) -> Step:
    if not _has_begun(world, basket):
        return _none(world, basket, faults, at=at)
    told: tuple[Command, ...] = ()
    for member in leg_risk.members(world, basket):
        if member.phase not in {Phase.OBSERVING, Phase.SOLVING}:
            continue
        plain = replace(member, phase=Phase.QUEUED, problem=None)
        why = faults.get(member.order.id)
        if why is None:
            world = world.with_parent(plain)
            continue
        told = (*told, *found(member, why))
        if progress.next_round(world, member) is progress.Next.NEXT_ROUND and _may_retry(member):
            world = world.with_parent(replace(plain, round=member.round + 1, stage=0))
            continue
        world, commands = scheduling.slice_over(world, plain, why, at=at)
        told = (*told, *commands)
    return world, told


# A stage without a route is tried again over all venues; a whole round without one is the end.
def _may_retry(member: ParentState) -> bool:
    return member.stage > 0


def _none(
    world: World, basket: Basket, faults: Mapping[ParentId, _Why], *, at: TimestampNs
) -> Step:
    told: tuple[Command, ...] = ()
    first, cause = next(iter(faults.items()))
    said = cause if isinstance(cause, str) else cause.message
    for member in leg_risk.members(world, basket):
        if member.phase is Phase.DONE:
            continue
        name = member.order.id
        why = faults.get(
            name, f"basket {basket.id} is all or none, and {first} was refused: {said}"
        )
        world, commands = settle(world, replace(member, problem=None), why, at=at)
        told = (*told, *commands)
    return world, told


def _faults(world: World, basket: Basket) -> dict[ParentId, _Why]:
    members = leg_risk.members(world, basket)
    return {m.order.id: m.reason for m in members if m.phase is Phase.DONE}


def _has_begun(world: World, basket: Basket) -> bool:
    return any(member.children for member in leg_risk.members(world, basket))


def _basket_of(world: World, parent: ParentId) -> Basket:
    return world.baskets[world.parents[parent].order.basket]


def _in_phase(world: World, basket: Basket, phase: Phase) -> tuple[ParentState, ...]:
    return tuple(m for m in leg_risk.members(world, basket) if m.phase is phase)


def _then(before: tuple[Command, ...], step: Step) -> Step:
    world, commands = step
    return world, (*before, *commands)
