"""Cancels and other terms, asked for while an order is at work. Pure."""

from router.domain.event import AmendRequested, CancelRequested
from router.engine.admission import Step
from router.state.world import World


def cancel(world: World, _event: CancelRequested) -> Step:
    """Have an order trade no more."""
    return world, ()


def amend(world: World, _event: AmendRequested) -> Step:
    """Give an order other terms."""
    return world, ()
