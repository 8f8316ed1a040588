"""The table ``[risk]``: how fresh an assessment must be, and the zones of each venue's account.

It may be left out: then nothing is assessed, and accounts share margin unasked. Where it is there,
every key must be chosen. Refuses zones that do not rise, and venues that are not configured.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Final

from pydantic import Field

from router.domain.error import ConfigError
from router.domain.risk import GateRules, ZoneRules
from router.domain.units import DurationNs, Pips, VenueId
from router.shell.config_fields import Bps, Number, Strict
from router.shell.config_stress import of_venues

_NS_PER_MS: Final = 1_000_000
_PIPS_PER_BPS: Final = 100
_PIPS_PER_PCT: Final = 10_000

Percent = Annotated[Number, Field(gt=0, lt=100, decimal_places=4)]
PositiveMs = Annotated[int, Field(gt=0)]


class ZoneSettings(Strict):
    """Maintenance margin over equity, in percent; the venue liquidates at 100."""

    early_pct: Percent
    soft_pct: Percent
    hard_pct: Percent
    target_pct: Percent
    slice_max_pct: Annotated[Number, Field(gt=0, le=100, decimal_places=4)]
    cost_max_bps: Bps


class RiskSettings(Strict):
    """The table; in `zones` the venue ``*`` is every venue that is not named."""

    assess_every_ms: PositiveMs
    assessment_age_max_ms: PositiveMs
    zones: Annotated[Mapping[str, ZoneSettings], Field(min_length=1)]


def gate(where: str, settings: RiskSettings | None) -> GateRules | None:
    """Return when accounts may share margin; None where nothing is asked.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    if settings is None:
        return None
    if settings.assessment_age_max_ms < settings.assess_every_ms:
        raise ConfigError(
            f"{where}.assessment_age_max_ms: must not be below assess_every_ms"
            f" {settings.assess_every_ms}, was {settings.assessment_age_max_ms}; accounts would"
            " only be reduced between two assessments"
        )
    return GateRules(
        age_max=DurationNs(settings.assessment_age_max_ms * _NS_PER_MS),
        interval=DurationNs(settings.assess_every_ms * _NS_PER_MS),
    )


def zones(
    where: str, settings: RiskSettings | None, *, venues: Iterable[str]
) -> tuple[ZoneRules, ...]:
    """Return the zones of every venue.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    if settings is None:
        return ()
    for name, table in settings.zones.items():
        _check_rising(f"{where}.zones.{name}", table)
    found = of_venues(f"{where}.zones", settings.zones, venues)
    return tuple(_rules(name, table) for name, table in found.items())


def _check_rising(where: str, table: ZoneSettings) -> None:
    levels = [("early_pct", table.early_pct), ("soft_pct", table.soft_pct)]
    for (low, before), (high, after) in pairwise([*levels, ("hard_pct", table.hard_pct)]):
        if before >= after:
            raise ConfigError(
                f"{where}.{high}: must be above {low} {before}, was {after}; change one"
            )
    if table.target_pct >= table.soft_pct:
        raise ConfigError(
            f"{where}.target_pct: must be below soft_pct {table.soft_pct}, was {table.target_pct};"
            " reducing would never end"
        )


def _rules(name: str, table: ZoneSettings) -> ZoneRules:
    return ZoneRules(
        venue=VenueId(name),
        early_pips=_pips(table.early_pct),
        soft_pips=_pips(table.soft_pct),
        hard_pips=_pips(table.hard_pct),
        target_pips=_pips(table.target_pct),
        slice_max_pips=_pips(table.slice_max_pct),
        cost_max_pips=Pips(int(table.cost_max_bps * _PIPS_PER_BPS)),
    )


def _pips(percent: Decimal) -> Pips:
    return Pips(int(percent * _PIPS_PER_PCT))
