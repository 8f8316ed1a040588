"""Orders that are planned together under the margin they share. Pure."""

from router.domain.event import BasketRefused, BasketSolved, BasketSubmitted
from router.engine.admission import Step
from router.state.world import World


def submitted(world: World, _event: BasketSubmitted) -> Step:
    """Take the orders of a basket in, all or none."""
    return world, ()


def solved(world: World, _event: BasketSolved) -> Step:
    """Check the plans of a basket, and have their first children signed."""
    return world, ()


def refused(world: World, _event: BasketRefused) -> Step:
    """End a basket, or plan it otherwise: there is no plan."""
    return world, ()
