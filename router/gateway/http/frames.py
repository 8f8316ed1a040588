"""What streams are told, as the bytes that go over the wire; made once, however many are told.

A server's frames of RFC 6455 are not masked and here never compressed: one subscriber's bytes are
another's. Frames of control (ping, close) are the server's own; nothing here makes them.
"""

from collections.abc import Iterable
from typing import Final, Protocol, TypeAlias

FRAME_BYTES_MAX: Final = 256 * 1024  # a frame is filled until it has so many

_TEXT: Final = 0x81  # the first and last piece of a text
_LENGTH_7_MAX: Final = 125
_LENGTH_16_MAX: Final = 65_535

Place: TypeAlias = tuple[int | str, ...]  # of a channel; what a client gives to go on after it


class Pipe(Protocol):
    """Where the frames of one stream go."""

    @property
    def is_free(self) -> bool:
        """Whether what is written now leaves at once, or nearly."""
        ...

    def write(self, frames: bytes) -> None:
        """Send frames; never waits, and raises ConnectionError once the stream is closed."""
        ...


class Events:
    """Events of one subscription; the same object for all streams that have it under one name.

    Parameters
    ----------
    payload : bytes
        JSON values with commas between them.
    count : int
        How many of them happened; 0 of a state.
    """

    __slots__ = ("_frame", "count", "name", "payload", "place")

    def __init__(
        self, name: str, payload: bytes, *, count: int = 0, place: Place | None = None
    ) -> None:
        self.name = name
        self.payload = payload
        self.count = count
        self.place = place
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """What is sent of them where nothing else is to be told."""
        if self._frame is None:
            self._frame = events_frame(self.name, (self.payload,))
        return self._frame


class Batch:
    """What is told at one moment, to however many streams and by whatever name each has for it."""

    __slots__ = ("_by_name", "_count", "_payload", "_place")

    def __init__(self, payload: bytes, *, count: int = 0, place: Place | None = None) -> None:
        self._payload = payload
        self._count = count
        self._place = place
        self._by_name: dict[str, Events] = {}

    def under(self, name: str) -> Events:
        """Return it as the events of a subscription."""
        found = self._by_name.get(name)
        if found is None:
            found = Events(name, self._payload, count=self._count, place=self._place)
            self._by_name[name] = found
        return found


def events_frame(name: str, payloads: Iterable[bytes]) -> bytes:
    """Return the frame that tells events of a subscription."""
    events = b",".join(payloads)
    return text_frame(b'{"op":"events","id":"%b","events":[%b]}' % (name.encode(), events))


def text_frame(text: bytes) -> bytes:
    """Return a text as a frame of a server's."""
    length = len(text)
    if length <= _LENGTH_7_MAX:
        return bytes((_TEXT, length)) + text
    if length <= _LENGTH_16_MAX:
        return bytes((_TEXT, 126)) + length.to_bytes(2) + text
    return bytes((_TEXT, 127)) + length.to_bytes(8) + text
