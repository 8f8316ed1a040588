"""The nonce rule of the venue: per signer, the hundred highest are remembered.

A nonce must be new, above the smallest remembered one once a hundred are, and within two days
before to one day after the venue's clock. Actions of both signing families share the set of a key.
"""

from bisect import bisect_left, insort

REMEMBERED_MAX = 100
_DAY_MS = 86_400_000
_PAST_MS = 2 * _DAY_MS
_FUTURE_MS = _DAY_MS


def take(used: list[int], nonce: int, *, now_ms: int) -> str | None:
    """Use a nonce up; return the venue's complaint when it may not be used.

    Parameters
    ----------
    used : list of int
        What the key has used, ascending, at most `REMEMBERED_MAX`; changed in place.
    """
    if not now_ms - _PAST_MS < nonce < now_ms + _FUTURE_MS:
        return f"Invalid nonce: nonce {nonce} is out of the allowed window at time {now_ms}"
    place = bisect_left(used, nonce)
    if place < len(used) and used[place] == nonce:
        return f"Invalid nonce: duplicate nonce {nonce}"
    if len(used) == REMEMBERED_MAX and place == 0:
        return f"Invalid nonce: nonce too low {nonce} < {used[0]}"
    insort(used, nonce)
    del used[:-REMEMBERED_MAX]
    return None
