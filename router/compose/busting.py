"""A fill that somebody says never was, or was another: taken out of the books of a running desk."""

from router.compose.desk import Desk
from router.domain.error import JournalError, OrderError
from router.domain.event import FillVoided
from router.engine.voiding import refusal
from router.gateway.bust_request import Bust
from router.gateway.linked_data import linked_data


async def bust(desk: Desk, wanted: Bust) -> dict[str, object]:
    """Void a fill, and return where its order stands once that is durable.

    The same again changes nothing.

    Raises
    ------
    OrderError
        If there is no such fill, or what it was instead cannot be read.
    """
    runtime, assets = desk.runtime, desk.assembly.config.assets
    child = runtime.world.children.get(wanted.child)
    if child is None:
        raise OrderError(f"child: {wanted.child!r} is not known; say which order at a venue")
    found = next((fill for fill in child.fills if fill.id == wanted.fill), None)
    if found is None and wanted.fill not in child.voided:
        raise OrderError(f"fill: {wanted.fill!r} is no fill of {wanted.child}; name one of its own")
    if found is not None:
        corrected = wanted.correction(found, assets)
        at = desk.assembly.clock.now()
        event = FillVoided(wanted.child, wanted.fill, corrected, wanted.reason, wanted.by, at)
        problem = refusal(runtime.world, event)
        if problem is not None:
            raise OrderError(problem)
        runtime.post(event)
    if await runtime.flushed() is None:
        raise JournalError("the journal cannot be written; ask again")
    world = runtime.world
    return {
        **linked_data(world, world.parents[child.order.parent], assets),
        "child": wanted.child,
        "fill": wanted.fill,
        "is_new": found is not None,
    }
