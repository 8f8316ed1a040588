"""Children that wait at a book: posted, followed, taken back. Pure."""

from router.domain.units import TimestampNs
from router.engine.admission import Step
from router.state.world import ParentState, World


def looked(world: World, _parent: ParentState, _at: TimestampNs) -> Step:
    """Look again at a parent whose children wait at a book."""
    return world, ()
