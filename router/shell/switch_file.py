"""The kill switch on disk: settings beside the journal, and a file that halts by being there.

Written whole or not at all, and synced. Read by whoever starts and by whoever runs; refuses to
guess: what cannot be read raises, and its reader takes the firm to be halted.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from router.domain.scope import FIRM, Scope, parse_scope
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import TimestampNs

_LOCK_TRIES_MAX: Final = 25
_LOCK_PAUSE_S: Final = 0.02
_FIELDS: Final = frozenset({"scope", "state", "by", "reason", "at"})


class UnreadableSwitchesError(ValueError):
    """The file is there and does not say what is set."""


@dataclass(frozen=True, slots=True)
class SwitchFiles:
    """Where the switches of a journal are.

    Attributes
    ----------
    halt : Path
        Its mere existence halts the firm.
    """

    settings: Path
    halt: Path

    @classmethod
    def beside(cls, journal: Path) -> "SwitchFiles":
        """Return the files of a journal, however its path is written."""
        journal = journal.resolve()
        named = journal.with_name
        return cls(named(f"{journal.name}.switches"), named(f"{journal.name}.halt"))

    def is_halted(self) -> bool:
        """Tell whether the file that halts is there, or cannot be told not to be."""
        try:
            self.halt.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def text(self) -> bytes | None:
        """Return the file of settings as it is; None where there is none.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        try:
            return self.settings.read_bytes()
        except FileNotFoundError:
            return None

    def read(self) -> dict[Scope, SwitchSetting]:
        """Return what is set.

        Raises
        ------
        UnreadableSwitchesError
            If the file is there and cannot be read, or means nothing.
        """
        try:
            return parse(self.text())
        except OSError as error:
            raise UnreadableSwitchesError(f"{self.settings}: {error.strerror}") from error

    def save(self, given: Mapping[Scope, SwitchSetting], *, clear_halt: bool) -> None:
        """Put settings into the file; what it says of other scopes, or says later, stays.

        Parameters
        ----------
        clear_halt : bool
            Remove the file that halts, before.

        Raises
        ------
        OSError
            If the disk refuses; then the file is as it was.
        """
        with self._locked():
            if clear_halt:
                self.halt.unlink(missing_ok=True)
            kept = self._kept(given)
            newer = {s: x for s, x in given.items() if s not in kept or kept[s].at <= x.at}
            self._replace(encode({**kept, **newer}))

    # A file nobody can read stands for a firm that is halted, until somebody speaks for the firm.
    def _kept(self, given: Mapping[Scope, SwitchSetting]) -> dict[Scope, SwitchSetting]:
        try:
            return self.read()
        except UnreadableSwitchesError as error:
            at = min(setting.at for setting in given.values())
            return {FIRM: unreadable(self, error, at=TimestampNs(at - 1))}

    def _replace(self, data: bytes) -> None:
        new = self.settings.with_name(f"{self.settings.name}-new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.settings)
        folder = os.open(self.settings.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    # Keeps two who write at once from losing a word; a writer that hangs must not keep others from
    # halting, so after half a second nobody waits any more.
    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self.settings.with_name(f"{self.settings.name}-lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            for _ in range(_LOCK_TRIES_MAX):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(_LOCK_PAUSE_S)
            yield
        finally:
            os.close(descriptor)


def unreadable(files: SwitchFiles, why: Exception, *, at: TimestampNs) -> SwitchSetting:
    """Return what a file stands for that cannot be read: the firm is halted."""
    reason = f"it cannot be read: {why}"
    return SwitchSetting(FIRM, TradingState.HALTED, f"file {files.settings.name}", reason, at)


def encode(settings: Mapping[Scope, SwitchSetting]) -> bytes:
    """Return the file's text, for a person to read, too."""
    told = [
        {
            "scope": setting.scope.label,
            "state": str(setting.state),
            "by": setting.by,
            "reason": setting.reason,
            "at": str(setting.at),
        }
        for setting in settings.values()
    ]
    return orjson.dumps({"switches": told}, option=orjson.OPT_INDENT_2) + b"\n"


def parse(text: bytes | None) -> dict[Scope, SwitchSetting]:
    """Return what a file's text sets; nothing where there is no file.

    Raises
    ------
    UnreadableSwitchesError
        If it is anything but what `encode` makes.
    """
    if text is None:
        return {}
    try:
        told = orjson.loads(text)
        settings = [_setting(each) for each in told["switches"]]
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableSwitchesError(f"it is garbled ({error})") from error
    return {setting.scope: setting for setting in settings}


def _setting(told: object) -> SwitchSetting:
    if (
        not isinstance(told, dict)
        or told.keys() != _FIELDS
        or not all(isinstance(value, str) for value in told.values())
    ):
        raise ValueError(f"a setting has the fields {', '.join(sorted(_FIELDS))}, all strings")
    return SwitchSetting(
        scope=parse_scope(told["scope"]),
        state=TradingState(told["state"]),
        by=told["by"],
        reason=told["reason"],
        at=TimestampNs(int(told["at"])),
    )
