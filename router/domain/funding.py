"""Funding rates of one asset at several venues, and the rules of the watch over them."""

import enum
from dataclasses import dataclass

from router.domain.units import AssetId, DurationNs, InstrumentId, Pico, Pips, Price, TimestampNs


class FundingKind(enum.StrEnum):
    """Whether a rate will be paid, or was."""

    PREDICTED = "predicted"
    REALISED = "realised"


@dataclass(frozen=True, slots=True)
class FundingSample:
    """One venue's rate of one asset.

    Attributes
    ----------
    source : str
        Whose rate: a venue's name, also of those the desk does not trade at.
    instrument : InstrumentId | None
        The desk's own instrument, where it is that venue's.
    rate_per_hour : Pico
        Positive means that longs pay; rates of longer intervals are divided.
    interval_s : int
        What the venue settles at.
    at : TimestampNs
        Of a realised rate, when it was settled.
    price : Price | None
        What the venue settles on, where it is the desk's: the oracle of the moment.
    cap_per_hour : Pico | None
        The venue lets no rate be further from zero; None where that is not known.
    """

    asset: AssetId
    source: str
    kind: FundingKind
    instrument: InstrumentId | None
    rate_per_hour: Pico
    interval_s: int
    at: TimestampNs
    price: Price | None = None
    cap_per_hour: Pico | None = None


class FundingState(enum.StrEnum):
    """How far an asset's funding is from what other venues pay."""

    QUIET = "quiet"
    WATCHED = "watched"
    ALARMED = "alarmed"


@dataclass(frozen=True, slots=True)
class FundingRules:
    """When an asset's funding is watched, when somebody is called, and when that ends.

    Spreads are of eight hours, against the median of the other venues. Half of `watch_pips` is what
    noise explains: below it neither a deviation, nor a side kept, nor a change of sign counts.

    Attributes
    ----------
    watch_pips, alarm_pips : Pips
        Spread; ascending.
    z_watch, z_alarm : int
        Spread in standard deviations of the last days, in hundredths; ascending.
    persistence : int
        Hours in a row on one side before it is watched for that alone, where it costs us.
    calm_hours : int
        Hours below all bounds before a state is left for the one below.
    cost_max_pips : Pips
        Funding of the next 24 hours on our positions, of the account's equity.
    hours_min : int
        Hours until the account would be in its soft zone, by funding at the present rate alone.
    interval : DurationNs
        How often venues are asked.
    """

    watch_pips: Pips
    alarm_pips: Pips
    z_watch: int
    z_alarm: int
    persistence: int
    calm_hours: int
    cost_max_pips: Pips
    hours_min: int
    interval: DurationNs
