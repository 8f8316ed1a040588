"""The nonce rule of the venue: per signer, the hundred highest are remembered.

A nonce must be new, above the smallest remembered one once a hundred are, and within two days
before to one day after the venue's clock.
"""

from bisect import insort

_REMEMBERED_MAX = 100
_DAY_MS = 86_400_000
_PAST_MS = 2 * _DAY_MS
_FUTURE_MS = _DAY_MS


class NonceSet:
    """What one signing key has used."""

    def __init__(self) -> None:
        self._used: list[int] = []

    def take(self, nonce: int, *, now_ms: int) -> str | None:
        """Use a nonce up; return the venue's complaint when it may not be used."""
        if not now_ms - _PAST_MS < nonce < now_ms + _FUTURE_MS:
            return f"Invalid nonce: nonce {nonce} is out of the allowed window at time {now_ms}"
        if nonce in self._used:
            return f"Invalid nonce: duplicate nonce {nonce}"
        if len(self._used) == _REMEMBERED_MAX and nonce < self._used[0]:
            return f"Invalid nonce: nonce too low {nonce} < {self._used[0]}"
        insort(self._used, nonce)
        del self._used[:-_REMEMBERED_MAX]
        return None
