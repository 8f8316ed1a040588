"""The world a journal leaves: replayed from its beginning, or from what was kept of it on."""

import gc
from pathlib import Path

from router import engine
from router.domain.error import JournalError
from router.journal.replay import ReplayReport, replay
from router.port import Clock
from router.shell import store
from router.shell.build import deciding_build
from router.shell.checkpoint_store import Checkpoints, Kept, checkpoint_path, load
from router.state.world import World


def resumed(path: Path, journal_id: str, clock: Clock) -> tuple[World, Checkpoints]:
    """Return the world a journal leaves, and what keeps those that follow.

    Raises
    ------
    JournalError
        If it is damaged, or the engine would have decided otherwise.
    """
    build = deciding_build()
    gc.disable()  # all that is made here stays: looking through it again and again finds nothing
    try:
        kept = _kept(path, journal_id, build)
        world = recover(path, journal_id, kept).world
    finally:
        gc.freeze()
        gc.enable()
    place = checkpoint_path(path)
    return world, Checkpoints(place, journal_id=journal_id, build=build, kept=kept, clock=clock)


def recover(path: Path, journal_id: str, kept: Kept | None = None) -> ReplayReport[World]:
    """Replay a journal into the world it leaves, from what was kept of it on.

    Raises
    ------
    JournalError
        If it is damaged, or the engine would have decided otherwise.
    """
    result = verify(path, journal_id) if kept is None else _verify_after(path, journal_id, kept)
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


def _verify_after(path: Path, journal_id: str, kept: Kept) -> ReplayReport[World]:
    records = store.read(path, after=kept.tip.sequence)
    return replay(records, engine.step, kept.world, journal_id=journal_id, tip=kept.tip)
