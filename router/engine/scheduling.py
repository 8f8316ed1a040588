"""When a parent is worked on: it waits for its time, and goes on when that has come. Pure."""

from dataclasses import replace

from router.algo.pace import begins_at, pace
from router.algo.progress import Pace, Progress
from router.algo.told import slice_told
from router.domain.algo import Sweep
from router.domain.command import ReportParent, WakeAt
from router.domain.event import TimerFired
from router.domain.observation import Observation
from router.domain.units import TimestampNs
from router.domain.verdict import Refused
from router.engine import altering, resting
from router.engine.admission import Step, found, settle
from router.execution import leg_risk, progress
from router.state.world import ParentState, Phase, World


def begin(world: World, parent: ParentState, at: TimestampNs) -> Step:
    """Have a new parent wait for its turn, or for its time."""
    start = begins_at(parent.order)
    if start > at:
        return wait(world, parent, start)
    if isinstance(parent.order.algo, Sweep):
        return world, ()
    return world.with_parent(replace(parent, wake_at=at)), ()  # tried again where it fails at once


def wait(world: World, parent: ParentState, until: TimestampNs) -> Step:
    """Have a parent wait; not beyond its deadline."""
    until = min(until, parent.order.deadline_at)
    parent = replace(parent, phase=Phase.WAITING, problem=None, wake_at=until)
    return world.with_parent(parent), (WakeAt(parent.order.id, until),)


def woken(world: World, event: TimerFired) -> Step:
    """Go on with a parent whose time has come."""
    parent = world.parents[event.parent]
    if parent.phase is Phase.EXECUTING and parent.pending is not None:
        return altering.asked_again(world, parent)
    if parent.phase is Phase.EXECUTING:
        return resting.looked(world, parent, event.at)
    if parent.phase is not Phase.WAITING or parent.wake_at is None:
        return world, ()
    if event.at < parent.wake_at:
        return world, (WakeAt(parent.order.id, parent.wake_at),)
    if event.at >= parent.order.deadline_at:
        return settle(world, parent, "its deadline has passed", at=event.at)
    return world.with_parent(replace(parent, phase=Phase.QUEUED)), ()


def release(world: World, parent: ParentState, seen: Observation, *, at: TimestampNs) -> Pace:
    """Return how much of a parent may have traded by now.

    A slice grows no further once it has come to the venues that are left for later: those before
    them are not observed, so that not even volumes would compare.
    """
    if parent.stage > 0 and parent.released is not None:
        return Pace(parent.released, parent.wake_at)
    so_far = Progress(
        filled=progress.filled(world, parent),
        released=parent.released,
        slices=parent.slices,
        volumes=parent.volumes,
        observation=seen,
        schedule=parent.schedule,
        moves=resting.moves(world, parent),
    )
    return pace(parent.order, so_far, at)


def sliced(parent: ParentState, given: Pace) -> ParentState:
    """Return a parent with a quantity released; never less than before."""
    more = parent.released is None or given.released.atoms > parent.released.atoms
    return replace(
        parent,
        released=given.released if more else parent.released,
        slices=max(parent.slices, 1),
        wake_at=given.wake_at,
        volumes=parent.volumes if given.volumes is None else given.volumes,
    )


def slice_over(
    world: World, parent: ParentState, reason: Refused | str, *, at: TimestampNs
) -> Step:
    """Go on to the next slice, or to the order's end where there is none."""
    if leg_risk.goes_on(world, parent):
        more = replace(parent, round=1, stage=0, slices=parent.slices + 1, problem=None)
        return world.with_parent(replace(more, phase=Phase.QUEUED)), ()
    over = progress.is_all_traded(world, parent)
    wake_at = parent.wake_at
    if wake_at is None or over or at >= parent.order.deadline_at:
        return settle(world, parent, reason, at=at)
    told = (*found(parent, reason), _slice_told(world, parent, at))
    following = replace(parent, round=1, stage=0, slices=parent.slices + 1)
    world, commands = wait(world, following, max(wake_at, at))
    return world, (*told, *commands)


def _slice_told(world: World, parent: ParentState, at: TimestampNs) -> ReportParent:
    filled = progress.filled(world, parent)
    released = filled if parent.released is None else parent.released
    sentence = slice_told(
        parent.order, released=released, filled=filled, slices=parent.slices, at=at
    )
    return ReportParent(parent.order.id, parent.status, sentence)
