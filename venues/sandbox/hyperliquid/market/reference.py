"""Reference prices of one market: where the oracle and the mark come from.

Oracle: the weighted median of spot mids elsewhere. Mark: the median of the oracle plus the slow
average of mid minus oracle, of the middle of (best bid, best ask, last trade), and of the weighted
median of perpetuals elsewhere; when exactly two of the three exist, the fast average of the local
middle is the third. A builder's dex has the deployer's marks beside the local middle, and no price
of it moves by more than a hundredth at a time. Averages weigh irregular samples by the time they
stood for. Source: the venue's documentation of robust price indices and of its builder dexs, read
August 2026. It reads no clock and no book: both are handed in.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import lru_cache

SPOT_WEIGHTS: Mapping[str, int] = {
    "Binance": 3,
    "OKX": 2,
    "Bybit": 2,
    "Kraken": 1,
    "Kucoin": 1,
    "Gate": 1,
    "MEXC": 1,
    "Hyperliquid": 1,
}
"""How much each spot market counts in the oracle."""
PERP_WEIGHTS: Mapping[str, int] = {"Binance": 3, "OKX": 2, "Bybit": 2, "Gate": 1, "MEXC": 1}
"""How much each other venue's perpetual counts in the mark."""

PUBLISH_MS = 3_000
"""Oracle and mark are published this often."""
BASIS_AVERAGE_MS = 150_000
LOCAL_AVERAGE_MS = 30_000
BUILDER_STALE_MS = 10_000
"""A builder's dex whose deployer is silent for this long marks by its own book."""
TRAIL_MS = 3_600_000
"""A delisted coin is settled at the average oracle price of this long."""
_BUILDER_STEP_DIVISOR = 100
_COMPONENTS = 3

_ONE = 1 << 64
_FINE = 1 << 32
_DIGITS = Context(prec=40)


@dataclass(frozen=True, slots=True)
class ReferencePrices:
    """What the rest of the world quotes, in the market's own price units.

    `spot` and `perps` are by the names of `SPOT_WEIGHTS` and `PERP_WEIGHTS`; whoever is missing is
    not counted. `deployer_marks` are for a builder's dex, two at most.
    """

    spot: Mapping[str, int]
    perps: Mapping[str, int] = field(default_factory=dict)
    deployer_marks: tuple[int, ...] = ()


OracleSource = Callable[[int], ReferencePrices | None]
"""Prices at a time in milliseconds since the Unix epoch; None when nobody answers."""


@dataclass(frozen=True, slots=True)
class Touch:
    """Best prices and last trade of a book."""

    bid: int | None
    ask: int | None
    last: int | None

    def local_doubled(self) -> int | None:
        """Return twice the median of what there is of bid, ask and last trade."""
        known = sorted(p for p in (self.bid, self.ask, self.last) if p is not None)
        if not known:
            return None
        low, high = known[(len(known) - 1) // 2], known[len(known) // 2]
        return low + high


@dataclass(slots=True)
class Average:
    """An average that forgets over `period_ms`, of samples that come when they come."""

    period_ms: int
    numerator: int = 0
    weight: int = 0

    def add(self, sample: int, elapsed_ms: int) -> None:
        """Take a sample that stood for the time since the one before."""
        kept = _kept(elapsed_ms, self.period_ms)
        self.numerator = self.numerator * kept // _ONE + sample * elapsed_ms * _FINE
        self.weight = self.weight * kept // _ONE + elapsed_ms * _FINE

    def value(self) -> int | None:
        """Return the average, rounded half to even, or None before the first sample."""
        return _half_even(self.numerator, self.weight) if self.weight else None


@dataclass(slots=True)
class Trail:
    """Oracle prices of the last hour, each with the time from which it held."""

    steps: deque[tuple[int, int]] = field(default_factory=deque)

    def add(self, price: int, now_ms: int) -> None:
        """Remember a price; forget what ended more than an hour ago."""
        if not self.steps or self.steps[-1][1] != price:
            self.steps.append((now_ms, price))
        while len(self.steps) > 1 and self.steps[1][0] <= now_ms - TRAIL_MS:
            self.steps.popleft()

    def mean(self, now_ms: int) -> int | None:
        """Return the price of the last hour weighted by time, rounded half to even."""
        if not self.steps:
            return None
        since_ms = max(now_ms - TRAIL_MS, self.steps[0][0])
        if since_ms == now_ms:
            return self.steps[-1][1]
        ends = [*(time_ms for time_ms, _ in self.steps), now_ms][1:]
        total = sum(
            price * (end - max(begin, since_ms))
            for (begin, price), end in zip(self.steps, ends, strict=True)
        )
        return _half_even(total, now_ms - since_ms)


@dataclass(slots=True)
class Reference:
    """What one market remembers of prices to publish the next ones."""

    oracle_source: OracleSource | None = None
    """None: the oracle stays where it is put."""
    is_frozen: bool = False
    """The switch for a stale oracle: while it is on, nothing is published."""
    published_ms: int | None = None
    heard_ms: int | None = None
    """When the deployer of a builder's dex last gave a price."""
    perps: Mapping[str, int] = field(default_factory=dict)
    """Other venues' perpetuals as they were heard last."""
    trail: Trail = field(default_factory=Trail)
    basis: Average = field(default_factory=lambda: Average(BASIS_AVERAGE_MS))
    """Of twice (mid minus oracle)."""
    local: Average = field(default_factory=lambda: Average(LOCAL_AVERAGE_MS))
    """Of twice the local middle."""

    def is_due(self, now_ms: int) -> bool:
        """Tell whether the time to publish has come since the last time."""
        before = self.published_ms
        return before is None or before // PUBLISH_MS < now_ms // PUBLISH_MS

    def sample(self, touch: Touch, *, oracle: int, now_ms: int) -> None:
        """Let the averages see the book as it has been since the last publication."""
        before = self.published_ms
        self.published_ms = now_ms
        self.trail.add(oracle, now_ms)
        if before is None or now_ms <= before:
            return
        if touch.bid is not None and touch.ask is not None:
            self.basis.add(touch.bid + touch.ask - 2 * oracle, now_ms - before)
        local = touch.local_doubled()
        if local is not None:
            self.local.add(local, now_ms - before)

    def mark(self, touch: Touch, *, oracle: int, perps: int | None) -> int:
        """Return the mark of a market of the venue's own.

        Parameters
        ----------
        perps : int or None
            Weighted median of other venues' perpetuals.
        """
        known = [2 * oracle + (self.basis.value() or 0)]
        local = touch.local_doubled()
        if local is not None:
            known.append(local)
        if perps is not None:
            known.append(2 * perps)
        if len(known) == _COMPONENTS - 1:
            fast = self.local.value()
            known.append(known[-1] if fast is None else fast)
        return max(1, _half_even(sorted(known)[len(known) // 2], 2))

    def builder_mark(
        self, touch: Touch, *, oracle: int, before: int, deployer: tuple[int, ...]
    ) -> int:
        """Return the mark of a builder's market: within a hundredth of the one `before`."""
        local = touch.local_doubled()
        known = sorted([2 * mark for mark in deployer] + ([] if local is None else [local]))
        if not known:
            known = [2 * oracle]
        middle = known[(len(known) - 1) // 2] + known[len(known) // 2]
        step = before // _BUILDER_STEP_DIVISOR
        return max(1, before - step, min(before + step, _half_even(middle, 4)))


def weighted_median(prices: Mapping[str, int], weights: Mapping[str, int]) -> int | None:
    """Return the price in the middle of the weight, or None when nobody quotes.

    Half the weight exactly on both sides gives the mean of the two prices, rounded half to even.
    """
    return _weighted_median(sorted((price, weights[name]) for name, price in prices.items()))


def _weighted_median(ordered: Iterable[tuple[int, int]]) -> int | None:
    rows = list(ordered)
    total = sum(weight for _, weight in rows)
    below = 0
    for (price, weight), (following, _) in zip(rows, rows[1:] + rows[-1:], strict=True):
        below += weight
        if 2 * below == total:
            return _half_even(price + following, 2)
        if 2 * below > total:
            return price
    return None


@lru_cache(maxsize=1024)
def _kept(elapsed_ms: int, period_ms: int) -> int:
    # exp(-elapsed / period) in units of 2^-64, rounded down; decimal arithmetic is the same on
    # every machine.
    exponent = _DIGITS.divide(Decimal(-elapsed_ms), Decimal(period_ms))
    return int(_DIGITS.multiply(_DIGITS.exp(exponent), Decimal(_ONE)))


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2))
