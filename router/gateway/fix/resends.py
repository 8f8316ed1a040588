"""What peers have asked to be sent again, and how much of it is sent at a time.

The engine would answer a ResendRequest at once and in full, and everybody else would wait. So only
a few messages are sent at once; the rest goes out in pieces, one session's after another's. Who
asks anew is sent what it asks for now, and no longer what it asked for before.
"""

from dataclasses import dataclass
from typing import Final

PIECE: Final = 128  # messages: a few milliseconds
AT_ONCE: Final = 64  # messages between two pieces, for all who ask; and one for each request
PAUSE_S: Final = 0.01  # between two pieces, for everybody else


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers of messages; up to the newest where there is no `end`."""

    begin: int
    end: int | None


class Resends:
    """What is still to be sent again, by session."""

    def __init__(self) -> None:
        self._waiting: dict[str, Range] = {}
        self._at_once = AT_ONCE  # left until the next piece

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be sent."""
        return not self._waiting

    def ask(self, name: str, asked: Range, *, newest: int) -> int | None:
        """Put down what a session asks for, instead of all that it asked for before.

        Returns
        -------
        int | None
            The last message to send at once; None where the request is to be answered as it is.
        """
        self.forget(name)
        is_open = asked.end is None or asked.end >= newest
        begin, end = max(1, asked.begin), newest if is_open else asked.end or newest
        count = max(0, end - begin + 1)
        now = min(count, max(1, self._at_once))
        self._at_once = max(0, self._at_once - now)
        if now == count:
            return None
        self._waiting[name] = Range(begin + now, None if is_open else end)
        return begin + now - 1

    def forget(self, name: str) -> None:
        """Send a session nothing more."""
        self._waiting.pop(name, None)

    def turn(self) -> str | None:
        """Return whose turn it is; None where nobody waits."""
        self._at_once = AT_ONCE
        return next(iter(self._waiting), None)

    def piece(self, name: str, *, newest: int) -> Range | None:
        """Return what to send a session now, and put it behind the others; None if all is sent."""
        rest = self._waiting.pop(name)
        end = newest if rest.end is None else min(rest.end, newest)
        if rest.begin > end:
            return None
        last = min(end, rest.begin + PIECE - 1)
        self._waiting[name] = Range(last + 1, rest.end)
        return Range(rest.begin, last)
