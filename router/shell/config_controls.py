"""The tables ``[controls...]``: what pre-trade controls judge by, by whom it holds for.

They may be left out. Where they are there, the firm's money limits must be, too: none has a
default. Refuses a key where it could not be kept, names that stand for nothing, and a collar
without the prices it is measured against.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field

from router.domain.controls import (
    Amounts,
    ControlLimits,
    ControlRules,
    Maintenance,
    SelfTrade,
    TokenMark,
    TokenRisk,
    WeeklyClosing,
)
from router.domain.error import ConfigError
from router.domain.instrument import Asset, Instrument
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.units import (
    Amount,
    AssetId,
    DurationNs,
    Pips,
    TimestampNs,
    VenueId,
    parse_decimal,
)
from router.shell.config_fields import Bps, Number, PlainDecimal, Strict

_PIPS_PER_BPS: Final = 100
_PIPS_PER_PCT: Final = 10_000
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 10**9
_COIN_DECIMALS: Final = 18
_WEI_PER_GWEI: Final = 10**9
_SIMILAR_MS_MAX: Final = 60_000  # orders are remembered so long
_ERRORS_S_MAX: Final = 3_600
_SECONDS_PER_DAY: Final = 86_400
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_Word = TypeVar("_Word", bound=enum.StrEnum)
Count = Annotated[int, Field(gt=0)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class ClosedSettings(Strict):
    """A time of some days, UTC; a night is two of them."""

    days: Annotated[list[Day], Field(min_length=1)]
    from_utc: time
    until_utc: time


class MaintenanceSettings(Strict):
    """A time, once."""

    from_utc: datetime
    until_utc: datetime


class LimitSettings(Strict):
    """Limits of one scope; money by asset, in its units."""

    order_notional_max: Mapping[str, PlainDecimal] = {}
    order_quantity_max: Mapping[str, PlainDecimal] = {}
    order_notional_min: Mapping[str, PlainDecimal] = {}
    confirm_above: Mapping[str, PlainDecimal] = {}
    deadline_max_s: Count | None = None
    similar_within_ms: Annotated[int, Field(gt=0, le=_SIMILAR_MS_MAX)] | None = None
    slippage_max_bps: Bps | None = None
    collar_pool_bps: Bps | None = None
    collar_book_bps: Bps | None = None
    impact_max_bps: Bps | None = None
    impact_10min_max_bps: Bps | None = None
    open_notional_max: Mapping[str, PlainDecimal] = {}
    position_notional_max: Mapping[str, PlainDecimal] = {}
    leverage_max_pct: Count | None = None
    daily_notional_max: Mapping[str, PlainDecimal] = {}
    daily_loss_max: Mapping[str, PlainDecimal] = {}
    gas_hour_max_native: PlainDecimal | None = None
    gas_day_max_native: PlainDecimal | None = None
    messages_per_s_max: Count | None = None
    messages_burst_max: Count | None = None
    orders_per_min_max: Count | None = None
    unfilled_max_pct: Annotated[Number, Field(ge=0, le=100, decimal_places=4)] | None = None
    children_per_min_max: Count | None = None
    losing_slices_max: Count | None = None
    losing_slice_bps: Bps | None = None
    assets_denied: Sequence[str] = ()
    venues_denied: Sequence[str] = ()
    contracts_denied: Sequence[str] = ()
    contracts_allowed: Sequence[str] = ()
    protocols_denied: Sequence[str] = ()
    book_age_max_ms: Count | None = None
    pool_age_max_ms: Count | None = None
    clock_offset_max_ms: Count | None = None
    gas_price_max_gwei: Annotated[Number, Field(gt=0, decimal_places=9)] | None = None
    gas_units_max: Count | None = None
    cancels_reserved: Count | None = None
    closed: Sequence[ClosedSettings] = ()
    maintenance: Sequence[MaintenanceSettings] = ()
    errors_max: Annotated[int, Field(ge=0)] | None = None
    errors_window_s: Annotated[int, Field(gt=0, le=_ERRORS_S_MAX)] | None = None


class TokenSettings(Strict):
    """What is known against an asset, and whether that is accepted."""

    risks: Annotated[list[str], Field(min_length=1)]
    accepted: bool


class ControlSettings(Strict):
    """The tables; only the firm's must be there."""

    self_trade: str = SelfTrade.CANCEL_NEWEST
    firm: LimitSettings
    account: Mapping[str, LimitSettings] = {}
    strategy: Mapping[str, LimitSettings] = {}
    venue: Mapping[str, LimitSettings] = {}
    instrument: Mapping[str, LimitSettings] = {}
    tokens: Mapping[str, TokenSettings] = {}


_MONEY: Final = (
    *("order_notional_max", "order_quantity_max", "order_notional_min", "confirm_above"),
    *("open_notional_max", "position_notional_max", "daily_notional_max", "daily_loss_max"),
)
_CHOSEN: Final = (  # the firm's money limits: a limit nobody chose is not a limit
    *("order_notional_max", "open_notional_max", "position_notional_max"),
    *("daily_notional_max", "daily_loss_max", "gas_hour_max_native", "gas_day_max_native"),
)
_ORDERS: Final = frozenset({ScopeKind.FIRM, ScopeKind.STRATEGY})
_CHILDREN: Final = frozenset(ScopeKind) - {ScopeKind.INSTRUMENT}
# Who a key can be kept for; the others for everyone.
_KEPT_FOR: Final[Mapping[str, frozenset[ScopeKind]]] = {
    **dict.fromkeys(("order_notional_min", "confirm_above", "deadline_max_s"), _ORDERS),
    **dict.fromkeys(("similar_within_ms", "orders_per_min_max", "children_per_min_max"), _ORDERS),
    **dict.fromkeys(("losing_slices_max", "losing_slice_bps", "assets_denied"), _ORDERS),
    **dict.fromkeys(("venues_denied", "protocols_denied"), _ORDERS),
    "position_notional_max": frozenset(ScopeKind) - {ScopeKind.STRATEGY},
    "daily_loss_max": frozenset({ScopeKind.FIRM}),
    **dict.fromkeys(("gas_hour_max_native", "gas_day_max_native"), _CHILDREN),
    **dict.fromkeys(("messages_per_s_max", "messages_burst_max", "unfilled_max_pct"), _CHILDREN),
    **dict.fromkeys(("errors_max", "errors_window_s"), _CHILDREN),
}


def control_rules(
    where: str,
    settings: ControlSettings | None,
    assets: Mapping[str, Asset],
    *,
    venues: Iterable[str],
    has_prices: bool,
) -> ControlRules | None:
    """Return the rules; None where there are none.

    Parameters
    ----------
    has_prices : bool
        Whether independent prices are configured, which collars are measured against.

    Raises
    ------
    ConfigError
        Naming the key and the remedy.
    """
    if settings is None:
        return None
    for key in _CHOSEN:
        if not getattr(settings.firm, key):
            raise ConfigError(f"{where}.firm.{key}: missing; choose the limit, there is no default")
    known, made = frozenset(venues), []
    for scope, table in _tables(settings):
        place = f"{where}.{scope.kind}.{scope.name}" if scope.name else f"{where}.firm"
        if scope.kind is ScopeKind.VENUE:
            _check_venues(place, (scope.name,), known)
        made.append(_limits(place, table, assets, scope=scope))
    for limits in made:
        _check_venues(f"{where}.venues_denied", limits.venues_denied, known)
        if not has_prices:
            _check_no_collar(where, limits)
    return ControlRules(
        limits=tuple(made),
        self_trade=_one_of(f"{where}.self_trade", SelfTrade, settings.self_trade),
        tokens=tuple(
            _token(f"{where}.tokens.{name}", assets.get(name), table)
            for name, table in settings.tokens.items()
        ),
    )


def check_scopes(where: str, rules: ControlRules | None, instruments: Iterable[Instrument]) -> None:
    """Refuse limits of accounts and markets that do not exist: they would bound nothing.

    Raises
    ------
    ConfigError
        Naming the table, and what there is.
    """
    known: dict[ScopeKind, set[str]] = {ScopeKind.ACCOUNT: set(), ScopeKind.INSTRUMENT: set()}
    for instrument in instruments:
        known[ScopeKind.ACCOUNT].add(instrument.account)
        known[ScopeKind.INSTRUMENT].add(instrument.id)
    for limits in () if rules is None else rules.limits:
        scope = limits.scope
        if scope.kind in known and scope.name not in known[scope.kind]:
            names = ", ".join(sorted(known[scope.kind]))
            raise ConfigError(
                f'{where}: controls.{scope.kind}."{scope.name}": there is none; use one of {names}'
            )


def _tables(settings: ControlSettings) -> Iterator[tuple[Scope, LimitSettings]]:
    yield FIRM, settings.firm
    for kind, tables in (
        (ScopeKind.ACCOUNT, settings.account),
        (ScopeKind.STRATEGY, settings.strategy),
        (ScopeKind.VENUE, settings.venue),
        (ScopeKind.INSTRUMENT, settings.instrument),
    ):
        yield from ((Scope(kind, name), table) for name, table in tables.items())


def _limits(
    where: str, table: LimitSettings, assets: Mapping[str, Asset], *, scope: Scope
) -> ControlLimits:
    _check_kept(where, scope, table)
    for asset in table.assets_denied:
        _check_asset(f"{where}.assets_denied", asset, assets)
    money = {key: _money(f"{where}.{key}", getattr(table, key), assets) for key in _MONEY}
    return ControlLimits(
        scope=scope,
        **money,
        deadline_max=_duration(table.deadline_max_s, _NS_PER_S),
        similar_within=_duration(table.similar_within_ms, _NS_PER_MS),
        slippage_max_pips=_pips(table.slippage_max_bps),
        collar_pool_pips=_pips(table.collar_pool_bps),
        collar_book_pips=_pips(table.collar_book_bps),
        impact_max_pips=_pips(table.impact_max_bps),
        impact_10min_max_pips=_pips(table.impact_10min_max_bps),
        leverage_max_pct=table.leverage_max_pct,
        gas_hour_max_wei=_coins(f"{where}.gas_hour_max_native", table.gas_hour_max_native),
        gas_day_max_wei=_coins(f"{where}.gas_day_max_native", table.gas_day_max_native),
        messages_per_s_max=table.messages_per_s_max,
        messages_burst_max=table.messages_burst_max,
        orders_per_min_max=table.orders_per_min_max,
        unfilled_max_pips=_pips(table.unfilled_max_pct, _PIPS_PER_PCT),
        children_per_min_max=table.children_per_min_max,
        losing_slices_max=table.losing_slices_max,
        losing_slice_pips=_pips(table.losing_slice_bps),
        assets_denied=tuple(AssetId(name) for name in table.assets_denied),
        venues_denied=tuple(VenueId(name) for name in table.venues_denied),
        contracts_denied=tuple(name.lower() for name in table.contracts_denied),
        contracts_allowed=tuple(name.lower() for name in table.contracts_allowed),
        protocols_denied=tuple(table.protocols_denied),
        book_age_max=_duration(table.book_age_max_ms, _NS_PER_MS),
        pool_age_max=_duration(table.pool_age_max_ms, _NS_PER_MS),
        clock_offset_max=_duration(table.clock_offset_max_ms, _NS_PER_MS),
        gas_price_max_wei=_gwei(table),
        gas_units_max=table.gas_units_max,
        cancels_reserved=table.cancels_reserved,
        closed=tuple(_closed(f"{where}.closed", window) for window in table.closed),
        maintenance=tuple(_once(f"{where}.maintenance", window) for window in table.maintenance),
        errors_max=table.errors_max,
        errors_window=_duration(table.errors_window_s, _NS_PER_S),
    )


# What can only be told of some scopes, and what says something only beside another.
def _check_kept(where: str, scope: Scope, table: LimitSettings) -> None:
    for key in sorted(table.model_fields_set):
        kinds = _KEPT_FOR.get(key, frozenset(ScopeKind))
        if scope.kind not in kinds:
            others = ", ".join(sorted(f"controls.{kind}" for kind in kinds))
            raise ConfigError(f"{where}.{key}: cannot be kept for one {scope.kind}; use {others}")
    for one, other in (
        ("errors_max", "errors_window_s"),
        ("errors_window_s", "errors_max"),
        ("losing_slices_max", "losing_slice_bps"),
    ):
        if getattr(table, one) is not None and getattr(table, other) is None:
            raise ConfigError(f"{where}.{other}: missing; {one} needs it")


def _check_no_collar(where: str, limits: ControlLimits) -> None:
    if limits.collar_pool_pips is not None or limits.collar_book_pips is not None:
        raise ConfigError(
            f"{where}: {limits.scope.label}: a collar needs a reference price; add [price_guard],"
            " or take the collar out"
        )


def _check_venues(where: str, names: Iterable[str], known: frozenset[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{where}: {name!r} is not in [venues] or [chains]; add it there or correct it"
            )


def _check_asset(where: str, name: str, assets: Mapping[str, Asset]) -> None:
    if name not in assets:
        raise ConfigError(f"{where}.{name}: is not in [assets]; add it there or correct it")


def _money(where: str, table: Mapping[str, str], assets: Mapping[str, Asset]) -> Amounts:
    made = []
    for name, text in table.items():
        _check_asset(where, name, assets)
        atoms = _decimal(f"{where}.{name}", text, assets[name].decimals)
        made.append(Amount(AssetId(name), atoms))
    return tuple(made)


def _decimal(where: str, text: str, decimals: int) -> int:
    try:
        atoms = parse_decimal(text, decimals)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    if atoms <= 0:
        raise ConfigError(f"{where}: must be positive, was {text}")
    return atoms


def _coins(where: str, text: str | None) -> int | None:
    return None if text is None else _decimal(where, text, _COIN_DECIMALS)


def _duration(count: int | None, unit_ns: int) -> DurationNs | None:
    return None if count is None else DurationNs(count * unit_ns)


def _pips(number: Decimal | None, scale: int = _PIPS_PER_BPS) -> Pips | None:
    return None if number is None else Pips(int(number * scale))


def _gwei(table: LimitSettings) -> int | None:
    price = table.gas_price_max_gwei
    return None if price is None else int(price * _WEI_PER_GWEI)


def _closed(where: str, window: ClosedSettings) -> WeeklyClosing:
    start, end = _second(window.from_utc), _second(window.until_utc) or _SECONDS_PER_DAY
    if end <= start:
        raise ConfigError(
            f"{where}: until_utc must be later than from_utc; a night is two entries,"
            f" was {window.from_utc} to {window.until_utc}"
        )
    return WeeklyClosing(tuple(_DAYS.index(day) for day in window.days), start, end)


def _second(moment: time) -> int:
    return (moment.hour * 60 + moment.minute) * 60 + moment.second


def _once(where: str, window: MaintenanceSettings) -> Maintenance:
    start, end = _moment(window.from_utc), _moment(window.until_utc)
    if end <= start:
        raise ConfigError(
            f"{where}: until_utc must be later than from_utc, was {window.from_utc} to"
            f" {window.until_utc}"
        )
    return Maintenance(start, end)


# Without an offset it is UTC, as the key says.
def _moment(moment: datetime) -> TimestampNs:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return TimestampNs(int(aware.timestamp()) * _NS_PER_S)


def _token(where: str, asset: Asset | None, table: TokenSettings) -> TokenMark:
    if asset is None:
        raise ConfigError(f"{where}: is not in [assets]; add it there or correct it")
    risks = tuple(_one_of(f"{where}.risks", TokenRisk, risk) for risk in table.risks)
    return TokenMark(asset.id, risks, table.accepted)


def _one_of(where: str, kind: type[_Word], text: str) -> _Word:
    try:
        return kind(text)
    except ValueError:
        words = ", ".join(kind)
        raise ConfigError(f"{where}: must be one of {words}, was {text!r}") from None
