"""A connection into the session engine: a socket of the file system, read to the last byte."""

import fcntl
import socket
import sys
import termios
from collections.abc import Callable
from typing import Final

PUMPS_MAX: Final = 4_096  # rounds for one piece of input; each takes in up to 8 KiB
ROUNDS_TO_NOTICE: Final = 3  # accept, become readable, read
_TAKEN_BYTES: Final = 262_144


class Wire:
    """A connection into the engine: what a peer says goes in, what it is told comes out."""

    def __init__(self, ours: socket.socket, poll: Callable[[], bool]) -> None:
        self._ours = ours
        self._poll = poll
        self.is_refused = False  # the engine does not answer it, and does not hang up either

    def fileno(self) -> int:
        """Return what becomes readable when there is something to `take`."""
        return self._ours.fileno()

    def feed(self, data: bytes) -> None:
        """Have the engine read what a peer said, to the last byte; what it closed is not read."""
        rest = memoryview(data)
        for _ in range(PUMPS_MAX):
            if rest:
                try:
                    rest = rest[self._ours.send(rest) :]
                except BlockingIOError:
                    pass  # it is full; what the engine reads below makes room
                except OSError:
                    return
            self.is_refused = not self._poll() or self.is_refused
            if not rest and not self._unread():
                return

    def take(self) -> bytes | None:
        """Return what the engine wrote: empty if nothing, None once it has closed."""
        try:
            return self._ours.recv(_TAKEN_BYTES) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None

    def close(self) -> None:
        """Hang up; the engine takes note at once."""
        self._ours.close()
        for _ in range(ROUNDS_TO_NOTICE):
            self._poll()

    def _unread(self) -> int:
        return int.from_bytes(fcntl.ioctl(self._ours, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
