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

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._told: OrderedDict[tuple[str, str], _Told] = OrderedDict()

    def begin(self, who: str, key: str, *, digest: bytes) -> Reply | None:
        """Return the reply to the same request before; None where it is the first.

        Raises
        ------
        ProblemError
            If the key was another request's, or the same is still being done.
        """
        told = self._told.get((who, key))
        if told is None:
            self._told[who, key] = _Told(digest)
            if len(self._told) > self._kept_max:
                self._told.popitem(last=False)
            return None
        if told.digest != digest:
            other = "Idempotency-Key: was used for another request; choose a new one"
            raise ProblemError(Code.DUPLICATE, other, field="Idempotency-Key")
        if told.reply is None:
            raise ProblemError(Code.PENDING, "the same request is still being done; ask again")
        return told.reply

    def end(self, who: str, key: str, reply: Reply | None) -> None:
        """Keep a reply; None where it was not done, so that it may be tried again."""
        if reply is None:
            self._told.pop((who, key), None)
        elif (who, key) in self._told:
            self._told[who, key].reply = reply
