"""Cancels and other terms, asked for while an order is at work. Pure.

An order has one request at a time, and each request is taken once. A cancel ends what waits and
what can still be kept from happening; other terms hold from when nothing of the order is in flight.
Never more is traded than a quantity that was in force when it was sent.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from router.domain.amend import Amendment, NamedRequest, PendingRequest
from router.domain.command import Command, ReportParent, WakeAt
from router.domain.event import (
    AmendRequested,
    CancelRequested,
    ChildCancelRefused,
    ChildNotSent,
    ChildSigned,
)
from router.domain.order import OrderStatus, ParentOrder, Persistence
from router.domain.units import Amount, TimestampNs
from router.engine.admission import Step, settle
from router.execution import progress
from router.execution.leg_risk import UNWINDING
from router.execution.next_step import cancel as taken_back
from router.execution.next_step import is_waiting
from router.execution.order_machine import ChildEvent, ask_cancel, ask_replace
from router.execution.parent_machine import status_of
from router.risk.guards import DELEVERAGING
from router.risk.terms import terms_refusal
from router.state.world import ChildState, ParentState, Phase, World

Request: TypeAlias = CancelRequested | AmendRequested
GoOn: TypeAlias = Callable[[World, ParentState], Step]

_ASK_AGAIN_NS: Final = 1_000_000_000
_OVER: Final = frozenset({Phase.RECONCILING, Phase.DONE})
_OF_OURS: Final = frozenset({DELEVERAGING, UNWINDING})  # their quantities follow from what is held


def cancel(world: World, event: CancelRequested) -> Step:
    """Have an order trade no more: at once where nothing is in flight, else when that has ended."""
    fault = refusal(world, event)
    if fault is not None:
        return _refused(world, event, fault)
    world, parent = _taken(world, event, None)
    if not _open_children(world, parent):
        return settle(world, parent, f"canceled by {event.by}", at=event.at)
    told = _report(parent, f"cancel {event.request}: what is in flight is taken back")
    world, commands = take_back(world, parent)
    return world, (told, *commands)


def amend(world: World, event: AmendRequested) -> Step:
    """Give an order other terms: at once where nothing is in flight, else when that has ended."""
    fault = refusal(world, event)
    if fault is not None:
        return _refused(world, event, fault)
    if not _open_children(world, world.parents[event.parent]):
        world, parent = _taken(world, event, event.amendment)
        return _applied(world, parent, at=event.at)
    world, parent = _taken(world, event, event.amendment)
    told = _report(parent, f"amendment {event.request}: it holds once what is in flight has ended")
    world, commands = take_back(world, parent, is_replaced=True)
    return world, (told, *commands)


def refusal(world: World, event: Request) -> str | None:
    """Say why a request is not taken now; None where it is.

    A request that was taken before is not taken again, whatever it asks for.
    """
    parent = world.parents.get(event.parent)
    if parent is None:
        return "there is no such order"
    if is_other(parent, event):
        return "its name stands for another request of this order already; choose a new one"
    if event.request in parent.requests:
        was = "refused" if event.request in parent.refusals else "taken"
        return f"it was {was} before; nothing is done twice"
    untimely = _untimely(world, parent)
    if untimely is None and isinstance(event, AmendRequested):
        return _unfit(world, parent, event.amendment, at=event.at)
    return untimely


def is_other(parent: ParentState, event: Request) -> bool:
    """Tell whether a request has the name of one that was taken, and asks for something else."""
    asked = _amendment(event)
    named = (each.amendment for each in parent.asked if each.request == event.request)
    return _content(next(named, asked)) != _content(asked)


def take_back(world: World, parent: ParentState, *, is_replaced: bool = False) -> Step:
    """Ask the venues to end what is out for a parent; what has filled by then counts.

    Parameters
    ----------
    is_replaced : bool
        The rest of it is to go on under other terms: what is on a chain may happen first.
    """
    done: tuple[Command, ...] = ()
    asked_for = {OrderStatus.PENDING_CANCEL}
    if is_replaced:
        asked_for.add(OrderStatus.PENDING_REPLACE)
    for child in _open_children(world, parent):
        commands = () if child.status in asked_for else taken_back(child)
        if not commands or (is_replaced and not is_waiting(child)):
            continue  # asked before, not sent yet, or it ends by itself
        asked = ask_replace(child) if is_replaced else ask_cancel(child)
        world = world.with_child(asked)
        done = (*done, *commands)
    return world, done


def cancel_refused(world: World, child: ChildState, event: ChildCancelRefused) -> Step:
    """Ask again a little later where a request still waits for a child its venue did not end."""
    # It may have ended, which is told anyway, or the cancel came there before the order did.
    parent = world.parents[child.order.parent]
    if parent.pending is None:
        return world, ()
    again_at = TimestampNs(event.at + _ASK_AGAIN_NS)
    parent = replace(parent, wake_at=again_at)
    return world.with_parent(parent), (WakeAt(parent.order.id, again_at),)


def asked_again(world: World, parent: ParentState) -> Step:
    """Take back what is still out for a parent whose request is under way."""
    return take_back(world, parent, is_replaced=not progress.is_canceled(parent))


def unsent(world: World, child: ChildState, event: ChildEvent) -> ChildEvent:
    """Return the event to go on with: bytes signed for an order with a request are not sent."""
    parent = world.parents[child.order.parent]
    if not isinstance(event, ChildSigned) or child.attempts or parent.pending is None:
        return event
    return ChildNotSent(event.child, f"request {parent.pending.request} came before it", event.at)


def resumed(world: World, parent: ParentState, go_on: GoOn, *, at: TimestampNs) -> Step:
    """Do what a request asked for, now that nothing of its order is in flight."""
    request = parent.pending
    assert request is not None, "called where a request is under way"
    if request.amendment is None:
        return settle(world, parent, f"canceled by {request.by}", at=at)
    fault = "all of the order has filled" if progress.left(world, parent).atoms <= 0 else None
    fault = fault or _unfit(world, parent, request.amendment, at=at)
    if fault is None:
        world, commands = _applied(world, parent, at=at)
    else:
        world, commands = _kept(world, parent, fault)
    parent = world.parents[parent.order.id]
    if parent.phase in _OVER:
        return world, commands
    if progress.left(world, parent).atoms <= 0:
        world, more = settle(world, parent, "", at=at)
    else:
        world, more = go_on(world, replace(parent, round=parent.round + 1, stage=0))
    return world, (*commands, *more)


def _untimely(world: World, parent: ParentState) -> str | None:
    if parent.phase is Phase.DONE:
        return f"too late: the order has ended as {parent.status.value}"
    if parent.phase is Phase.RECONCILING:
        return "too late: the order trades no more, and ends once its accounts are looked at"
    if progress.left(world, parent).atoms <= 0:
        return "too late: all of the order has filled"
    if parent.pending is not None:
        return f"request {parent.pending.request} is under way; wait for it, one is taken at a time"
    return None


def _taken(world: World, event: Request, amendment: Amendment | None) -> tuple[World, ParentState]:
    parent = world.parents[event.parent]
    pending = PendingRequest(event.request, event.by, amendment)
    parent = replace(
        parent,
        pending=pending,
        requests=(*parent.requests, event.request),
        asked=(*parent.asked, pending),
    )
    return _named(world, event, parent).with_parent(parent), parent


# Also what came too late keeps its name: a client's name stands for one thing.
def _named(world: World, event: Request, parent: ParentState) -> World:
    what = NamedRequest(event.parent, isinstance(event, AmendRequested))
    return world.with_request(parent.order.client, event.request, what)


def _amendment(event: Request) -> Amendment | None:
    return event.amendment if isinstance(event, AmendRequested) else None


# A deadline is told from when it is asked for: asked again it is another moment, and the same term.
def _content(amendment: Amendment | None) -> tuple[Amendment, bool] | None:
    if amendment is None:
        return None
    return replace(amendment, deadline_at=None), amendment.deadline_at is not None


def _refused(world: World, event: Request, fault: str) -> Step:
    parent = world.parents.get(event.parent)
    kind = "cancel" if isinstance(event, CancelRequested) else "amendment"
    message = f"{kind} {event.request} is not taken: {fault}"
    if parent is None:
        return world, (ReportParent(event.parent, OrderStatus.REJECTED, message),)
    world = _named(world, event, parent)
    if parent.phase is not Phase.DONE and event.request not in parent.requests:
        parent = replace(
            parent,
            requests=(*parent.requests, event.request),
            refusals=(*parent.refusals, event.request),
        )
        world = world.with_parent(parent)
    return world, (ReportParent(event.parent, parent.status, message),)


# The older terms hold, and the order goes on under them.
def _kept(world: World, parent: ParentState, fault: str) -> Step:
    assert parent.pending is not None, "called where a request is under way"
    request = parent.pending.request
    parent = replace(parent, pending=None, refusals=(*parent.refusals, request))
    world = world.with_parent(parent)
    status = status_of(world, parent)
    message = f"amendment {request} is refused, and the older terms hold: {fault}"
    return world, (ReportParent(parent.order.id, status, message),)


def _applied(world: World, parent: ParentState, *, at: TimestampNs) -> Step:
    request = parent.pending
    assert request is not None, "called where an amendment is under way"
    assert request.amendment is not None, "called where an amendment is under way"
    old, order = parent.order, _amended(world, parent, request.amendment)
    is_spread_anew = (old.quantity, old.deadline_at) != (order.quantity, order.deadline_at)
    parent = replace(
        parent,
        order=order,
        first_order=parent.first_order or old,
        pending=None,
        problem=None,  # whatever is answered, it is asked anew
        schedule=None if is_spread_anew else parent.schedule,
    )
    told = ReportParent(order.id, OrderStatus.REPLACED, f"amendment {request.request} holds")
    world = world.with_parent(parent)
    if progress.left(world, parent).atoms <= 0:
        reason = f"amended by {request.by} to what has filled"
        world, commands = settle(world, parent, reason, at=at)
        return world, (told, *commands)
    if parent.phase is not Phase.WAITING or parent.wake_at is None:
        return world, (told,)
    wake_at = min(parent.wake_at, order.deadline_at)
    world = world.with_parent(replace(parent, wake_at=wake_at))
    return world, (told, WakeAt(order.id, wake_at))


def _amended(world: World, parent: ParentState, amendment: Amendment) -> ParentOrder:
    order = parent.order
    quantity = amendment.quantity or order.quantity
    least = progress.filled(world, parent).atoms
    quantity = Amount(quantity.asset, max(quantity.atoms, least))
    looked_at = parent.first_order or order  # by a second person, where one did
    slippage = amendment.slippage_max_pips
    return replace(
        order,
        quantity=quantity,
        confirmed_by="" if quantity.atoms > looked_at.quantity.atoms else order.confirmed_by,
        limit_price=amendment.limit_price or order.limit_price,
        slippage_max_pips=order.slippage_max_pips if slippage is None else slippage,
        deadline_at=amendment.deadline_at or order.deadline_at,
    )


def _unfit(
    world: World, parent: ParentState, amendment: Amendment, *, at: TimestampNs
) -> str | None:
    order = parent.order
    if order.basket or order.as_quoted is not None:
        kind = "an order of a basket" if order.basket else "an order bound to a quote"
        return f"{kind} keeps its terms; cancel it, and send another"
    if order.persistence is not Persistence.DEADLINE:
        return f"an order that is {order.persistence.value} keeps its terms; send another"
    if order.strategy in _OF_OURS:
        return "an order that the engine itself sent keeps its terms"
    fault = _misnamed(order, amendment)
    if fault is not None:
        return fault
    refused = terms_refusal(world, parent, _amended(world, parent, amendment), at=at)
    return None if refused is None else refused.message


def _misnamed(order: ParentOrder, amendment: Amendment) -> str | None:
    quantity, price, slippage = (
        amendment.quantity,
        amendment.limit_price,
        amendment.slippage_max_pips,
    )
    if amendment == Amendment():
        return "it names no other terms; give a quantity, a price, a slippage or a deadline"
    if quantity is not None and quantity.asset != order.quantity.asset:
        return f"quantity: must be in {order.quantity.asset}, as the order's is"
    if price is not None and (price.base, price.quote) != (order.base, order.quote):
        return f"limit_price: must be of {order.base} in {order.quote}, as the order is"
    if slippage is not None and slippage < 0:
        return "slippage_max_bps: must not be negative"
    return None


def _open_children(world: World, parent: ParentState) -> tuple[ChildState, ...]:
    return tuple(c for c in world.children_of(parent.order.id) if not c.is_terminal)


def _report(parent: ParentState, message: str) -> ReportParent:
    is_cancel = progress.is_canceled(parent)
    status = OrderStatus.PENDING_CANCEL if is_cancel else OrderStatus.PENDING_REPLACE
    return ReportParent(parent.order.id, status, message)
