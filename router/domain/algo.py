"""How an order's quantity is released over time: parameters alone, each with its unit.

What becomes of them is decided in `router.algo`. Refuses nothing: gateways and risk check values.
"""

from dataclasses import dataclass
from typing import TypeAlias

from router.domain.units import DurationNs, Pico, Pips, TimestampNs


@dataclass(frozen=True, slots=True)
class Sweep:
    """All of it now, over every venue the order allows."""


@dataclass(frozen=True, slots=True)
class Twap:
    """The same quantity in each interval, from `start_at` to `end_at`.

    Attributes
    ----------
    interval : DurationNs
        From one slice to the next.
    catch_up_pips : Pips
        What a slice may trade of what earlier ones left, as a share of a regular slice; 1,000,000
        lets it be twice as large. The last one takes all that is left, whatever it is.
    """

    start_at: TimestampNs
    end_at: TimestampNs
    interval: DurationNs
    catch_up_pips: Pips


@dataclass(frozen=True, slots=True)
class Pov:
    """A share of what the markets of the pair trade, from `start_at` to `end_at`.

    Attributes
    ----------
    participation_pips : Pips
        Of the volume of all markets the order allows, ours included.
    band_pips : Pips
        How far the share may stray to either side.
    interval : DurationNs
        From one slice to the next.
    catch_up_pips : Pips
        What one slice may be at most, as a share of the order.
    """

    start_at: TimestampNs
    end_at: TimestampNs
    interval: DurationNs
    participation_pips: Pips
    band_pips: Pips
    catch_up_pips: Pips


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Implementation shortfall: the schedule that weighs impact against the risk of waiting.

    Attributes
    ----------
    interval : DurationNs
        From one slice to the next.
    aversion : Pico
        Of the objective's variance term, for one quote unit: cost + aversion * variance, both of
        the whole order in quote units. Zero spreads impact alone.
    volatility_pips : Pips
        Standard deviation of the mid over one day.
    half_life : DurationNs
        In which half of what a slice moved the price has gone back.
    catch_up_pips : Pips
        What a slice may trade of what earlier ones left, as a share of its own; the last one takes
        all that is left.
    """

    start_at: TimestampNs
    end_at: TimestampNs
    interval: DurationNs
    aversion: Pico
    volatility_pips: Pips
    half_life: DurationNs
    catch_up_pips: Pips


@dataclass(frozen=True, slots=True)
class Iceberg:
    """Waits at a perp book's best price with a part of the order, then crosses.

    Attributes
    ----------
    display_pips : Pips
        What is shown at once, as a share of the order.
    offset_ticks : int
        How far behind the best price of its own side it waits; 0 joins it.
    reprice_ticks : int
        How far the best price must have moved before it is followed.
    interval : DurationNs
        How often it is looked at.
    reprices_max : int
        How often it is followed at most; what is left then crosses.
    cross_at : TimestampNs
        From when on what is left is swept over all venues the order allows.
    """

    display_pips: Pips
    offset_ticks: int
    reprice_ticks: int
    interval: DurationNs
    reprices_max: int
    cross_at: TimestampNs


@dataclass(frozen=True, slots=True)
class LimitUntil:
    """Takes what the markets give within the limit price, as long as there is time.

    Attributes
    ----------
    interval : DurationNs
        How often the markets are looked at.
    """

    interval: DurationNs


Algo: TypeAlias = Sweep | Twap | Pov | Shortfall | Iceberg | LimitUntil
