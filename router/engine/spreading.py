"""Orders whose schedule the optimiser makes: asked once the depth is known. Pure."""

from dataclasses import replace
from typing import Final

from router.algo.shortfall import schedule_problem
from router.domain.algo import Shortfall
from router.domain.command import ReportParent, SolveSchedule
from router.domain.error import NoRouteError
from router.domain.event import ScheduleRefused, ScheduleSolved
from router.domain.schedule import Schedule
from router.domain.units import PICO_PER_UNIT, Amount, TimestampNs
from router.engine.admission import Step, fault_of, settle
from router.engine.preparing import Prepared
from router.execution import progress
from router.state.world import ParentState, Phase, World

_PICO_PER_BPS: Final = PICO_PER_UNIT // 10_000


def is_due(parent: ParentState) -> bool:
    """Tell whether an order needs a schedule before its first slice."""
    return isinstance(parent.order.algo, Shortfall) and parent.schedule is None


def asked(ready: Prepared, before: ParentState) -> Step:
    """Ask for the schedule of what is left of an order; nothing is released before it is there.

    Parameters
    ----------
    before : ParentState
        The parent before it was prepared: what it had released then stays.
    """
    parent = replace(
        ready.parent,
        phase=Phase.SOLVING,
        problem=None,
        released=before.released,
        slices=before.slices,
        wake_at=None,
    )
    order, world = parent.order, ready.world.with_parent(parent)
    assert isinstance(order.algo, Shortfall), "only such orders are spread"
    try:
        problem = schedule_problem(order, order.algo, ready.problem(), at=ready.at)
    except NoRouteError as error:
        return settle(world, parent, str(error), at=ready.at)
    return world, (*ready.alarms, SolveSchedule(problem))


def solved(world: World, event: ScheduleSolved) -> Step:
    """Take a schedule, and begin with its first slice."""
    parent = world.parents[event.parent]
    if not _waits(parent):
        return world, ()
    fault = fault_of(world, parent, event.at)
    if fault is not None:
        return settle(world, parent, fault, at=event.at)
    if not _is_of(event.schedule, parent, left=progress.left(world, parent)):
        return world.with_parent(replace(parent, phase=Phase.QUEUED)), ()  # amended since
    schedule = _after(event.schedule, progress.filled(world, parent).atoms)
    parent = replace(parent, schedule=schedule, phase=Phase.QUEUED)
    told = ReportParent(parent.order.id, parent.status, _sentence(schedule))
    return world.with_parent(parent), (told,)


def refused(world: World, event: ScheduleRefused) -> Step:
    """End an order that no schedule keeps within its bounds."""
    parent = world.parents[event.parent]
    if not _waits(parent):
        return world, ()
    return settle(world, parent, event.message, at=event.at)


def _waits(parent: ParentState) -> bool:
    return parent.phase is Phase.SOLVING and is_due(parent)


def _is_of(schedule: Schedule, parent: ParentState, *, left: Amount) -> bool:
    if not schedule.releases:
        return False
    last_at, atoms = schedule.releases[-1]
    return atoms == left.atoms and last_at < parent.order.deadline_at


def _sentence(schedule: Schedule) -> str:
    ours = f"{_bps(schedule.expected_pico)} bps, deviation {_bps(schedule.deviation_pico)}"
    equal = f"{_bps(schedule.twap_pico)} bps, deviation {_bps(schedule.twap_deviation_pico)}"
    return (
        f"spread over {len(schedule.releases)} slices: impact and funding are expected to cost"
        f" {ours}; in equal slices {equal}"
    )


def _bps(rate: int) -> str:
    return f"{rate / _PICO_PER_BPS:.2f}"


# A schedule is of what was left when it was asked for; the engine counts from the order's start.
def _after(schedule: Schedule, filled: int) -> Schedule:
    releases = tuple((TimestampNs(at), filled + atoms) for at, atoms in schedule.releases)
    return replace(schedule, releases=releases)
