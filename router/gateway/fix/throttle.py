"""How much a session may ask for: so many messages at once, and so many a second after that."""

from collections.abc import Callable
from typing import Final

from router.domain.units import NS_PER_S

CANCELS: Final = frozenset({"F", "q", "K"})  # whoever asks for too much may still cancel


class Throttle:
    """Two buckets of tokens, one of them for cancels.

    Parameters
    ----------
    rate : int
        Tokens a second, of each.
    burst : int
        Tokens at most, of each.
    now : function
        The clock, in nanoseconds; it may be set back.
    """

    def __init__(self, *, rate: int, burst: int, now: Callable[[], int]) -> None:
        self._rate = rate
        self._full = burst * NS_PER_S
        self._now = now
        self._tokens = {True: self._full, False: self._full}  # in billionths; True: for cancels
        self._at = {True: now(), False: now()}

    def lets(self, kind: str) -> bool:
        """Tell whether a message of a type may pass, and take its token if so."""
        bucket = kind in CANCELS
        now = self._now()
        passed = max(0, now - self._at[bucket])  # a clock that is set back takes no token away
        grown = self._tokens[bucket] + passed * self._rate
        self._tokens[bucket], self._at[bucket] = min(grown, self._full), now
        if self._tokens[bucket] < NS_PER_S:
            return False
        self._tokens[bucket] -= NS_PER_S
        return True
