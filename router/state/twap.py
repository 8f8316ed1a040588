"""The mean price of a market over the last minutes, weighted by how long each price stood.

Of what the desk itself saw, so nobody can make it up afterwards; a price that stands for one block
hardly moves it. Refuses to look further back than its window, and to remember more than so much.
"""

import math
from collections import deque
from itertools import pairwise
from typing import Final

from router.domain.units import (
    NS_PER_S,
    PICO_PER_UNIT,
    AssetId,
    DurationNs,
    Pico,
    Price,
    TimestampNs,
)

SPACING: Final = DurationNs(2 * NS_PER_S)  # prices that come faster are passed over
SAMPLES_MAX: Final = 1_024
_SCALE: Final = 1 << 192  # keeps every digit of a small price of large atoms


class Twap:
    """One market's prices of the last minutes; blocks can be taken back."""

    def __init__(self, window: DurationNs) -> None:
        self._window = window
        # When, the price scaled and rounded down, and the block it is of; oldest first.
        self._samples: deque[tuple[TimestampNs, int, int]] = deque(maxlen=SAMPLES_MAX)

    def wants(self, at: TimestampNs) -> bool:
        """Tell whether a price of this moment would be taken."""
        return not self._samples or at - self._samples[-1][0] >= SPACING

    def add(self, at: TimestampNs, price: Price, *, block: int = 0) -> None:
        """Take in a price that stands from `at` on."""
        samples = self._samples
        samples.append((at, price.quote_atoms * _SCALE // price.base_atoms, block))
        # The newest of those before the window still stood when it began.
        while len(samples) > 1 and samples[1][0] <= at - self._window:
            samples.popleft()

    def rewind(self, block: int) -> None:
        """Forget what was seen after a block: it never was."""
        while self._samples and self._samples[-1][2] > block:
            self._samples.pop()

    def mean(self, now: TimestampNs, pair: tuple[AssetId, AssetId]) -> Price | None:
        """Return the mean until `now`, rounded down; None where nothing was seen."""
        if not self._samples:
            return None
        start = now - self._window
        weighted = duration = 0
        until: int = now
        for at, scaled, _ in reversed(self._samples):
            stood = until - max(at, start)
            if stood > 0:
                weighted += stood * scaled
                duration += stood
            until = min(until, at)
            if at <= start:
                break
        mean = weighted // duration if duration else self._samples[-1][1]
        return Price(*pair, mean, _SCALE) if mean > 0 else None

    def drift(self) -> tuple[Pico, int, DurationNs]:
        """Return how the price moved while it was watched.

        Returns
        -------
        Pico
            Standard deviation of its relative move over one second about no move, rounded up.
        int
            Of how many moves.
        DurationNs
            Over how long.
        """
        squares = moves = 0
        for (_, before, _), (_, after, _) in pairwise(self._samples):
            if before > 0:
                squares += ((after - before) * PICO_PER_UNIT // before) ** 2
                moves += 1
        watched = self._samples[-1][0] - self._samples[0][0] if moves else 0
        drift = math.isqrt(squares * NS_PER_S // watched) + 1 if watched and squares else 0
        return Pico(drift), moves, DurationNs(watched)
