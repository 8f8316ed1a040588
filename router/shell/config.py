"""The configuration file: TOML into strict models; an unknown or missing key stops the start.

What belongs to a venue is checked by the venue's own model; this module knows the rest. Limits have
no defaults: a limit nobody chose is not a limit. Secrets are names of environment variables.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from router.domain.error import ConfigError
from router.domain.instrument import Asset
from router.domain.limits import Limits
from router.domain.units import NATIVE, Amount, AssetId, DurationNs, Pips, parse_decimal
from router.risk.stress.rows import shared_rows
from router.shell.config_controls import ControlSettings, control_rules
from router.shell.config_fields import Bps, PlainDecimal, Strict
from router.shell.config_inventory import ChainInventorySettings, chain_inventories
from router.shell.config_lint import refuse_secrets
from router.shell.config_prices import (
    FundingSettings,
    PriceGuardSettings,
    average_window,
    funding_rules,
    price_files,
    price_guard_rules,
)
from router.shell.config_reconciliation import ReconciliationSettings, reconciliation_rules
from router.shell.config_risk import RiskSettings, gate, zones
from router.shell.config_stress import (
    StressSettings,
    UncertaintySettings,
    stresses,
    uncertainty,
    venue_margins,
)
from router.shell.price_file import PriceFile
from router.state.market import Staleness

_NS_PER_MS: Final = 1_000_000
_PIPS_PER_BPS: Final = 100
# Instruments' ids and lists of names in orders are put together with other characters.
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+\Z")

PositiveMs = Annotated[int, Field(gt=0)]


class EngineSettings(Strict):
    """Where the journal is, and how long a plan may take."""

    journal: str
    solve_deadline_ms: PositiveMs


class LimitsSettings(Strict):
    """Money limits; every key must be chosen.

    `order_notional_max` has a value, in units of the asset, for each asset orders are quoted in.
    """

    order_notional_max: Annotated[Mapping[str, PlainDecimal], Field(min_length=1)]
    slippage_max_bps: Bps
    slippage_tolerance_bps: Bps
    plan_rounds_max: Annotated[int, Field(ge=1, le=20)]
    child_lifetime_ms: PositiveMs


class StalenessSettings(Strict):
    """How old market data may be."""

    head_age_max_ms: PositiveMs
    book_age_max_ms: PositiveMs


class FileSettings(Strict):
    """The whole file; tables of venues, chains and the gateway are checked by their own models."""

    engine: EngineSettings
    limits: LimitsSettings
    staleness: StalenessSettings
    stress: StressSettings | None = None
    risk: RiskSettings | None = None
    uncertainty: UncertaintySettings | None = None
    controls: ControlSettings | None = None
    price_guard: PriceGuardSettings | None = None
    funding: FundingSettings | None = None
    reconciliation: ReconciliationSettings | None = None
    inventory: Mapping[str, ChainInventorySettings] = {}
    assets: Annotated[Mapping[str, Annotated[int, Field(ge=0, le=30)]], Field(min_length=1)]
    venues: Mapping[str, dict[str, object]] = {}
    chains: Mapping[str, dict[str, object]] = {}
    gateway: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration in the domain's terms."""

    path: Path
    journal: Path
    solve_deadline: DurationNs
    limits: Limits
    staleness: Staleness
    assets: Mapping[str, Asset]
    venues: Mapping[str, Mapping[str, object]]
    chains: Mapping[str, Mapping[str, object]]
    indices: tuple[PriceFile, ...] = ()
    gateway: Mapping[str, object] = field(default_factory=dict)


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """Read and check a file; a relative journal path is relative to the file.

    Strings of the form ``env:NAME`` in the tables of venues and chains are taken from the
    environment.

    Raises
    ------
    ConfigError
        Naming the file, the key and the remedy.
    """
    settings = _parsed(path)
    both = settings.venues.keys() & settings.chains.keys()
    if both:
        raise ConfigError(f"{path}: chains.{min(both)}: is a venue's name, too; choose another")
    if not settings.venues and not settings.chains:
        raise ConfigError(f"{path}: chains: missing; add a table of a chain or of a venue")
    _check_names(path, settings)
    assets = {n: Asset(AssetId(n), decimals) for n, decimals in settings.assets.items()}
    return Config(
        path=path,
        journal=path.parent / settings.engine.journal,
        solve_deadline=DurationNs(settings.engine.solve_deadline_ms * _NS_PER_MS),
        limits=_limits(path, settings, assets),
        staleness=Staleness(
            head_age_max=DurationNs(settings.staleness.head_age_max_ms * _NS_PER_MS),
            book_age_max=DurationNs(settings.staleness.book_age_max_ms * _NS_PER_MS),
            average_window=average_window(settings.price_guard),
        ),
        assets=assets,
        venues={
            name: _resolved(table, environment, where=f"{path}: venues.{name}")
            for name, table in settings.venues.items()
        },
        chains={
            name: _resolved(table, environment, where=f"{path}: chains.{name}")
            for name, table in settings.chains.items()
        },
        indices=price_files(path, settings.price_guard, assets),
        gateway=settings.gateway,
    )


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What a gateway needs of a configuration: no secret of a venue is among it."""

    path: Path
    journal: Path
    assets: Mapping[str, Asset]
    gateway: Mapping[str, object]


def load_gateway(path: Path) -> GatewayConfig:
    """Read a file for a gateway; the variables that its venues' tables name are not looked at.

    Raises
    ------
    ConfigError
        Naming the file, the key and the remedy.
    """
    settings = _parsed(path)
    return GatewayConfig(
        path=path,
        journal=path.parent / settings.engine.journal,
        assets={n: Asset(AssetId(n), decimals) for n, decimals in settings.assets.items()},
        gateway=settings.gateway,
    )


def faults(error: ValidationError, where: str) -> ConfigError:
    """Say the first thing wrong with a table in one line."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    remedies = {
        "extra_forbidden": "unknown key; remove it or correct its spelling",
        "missing": "missing; add it",
    }
    said = first["msg"].removeprefix("Value error, ")
    problem = remedies.get(first["type"]) or f"{said}, was {first['input']!r}"
    if key.endswith("_env") and first["type"] not in remedies:
        # Whoever typed a key where its variable's name belongs must not find it in a log.
        problem = "must be the name of an environment variable, in capitals"
    return ConfigError(f"{where}{key}: {problem}")


def _parsed(path: Path) -> FileSettings:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error
    refuse_secrets(path, raw)
    try:
        return FileSettings.model_validate(raw)
    except ValidationError as error:
        raise faults(error, f"{path}: ") from error


def _check_names(path: Path, settings: FileSettings) -> None:
    names = {"assets": settings.assets, "venues": settings.venues, "chains": settings.chains}
    for table, own in names.items():
        for name in own:
            if not _NAME.match(name):
                raise ConfigError(
                    f"{path}: {table}: {name!r} must be a name of letters, digits and . _ -;"
                    " choose another"
                )
    if NATIVE in settings.assets:
        raise ConfigError(
            f"{path}: assets.{NATIVE}: is what the coin that pays for gas is called in the books;"
            " choose another name"
        )


def _limits(path: Path, file: FileSettings, assets: Mapping[str, Asset]) -> Limits:
    settings, stress = file.limits, f"{path}: stress"
    survived = stresses(stress, file.stress, assets, venues=file.venues)
    return Limits(
        order_notional_max=tuple(
            _notional(f"{path}: limits.order_notional_max.{name}", assets.get(name), text)
            for name, text in settings.order_notional_max.items()
        ),
        slippage_max_pips=Pips(int(settings.slippage_max_bps * _PIPS_PER_BPS)),
        plan_rounds_max=settings.plan_rounds_max,
        child_lifetime=DurationNs(settings.child_lifetime_ms * _NS_PER_MS),
        slippage_tolerance_pips=Pips(int(settings.slippage_tolerance_bps * _PIPS_PER_BPS)),
        scenarios=shared_rows(survived),
        venue_margins=venue_margins(stress, file.stress, assets, venues=file.venues),
        uncertainty=uncertainty(f"{path}: uncertainty", file.uncertainty),
        price_guard=price_guard_rules(f"{path}: price_guard", file.price_guard),
        funding=funding_rules(f"{path}: funding", file.funding),
        reconciliation=reconciliation_rules(file.reconciliation),
        inventory=chain_inventories(
            f"{path}: inventory", file.inventory, chains=file.chains, assets=assets
        ),
        stresses=survived,
        gate=gate(f"{path}: risk", file.risk),
        zones=zones(f"{path}: risk", file.risk, venues=file.venues),
        controls=control_rules(
            f"{path}: controls",
            file.controls,
            assets,
            venues={*file.venues, *file.chains},
            has_prices=file.price_guard is not None,
        ),
    )


def _notional(where: str, asset: Asset | None, text: str) -> Amount:
    if asset is None:
        raise ConfigError(f"{where}: is not in [assets]; add it there or correct it")
    try:
        atoms = parse_decimal(text, asset.decimals)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    if atoms <= 0:
        raise ConfigError(f"{where}: must be positive, was {text}")
    return Amount(asset.id, atoms)


def _resolved(
    table: Mapping[str, object], environment: Mapping[str, str], *, where: str
) -> dict[str, object]:
    return {
        key: _resolved_value(value, environment, where=f"{where}.{key}")
        for key, value in table.items()
    }


def _resolved_value(value: object, environment: Mapping[str, str], *, where: str) -> object:
    if isinstance(value, list):
        return [_resolved_value(each, environment, where=where) for each in value]
    if isinstance(value, dict):
        return _resolved(value, environment, where=where)
    if not isinstance(value, str) or not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    if name not in environment:
        raise ConfigError(f"{where}: environment variable {name} is not set; set it")
    return environment[name]
