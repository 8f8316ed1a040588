"""Orders whose schedule the optimiser makes. Pure."""

from router.domain.event import ScheduleRefused, ScheduleSolved
from router.engine.admission import Step
from router.state.world import World


def solved(world: World, _event: ScheduleSolved) -> Step:
    """Take a schedule, and begin with its first slice."""
    return world, ()


def refused(world: World, _event: ScheduleRefused) -> Step:
    """End an order that no schedule keeps within its bounds."""
    return world, ()
