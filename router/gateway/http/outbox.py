"""What one stream has not been told yet: in order, bounded, and nothing that happened left out.

While the socket takes it, a frame goes out as it comes and nothing waits. Then of a state only the
newest waits, at the place where it came last. What happened waits for as long as there is room;
then the stream has lost its place and is told from where to go on.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from router.gateway.http.frames import (
    FRAME_BYTES_MAX,
    Events,
    Pipe,
    Place,
    events_frame,
    text_frame,
)

PENDING_MAX: Final = 10_000  # happenings that wait for one stream
BYTES_MAX: Final = 32 * 1024 * 1024
_DEAD_MAX: Final = 1_000  # states that were overtaken, before they are swept out


@dataclass(slots=True)
class _Item:
    """Something that waits: events, or a reply. A state that was overtaken is told no more."""

    told: Events | bytes | None
    key: str | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        if self.told is None:
            return 0
        return len(self.told.payload if isinstance(self.told, Events) else self.told)

    @property
    def count(self) -> int:
        """How many happenings it is; a reply is one."""
        if self.told is None:
            return 0
        return self.told.count if isinstance(self.told, Events) else 1


class Outbox:
    """Frames on their way to one client."""

    def __init__(self, *, pending_max: int = PENDING_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._pending_max = pending_max
        self._bytes_max = bytes_max
        self._pipe: Pipe | None = None
        self._items: deque[_Item] = deque()
        self._states: dict[tuple[str, str], _Item] = {}
        self._pending = 0
        self._bytes = 0
        self._dead = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self.overflowed = asyncio.Event()
        self.places: dict[str, Place] = {}  # what was handed to the socket last, by subscription

    @property
    def waiting(self) -> int:
        """How much has not been told."""
        return sum(item.told is not None for item in self._items)

    def through(self, pipe: Pipe) -> None:
        """Send what is told through a pipe at once, while it is free and nothing waits."""
        self._pipe = pipe

    def reply(self, text: bytes) -> None:
        """Say something that is no event."""
        self._put(_Item(text))

    def events(self, told: Events) -> None:
        """Tell what happened."""
        self._put(_Item(told))

    def state(self, key: str, told: Events) -> None:
        """Tell how something stands; an older word about the same key is forgotten."""
        old = self._states.pop((told.name, key), None)
        if old is not None:
            self._drop(old)
        self._put(_Item(told, key))
        if self._dead > _DEAD_MAX:
            self._items = deque(each for each in self._items if each.told is not None)
            self._dead = 0

    def forget(self, name: str) -> None:
        """Tell no more of a subscription, not even what waits."""
        for item in self._items:
            if isinstance(item.told, Events) and item.told.name == name:
                self._drop(item)
        self._states = {at: item for at, item in self._states.items() if at[0] != name}
        self.places.pop(name, None)

    def overflow(self) -> None:
        """Give up what waits, as if there were no more room: who takes nothing is hung up on."""
        self._items.clear()
        self._states.clear()
        self.overflowed.set()

    @property
    def has_room(self) -> bool:
        """Whether half of what may wait is free."""
        return self._pending <= self._pending_max // 2 and self._bytes <= self._bytes_max // 2

    async def room(self) -> None:
        """Wait until half of what may wait is free."""
        while not self.has_room:
            self._room.clear()
            await self._room.wait()

    async def filled(self) -> None:
        """Return once something waits."""
        while self._front() is None:
            self._wake.clear()
            await self._wake.wait()

    def take(self) -> bytes | None:
        """Return the oldest frame that waits; events of one subscription in a row share one."""
        told = self._pop()
        if told is None:
            return None
        if not isinstance(told, Events):
            return text_frame(told)
        last, payloads, size = told, [told.payload], len(told.payload)
        while size < FRAME_BYTES_MAX and self._has_more_of(told.name):
            popped = self._pop()
            assert isinstance(popped, Events), "events were in front"
            last = popped
            payloads.append(popped.payload)
            size += len(popped.payload)
        if last.place is not None:
            self.places[told.name] = last.place
        return told.frame if last is told else events_frame(told.name, payloads)

    def _put(self, item: _Item) -> None:
        if self.overflowed.is_set():
            return
        if self._pipe is not None and self._front() is None and self._pipe.is_free:
            self._send(self._pipe, item)
            return
        self._items.append(item)
        if isinstance(item.told, Events) and item.key is not None:
            self._states[item.told.name, item.key] = item
        self._pending += item.count
        self._bytes += item.size
        if self._pending > self._pending_max or self._bytes > self._bytes_max:
            self.overflow()
        self._wake.set()

    def _send(self, pipe: Pipe, item: _Item) -> None:
        told = item.told
        assert told is not None, "only what was overtaken has none"
        if not isinstance(told, Events):
            pipe.write(text_frame(told))
            return
        pipe.write(told.frame)
        if told.place is not None:
            self.places[told.name] = told.place

    def _drop(self, item: _Item) -> None:
        self._bytes -= item.size
        self._pending -= item.count
        item.told = None
        self._dead += 1
        self._room.set()

    def _front(self) -> _Item | None:
        while self._items and self._items[0].told is None:
            self._items.popleft()
            self._dead -= 1
        return self._items[0] if self._items else None

    def _pop(self) -> Events | bytes | None:
        item = self._front()
        if item is None:
            return None
        self._items.popleft()
        self._pending -= item.count
        self._bytes -= item.size
        if isinstance(item.told, Events) and item.key is not None:
            self._states.pop((item.told.name, item.key), None)
        self._room.set()
        return item.told

    def _has_more_of(self, name: str) -> bool:
        front = self._front()
        if front is None or not isinstance(front.told, Events):
            return False
        return front.told.name == name
