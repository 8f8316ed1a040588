"""When to release how much of an order: the problem, and the optimiser's answer. Integers alone."""

from dataclasses import dataclass

from router.domain.units import Amount, DurationNs, ParentId, Pico, Pips, TimestampNs


@dataclass(frozen=True, slots=True)
class Interval:
    """One slice's time, and what it may be; the slice is traded when the interval begins.

    Attributes
    ----------
    temporary_pico : Pico
        Cost rate of trading the whole order in this interval that no other interval feels, in quote
        per quote at arrival; of a part, the rate falls with the part.
    quantity_max : Amount
        What the markets of the interval give within the order's bounds.
    held_pico : Pico
        What holding the whole order's position through the interval costs (funding settled within
        it), in quote per quote; negative is received.
    """

    begins_at: TimestampNs
    ends_at: TimestampNs
    temporary_pico: Pico
    quantity_max: Amount
    held_pico: Pico


@dataclass(frozen=True, slots=True)
class ScheduleProblem:
    """How a quantity may be spread over intervals.

    Attributes
    ----------
    intervals : tuple of Interval
        In the order of time; each begins where the one before ends, or later.
    transient_pico : Pico
        How far trading the whole order at once moves the price, as a rate; the trade itself pays
        half of it on average, and what is left of it is paid by later slices in full.
    half_life : DurationNs
        In which half of a move has gone back; zero: it has gone by the next slice.
    volatility_pips : Pips
        Standard deviation of the mid's return over one day.
    aversion_pico : Pico
        Of the variance of the whole order's cost rate, dimensionless: the order's aversion times
        its notional.
    margin_max : tuple of Amount
        For each interval, the most that may have been traded by its end; empty where nothing binds.
    """

    parent: ParentId
    quantity: Amount
    intervals: tuple[Interval, ...]
    transient_pico: Pico
    half_life: DurationNs
    volatility_pips: Pips
    aversion_pico: Pico
    margin_max: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """How much is to have been released by when.

    The costs are those that depend on the schedule: fees and spread, which every schedule pays
    alike, are not among them.

    Attributes
    ----------
    releases : tuple of (TimestampNs, int)
        From which moment on, and the cumulative quantity in atoms of the order's asset; both rise.
    expected_pico, deviation_pico : Pico
        Cost rate expected, and its standard deviation.
    twap_pico, twap_deviation_pico : Pico
        The same of equal slices, to compare with, whether or not they keep within the bounds.
    gap_pico : Pico
        How far at most the objective (expected cost and aversion times variance) is from the best.
    """

    releases: tuple[tuple[TimestampNs, int], ...]
    expected_pico: Pico
    deviation_pico: Pico
    twap_pico: Pico
    twap_deviation_pico: Pico
    gap_pico: Pico
