"""Lives of a daemon on one journal, with its checkpoint and its file of reports beside it."""

import shutil
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass

import pytest

from router import engine
from router.compose.archive import Archive, open_archive
from router.compose.recovery import resumed
from router.compose.reporting import Reporting
from router.domain.instrument import Asset
from router.domain.units import AssetId
from router.shell import observe, store
from router.shell.checkpoint_store import checkpoint_path
from router.shell.report_file import report_path
from router.shell.runtime import Runtime
from tests.unit.engine.scene import order
from tests.unit.shell.floor import Floor, opened

ASSETS = {"ETH": Asset(AssetId("ETH"), 18), "USDC": Asset(AssetId("USDC"), 6)}
JOURNAL_ID = "journal"


@contextmanager
def unkept():
    """Collect why reports are not kept, as the log is told; another test may have silenced it."""
    reasons = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observe, "reports_unkept", lambda *, reason: reasons.append(reason))
        yield reasons


@dataclass
class Life:
    floor: Floor
    runtime: Runtime
    told: Reporting

    async def trade(self, *names):
        for name in names:
            asked = order(4, name=name)
            self.runtime.submit(asked)
            await self.runtime.finished(asked.id)


@asynccontextmanager
async def lived(path, *, floor=None, kept_max=1_000, archive=None):
    """Run a daemon until the block is left, which is its orderly end."""
    floor = Floor() if floor is None else floor
    async with opened(path) as journal:
        archive = open_archive(path, JOURNAL_ID, ASSETS) if archive is None else archive
        with closing(archive):
            world, checkpoints = resumed(path, JOURNAL_ID, floor.clock, archive=archive)
            begun = journal.tip.sequence
            told = Reporting(
                path, JOURNAL_ID, ASSETS, begun=begun, kept_max=kept_max, archive=archive
            )
            async with floor.running(journal, world) as runtime:
                runtime.follow(told.record)
                try:
                    yield Life(floor, runtime, told)
                finally:
                    told.close()
            tip = await runtime.flushed()
            runtime.tell_rest()
            checkpoints.keep(runtime.world, tip)


@contextmanager
def started(path, *, kept_max=1_000):
    """Start a daemon on a journal, as far as its followers see it: it has nothing to do."""
    journal = store.open_journal(path, journal_id=JOURNAL_ID)
    with closing(journal), closing(open_archive(path, JOURNAL_ID, ASSETS)) as archive:
        resumed(path, JOURNAL_ID, Floor().clock, archive=archive)
        begun = journal.tip.sequence
        yield Reporting(path, JOURNAL_ID, ASSETS, begun=begun, kept_max=kept_max, archive=archive)


async def up_to_now(told, after=(0, -1)):
    """Return what a follower is told of what has been."""
    events, found = told.follow(after, says_reached=True), []
    async for event in events:
        if event.startswith(b'{"reached"'):
            break
        found.append(event)
    await events.aclose()
    return found


async def replayed(path):
    """Return what the journal alone makes again."""
    tip = max(record.sequence for record in store.read(path))
    told = Reporting(path, JOURNAL_ID, ASSETS, begun=tip, archive=Archive())
    return await up_to_now(told)


def copied(path, folder):
    """Return a copy of what a daemon that is killed now leaves of its journal."""
    folder.mkdir()
    for each in path.parent.glob(f"{path.name}*"):
        shutil.copy(each, folder)
    return folder / path.name


def moved_away(path, *, reports=False, checkpoint=False):
    if reports:
        report_path(path).unlink()
    if checkpoint:
        for each in path.parent.glob(f"{checkpoint_path(path).name}*"):
            each.unlink()


class Steps:
    """How many decisions were made."""

    def __init__(self, monkeypatch):
        self.count = 0
        step = engine.step

        def counted(world, event):
            self.count += 1
            return step(world, event)

        monkeypatch.setattr(engine, "step", counted)
