"""The funding that plans reckon with: the mean rate of the hours a position will be held. Exact.

The rate of now is the rate of the next settlement, and is known as well as it can be. Beyond it a
venue's rate is taken to stay where the other venues are, plus a spread that falls back to its own
mean by a constant part an hour, an autoregression of the first order::

    r(k) = m + s + (d - s) phi**k        k = 0, 1, ... hours from now

with m the median of the others now, d the spread now and s its mean over the last days. phi is
estimated by least squares where two days of consecutive hours are known, and is 2**(-1/8), half
in eight hours, where not. Where there are no others m is zero and s the venue's own mean; where
nothing is known of the past either, the rate of now stands.

Source: Hamilton, "Time Series Analysis" (1994), chapters 4 (forecasts of an autoregression) and 5
(its estimation). Refuses to forecast what all venues share: that is the market's.
"""

from fractions import Fraction
from typing import Final

from router.domain.order import ParentOrder
from router.domain.units import PICO_PER_UNIT, InstrumentId, Pico, TimestampNs
from router.risk.funding_watch.spread import HISTORY_MIN, Past, Spread, past_of, spread_of
from router.state.world import World

PAIRS_MIN: Final = 48
HOURS_AHEAD_MAX: Final = 30 * 24  # beyond it the mean is as good as settled
_HOUR_S: Final = 3_600
_PHI_DEFAULT: Final = 917_004_043_205  # 2**(-1/8), pico
_PHI_MAX: Final = 995_882_703_672  # half in seven days: what is remembered tells no slower return


def expected(world: World, order: ParentOrder, at: TimestampNs) -> dict[InstrumentId, Pico]:
    """Return the rate per hour that is expected over an order's holding horizon, rounded down.

    No more than the venue lets it be.
    """
    hours = min(-(-order.holding_horizon_s // _HOUR_S), HOURS_AHEAD_MAX)
    if world.limits.funding is None or hours < 1:
        return {}
    found = {}
    for name, own in world.funding.own.items():
        spread = spread_of(world.funding, own, at)
        if own.asset == order.base and spread is not None:
            rate = mean_rate(spread, past_of(world.funding, own, at), hours)
            most = max(own.cap_per_hour or abs(rate), abs(spread.rate))
            found[name] = Pico(min(max(rate, -most), most))
    return found


def mean_rate(spread: Spread, past: Past, hours: int) -> int:
    """Return the mean of the model's rates over so many hours from now, pico rounded down."""
    usual = _usual(spread, past)
    kept = power = PICO_PER_UNIT
    phi = persistence(past, usual)
    for _ in range(1, hours):
        power = power * phi // PICO_PER_UNIT
        kept += power
    share = Fraction(kept, hours * PICO_PER_UNIT)
    return int((spread.reference + usual + (spread.now - usual) * share) // 1)


def persistence(past: Past, usual: Fraction) -> int:
    """Return how much of a deviation is left after an hour, pico: phi, rounded down."""
    known = dict(past)
    pairs = [(known[hour - 1] - usual, value - usual) for hour, value in past if hour - 1 in known]
    squares = sum((before * before for before, _ in pairs), Fraction(0))
    if len(pairs) < PAIRS_MIN or squares == 0:
        return _PHI_DEFAULT
    phi = sum((before * after for before, after in pairs), Fraction(0)) / squares
    return min(max(int(phi * PICO_PER_UNIT // 1), 0), _PHI_MAX)


# The mean of the past; before it is known, what the others pay, or else what is paid now.
def _usual(spread: Spread, past: Past) -> Fraction:
    values = [value for _, value in past]
    if len(values) >= HISTORY_MIN:
        return Fraction(sum(values), len(values))
    return Fraction(0 if spread.others else spread.now)
