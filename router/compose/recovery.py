"""The world a journal leaves: replayed from its beginning, or from what was kept of it on."""

import gc
from pathlib import Path

from router import engine
from router.compose.archive import Archive
from router.compose.retelling import Take, retell
from router.domain.error import JournalError
from router.journal.replay import ReplayReport, replay
from router.port import Clock
from router.shell import store
from router.shell.build import deciding_build
from router.shell.checkpoint_store import Checkpoints, Kept, checkpoint_path, load
from router.state.world import World


def resumed(
    path: Path,
    journal_id: str,
    clock: Clock,
    *,
    archive: Archive | None = None,
) -> tuple[World, Checkpoints]:
    """Return the world a journal leaves, and what keeps those that follow.

    Parameters
    ----------
    archive : Archive | None
        Takes the reports of what is replayed, and is written before a world is kept.

    Raises
    ------
    JournalError
        If it is damaged, or the engine would have decided otherwise.
    """
    build = deciding_build()
    archive = Archive() if archive is None else archive
    gc.disable()  # all that is made here stays: looking through it again and again finds nothing
    try:
        kept = _kept(path, journal_id, build)
        world = recover(path, journal_id, kept, take=archive.take).world
    finally:
        gc.freeze()
        gc.enable()
    place = checkpoint_path(path)
    return world, Checkpoints(
        place, journal_id=journal_id, build=build, kept=kept, clock=clock, first=archive.flush
    )


def forget_ended() -> None:
    """Free what desks that have ended left; to be called before another is opened.

    What a desk begins with is not looked through while it runs, nor would it be when it has gone.
    """
    gc.unfreeze()
    gc.collect()


def recover(
    path: Path, journal_id: str, kept: Kept | None = None, *, take: Take | None = None
) -> ReplayReport[World]:
    """Replay a journal into the world it leaves, from what was kept of it on.

    Raises
    ------
    JournalError
        If it is damaged, or the engine would have decided otherwise.
    """
    tip = None if kept is None else kept.tip
    records = store.read(path, after=0 if tip is None else tip.sequence)
    world = World() if kept is None else kept.world
    if take is None:
        result = replay(records, engine.step, world, journal_id=journal_id, tip=tip)
    else:
        result = retell(records, take, journal_id=journal_id, world=world, tip=tip)
    if result.fault is not None:
        raise JournalError(f"{path}: {result.fault.sentence}")
    return result


def verify(path: Path, journal_id: str | None = None) -> ReplayReport[World]:
    """Replay a journal and say what it comes to; a fault is in the report, not raised."""
    name = store.identity(path) if journal_id is None else journal_id
    return replay(store.read(path), engine.step, World(), journal_id=name)


# The world that was kept, if its record is the journal's own.
def _kept(path: Path, journal_id: str, build: str) -> Kept | None:
    kept = load(checkpoint_path(path), journal_id=journal_id, build=build)
    if kept is None:
        return None
    record = next(store.read(path, after=kept.tip.sequence - 1), None)
    return kept if record is not None and record.tip == kept.tip else None
