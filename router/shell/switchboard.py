"""The kill switch of a running desk: a latch in memory that the signer asks before every act.

What allows less holds at once, before any file or journal knows of it, and whether or not they ever
do. What allows more has to be on disk first. Obeys the files beside the journal within a tenth of a
second. Decides nothing: what a state means is `custody.policy`'s and the engine's matter.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from router.custody import policy
from router.custody.policy import Act
from router.domain.error import OrderError
from router.domain.order import ChildOrder
from router.domain.scope import FIRM, Scope
from router.domain.switch import (
    SwitchSetting,
    TradingState,
    is_stricter,
    scopes_of,
    strictest_of,
    supersedes,
)
from router.domain.units import NS_PER_S, AccountId, DurationNs, TimestampNs, VenueId
from router.port import Clock
from router.shell import observe
from router.shell.switch_file import SwitchFiles, UnreadableSwitchesError, parse, unreadable

Tell: TypeAlias = Callable[[SwitchSetting], None]

_LOOK_EVERY: Final = DurationNs(NS_PER_S // 20)
_SAVE_WAIT_S: Final = 0.5  # a disk that takes longer is taken to have failed
_NOTHING_NEW: Final = {TradingState.CANCEL_ONLY, TradingState.HALTED}


@dataclass(frozen=True, slots=True)
class _Found:
    """The files at one moment; `text` is an error where the file cannot be read."""

    is_halted: bool
    text: bytes | OSError | None


class Switchboard:
    """What is set now; satisfies `router.port.Gate`.

    Parameters
    ----------
    files : SwitchFiles | None
        None: nothing is kept, for desks without a disk.
    """

    def __init__(self, clock: Clock, files: SwitchFiles | None = None) -> None:
        self._clock = clock
        self._files = files
        self._settings: Mapping[Scope, SwitchSetting] = {}
        self._tell: Tell | None = None
        self._writing = asyncio.Lock()
        self._unsaved = asyncio.Event()
        self._seen: bytes | None = None
        self._loosened_count = 0
        if files is not None:
            self._take(_look(files))

    @property
    def settings(self) -> Mapping[Scope, SwitchSetting]:
        """What is set, by scope; never changed in place."""
        return self._settings

    def refusal(self, child: ChildOrder, act: Act) -> str | None:
        """Return why the signer does not do it now; None where it may."""
        return policy.refusal(child, self._settings, act)

    def may_send(self, child: ChildOrder) -> bool:
        """Tell whether bytes of a child may go out now, also a second time."""
        return self.refusal(child, Act.SUBMIT) is None

    def is_stopped(self, venue: VenueId, account: AccountId) -> bool:
        """Tell whether nothing new may be done with an account at a venue, whoever asks."""
        found = strictest_of(self._settings, scopes_of(venue, account))
        return found is not None and found.state in _NOTHING_NEW

    def begin(self, known: Mapping[Scope, SwitchSetting], tell: Tell) -> None:
        """Join what the journal knows with what the files say; tell what it does not know.

        Of two settings of a scope the stricter holds, unless the file has the later word.
        """
        self._tell = tell
        for scope, setting in known.items():
            held = self._settings.get(scope)
            if held is None or not supersedes(held, setting):
                self._put(setting)
        for scope, setting in self._settings.items():
            if known.get(scope) != setting:
                tell(setting)
        self._unsaved.set()

    def learn(
        self, before: Mapping[Scope, SwitchSetting], now: Mapping[Scope, SwitchSetting]
    ) -> None:
        """Take over what the engine itself has set."""
        for scope, setting in now.items():
            if before.get(scope) != setting and supersedes(setting, self._settings.get(scope)):
                self._put(setting)
                self._unsaved.set()

    def halt(self, *, by: str, reason: str) -> None:
        """Halt the firm at once; callable from a signal's handler."""
        held = self._settings.get(FIRM)
        if held is None or held.state is not TradingState.HALTED:
            self._hold(self._after(SwitchSetting(FIRM, TradingState.HALTED, by, reason, self._now)))
            self._unsaved.set()

    async def set(self, setting: SwitchSetting) -> SwitchSetting:
        """Set what somebody asks for, and return it as it is on record.

        Raises
        ------
        OrderError
            If it would allow more and cannot be made durable, or somebody said otherwise meanwhile.
        """
        setting = self._after(setting)
        before = self._settings.get(setting.scope)
        if before is None or not is_stricter(before.state, setting.state):
            self._hold(setting)
            await self._save(self._settings)
            return setting
        clear_halt = setting.scope == FIRM and before.state is TradingState.HALTED
        wanted = {**self._settings, setting.scope: setting}
        is_saved = await self._save(wanted, clear_halt=clear_halt)
        held = self._settings.get(setting.scope)
        if held not in {before, setting}:  # whoever looks at the file may have been first
            self._unsaved.set()
            raise OrderError(f"switch: {setting.scope.label} was set meanwhile; look and say again")
        if not is_saved:
            # Should the disk come to it yet, the file must not have the later word.
            self._put(replace(before, at=TimestampNs(setting.at + 1)))
            self._unsaved.set()
            raise OrderError(
                f"switch: it cannot be made durable, {setting.scope.label} stays {before.state};"
                " see to the disk"
            )
        self._loosened_count += 1
        if held != setting:
            self._hold(setting)
        return setting

    async def watch(self) -> None:
        """Obey the files, and keep them, until cancelled."""
        if self._files is None:
            return
        # Apart: a disk that does not answer a write may still show that a file was made.
        async with asyncio.TaskGroup() as group:
            group.create_task(self._obey(self._files))
            group.create_task(self._keep())

    async def _obey(self, files: SwitchFiles) -> None:
        while True:
            loosened_count = self._loosened_count
            found = await asyncio.to_thread(_look, files)
            if loosened_count == self._loosened_count:  # else it was looked at too early
                self._take(found)
            await self._clock.sleep(_LOOK_EVERY)

    async def _keep(self) -> None:
        while True:
            await self._unsaved.wait()
            self._unsaved.clear()
            await self._save(self._settings)

    async def _save(
        self, settings: Mapping[Scope, SwitchSetting], *, clear_halt: bool = False
    ) -> bool:
        if self._files is None or not settings:
            return True
        try:
            async with self._writing, asyncio.timeout(_SAVE_WAIT_S):
                await asyncio.to_thread(self._files.save, settings, clear_halt=clear_halt)
        except (OSError, TimeoutError) as error:
            observe.switches_unsaved(reason=str(error) or "the disk does not answer")
            return False
        return True

    def _take(self, found: _Found) -> None:
        files = self._files
        assert files is not None, "files were looked at"
        if found.is_halted:
            self.halt(by=f"file {files.halt.name}", reason="the file is there")
        if isinstance(found.text, OSError):
            fault = unreadable(files, found.text, at=self._now)
            self.halt(by=fault.by, reason=fault.reason)
            return
        if found.text == self._seen:
            return
        self._seen = found.text
        try:
            told = parse(found.text)
        except UnreadableSwitchesError as error:
            fault = unreadable(files, error, at=self._now)
            self.halt(by=fault.by, reason=fault.reason)
            return
        for setting in told.values():
            if supersedes(setting, self._settings.get(setting.scope)):
                self._hold(setting)

    @property
    def _now(self) -> TimestampNs:
        return self._clock.now()

    # Later than what it is set against, whatever the clocks of those who set them said.
    def _after(self, setting: SwitchSetting) -> SwitchSetting:
        held = self._settings.get(setting.scope)
        if held is None or setting.at > held.at:
            return setting
        return replace(setting, at=TimestampNs(held.at + 1))

    # In force from here on; the engine is told, and whatever becomes of that, it is in force.
    def _hold(self, setting: SwitchSetting) -> None:
        self._put(setting)
        observe.switch_set(
            setting.scope.label, state=str(setting.state), by=setting.by, reason=setting.reason
        )
        if self._tell is not None:
            self._tell(setting)

    def _put(self, setting: SwitchSetting) -> None:
        self._settings = {**self._settings, setting.scope: setting}


def _look(files: SwitchFiles) -> _Found:
    try:
        return _Found(files.is_halted(), files.text())
    except OSError as error:
        return _Found(files.is_halted(), error)
