"""What came of requests that a client named itself, so that a repetition is answered, not done.

For what the daemon keeps no names of. Kept in memory, for the newest: a gateway that starts again
has forgotten, and what was asked of it before is found in the audit.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from router.gateway.http.problems import ProblemError
from router.gateway.link import Code

KEPT_MAX: Final = 10_000
BYTES_MAX: Final = 64 * 1024 * 1024  # of answers; dry runs have long ones


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a status and JSON."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Told:
    digest: bytes
    reply: Reply | None = None


class Repeats:
    """Replies by who asked and under which key."""

    def __init__(self, kept_max: int = KEPT_MAX, *, bytes_max: int = BYTES_MAX) -> None:
        self._kept_max = kept_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._told: OrderedDict[tuple[str, str], _Told] = OrderedDict()

    def begin(self, who: str, key: str, *, digest: bytes) -> Reply | None:
        """Return the reply to the same request before; None where it is the first.

        Raises
        ------
        ProblemError
            If the key was another request's, or the same is still being done.
        """
        if self.hold(who, key, digest=digest):
            return None
        told = self._told[who, key]
        if told.reply is None:
            raise ProblemError(Code.PENDING, "the same request is still being done; ask again")
        return told.reply

    def hold(self, who: str, key: str, *, digest: bytes) -> bool:
        """Keep a key for one request, of which the daemon remembers itself what came of it.

        Returns
        -------
        bool
            Whether it was free; else it is the same request's.

        Raises
        ------
        ProblemError
            If it was another request's.
        """
        told = self._told.get((who, key))
        if told is None:
            self._told[who, key] = _Told(digest)
            if len(self._told) > self._kept_max:
                self._forget(next(iter(self._told)))
            return True
        if told.digest != digest:
            other = "Idempotency-Key: was used for another request; choose a new one"
            raise ProblemError(Code.DUPLICATE, other, field="Idempotency-Key")
        return False

    def end(self, who: str, key: str, reply: Reply | None, *, digest: bytes) -> None:
        """Keep a reply; None where it was not done, so that it may be tried again.

        A key that was forgotten meanwhile may be another request's by now, or be answered already.
        """
        told = self._told.get((who, key))
        if told is None or told.digest != digest or told.reply is not None:
            return
        if reply is None:
            self._forget((who, key))
            return
        told.reply = reply
        self._bytes += len(reply.body)
        while self._bytes > self._bytes_max:
            self._forget(next(iter(self._told)))

    def _forget(self, name: tuple[str, str]) -> None:
        told = self._told.pop(name, None)
        if told is not None and told.reply is not None:
            self._bytes -= len(told.reply.body)
