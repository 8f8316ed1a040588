"""The intervals of an algo: which one is running, and when the next begins. Pure."""

from router.domain.units import DurationNs, Rounding, TimestampNs, divide


def running(start: TimestampNs, interval: DurationNs, at: TimestampNs) -> int:
    """Return the interval that is running, counted from 1; the first where none has begun."""
    return max(divide(at - start, interval, Rounding.DOWN) + 1, 1)


def next_at(start: TimestampNs, interval: DurationNs, at: TimestampNs) -> TimestampNs:
    """Return when the next interval begins: those that were slept through are passed over."""
    return TimestampNs(start + running(start, interval, at) * interval)


def count(start: TimestampNs, end: TimestampNs, interval: DurationNs) -> int:
    """Return how many intervals there are; the last may be a shorter one."""
    return max(1, divide(end - start, interval, Rounding.UP))
