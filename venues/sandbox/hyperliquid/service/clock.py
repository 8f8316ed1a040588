"""Venue time: it follows another clock at a factor, can be told to skip ahead, and never runs back.

`VenueClock` moves only when it is stepped, and a step never crosses a moment at which something may
be due: those lie on whole seconds (mark prices every 3, funding samples every 5, TWAP slices, the
hour) and on the grid the caller names (blocks, the scene). It never decides what is due.
"""

from venues.sandbox.hyperliquid.config import Clock

SECOND_MS = 1_000
LAG_MS = 2_000
"""Further behind than this, a step goes to the next whole second instead of the next grid point."""
FACTOR_MAX = 3_600


class VenueClock:
    """Milliseconds since the Unix epoch, as the venue has reached them.

    Parameters
    ----------
    source : callable
        The clock that is followed, in milliseconds since the Unix epoch.
    factor : int
        Venue seconds for each second of the source; zero stands still.
    grid_ms : int
        Between the ends of steps at the most, counted from the epoch; zero for whole seconds.
    is_blockwise : bool
        Time rests on the grid: nothing happens between two grid points.
    """

    def __init__(
        self, source: Clock, *, factor: int = 1, grid_ms: int = 0, is_blockwise: bool = False
    ) -> None:
        self._source = source
        self._factor = factor
        self._grid_ms = min(grid_ms or SECOND_MS, SECOND_MS)
        self._is_blockwise = is_blockwise
        self._source_ms = source()
        self._anchor_ms = self._source_ms
        self._now_ms = self._source_ms

    def __call__(self) -> int:
        """Return the time that has been reached."""
        return self._now_ms

    @property
    def factor(self) -> int:
        """Return the venue seconds for each second of the source."""
        return self._factor

    def target_ms(self) -> int:
        """Return the time that ought to have been reached."""
        return self._anchor_ms + (self._source() - self._source_ms) * self._factor

    def set_factor(self, factor: int) -> None:
        """Run at another speed from here on; what has not been made up for yet never will be."""
        self._anchor_ms = self._now_ms
        self._source_ms = self._source()
        self._factor = factor

    def leap(self, advance_ms: int) -> int:
        """Put the target ahead and return it; the steps up to it still have to be made."""
        self._anchor_ms += advance_ms
        return self.target_ms()

    def step(self) -> bool:
        """Go to the next moment at which something may be due; False when the target is reached."""
        target_ms = self.target_ms()
        lag_ms = target_ms - self._now_ms
        stride_ms = SECOND_MS if lag_ms > LAG_MS else self._grid_ms
        next_ms = (self._now_ms // stride_ms + 1) * stride_ms
        if next_ms > target_ms:
            if self._is_blockwise or lag_ms <= 0:
                return False
            next_ms = target_ms
        self._now_ms = next_ms
        return True
