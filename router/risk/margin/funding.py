"""Funding: the hourly rate from how far the book was from the oracle, and what it pays. Pure.

The rate of eight hours is the premium, pulled towards the interest by at most 0.05 %; one eighth of
it is paid every hour, on the oracle price. Refuses to round.

Source: Hyperliquid documentation, "Funding", read 22 Nov 2026. It does not say where a deployer's
multiplier is applied; here it multiplies the rate before the cap.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from router.risk.margin.tiers import total

INTEREST: Final = Fraction(1, 10_000)  # of eight hours
PULL_MAX: Final = Fraction(5, 10_000)
HOURLY_MAX: Final = Fraction(4, 100)
HOURS: Final = 8


def premium(impact_bid: Fraction, impact_ask: Fraction, *, oracle: Fraction) -> Fraction:
    """Return one sample: how far the whole spread lies above the oracle, or below."""
    above = max(impact_bid - oracle, Fraction(0))
    below = max(oracle - impact_ask, Fraction(0))
    return (above - below) / oracle


def deployed_premium(impact_bid: Fraction, impact_ask: Fraction, *, oracle: Fraction) -> Fraction:
    """Return one sample of a market that a builder deployed: the mid counts, however wide."""
    return (impact_bid + impact_ask) / (2 * oracle) - 1


def average(samples: Sequence[Fraction]) -> Fraction:
    """Return the mean of an hour's samples, one every five seconds; at least one."""
    assert samples, "an hour without a sample has no premium"
    return total(samples) / len(samples)


def eight_hour_rate(average_premium: Fraction, *, interest: Fraction = INTEREST) -> Fraction:
    """Return the rate of eight hours."""
    return average_premium + _clamped(interest - average_premium, PULL_MAX)


def hourly_rate(
    average_premium: Fraction,
    *,
    interest: Fraction = INTEREST,
    multiplier: Fraction = Fraction(1),
) -> Fraction:
    """Return the rate paid for an hour, at most 4 % either way."""
    rate = eight_hour_rate(average_premium, interest=interest) * multiplier / HOURS
    return _clamped(rate, HOURLY_MAX)


def payment(size: Fraction, *, oracle: Fraction, hourly: Fraction) -> Fraction:
    """Return what an account pays for an hour; negative is received."""
    return size * oracle * hourly


def _clamped(value: Fraction, bound: Fraction) -> Fraction:
    return max(-bound, min(value, bound))
