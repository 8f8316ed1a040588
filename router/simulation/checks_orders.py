"""Checks of single orders: what may follow what, and what never goes back."""

from typing import Final

from router.domain.order import TERMINAL, OrderStatus
from router.domain.units import ChildId
from router.simulation.scene import Sending, Step, changed_children
from router.state.world import ChildState, ParentState, Phase

S = OrderStatus
P = Phase

# Written out here once more, from FIX and not from the engine's own tables. Any open status may
# end; the rest is what a venue's news may do.
_WORKING: Final = frozenset(
    {S.NEW, S.PARTIALLY_FILLED, S.IN_DOUBT, S.PENDING_CANCEL, S.PENDING_REPLACE}
)
_MAY_FOLLOW: Final = {
    S.PENDING_NEW: frozenset({S.SIGNED}),
    S.SIGNED: _WORKING,
    S.NEW: _WORKING,
    S.PARTIALLY_FILLED: _WORKING - {S.NEW},
    S.IN_DOUBT: _WORKING,
    # Where the venue refuses what was asked before it has said anything of the order itself.
    S.PENDING_CANCEL: _WORKING | {S.SIGNED},
    S.PENDING_REPLACE: _WORKING | {S.SIGNED},
}
_PHASES: Final = {
    P.WAITING: frozenset({P.QUEUED, P.RECONCILING, P.DONE, P.OBSERVING}),
    P.QUEUED: frozenset({P.OBSERVING, P.WAITING, P.RECONCILING, P.DONE}),
    P.OBSERVING: frozenset({P.SOLVING, P.QUEUED, P.WAITING, P.EXECUTING, P.RECONCILING, P.DONE}),
    P.SOLVING: frozenset({P.EXECUTING, P.OBSERVING, P.QUEUED, P.WAITING, P.RECONCILING, P.DONE}),
    P.EXECUTING: frozenset({P.QUEUED, P.OBSERVING, P.WAITING, P.RECONCILING, P.DONE}),
    P.RECONCILING: frozenset({P.DONE}),
    P.DONE: frozenset[Phase](),
}


class LegalTransitions:
    """Statuses and phases follow each other as the tables say; what has ended stays as it is."""

    name = "legal transitions"

    def step(self, step: Step) -> str | None:
        """Look at every order that changed."""
        for name in changed_children(step):
            fault = _child_fault(step.before.children.get(name), step.after.children[name])
            if fault is not None:
                return fault
        for parent_name, parent in step.after.parents.items():
            old = step.before.parents.get(parent_name)
            if old is not None and old is not parent:
                fault = _parent_fault(old, parent)
                if fault is not None:
                    return fault
        return None


def _child_fault(old: ChildState | None, new: ChildState) -> str | None:
    name, status = new.order.id, new.status
    if old is None:
        return None if status is S.PENDING_NEW else f"{name}: began as {status.value}"
    if new.order != old.order:
        return f"{name}: is another order than it was"
    if old.status in TERMINAL:
        has_fills = new.fills == old.fills or (new.voided != old.voided and _keeps(old, new))
        is_same = has_fills and (old.status, old.gas) == (status, new.gas)
        return None if is_same else f"{name}: changed after it ended as {old.status.value}"
    is_legal = status is old.status or status in TERMINAL or status in _MAY_FOLLOW[old.status]
    return None if is_legal else f"{name}: {status.value} after {old.status.value}"


# All that was on record, in its order, but for what is said to be void since.
def _keeps(old: ChildState, new: ChildState) -> bool:
    if new.voided == old.voided:
        return new.fills[: len(old.fills)] == old.fills
    return {fill.id for fill in old.fills} - set(new.voided) <= {fill.id for fill in new.fills}


def _parent_fault(old: ParentState, new: ParentState) -> str | None:
    if new.phase is not old.phase and new.phase not in _PHASES[old.phase]:
        return f"{new.order.id}: {new.phase.value} after {old.phase.value}"
    if old.phase is P.DONE and new.status is not old.status:
        return f"{new.order.id}: {new.status.value} after it had ended as {old.status.value}"
    if new.phase is P.DONE and new.status not in TERMINAL:
        return f"{new.order.id}: is done as {new.status.value}"
    return None


class Monotone:
    """What has filled, what was signed and what was sent never becomes less."""

    name = "monotone"

    def step(self, step: Step) -> str | None:
        """Look at every order that changed."""
        for name in changed_children(step):
            old, new = step.before.children.get(name), step.after.children[name]
            if old is None:
                continue
            if not _keeps(old, new):
                return f"{name}: a fill is gone"
            if new.attempts[: len(old.attempts)] != old.attempts:
                return f"{name}: bytes that were signed are forgotten"
        for parent_name, old_parent in step.before.parents.items():
            new_parent = step.after.parents.get(parent_name)
            if new_parent is None:
                return f"{parent_name}: is forgotten"
            if new_parent.children[: len(old_parent.children)] != old_parent.children:
                return f"{parent_name}: a child of it is forgotten"
        return None


class IntentFirst:
    """Nothing leaves the house before its record is on disk, with the very bytes that leave."""

    name = "intent before effect"

    def sending(self, sending: Sending) -> str | None:
        """Look for the bytes in the durable world."""
        child = sending.world.children.get(sending.child.id)
        if child is None or sending.signed not in child.attempts:
            return f"{sending.child.id}: {sending.signed.reference} left before it was on record"
        if child.order != sending.child:
            return f"{sending.child.id}: another order left than was on record"
        return None


class OneNonceEach:
    """No two children of an account have one nonce, unless the first was never sent."""

    name = "one nonce each"

    def __init__(self) -> None:
        self._used: dict[tuple[str, int], ChildId] = {}

    def sending(self, sending: Sending) -> str | None:
        """Remember whose nonce it is."""
        child = sending.child
        key = (str(child.account), child.nonce)
        owner = self._used.setdefault(key, child.id)
        if owner == child.id:
            return None
        first = sending.world.children.get(owner)
        if first is not None and first.is_terminal and first.gas is None:
            self._used[key] = child.id  # what no node took can never be mined
            return None
        return f"{child.id}: nonce {child.nonce} of {child.account} is that of {owner}"
