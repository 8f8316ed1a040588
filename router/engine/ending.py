"""How a parent comes to its end for want of time. Pure."""

from router.domain.event import DeadlinePassed
from router.engine.admission import Step, settle
from router.state.world import Phase, World

_MAY_END = {Phase.WAITING, Phase.QUEUED, Phase.OBSERVING}


def expired(world: World, event: DeadlinePassed) -> Step:
    """End a parent that waited too long."""
    # What is being signed or sent has a deadline of its own, and ends by itself.
    parent = world.parents[event.parent]
    if parent.phase not in _MAY_END:
        return world, ()
    return settle(world, parent, "deadline passed before the order could be planned", at=event.at)
