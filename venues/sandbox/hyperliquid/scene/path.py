"""Where prices go: a seeded fair price on a fixed grid of steps, and what other venues make of it.

Noise is geometric, with rare jumps and with scripted shocks on top. All integers, so that a seed
means the same path on every machine; the path depends on the seed and on the time since the start,
never on who trades or how often somebody looks.
"""

from collections import deque
from dataclasses import replace
from math import isqrt
from random import Random

from venues.sandbox.hyperliquid.config import SceneConfig, Shock
from venues.sandbox.hyperliquid.market.reference import (
    PERP_WEIGHTS,
    SPOT_WEIGHTS,
    ReferencePrices,
)

_BPS = 10_000
_PPB = 1_000_000_000
_FINE = 1_000_000
_DAY_MS = 86_400_000
_YEAR_MS = 365 * _DAY_MS
_UNIFORM_BITS, _UNIFORM_COUNT = 16, 12
_NORMAL_ONE = 1 << _UNIFORM_BITS
_CALM_MS = 10_000
_STEPS_MAX = 10_000_000
_VENUE_NOISE_PPB = 100_000
_PERP_BASIS_PPB = 50_000


def normal(random: Random) -> int:
    """Return a draw close to the normal distribution, of deviation `_NORMAL_ONE`.

    The sum of twelve uniform draws has a deviation of one and no floating point in it.
    """
    total = sum(random.getrandbits(_UNIFORM_BITS) for _ in range(_UNIFORM_COUNT))
    return total - _UNIFORM_COUNT * (_NORMAL_ONE - 1) // 2


class FairPath:
    """The price everybody would agree on, of one coin.

    Parameters
    ----------
    coin : str
    opening : int
        In the market's price units.
    opened_ms : int
        When the path begins, milliseconds since the Unix epoch.
    """

    def __init__(
        self, coin: str, opening: int, *, config: SceneConfig, seed: int, opened_ms: int
    ) -> None:
        self._coin = coin
        self._config = config
        self._random = Random(f"{seed}:path:{coin}")  # noqa: S311 - a pretend price
        self._step_ms = config.path_step_ms
        self._now_ms = opened_ms // self._step_ms * self._step_ms
        self._level = opening * _FINE
        variance = (config.volatility_percent_year * _PPB // 100) ** 2
        self._deviation_ppb = isqrt(variance * self._step_ms // _YEAR_MS)
        self._shocks: list[tuple[Shock, int | None]] = []
        self._recent: deque[int] = deque([self._level], maxlen=_CALM_MS // self._step_ms + 1)
        for shock in config.shocks:
            self.add(replace(shock, start_ms=self._now_ms + shock.start_ms))

    def add(self, shock: Shock) -> None:
        """Script a move; its start is in milliseconds since the Unix epoch here."""
        if not shock.coins or self._coin in shock.coins:
            self._shocks.append((shock, None))

    def price(self, now_ms: int) -> int:
        """Return the fair price at a time that is not before the last one asked for."""
        for _ in range(_STEPS_MAX):
            if self._now_ms + self._step_ms > now_ms:
                return max(1, self._level // _FINE)
            self._step()
        raise OverflowError(f"{now_ms} ms is too far ahead; ask for nearer times in between")

    def stress_bps(self) -> int:
        """Return how far the price has moved over the last ten seconds."""
        return abs(self._level - self._recent[0]) * _BPS // self._recent[0]

    def _step(self) -> None:
        self._now_ms += self._step_ms
        change_ppb = self._deviation_ppb * normal(self._random) // _NORMAL_ONE
        if self._random.randrange(_DAY_MS) < self._config.jumps_per_day * self._step_ms:
            largest = self._config.jump_bps_max
            change_ppb += self._random.randint(-largest, largest) * (_PPB // _BPS)
        self._level += self._level * change_ppb // _PPB
        self._shocks = [pair for pair in map(self._shocked, self._shocks) if pair is not None]
        self._level = max(_FINE, self._level)
        self._recent.append(self._level)

    def _shocked(self, pair: tuple[Shock, int | None]) -> tuple[Shock, int | None] | None:
        # Moves the price by the shock's part in this step; None when it is over.
        shock, base = pair
        elapsed_ms = self._now_ms - shock.start_ms
        if elapsed_ms <= 0:
            return pair
        base = self._level if base is None else base
        before_ms = max(0, elapsed_ms - self._step_ms)
        part_ms = min(elapsed_ms, shock.duration_ms) - before_ms
        self._level += base * shock.bps * part_ms // (shock.duration_ms * _BPS)
        return (shock, base) if elapsed_ms < shock.duration_ms else None


class World:
    """What other venues quote for one coin: the fair price, and a little of their own."""

    def __init__(self, coin: str, path: FairPath, *, seed: int) -> None:
        self._path = path
        self._random = Random(f"{seed}:world:{coin}")  # noqa: S311 - pretend prices
        self._basis = {name: self._own(_PERP_BASIS_PPB) for name in PERP_WEIGHTS}

    def prices(self, now_ms: int) -> ReferencePrices:
        """Return what eight spot markets and five perpetuals show."""
        fair = self._path.price(now_ms)
        spot = {name: self._near(fair, 0) for name in SPOT_WEIGHTS}
        perps = {name: self._near(fair, self._basis[name]) for name in PERP_WEIGHTS}
        return ReferencePrices(spot, perps, deployer_marks=(self._near(fair, 0),))

    def _near(self, fair: int, basis_ppb: int) -> int:
        return max(1, fair + fair * (basis_ppb + self._own(_VENUE_NOISE_PPB)) // _PPB)

    def _own(self, deviation_ppb: int) -> int:
        return deviation_ppb * normal(self._random) // _NORMAL_ONE
