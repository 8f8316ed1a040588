"""From an approved plan to children whose bytes may be made. Pure."""

from dataclasses import replace

from router.domain.command import SignChild
from router.domain.order import TimeInForce
from router.domain.plan import NoRouteReason
from router.domain.units import TimestampNs
from router.domain.verdict import Approved, Refused
from router.engine.admission import Step, settle
from router.execution import immediacy, nonces
from router.execution.children import Dispatch, children_of, reduced_books
from router.execution.order_machine import new_child
from router.risk import controls
from router.state.world import ParentState, Phase, World


def sent(
    world: World,
    parent: ParentState,
    approved: Approved,
    *,
    at: TimestampNs,
    time_in_force: TimeInForce = TimeInForce.IMMEDIATE,
) -> Step:
    """Have the children of a plan's first stage signed; the plan answers the parent's problem."""
    assert parent.problem is not None, "a plan answers a problem"
    dispatch = Dispatch(
        order=parent.order,
        round=parent.round,
        slice=parent.slices,
        nonces=nonces.following(world),
        lifetime=world.limits.child_lifetime,
        at=at,
        reduced=reduced_books(parent.problem),
        time_in_force=time_in_force,
    )
    orders = children_of(approved, dispatch)
    apart = immediacy.torn(approved.plan, orders, parent.order)
    if apart is not None:
        return settle(world, parent, Refused(NoRouteReason.LIMIT_EXCEEDED, apart), at=at)
    torn = controls.all_conserved(world, orders)
    if torn is not None:
        broken = Refused(NoRouteReason.LIMIT_EXCEEDED, torn.message, torn)
        return settle(world, parent, broken, at=at)
    parent = replace(
        parent,
        phase=Phase.EXECUTING,
        problem=None,
        plans=(*parent.plans, approved.plan),
        children=(*parent.children, *(o.id for o in orders)),
    )
    world = world.with_parent(parent)
    for order in orders:
        world = world.with_child(new_child(order))
    return world, tuple(SignChild(order) for order in orders)
