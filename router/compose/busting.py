"""A fill that somebody says never was, or was another: taken out of the books of a running desk."""

from collections.abc import Mapping

from router.compose.desk import Desk
from router.domain.error import JournalError, OrderError
from router.domain.event import FillVoided
from router.domain.instrument import Asset
from router.engine.voiding import refusal
from router.gateway.bust_request import Bust
from router.gateway.linked_data import linked_data
from router.state.world import ChildState


async def bust(desk: Desk, wanted: Bust) -> dict[str, object]:
    """Void a fill, and return where its order stands once that is durable.

    The same again changes nothing.

    Raises
    ------
    OrderError
        If there is no such fill, what it was instead cannot be read, or something else was said of
        it before.
    """
    runtime, assets = desk.runtime, desk.assembly.config.assets
    child = runtime.world.children.get(wanted.child)
    if child is None:
        raise OrderError(f"child: {wanted.child!r} is not known; say which order at a venue")
    found = next((fill for fill in child.fills if fill.id == wanted.fill), None)
    if found is None:
        _require_same(child, wanted, assets)
    else:
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


# What was said of a fill before stands; whoever knows better names what stands in its place now.
def _require_same(child: ChildState, wanted: Bust, assets: Mapping[str, Asset]) -> None:
    if wanted.fill not in child.voided:
        raise OrderError(f"fill: {wanted.fill!r} is no fill of {wanted.child}; name one of its own")
    if wanted.corrected_id in child.voided:
        return  # what took its place is gone, too, and its terms with it
    instead = next((fill for fill in child.fills if fill.id == wanted.corrected_id), None)
    if instead is None and wanted.corrected:
        raise OrderError(f"fill: {wanted.fill!r} was taken back whole before, and stays so")
    if instead is not None and wanted.correction(instead, assets) != instead:
        raise OrderError(
            f"fill: {wanted.fill!r} was corrected otherwise before; name {instead.id!r} instead"
        )
