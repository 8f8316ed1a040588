"""Funding: premium samples, and the hourly rate that follows from them.

A sample says how far the impact prices stand from the oracle; the hour's mean, pulled towards the
interest, is an eight-hour rate of which an eighth is paid each hour, at most 4 %. Samples are kept
in 1e-12 so that a mean stays a small number; each is rounded half to even. Source: the venue's
documentation on funding, read August 2026. It neither samples by itself nor moves money.
"""

from dataclasses import dataclass
from fractions import Fraction

HOUR_MS = 3_600_000
SAMPLE_MS = 5_000
"""The premium is sampled this often."""
INTEREST = Fraction(1, 10_000)
"""Per eight hours."""
PREMIUM_ONE = 10**12
_PULL_MAX = Fraction(5, 10_000)
_HOURS = 8
_HOURLY_MAX = Fraction(4, 100)


@dataclass(slots=True)
class PremiumSamples:
    """The running hour's samples; `total` is in 1e-12."""

    total: int = 0
    count: int = 0

    def add(self, premium: Fraction, *, times: int = 1) -> None:
        """Take one sample, or several alike."""
        self.total += round(premium * PREMIUM_ONE) * times
        self.count += times

    def mean(self) -> Fraction | None:
        """Return the mean premium, or None before the first sample."""
        return Fraction(self.total, self.count * PREMIUM_ONE) if self.count else None

    def clear(self) -> None:
        """Begin a new hour."""
        self.total = self.count = 0


def premium(*, bid: Fraction, ask: Fraction, oracle: int) -> Fraction:
    """Return how far both impact prices stand to one side of the oracle, as a share of it."""
    above = max(bid - oracle, Fraction(0))
    below = max(oracle - ask, Fraction(0))
    return (above - below) / oracle


def builder_premium(*, bid: Fraction, ask: Fraction, oracle: int) -> Fraction:
    """Return the premium of a builder's market: the middle of the impact prices against oracle."""
    return (bid + ask) / (2 * oracle) - 1


def hourly_rate(
    mean_premium: Fraction, *, interest: Fraction = INTEREST, multiplier: Fraction = Fraction(1)
) -> Fraction:
    """Return what a long pays each hour, as a share of its notional at the oracle price.

    Parameters
    ----------
    mean_premium : Fraction
        Over the hour.
    interest : Fraction
        Per eight hours.
    multiplier : Fraction
        What the deployer of a builder's market makes of the rate, 0 to 10.
    """
    hourly = eight_hour_rate(mean_premium, interest=interest) * multiplier / _HOURS
    return max(-_HOURLY_MAX, min(_HOURLY_MAX, hourly))


def eight_hour_rate(mean_premium: Fraction, *, interest: Fraction = INTEREST) -> Fraction:
    """Return a premium pulled towards the interest, as venues that pay every eight hours do."""
    return mean_premium + max(-_PULL_MAX, min(_PULL_MAX, interest - mean_premium))
