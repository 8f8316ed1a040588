"""An event loop whose time passes by being jumped over, and clocks that go by it.

Nothing is waited for and no socket is asked. Refuses to stand still: where nothing is ready and no
timer is set, somebody waits for what can never come.
"""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias

from typing_extensions import override

from router.domain.units import NS_PER_S, DurationNs, TimestampNs

BEGINS_AT: Final = TimestampNs(1_700_000_000 * NS_PER_S)


class _HasFileno(Protocol):
    def fileno(self) -> int: ...


FileDescriptorLike: TypeAlias = int | _HasFileno


class DeadlockError(Exception):
    """Nothing is ready and nothing is scheduled: somebody waits for ever."""


class _JumpingSelector(selectors.BaseSelector):
    """Knows no readiness; being asked to wait, it moves its time on by as much."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._keys: dict[int, selectors.SelectorKey] = {}

    @override
    def register(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, number, events, data)
        self._keys[number] = key
        return key

    @override
    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        return self._keys.pop(number)

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise DeadlockError("nothing is ready and no timer is set")
        self.now_s += max(timeout, 0.0)
        return []

    @override
    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return {key.fileobj: key for key in self._keys.values()}

    @override
    def get_key(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        return self._keys[number]


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The standard loop on time that jumps to the next timer."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        return self._jumping.now_s

    @property
    def moment(self) -> TimestampNs:
        """The true time, which venues go by."""
        return TimestampNs(BEGINS_AT + round(self._jumping.now_s * NS_PER_S))


class SkewedClock:
    """A clock that is ahead of the true time, or behind; satisfies `router.port.Clock`."""

    def __init__(self, loop: VirtualTimeLoop, ahead: DurationNs) -> None:
        self._loop = loop
        self._ahead = ahead

    def now(self) -> TimestampNs:
        """Return the time as this clock shows it."""
        return TimestampNs(self._loop.moment + self._ahead)

    async def sleep(self, duration: DurationNs) -> None:
        """Return after `duration`."""
        await asyncio.sleep(duration / NS_PER_S)  # noqa: TID251 - this is the clock others take
