"""How a parent comes to its end: its accounts are looked at first, if anything was sent. Pure."""

from dataclasses import replace

from router.domain.event import DeadlinePassed
from router.domain.units import TimestampNs
from router.domain.verdict import Refused
from router.engine.admission import Step, activate, end, found, look_at_accounts
from router.execution import progress
from router.state.world import ParentState, Phase, World


def settle(world: World, parent: ParentState, reason: Refused | str, *, at: TimestampNs) -> Step:
    """End a parent: at once if it sent nothing, else once its accounts are reconciled."""
    if not parent.children:
        return finish(world, parent, reason, at=at)
    parent = replace(
        parent,
        phase=Phase.RECONCILING,
        outcome=progress.outcome(world, parent, at),
        reason=reason if isinstance(reason, str) else reason.message,
        problem=None,
    )
    return world.with_parent(parent), (*found(parent, reason), look_at_accounts(world))


def finish(world: World, parent: ParentState, reason: Refused | str, *, at: TimestampNs) -> Step:
    """End a parent and begin the next."""
    world, told = end(world, parent, reason, at=at)
    world, commands = activate(world, at)
    return world, (*told, *commands)


def expired(world: World, event: DeadlinePassed) -> Step:
    """End a parent that waited too long."""
    # What is being signed or sent has a deadline of its own, and ends by itself.
    parent = world.parents[event.parent]
    if parent.phase not in {Phase.QUEUED, Phase.OBSERVING}:
        return world, ()
    return settle(world, parent, "deadline passed before the order could be planned", at=event.at)
