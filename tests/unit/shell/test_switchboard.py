import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from router.custody.policy import Act
from router.domain.error import OrderError
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Side
from router.shell.switch_file import SwitchFiles
from router.shell.switchboard import Switchboard
from tests.unit.custody.test_policy import child_at
from tests.unit.engine.scene import CHAIN, MARGIN, PERP, POOL, T0
from tests.unit.shell.floor import run

VENUE = Scope(ScopeKind.VENUE, PERP.venue)
HALT = SwitchSetting(FIRM, TradingState.HALTED, "ann", "a drill", T0)
FREE = replace(HALT, state=TradingState.ACTIVE, reason="over")
REDUCE = replace(HALT, state=TradingState.REDUCE_ONLY)


@dataclass
class StillClock:
    """Time that stands still; whoever sleeps is let go on when the test says so."""

    time: int = T0
    ticks: asyncio.Condition = field(default_factory=asyncio.Condition)
    count: int = 0

    def now(self):
        return self.time

    async def sleep(self, _duration):
        async with self.ticks:
            self.count += 1
            self.ticks.notify_all()
            seen = self.count
            await self.ticks.wait_for(lambda: self.count > seen)

    async def looked(self):
        """Let the files be looked at once more, and return when they were."""
        async with self.ticks:
            await self.ticks.wait_for(lambda: self.count > 0)
            self.count += 1
            self.ticks.notify_all()
            seen = self.count
            await self.ticks.wait_for(lambda: self.count > seen)


@pytest.fixture
def files(tmp_path):
    return SwitchFiles.beside(tmp_path / "desk.journal")


@asynccontextmanager
async def watching(board):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(board.watch())
        yield
        task.cancel()


def state(board, scope=FIRM):
    held = board.settings.get(scope)
    return None if held is None else held.state


def test_what_somebody_sets_holds_is_told_and_is_on_disk(files):
    board, told = Switchboard(StillClock(), files), []
    board.begin({}, told.append)

    run(board.set(HALT))

    assert board.refusal(child_at(PERP), Act.SUBMIT) is not None
    assert told == [HALT]
    assert files.read() == {FIRM: HALT}


def test_what_allows_less_holds_before_anybody_is_told_and_before_it_is_on_disk(files):
    board, seen = Switchboard(StillClock(), files), []
    child = child_at(PERP)

    def told(_setting):
        seen.append(
            (
                board.may_send(child),
                board.is_stopped(PERP.venue, MARGIN),
                files.settings.exists(),
            )
        )

    board.begin({}, told)

    run(board.set(HALT))

    assert seen == [(False, True, False)]
    assert files.settings.exists()


def test_a_latch_that_cannot_be_written_holds_and_cannot_be_taken_back(files):
    files.settings.with_name(f"{files.settings.name}-new").mkdir()
    board = Switchboard(StillClock(), files)

    run(board.set(HALT))
    with pytest.raises(OrderError, match="stays halted; see to the disk"):
        run(board.set(FREE))

    assert state(board) is TradingState.HALTED


class HangingFiles:
    """Files on a disk that answers no write until it is let go."""

    def __init__(self, files):
        self._files = files
        self.go = threading.Event()

    def __getattr__(self, name):
        return getattr(self._files, name)

    def save(self, *given, **how):
        self.go.wait(10)
        self._files.save(*given, **how)


def test_a_disk_that_hangs_neither_delays_a_halt_nor_has_the_later_word(files):
    hanging = HangingFiles(files)

    async def work():
        board = Switchboard(StillClock(), hanging)
        await board.set(HALT)
        with pytest.raises(OrderError, match="cannot be made durable"):
            await board.set(FREE)
        held = board.settings[FIRM]
        hanging.go.set()
        async with watching(board):
            await board.set(replace(HALT, scope=VENUE))
        return held, state(board)

    held, after = run(work())

    assert held.state is after is TradingState.HALTED
    assert files.read()[FIRM] == held


def test_setting_free_needs_the_disk_and_takes_the_file_that_halts_away(files):
    files.halt.touch()

    async def work():
        clock = StillClock()
        board = Switchboard(clock, files)
        before = state(board)
        async with watching(board):
            await clock.looked()
            freed = await board.set(FREE)
            await clock.looked()
            await clock.looked()
        return before, freed, state(board)

    before, freed, after = run(work())

    assert (before, after) == (TradingState.HALTED, TradingState.ACTIVE)
    assert (freed.by, freed.reason) == ("ann", "over")
    assert not files.halt.exists()
    assert files.read() == {FIRM: freed}


def test_a_file_that_appears_halts_the_firm_and_its_going_frees_nobody(files):
    async def work():
        clock = StillClock()
        board, told = Switchboard(clock, files), []
        board.begin({}, told.append)
        async with watching(board):
            await clock.looked()
            before = state(board)
            files.halt.touch()
            await clock.looked()
            halted = state(board)
            files.halt.unlink()
            await clock.looked()
        return before, halted, state(board), told

    before, halted, after, told = run(work())

    assert (before, halted, after) == (None, TradingState.HALTED, TradingState.HALTED)
    assert [(s.by, s.state) for s in told] == [("file desk.journal.halt", TradingState.HALTED)]


@pytest.mark.parametrize("text", ["", "garbage", '{"switches": [{}]}'])
def test_garbage_in_the_file_halts_the_firm_while_it_runs_and_at_the_start(files, text):
    async def work():
        clock = StillClock()
        board = Switchboard(clock, files)
        async with watching(board):
            await clock.looked()
            files.settings.write_text(text)
            await clock.looked()
        return board

    running, starting = run(work()), Switchboard(StillClock(), files)

    assert state(running) is state(starting) is TradingState.HALTED
    assert "cannot be read" in running.settings[FIRM].reason


def test_what_another_process_writes_is_obeyed_both_ways(files):
    async def work():
        clock = StillClock()
        board = Switchboard(clock, files)
        async with watching(board):
            await clock.looked()
            files.save({FIRM: HALT}, clear_halt=False)
            await clock.looked()
            halted = state(board)
            files.save({FIRM: replace(FREE, at=T0 + 1)}, clear_halt=False)
            await clock.looked()
        return halted, state(board)

    assert run(work()) == (TradingState.HALTED, TradingState.ACTIVE)


def test_two_who_set_at_once_do_not_undo_each_others_halt(files):
    async def work():
        board = Switchboard(StillClock(), files)
        await board.set(REDUCE)
        freeing = asyncio.create_task(board.set(FREE))
        await asyncio.sleep(0)
        board.halt(by="signal", reason="now")
        with pytest.raises(OrderError, match="set meanwhile"):
            await freeing
        return state(board)

    assert run(work()) is TradingState.HALTED


@pytest.mark.parametrize(
    ("in_journal", "in_file", "joined"),
    [
        (HALT, None, HALT),
        (None, HALT, HALT),
        (FREE, HALT, HALT),
        (HALT, FREE, HALT),
        (HALT, replace(FREE, at=T0 + 1), replace(FREE, at=T0 + 1)),
        (replace(HALT, at=T0 + 1), FREE, replace(HALT, at=T0 + 1)),
        (replace(FREE, at=T0 + 1), HALT, HALT),
        (HALT, REDUCE, HALT),
    ],
)
def test_journal_and_file_are_joined_and_what_the_journal_lacks_is_told(
    files, in_journal, in_file, joined
):
    if in_file is not None:
        files.save({FIRM: in_file}, clear_halt=False)
    board, told = Switchboard(StillClock(), files), []

    board.begin({} if in_journal is None else {FIRM: in_journal}, told.append)

    assert board.settings == {FIRM: joined}
    assert told == ([] if joined == in_journal else [joined])


def test_what_the_engine_sets_by_itself_is_taken_over_and_kept(files):
    async def work():
        clock = StillClock()
        board, told = Switchboard(clock, files), []
        board.begin({}, told.append)
        board.learn({}, {FIRM: HALT})
        async with watching(board):
            await clock.looked()
            await board.set(replace(HALT, scope=VENUE))
        return board, told

    board, told = run(work())

    assert state(board) is TradingState.HALTED
    assert [s.scope for s in told] == [VENUE]
    assert files.read()[FIRM] == HALT


def test_whom_a_stop_takes_in(files):
    board = Switchboard(StillClock(), files)

    run(board.set(replace(HALT, scope=VENUE, state=TradingState.CANCEL_ONLY)))

    assert board.is_stopped(PERP.venue, MARGIN)
    assert not board.is_stopped(POOL.venue, CHAIN)
    assert not board.may_send(child_at(PERP))
    assert board.may_send(child_at(POOL))


def test_reducing_stops_no_account_and_lets_reducing_children_go(files):
    board = Switchboard(StillClock(), files)

    run(board.set(REDUCE))

    assert not board.is_stopped(PERP.venue, MARGIN)
    assert not board.may_send(child_at(PERP))
    assert board.may_send(child_at(PERP, side=Side.SELL, reduces_only=True))
