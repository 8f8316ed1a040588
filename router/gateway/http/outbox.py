"""What one stream has not been told yet: in order, bounded, and nothing that happened left out.

Of a state only the newest waits, at the place where it came last. What happened waits for as long
as there is room; then the stream has lost its place and is told from where to go on.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

PENDING_MAX: Final = 10_000  # happenings that wait for one stream
BYTES_MAX: Final = 32 * 1024 * 1024
FRAME_BYTES_MAX: Final = 256 * 1024  # a frame is filled until it has so many
_DEAD_MAX: Final = 1_000  # states that were overtaken, before they are swept out

Place: TypeAlias = tuple[int | str, ...]  # of a channel; what a client gives to go on after it


@dataclass(slots=True)
class _Item:
    """Something to be told; of a subscription, or a frame of its own where that has no name.

    A state that was overtaken has no payload.
    """

    name: str | None
    payload: bytes | None
    count: int = 0
    place: Place | None = None
    key: str | None = None


class Outbox:
    """Frames on their way to one client."""

    def __init__(self, *, pending_max: int = PENDING_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._pending_max = pending_max
        self._bytes_max = bytes_max
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
        return sum(item.payload is not None for item in self._items)

    def reply(self, frame: bytes) -> None:
        """Say something that is no event."""
        self._put(_Item(None, frame, count=1))

    def events(self, name: str, payload: bytes, *, count: int, place: Place) -> None:
        """Tell what happened: JSON objects with commas between them."""
        self._put(_Item(name, payload, count, place))

    def state(self, name: str, key: str, payload: bytes, *, place: Place | None = None) -> None:
        """Tell how something stands; an older word about the same key is forgotten."""
        old = self._states.pop((name, key), None)
        if old is not None and old.payload is not None:
            self._bytes -= len(old.payload)
            old.payload = None
            self._dead += 1
        item = _Item(name, payload, 0, place, key)
        self._states[name, key] = item
        self._put(item)
        if self._dead > _DEAD_MAX:
            self._items = deque(each for each in self._items if each.payload is not None)
            self._dead = 0

    def forget(self, name: str) -> None:
        """Tell no more of a subscription, not even what waits."""
        for item in self._items:
            if item.name == name and item.payload is not None:
                self._bytes -= len(item.payload)
                self._pending -= item.count
                item.payload = None
                self._dead += 1
        self._states = {at: item for at, item in self._states.items() if at[0] != name}
        self.places.pop(name, None)

    def overflow(self) -> None:
        """Give up what waits, as if there were no more room: who takes nothing is hung up on."""
        self._items.clear()
        self._states.clear()
        self.overflowed.set()

    async def room(self) -> None:
        """Wait until half of what may wait is free."""
        while self._pending > self._pending_max // 2 or self._bytes > self._bytes_max // 2:
            self._room.clear()
            await self._room.wait()

    async def next(self) -> bytes:
        """Return the oldest frame; events of one subscription that follow each other share one."""
        while True:
            item = self._pop()
            if item is not None:
                return self._frame(item)
            self._wake.clear()
            await self._wake.wait()

    def _put(self, item: _Item) -> None:
        if self.overflowed.is_set():
            return
        assert item.payload is not None, "only what was overtaken has none"
        self._items.append(item)
        self._pending += item.count
        self._bytes += len(item.payload)
        if self._pending > self._pending_max or self._bytes > self._bytes_max:
            self.overflow()
        self._wake.set()

    def _front(self) -> _Item | None:
        while self._items and self._items[0].payload is None:
            self._items.popleft()
            self._dead -= 1
        return self._items[0] if self._items else None

    def _pop(self) -> _Item | None:
        item = self._front()
        if item is None or item.payload is None:
            return None
        self._items.popleft()
        self._pending -= item.count
        self._bytes -= len(item.payload)
        if item.name is not None and item.key is not None:
            self._states.pop((item.name, item.key), None)
        self._room.set()
        return item

    def _frame(self, first: _Item) -> bytes:
        assert first.payload is not None, "popped with one"
        if first.name is None:
            return first.payload
        payloads, size, item = [first.payload], len(first.payload), first
        while size < FRAME_BYTES_MAX and self._has_more_of(first.name):
            popped = self._pop()
            assert popped is not None, "it was in front"
            assert popped.payload is not None, "what has none is never popped"
            item = popped
            payloads.append(popped.payload)
            size += len(popped.payload)
        if item.place is not None:
            self.places[first.name] = item.place
        events = b",".join(payloads)
        return b'{"op":"events","id":"%b","events":[%b]}' % (first.name.encode(), events)

    def _has_more_of(self, name: str) -> bool:
        front = self._front()
        return front is not None and front.name == name
