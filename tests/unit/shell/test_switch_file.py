import fcntl
import os
from dataclasses import replace

import pytest

from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.shell.switch_file import SwitchFiles, UnreadableSwitchesError, encode, parse
from tests.unit.engine.scene import T0

VENUE = Scope(ScopeKind.VENUE, "hyperliquid")
HALT = SwitchSetting(FIRM, TradingState.HALTED, "ann", 'a "drill"\u2028', T0)
FREE = replace(HALT, state=TradingState.ACTIVE, reason="over", at=T0 + 1)
AWAY = replace(HALT, scope=VENUE, state=TradingState.CANCEL_ONLY)


@pytest.fixture
def files(tmp_path):
    return SwitchFiles.beside(tmp_path / "desk.journal")


def save(files, *settings, clear_halt=False):
    files.save({s.scope: s for s in settings}, clear_halt=clear_halt)


def test_the_files_stand_beside_the_journal_however_it_is_written(tmp_path):
    plain = SwitchFiles.beside(tmp_path / "desk.journal")
    (tmp_path / "folder").mkdir()

    around = SwitchFiles.beside(tmp_path / "folder" / ".." / "desk.journal")

    assert around == plain
    assert plain.settings.name == "desk.journal.switches"
    assert plain.halt.name == "desk.journal.halt"


def test_what_is_saved_is_read_again_and_nothing_is_left_beside_it(files):
    save(files, HALT, AWAY)

    assert files.read() == {FIRM: HALT, VENUE: AWAY}
    assert parse(encode({FIRM: HALT})) == {FIRM: HALT}
    assert not list(files.settings.parent.glob("*-new"))
    assert files.settings.stat().st_mode & 0o777 == 0o600


def test_no_file_sets_nothing(files):
    assert files.read() == {}
    assert files.text() is None
    assert not files.is_halted()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"halted\n",
        b"[]",
        b'{"switches": 1}',
        b'{"switches": [1]}',
        b'{"switches": [{"scope": "firm", "state": "halted", "by": "ann", "reason": "r"}]}',
        encode({FIRM: HALT})[:-9],
        encode({FIRM: HALT}).replace(b"halted", b"hlated"),
        encode({FIRM: HALT}).replace(b'"firm"', b'"farm"'),
        encode({FIRM: HALT}).replace(b'"at": "', b'"at": "x'),
    ],
)
def test_a_file_that_means_nothing_is_told_from_one_that_sets_nothing(files, text):
    files.settings.write_bytes(text)

    with pytest.raises(UnreadableSwitchesError):
        files.read()


def test_a_folder_in_the_files_place_cannot_be_read_either(files):
    files.settings.mkdir()

    with pytest.raises(UnreadableSwitchesError, match="switches"):
        files.read()


def test_other_scopes_stay_as_the_file_has_them(files):
    save(files, AWAY)

    save(files, HALT)

    assert files.read() == {FIRM: HALT, VENUE: AWAY}


def test_the_later_word_stays(files):
    save(files, FREE)

    save(files, HALT)

    assert files.read() == {FIRM: FREE}


def test_over_garbage_the_firm_stays_halted_until_somebody_speaks_for_it(files):
    files.settings.write_text("garbage")

    save(files, AWAY)
    halted = files.read()[FIRM]
    save(files, FREE)

    assert halted.state is TradingState.HALTED
    assert halted.by == "file desk.journal.switches"
    assert files.read() == {FIRM: FREE, VENUE: AWAY}


@pytest.mark.parametrize("clear_halt", [True, False])
def test_the_file_that_halts_goes_only_where_that_is_asked_for(files, clear_halt):
    files.halt.touch()
    assert files.is_halted()

    save(files, FREE, clear_halt=clear_halt)

    assert files.is_halted() is not clear_halt


def test_a_link_to_nowhere_halts_too(files):
    files.halt.symlink_to("nowhere")

    assert files.is_halted()


def test_a_writer_that_hangs_keeps_nobody_from_halting(files):
    lock = os.open(f"{files.settings}-lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)

    save(files, HALT)
    os.close(lock)

    assert files.read() == {FIRM: HALT}


def test_a_disk_that_refuses_leaves_the_file_as_it_was(files):
    save(files, HALT)
    files.settings.with_name(f"{files.settings.name}-new").mkdir()

    with pytest.raises(OSError, match="directory"):
        save(files, FREE)

    assert files.read() == {FIRM: HALT}
