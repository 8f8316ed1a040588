"""The parent order's states as a table, kept right after every event. Pure.

The status after an event follows from what is known: a request under way comes before what has
filled, and that before doubt. An order ends only where the engine ends it.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from router.domain.amend import Quantities
from router.domain.change import changed
from router.domain.command import Command, ReportParent
from router.domain.event import AmendRequested, CancelRequested, Event, FillVoided
from router.domain.order import OrderStatus
from router.domain.units import ParentId
from router.execution.order_machine import ChildEvent, is_doubtful
from router.execution.quantities import quantities
from router.state.world import ChildState, ParentState, Phase, World

S = OrderStatus

_ENDS: Final = frozenset({S.FILLED, S.CANCELED, S.REJECTED, S.EXPIRED})
_REQUESTED: Final = frozenset({S.PENDING_CANCEL, S.PENDING_REPLACE})

# REPLACED is told of an order that got other terms, and is no status of one.
TRANSITIONS: Final[Mapping[S, frozenset[S]]] = {
    S.NEW: frozenset({S.PARTIALLY_FILLED, S.IN_DOUBT}) | _REQUESTED | _ENDS,
    S.IN_DOUBT: frozenset({S.NEW, S.PARTIALLY_FILLED}) | _REQUESTED | _ENDS,
    S.PARTIALLY_FILLED: frozenset({S.FILLED, S.CANCELED}) | _REQUESTED,
    S.PENDING_CANCEL: frozenset({S.FILLED, S.CANCELED}),
    S.PENDING_REPLACE: frozenset({S.NEW, S.PARTIALLY_FILLED, S.IN_DOUBT}) | _ENDS,
    S.FILLED: frozenset(),
    S.CANCELED: frozenset(),
    S.REJECTED: frozenset(),
    S.EXPIRED: frozenset(),
}
# Only where a fill is taken back that was on record.
UNDONE: Final[Mapping[S, frozenset[S]]] = {
    S.FILLED: frozenset({S.CANCELED, S.PARTIALLY_FILLED, S.NEW, S.IN_DOUBT}),
    S.PARTIALLY_FILLED: frozenset({S.NEW, S.IN_DOUBT}),
}
_WORDS: Final[Mapping[S, str]] = {
    S.NEW: "at work",
    S.IN_DOUBT: "sent, and the outcome is unknown",
    S.PARTIALLY_FILLED: "filled in part",
    S.FILLED: "filled",
    S.PENDING_CANCEL: "a cancel is under way",
    S.PENDING_REPLACE: "other terms are under way",
}

_Step: TypeAlias = tuple[World, tuple[Command, ...]]


def status_of(world: World, parent: ParentState) -> OrderStatus:
    """Return the status that a parent has by all that is known of it."""
    if parent.phase is Phase.DONE:
        return parent.status
    if parent.pending is not None:
        return S.PENDING_CANCEL if parent.pending.amendment is None else S.PENDING_REPLACE
    cumulative = quantities(world, parent).cumulative.atoms
    if cumulative:
        return S.FILLED if cumulative >= parent.order.quantity.atoms else S.PARTIALLY_FILLED
    children = world.children_of(parent.order.id)
    return S.IN_DOUBT if any(is_doubtful(child) for child in children) else S.NEW


def advanced(before: World, after: World, *, event: Event, commands: tuple[Command, ...]) -> _Step:
    """Bring the parents an event concerned to their status, and tell each change of it once.

    Reports among the commands get their quantities; a status, a cumulative or a leaves quantity
    that has changed and is not among them is reported beside them.
    """
    reported: dict[ParentId, set[OrderStatus]] = {}
    for command in commands:
        if isinstance(command, ReportParent):
            reported.setdefault(command.parent, set()).add(command.status)
    concerned = dict.fromkeys((*_of(before, after, event), *reported))
    names = [name for name in concerned if name in after.parents]
    for name in names:
        after = _moved(before, after, name, event=event)
    now = {name: quantities(after, after.parents[name]) for name in names}
    told = tuple(
        ReportParent(name, parent.status, _WORDS.get(parent.status, parent.reason), now[name])
        for name, parent in ((name, after.parents[name]) for name in names)
        if parent.status not in reported.get(name, ()) and _has_news(before, parent, now[name])
    )
    return after, (*(_with_quantities(command, now) for command in commands), *told)


# Of news of a child, only what may change its parent's status or quantities.
def _of(before: World, after: World, event: Event) -> Iterable[ParentId]:
    if isinstance(event, CancelRequested | AmendRequested):
        return (event.parent,)
    if not isinstance(event, ChildEvent | FillVoided) or event.child not in before.children:
        return ()
    old, new = before.children[event.child], after.children[event.child]
    return (new.order.parent,) if _facts(old) != _facts(new) else ()


def _facts(child: ChildState) -> tuple[bool, bool, int, int]:
    return child.is_terminal, is_doubtful(child), len(child.fills), len(child.voided)


def _moved(before: World, after: World, name: ParentId, *, event: Event) -> World:
    parent = after.parents[name]
    status, old = status_of(after, parent), before.parents.get(name)
    if old is not None and status is not old.status:
        allowed = TRANSITIONS[old.status]
        if isinstance(event, FillVoided):
            allowed |= UNDONE.get(old.status, frozenset())
        assert status in allowed, f"{name} from {old.status} to {status} is a bug"
    if status is parent.status:
        return after
    return after.with_parent(changed(parent, status=status))


def _with_quantities(command: Command, now: Mapping[ParentId, Quantities]) -> Command:
    if isinstance(command, ReportParent) and command.parent in now:
        return changed(command, quantities=now[command.parent])
    return command


def _has_news(before: World, parent: ParentState, now: Quantities) -> bool:
    old = before.parents.get(parent.order.id)
    if old is None:
        return False  # how an order comes in, the engine tells
    was = quantities(before, old)
    return (old.status, was.cumulative, was.leaves) != (parent.status, now.cumulative, now.leaves)
