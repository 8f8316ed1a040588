"""The kill switch by hand: through the daemon, and where none answers, through its file.

Needs nothing of the configuration but where the journal is: it must work while limits are being
changed and without any key.
"""

import asyncio
import getpass
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from router.domain.error import ConfigError, RouterError
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import TimestampNs
from router.gateway import local, switch_request
from router.shell.clock import SystemClock
from router.shell.switch_file import SwitchFiles, UnreadableSwitchesError

_ANSWER_WAIT_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words of the command line."""

    scope: str
    state: str
    reason: str
    by: str | None


def run(path: Path, words: Wanted, *, as_json: bool) -> None:
    """Set a switch, and say who has obeyed."""
    wanted = switch_request.parse_switch(
        {
            "scope": words.scope,
            "state": words.state,
            "reason": words.reason,
            "by": words.by or getpass.getuser(),
        }
    )
    raw = _raw(path)
    journal = _journal(path, raw)
    venues = {*_names(raw, "venues"), *_names(raw, "chains")}
    accounts = {wanted.scope.name}  # the daemon alone knows them
    switch_request.check_known(wanted.scope, venues=venues, accounts=accounts)
    answered = asyncio.run(_ask(journal, wanted))
    if isinstance(answered, str):
        setting, told = _write(journal, wanted), answered
        via = "file"
    else:
        setting, told = answered, "the daemon obeys, and it is on record"
        via = "daemon"
    line = f"{setting['scope']}: {setting['state']}; {told}"
    data = {**setting, "via": via}
    # Plain: the tables' libraries would take half a second to import.
    sys.stdout.write((orjson.dumps(data).decode() if as_json else line) + "\n")


# What the daemon has set, or why it must be told through the file.
async def _ask(journal: Path, wanted: switch_request.Wanted) -> Mapping[str, str] | str:
    request = {"do": "switch", **wanted.request}
    try:
        async with asyncio.timeout(_ANSWER_WAIT_S):
            answer = await local.ask(local.socket_path(journal), request, lambda _line: None)
    except (FileNotFoundError, ConnectionRefusedError):
        return "no daemon runs; the file says so, and the next start obeys"
    except (ConnectionError, TimeoutError):
        return (
            f"the daemon did not answer within {_ANSWER_WAIT_S:g} s; the file says so, and it obeys"
            " as soon as it does anything"
        )
    setting: Mapping[str, str] = orjson.loads(answer)
    return setting


def _write(journal: Path, wanted: switch_request.Wanted) -> Mapping[str, str]:
    files = SwitchFiles.beside(journal)
    setting = _after(files, wanted.setting(SystemClock().now()))
    clear_halt = setting.scope == FIRM and setting.state is not TradingState.HALTED
    try:
        files.save({setting.scope: setting}, clear_halt=clear_halt)
    except OSError as error:
        raise RouterError(
            f"{files.settings}: cannot be written ({error.strerror}); to halt, make the file"
            f" {files.halt}, send the daemon SIGUSR1, or end it"
        ) from error
    return {**wanted.request, "at": str(setting.at)}


# Later than what the file says now, whatever the clocks were.
def _after(files: SwitchFiles, setting: SwitchSetting) -> SwitchSetting:
    try:
        held = files.read().get(setting.scope)
    except UnreadableSwitchesError:
        return setting
    if held is None or held.at < setting.at:
        return setting
    return replace(setting, at=TimestampNs(held.at + 1))


def _raw(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error


def _journal(path: Path, raw: Mapping[str, Any]) -> Path:
    engine = raw.get("engine")
    journal = engine.get("journal") if isinstance(engine, dict) else None
    if not isinstance(journal, str):
        raise ConfigError(f"{path}: engine.journal: missing; add it")
    return path.parent / journal


def _names(raw: Mapping[str, Any], table: str) -> tuple[str, ...]:
    own = raw.get(table)
    return tuple(own) if isinstance(own, dict) else ()
