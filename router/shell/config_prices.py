"""The tables ``[price_guard]`` and ``[funding]``: when a price or a rate is not to be trusted.

Both may be left out. Bands, ages and hours have defaults: they bound no money, and follow what
venues do themselves (Binance and BingX leave out what is 3 to 5 % from the median of all sources,
and what is older than seconds; a jump of 5 % wants a second source; 0.05 % in eight hours is what
the interest band of funding explains). What funding may cost has none.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from router.domain.error import ConfigError
from router.domain.funding import FundingRules
from router.domain.instrument import Asset
from router.domain.price import PriceGuardRules
from router.domain.units import NS_PER_S, DurationNs, Pips
from router.shell.config_fields import Bps, Number, Strict
from router.shell.price_file import PriceFile

_NS_PER_MS: Final = 1_000_000
_PIPS_PER_BPS: Final = 100
_Z_UNIT: Final = 100

PositiveMs = Annotated[int, Field(gt=0)]
Hours = Annotated[int, Field(ge=1, le=168)]
Deviations = Annotated[Number, Field(gt=0, le=100, decimal_places=2)]


class PriceGuardSettings(Strict):
    """The table; `indices` are files that somebody else keeps, by the name of their voice."""

    sources_min: Annotated[int, Field(ge=1, le=20)] = 2
    age_max_ms: PositiveMs = 10_000
    pool_age_max_ms: PositiveMs = 30_000
    soft_bps: Bps = Decimal(100)
    hard_bps: Bps = Decimal(300)
    jump_max_bps: Bps = Decimal(500)
    average_minutes: Annotated[int, Field(ge=1, le=30)] = 5
    indices: Mapping[str, str] = {}


class FundingSettings(Strict):
    """The table; spreads are of eight hours, against the median of other venues."""

    watch_bps: Bps = Decimal(5)
    alarm_bps: Bps = Decimal(25)
    z_watch: Deviations = Decimal(3)
    z_alarm: Deviations = Decimal(6)
    persistence_hours: Hours = 3
    calm_hours: Hours = 6
    cost_max_bps: Bps
    hours_min: Hours = 48
    interval_s: Annotated[int, Field(ge=10, le=3_600)] = 300


def price_guard_rules(where: str, settings: PriceGuardSettings | None) -> PriceGuardRules | None:
    """Return the rules; None where there is no table.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    if settings is None:
        return None
    if settings.soft_bps > settings.hard_bps:
        raise ConfigError(f"{where}.soft_bps: is above hard_bps; choose less")
    return PriceGuardRules(
        sources_min=settings.sources_min,
        age_max=DurationNs(settings.age_max_ms * _NS_PER_MS),
        pool_age_max=DurationNs(settings.pool_age_max_ms * _NS_PER_MS),
        soft_pips=_pips(settings.soft_bps),
        hard_pips=_pips(settings.hard_bps),
        jump_max_pips=_pips(settings.jump_max_bps),
    )


def average_window(settings: PriceGuardSettings | None) -> DurationNs:
    """Return what mean prices are of."""
    return DurationNs((settings or PriceGuardSettings()).average_minutes * 60 * NS_PER_S)


def price_files(
    path: Path, settings: PriceGuardSettings | None, assets: Mapping[str, Asset]
) -> tuple[PriceFile, ...]:
    """Return the indices; relative paths are relative to the configuration file."""
    named = {} if settings is None else settings.indices
    return tuple(PriceFile(name, path.parent / file, assets) for name, file in named.items())


def funding_rules(where: str, settings: FundingSettings | None) -> FundingRules | None:
    """Return the rules; None where there is no table.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    if settings is None:
        return None
    for below, above in (("watch_bps", "alarm_bps"), ("z_watch", "z_alarm")):
        if getattr(settings, below) > getattr(settings, above):
            raise ConfigError(f"{where}.{below}: is above {above}; choose less")
    return FundingRules(
        watch_pips=_pips(settings.watch_bps),
        alarm_pips=_pips(settings.alarm_bps),
        z_watch=int(settings.z_watch * _Z_UNIT),
        z_alarm=int(settings.z_alarm * _Z_UNIT),
        persistence=settings.persistence_hours,
        calm_hours=settings.calm_hours,
        cost_max_pips=_pips(settings.cost_max_bps),
        hours_min=settings.hours_min,
        interval=DurationNs(settings.interval_s * NS_PER_S),
    )


def _pips(bps: Decimal) -> Pips:
    return Pips(int(bps * _PIPS_PER_BPS))
