"""The tables ``[stress]`` and ``[uncertainty]``: what a plan must survive and reckon with.

Both may be left out, and switched off. Refuses scenarios that take more than everything, names that
occur twice, and weights that do not add up to one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_UP, Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from router.domain.error import ConfigError
from router.domain.event import VenueMargin
from router.domain.instrument import Asset
from router.domain.margin import StressScenario, StressShock
from router.domain.plan import InclusionScenario, Uncertainty
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    Amount,
    AssetId,
    Pico,
    Pips,
    VenueId,
    parse_decimal,
)
from router.shell.config_fields import Number, PlainDecimal, SignedBps, Strict

_PIPS_PER_BPS: Final = 100
_PIPS_PER_PCT: Final = 10_000


# Names stand in rows of proofs, between colons, and in sentences of one line.
def _one_word(name: str) -> str:
    if ":" in name or not name.isprintable():
        raise ValueError("must be a name of one line without a colon")
    return name


Name = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_one_word)]
Gap = Annotated[Number, Field(gt=-100, le=1_000, decimal_places=4)]
Depth = Annotated[Number, Field(gt=0, le=100, decimal_places=4)]


class ShockSettings(Strict):
    """What a scenario does to one asset instead of what it does to all others."""

    gap_pct: Gap = Decimal(0)
    funding_bps: SignedBps = Decimal(0)


class ScenarioSettings(Strict):
    """A gap of all prices at once, and what longs pay of funding before it is over."""

    name: Name
    gap_pct: Gap = Decimal(0)
    funding_bps: SignedBps = Decimal(0)
    apart: Mapping[str, ShockSettings] = {}


class VenueSettings(Strict):
    """What the perp account of a venue must keep above maintenance, and whether it may grow."""

    buffer: Mapping[str, PlainDecimal] = {}
    reduces_only: bool = False


class StressSettings(Strict):
    """The table; `enabled` switches the scenarios, the venues' `reduces_only` holds in any case.

    `betas` are by asset: how much of a scenario's gap it takes, 1 where it has none.
    """

    enabled: bool
    scenarios: Annotated[list[ScenarioSettings], Field(min_length=1)]
    betas: Mapping[str, Annotated[Number, Field(ge=-10, le=10, decimal_places=4)]] = {}
    venues: Mapping[str, VenueSettings] = {}


class InclusionSettings(Strict):
    """What may have happened by the time a leg is executed."""

    name: Name
    weight: Annotated[Number, Field(gt=0, le=1, decimal_places=12)]
    move_bps: SignedBps = Decimal(0)
    pool_depth_pct: Depth = Decimal(100)
    book_depth_pct: Depth = Decimal(100)


class UncertaintySettings(Strict):
    """The table; `aversion` is how much a basis point of the worst `tail_pct` counts on top."""

    enabled: bool
    tail_pct: Annotated[Number, Field(gt=0, le=100, decimal_places=4)]
    aversion: Annotated[Number, Field(ge=0, le=1_000, decimal_places=6)]
    scenarios: Annotated[list[InclusionSettings], Field(min_length=1)]


def stress_scenarios(
    where: str, settings: StressSettings | None, assets: Mapping[str, Asset]
) -> tuple[StressScenario, ...]:
    """Return what every account must survive; nothing where it is switched off.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    if settings is None:
        return ()
    _check_names(where, [s.name for s in settings.scenarios])
    _check_assets(f"{where}.betas", settings.betas, assets)
    made = []
    for scenario in settings.scenarios:
        place = f"{where}.scenarios: {scenario.name}"
        _check_assets(f"{place}: apart", scenario.apart, assets)
        made.append(_scenario(place, scenario, settings.betas))
    return tuple(made) if settings.enabled else ()


def venue_margins(
    where: str,
    settings: StressSettings | None,
    assets: Mapping[str, Asset],
    *,
    venues: Iterable[str],
) -> tuple[VenueMargin, ...]:
    """Return the rules of venues.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    known, made = set(venues), []
    for name, table in ({} if settings is None else settings.venues).items():
        place = f"{where}.venues.{name}"
        if name not in known:
            raise ConfigError(f"{place}: is not in [venues]; add it there or correct it")
        _check_assets(f"{place}.buffer", table.buffer, assets)
        buffers = tuple(
            _buffer(f"{place}.buffer.{asset}", assets[asset], text)
            for asset, text in table.buffer.items()
        )
        made.append(VenueMargin(VenueId(name), buffers, table.reduces_only))
    return tuple(made)


def uncertainty(where: str, settings: UncertaintySettings | None) -> Uncertainty | None:
    """Return what plans reckon with; None where it is switched off.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    if settings is None:
        return None
    _check_names(where, [s.name for s in settings.scenarios])
    weight = sum((s.weight for s in settings.scenarios), Decimal(0))
    if weight != 1:
        raise ConfigError(
            f"{where}.scenarios: weights must add up to 1, they add up to {weight}; change one"
        )
    made = Uncertainty(
        scenarios=tuple(_inclusion(s) for s in settings.scenarios),
        tail_pips=Pips(int(settings.tail_pct * _PIPS_PER_PCT)),
        aversion_pips=Pips(int(settings.aversion * PIPS_PER_UNIT)),
    )
    return made if settings.enabled else None


def _scenario(
    where: str, settings: ScenarioSettings, betas: Mapping[str, Decimal]
) -> StressScenario:
    shocks = {name: (settings.gap_pct * beta, settings.funding_bps) for name, beta in betas.items()}
    shocks |= {name: (own.gap_pct, own.funding_bps) for name, own in settings.apart.items()}
    return StressScenario(
        name=settings.name,
        gap_pips=_gap(where, settings.gap_pct),
        funding_pips=_funding(settings.funding_bps),
        apart=tuple(
            StressShock(AssetId(name), _gap(f"{where}: {name}", gap), _funding(funding))
            for name, (gap, funding) in shocks.items()
        ),
    )


# Away from zero: the larger move.
def _gap(where: str, percent: Decimal) -> Pips:
    pips = int((percent * _PIPS_PER_PCT).to_integral_value(ROUND_UP))
    if pips <= -PIPS_PER_UNIT:
        raise ConfigError(f"{where}: falls by {-percent} %, nothing is left; choose less")
    return Pips(pips)


def _funding(bps: Decimal) -> Pips:
    return Pips(int(bps * _PIPS_PER_BPS))


def _inclusion(settings: InclusionSettings) -> InclusionScenario:
    return InclusionScenario(
        name=settings.name,
        weight=Pico(int(settings.weight * PICO_PER_UNIT)),
        move_pips=Pips(int(settings.move_bps * _PIPS_PER_BPS)),
        pool_depth_pips=Pips(int(settings.pool_depth_pct * _PIPS_PER_PCT)),
        book_depth_pips=Pips(int(settings.book_depth_pct * _PIPS_PER_PCT)),
    )


def _buffer(where: str, asset: Asset, text: str) -> Amount:
    try:
        atoms = parse_decimal(text, asset.decimals)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    if atoms < 0:
        raise ConfigError(f"{where}: must not be negative, was {text}")
    return Amount(asset.id, atoms)


def _check_names(where: str, names: Sequence[str]) -> None:
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise ConfigError(f"{where}.scenarios: {name!r} is there {count} times; rename one")


def _check_assets(where: str, names: Iterable[str], assets: Mapping[str, Asset]) -> None:
    for name in names:
        if name not in assets:
            raise ConfigError(f"{where}.{name}: is not in [assets]; add it there or correct it")
