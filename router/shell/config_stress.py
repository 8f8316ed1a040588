"""The tables ``[stress]`` and ``[uncertainty]``: what a plan must survive and reckon with.

Both may be left out, and switched off. Refuses scenarios that take more than everything, names that
occur twice, and weights that do not add up to one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_UP, Decimal
from typing import Annotated, Final, Literal, TypeVar

from pydantic import AfterValidator, Field

from router.domain.error import ConfigError
from router.domain.instrument import Asset
from router.domain.limits import VenueMargin
from router.domain.margin import StressShock
from router.domain.plan import InclusionScenario, Uncertainty
from router.domain.stress import PegShock, Scenario, VenueShock
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
from router.risk.stress.library import AssetClass, standard
from router.shell.config_fields import Number, PlainDecimal, SignedBps, Strict

_PIPS_PER_BPS: Final = 100
_PIPS_PER_PCT: Final = 10_000
EVERY: Final = "*"  # no venue can be called that
T = TypeVar("T")


# Names stand in rows of proofs, between colons, and in sentences of one line.
def _one_word(name: str) -> str:
    if ":" in name or not name.isprintable():
        raise ValueError("must be a name of one line without a colon")
    return name


Name = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_one_word)]
Gap = Annotated[Number, Field(gt=-100, le=1_000, decimal_places=4)]
Depth = Annotated[Number, Field(gt=0, le=100, decimal_places=4)]
Share = Annotated[Number, Field(ge=0, le=100, decimal_places=4)]
Seconds = Annotated[int, Field(ge=0, le=604_800)]


class ShockSettings(Strict):
    """What a scenario does to one asset instead of what it does to all others."""

    gap_pct: Gap = Decimal(0)
    funding_bps: SignedBps = Decimal(0)


class VenueShockSettings(Strict):
    """What befalls one venue beside what befalls all prices.

    `deleveraged_pct` is the share of each profitable position that it closes, when
    `deleveraged_at_pct` of the gap have happened: where it closes any, that must be chosen.
    """

    mark_pct: Gap = Decimal(0)
    is_out: bool = False
    oracle_late_s: Seconds = 0
    deleveraged_pct: Share = Decimal(0)
    deleveraged_at_pct: Share | None = None


class ScenarioSettings(Strict):
    """A gap of all prices at once, what longs pay of funding before it is over, and all beside.

    `depth_pct` of depth is left, gas costs `gas_pct` of what it does now, and an asset in
    `pegs_pct` is worth so much of what it stands for.
    """

    name: Name
    gap_pct: Gap = Decimal(0)
    funding_bps: SignedBps = Decimal(0)
    apart: Mapping[str, ShockSettings] = {}
    venues: Mapping[str, VenueShockSettings] = {}
    pegs_pct: Mapping[str, Share] = {}
    depth_pct: Depth = Decimal(100)
    gas_pct: Annotated[Number, Field(gt=0, le=100_000, decimal_places=4)] = Decimal(100)
    duration_s: Annotated[int, Field(gt=0, le=604_800)] = 300


class VenueSettings(Strict):
    """What the perp account of a venue must keep above maintenance, and whether it may grow."""

    buffer: Mapping[str, PlainDecimal] = {}
    reduces_only: bool = False


class LibrarySettings(Strict):
    """The standard scenarios beside those of the file; assets without a class fall the furthest.

    `money` is what stands for the reference and may lose its peg.
    """

    severity: Literal["default", "severe"]
    classes: Mapping[str, Literal["btc", "eth", "sol", "large", "small"]]
    money: list[str]


class StressSettings(Strict):
    """The table; `enabled` switches the scenarios, the venues' `reduces_only` holds in any case.

    `betas` are by asset: how much of a scenario's gap it takes, 1 where it has none. A scenario's
    venue may be ``*``: every venue that it does not name.
    """

    enabled: bool
    scenarios: list[ScenarioSettings] = Field(default_factory=list)
    library: LibrarySettings | None = None
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


def stresses(
    where: str,
    settings: StressSettings | None,
    assets: Mapping[str, Asset],
    *,
    venues: Iterable[str],
) -> tuple[Scenario, ...]:
    """Return all that the desk must survive; nothing where it is switched off.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    if settings is None:
        return ()
    _check_assets(f"{where}.betas", settings.betas, assets)
    made, known = list[Scenario](), tuple(venues)
    for scenario in settings.scenarios:
        place = f"{where}.scenarios: {scenario.name}"
        _check_assets(f"{place}: apart", scenario.apart, assets)
        _check_assets(f"{place}: pegs_pct", scenario.pegs_pct, assets)
        shocks = of_venues(f"{place}: venues", scenario.venues, known)
        made.append(
            replace(
                _scenario(place, scenario, settings.betas),
                venues=tuple(_venue_shock(place, *named) for named in shocks.items()),
            )
        )
    if settings.library is not None:
        made += _standard(f"{where}.library", settings.library, assets, venues=known)
    if not made:
        raise ConfigError(f"{where}.scenarios: missing; add one, or a library")
    _check_names(where, [s.name for s in made])
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


def of_venues(where: str, table: Mapping[str, T], venues: Iterable[str]) -> dict[str, T]:
    """Return a table's entry of every venue that has one, its own or that of ``*``.

    Raises
    ------
    ConfigError
        If the table names a venue that is not configured.
    """
    known = tuple(venues)
    for name in table:
        if name != EVERY and name not in known:
            raise ConfigError(f"{where}.{name}: is not in [venues]; add it there or correct it")
    found = ((name, table.get(name, table.get(EVERY))) for name in known)
    return {name: own for name, own in found if own is not None}


def _standard(
    where: str, settings: LibrarySettings, assets: Mapping[str, Asset], *, venues: Iterable[str]
) -> tuple[Scenario, ...]:
    _check_assets(f"{where}.classes", settings.classes, assets)
    _check_assets(f"{where}.money", settings.money, assets)
    return standard(
        {AssetId(name): AssetClass(kind) for name, kind in settings.classes.items()},
        venues=[VenueId(name) for name in venues],
        money=[AssetId(name) for name in settings.money],
        severe=settings.severity == "severe",
    )


def _venue_shock(where: str, name: str, settings: VenueShockSettings) -> VenueShock:
    if settings.deleveraged_pct and settings.deleveraged_at_pct is None:
        raise ConfigError(
            f"{where}: venues.{name}.deleveraged_at_pct: missing; say how much of the gap has"
            " happened when positions are closed"
        )
    return VenueShock(
        venue=VenueId(name),
        mark_pips=_pips(settings.mark_pct),
        is_out=settings.is_out,
        oracle_late_s=settings.oracle_late_s,
        deleveraged_pips=_pips(settings.deleveraged_pct),
        deleveraged_at_pips=_pips(settings.deleveraged_at_pct or Decimal(0)),
    )


def _scenario(where: str, settings: ScenarioSettings, betas: Mapping[str, Decimal]) -> Scenario:
    shocks = {name: (settings.gap_pct * beta, settings.funding_bps) for name, beta in betas.items()}
    shocks |= {name: (own.gap_pct, own.funding_bps) for name, own in settings.apart.items()}
    return Scenario(
        name=settings.name,
        gap_pips=_gap(where, settings.gap_pct),
        funding_pips=_funding(settings.funding_bps),
        apart=tuple(
            StressShock(AssetId(name), _gap(f"{where}: {name}", gap), _funding(funding))
            for name, (gap, funding) in shocks.items()
        ),
        pegs=tuple(PegShock(AssetId(n), _pips(left)) for n, left in settings.pegs_pct.items()),
        depth_pips=_pips(settings.depth_pct),
        gas_pips=_pips(settings.gas_pct),
        duration_s=settings.duration_s,
    )


# Away from zero: the larger move.
def _gap(where: str, percent: Decimal) -> Pips:
    pips = int((percent * _PIPS_PER_PCT).to_integral_value(ROUND_UP))
    if pips <= -PIPS_PER_UNIT:
        raise ConfigError(f"{where}: falls by {-percent} %, nothing is left; choose less")
    return Pips(pips)


# Exact: percents have four decimals at most.
def _pips(percent: Decimal) -> Pips:
    return Pips(int(percent * _PIPS_PER_PCT))


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
