"""What a market printed: its newest trades, and the candles of every interval.

Built trade by trade as orders meet in the book, so that no question has to look through what
accounts remember. Both are bounded: of each interval the newest candles that saw a trade are kept,
and silent ones are made when they are shown. What changes hands without a book is no print.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from venues.sandbox.hyperliquid.order import Fill

RECENT_MAX = 10
CANDLES_MAX = 5000

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_WEEK_ANCHOR_MS = 4 * _DAY_MS
"""The first Monday after the Unix epoch: weeks start on Mondays."""
_MONTH = "1M"
_LENGTHS_MS = {
    "1m": _MINUTE_MS,
    "3m": 3 * _MINUTE_MS,
    "5m": 5 * _MINUTE_MS,
    "15m": 15 * _MINUTE_MS,
    "30m": 30 * _MINUTE_MS,
    "1h": 60 * _MINUTE_MS,
    "2h": 120 * _MINUTE_MS,
    "4h": 240 * _MINUTE_MS,
    "8h": 480 * _MINUTE_MS,
    "12h": 720 * _MINUTE_MS,
    "1d": _DAY_MS,
    "3d": 3 * _DAY_MS,
    "1w": 7 * _DAY_MS,
}
INTERVALS = (*_LENGTHS_MS, _MONTH)


@dataclass(slots=True)
class Candle:
    """Prices and volume of one interval, in grid units."""

    start_ms: int
    end_ms: int
    """Last millisecond that belongs to it."""
    opened: int
    closed: int
    high: int
    low: int
    volume: int = 0
    trade_count: int = 0

    def add(self, price: int, size: int) -> None:
        """Count a trade in."""
        self.closed = price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.volume += size
        self.trade_count += 1


class Tape:
    """The prints of one market, oldest first.

    Attributes
    ----------
    recent : deque of (Fill, Fill)
        Both sides of the newest trades, the maker's first.
    """

    def __init__(self) -> None:
        self.recent: deque[tuple[Fill, Fill]] = deque(maxlen=RECENT_MAX)
        self._candles: dict[str, deque[Candle]] = {
            interval: deque(maxlen=CANDLES_MAX) for interval in INTERVALS
        }

    def add(self, maker: Fill, taker: Fill) -> None:
        """Record a trade; it is no older than those before it."""
        self.recent.append((maker, taker))
        for interval, candles in self._candles.items():
            if not candles or candles[-1].end_ms < taker.time_ms:
                candles.append(_silent(bounds(taker.time_ms, interval), taker.price))
            candles[-1].add(taker.price, taker.size)

    def candles(self, interval: str, *, start_ms: int, end_ms: int) -> list[Candle]:
        """Return the newest candles that overlap a window, oldest first, silent ones included.

        They begin with the first trade that is remembered; a silent one repeats the last close.
        """
        shown: list[Candle] = []
        for candle in self._backwards(interval, end_ms):
            if candle.end_ms < start_ms or len(shown) == CANDLES_MAX:
                break
            shown.append(candle)
        return shown[::-1]

    def candle(self, interval: str, now_ms: int) -> Candle | None:
        """Return the candle that is running, or None before the first trade."""
        return next(self._backwards(interval, now_ms), None)

    def candle_count(self) -> int:
        """Return how many candles of all intervals are kept."""
        return sum(map(len, self._candles.values()))

    def _backwards(self, interval: str, end_ms: int) -> Iterator[Candle]:
        # From the candle that `end_ms` lies in down to the oldest that is kept.
        for traded in reversed(self._candles[interval]):
            while end_ms > traded.end_ms:
                silent = _silent(bounds(end_ms, interval), traded.closed)
                yield silent
                end_ms = silent.start_ms - 1
            if end_ms >= traded.start_ms:
                yield traded
                end_ms = traded.start_ms - 1


def bounds(time_ms: int, interval: str) -> tuple[int, int]:
    """Return first and last millisecond of the interval that a moment lies in."""
    if interval == _MONTH:
        day = datetime.fromtimestamp(time_ms / 1000, UTC).date().replace(day=1)
        following = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
        return _midnight_ms(day.isoformat()), _midnight_ms(following.isoformat()) - 1
    length = _LENGTHS_MS[interval]
    anchor = _WEEK_ANCHOR_MS if interval == "1w" else 0
    start = (time_ms - anchor) // length * length + anchor
    return start, start + length - 1


def _midnight_ms(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) * 1000


def _silent(times_ms: tuple[int, int], price: int) -> Candle:
    return Candle(*times_ms, opened=price, closed=price, high=price, low=price)
