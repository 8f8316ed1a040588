import asyncio
import socket
from dataclasses import replace

import orjson
import pytest

from router.cli import guarding, switch
from router.domain.error import ConfigError, OrderError, RouterError
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.gateway import local
from router.shell.switch_file import SwitchFiles

HALT = switch.Wanted("firm", "halted", reason="a drill", by="ann")
FREE = replace(HALT, state="active", reason="over")
FILE = """
[engine]
journal = "desk.journal"
[limits]
nonsense = true
[venues.hyperliquid]
key_env = "NOBODY_HAS_SET_THIS"
[chains.local]
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "desk.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def files(config):
    return SwitchFiles.beside(config.with_name("desk.journal"))


def said(capsys):
    return orjson.loads(capsys.readouterr().out)


def test_the_verb_is_one_of_those_who_watch_over_the_desk():
    assert "switch" in {c.callback.__name__ for c in guarding.app.registered_commands}


def test_without_a_daemon_the_file_is_written_and_no_key_or_limit_is_needed(config, files, capsys):
    switch.run(config, HALT, as_json=True)

    told = said(capsys)
    assert (told["scope"], told["state"], told["via"]) == ("firm", "halted", "file")
    held = files.read()[FIRM]
    assert (held.state, held.by, held.reason) == (TradingState.HALTED, "ann", "a drill")


def test_setting_free_is_the_later_word_whatever_the_clock_says_and_removes_the_halt(config, files):
    future = SwitchSetting(FIRM, TradingState.HALTED, "bob", "a wrong clock", 10**20)
    files.save({FIRM: future}, clear_halt=False)
    files.halt.touch()

    switch.run(config, FREE, as_json=False)

    held = files.read()[FIRM]
    assert (held.state, held.at) == (TradingState.ACTIVE, 10**20 + 1)
    assert not files.is_halted()


def test_halting_leaves_the_file_that_halts(config, files):
    files.halt.touch()

    switch.run(config, HALT, as_json=False)
    switch.run(config, replace(FREE, scope="venue:local"), as_json=False)

    assert files.is_halted()
    assert files.read()[Scope(ScopeKind.VENUE, "local")].state is TradingState.ACTIVE


def test_a_daemon_that_does_not_answer_is_told_through_the_file(config, files, capsys, monkeypatch):
    monkeypatch.setattr(switch, "_ANSWER_WAIT_S", 0.05)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(local.socket_path(config.with_name("desk.journal"))))
        door.listen()

        switch.run(config, HALT, as_json=True)

    assert said(capsys)["via"] == "file"
    assert files.read()[FIRM].state is TradingState.HALTED


def test_who_says_so_is_whoever_runs_it_unless_told(config, files, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "night-shift")

    switch.run(config, replace(HALT, by=None), as_json=False)

    assert files.read()[FIRM].by == "night-shift"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scope": "venue:hyperlqiuid"}, "use one of venue:hyperliquid, venue:local"),
        ({"state": "off"}, "state: must be one of"),
        ({"reason": ""}, "reason: must say why"),
    ],
)
def test_a_wrong_word_sets_nothing(config, files, changes, words):
    with pytest.raises(OrderError, match=words):
        switch.run(config, replace(HALT, **changes), as_json=False)

    assert not files.settings.exists()


@pytest.mark.parametrize(("text", "words"), [("x = ", "not valid TOML"), ("", "engine.journal")])
def test_a_configuration_without_a_journal_is_named(config, text, words):
    config.write_text(text)

    with pytest.raises(ConfigError, match=words):
        switch.run(config, HALT, as_json=False)


def test_where_nothing_can_be_written_the_other_ways_are_named(config, files):
    files.settings.with_name(f"{files.settings.name}-new").mkdir()

    with pytest.raises(RouterError, match="send the daemon SIGUSR1"):
        switch.run(config, HALT, as_json=False)


def test_a_daemon_that_answers_is_believed(config, files, capsys):
    async def obey(request, _tell):
        return orjson.dumps({**request, "at": "7"})

    async def serve():
        door = local.socket_path(config.with_name("desk.journal"))
        async with local.listening(door, obey):
            await asyncio.to_thread(switch.run, config, HALT, as_json=True)

    asyncio.run(serve())

    told = said(capsys)
    assert (told["via"], told["do"], told["state"]) == ("daemon", "switch", "halted")
    assert not files.settings.exists()
