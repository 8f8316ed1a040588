"""The limits that pre-trade controls judge by; no limit on money has a default."""

import enum
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.scope import Scope
from router.domain.units import Amount, AssetId, DurationNs, Pips, TimestampNs, VenueId

Amounts: TypeAlias = tuple[Amount, ...]  # at most one for each asset

NS_PER_DAY: Final = 86_400 * 10**9
_DAYS_PER_WEEK: Final = 7
_EPOCH_WEEKDAY: Final = 3  # the Unix epoch was a Thursday


SELF_TRADE: Final = "controls.self_trade"  # where a configuration says which of two goes


class SelfTrade(enum.StrEnum):
    """Which of two orders of ours that could meet each other has to go."""

    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"


class TokenRisk(enum.StrEnum):
    """What a token can do that the books do not expect."""

    FEE_ON_TRANSFER = "fee_on_transfer"
    REBASING = "rebasing"
    PAUSABLE = "pausable"
    UPGRADEABLE = "upgradeable"
    UNVERIFIED_FACTORY = "unverified_factory"


@dataclass(frozen=True, slots=True)
class TokenMark:
    """What is known against an asset, and whether somebody accepted it."""

    asset: AssetId
    risks: tuple[TokenRisk, ...]
    accepted: bool


@dataclass(frozen=True, slots=True)
class WeeklyClosing:
    """A time of some days at which nothing new is begun, UTC.

    Attributes
    ----------
    days : tuple of int
        0 is Monday.
    from_s, until_s : int
        Seconds of the day; until is the first that is open again.
    """

    days: tuple[int, ...]
    from_s: int
    until_s: int

    def holds(self, at: TimestampNs) -> bool:
        """Tell whether a moment is in it."""
        days, rest = divmod(at, NS_PER_DAY)
        is_day = (days + _EPOCH_WEEKDAY) % _DAYS_PER_WEEK in self.days
        return is_day and self.from_s <= rest // 10**9 < self.until_s


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A time, once, at which nothing new is begun; the end is open again."""

    from_at: TimestampNs
    until_at: TimestampNs

    def holds(self, at: TimestampNs) -> bool:
        """Tell whether a moment is in it."""
        return self.from_at <= at < self.until_at


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """Limits of one scope; what is None or empty is not limited here.

    Limits of an account, venue or instrument are on the order's part there.

    Attributes
    ----------
    order_notional_max, order_quantity_max, order_notional_min : tuple of Amount
        Of one order, in quote and in base; at the arrival mid.
    confirm_above : tuple of Amount
        Orders worth more need a second person.
    similar_within : DurationNs | None
        An order equal to one this young is taken for a mistake.
    slippage_max_pips : Pips | None
        Of the worst price that is accepted, against the arrival mid.
    collar_pool_pips, collar_book_pips : Pips | None
        Of the worst price that is accepted, against the median of independent sources.
    impact_max_pips, impact_10min_max_pips : Pips | None
        What our own quantity moves: an order by itself, and all together at one market.
    open_notional_max : tuple of Amount
        Of all that is sent and has not ended.
    position_notional_max : tuple of Amount
        Of perp positions, longs and shorts added up.
    leverage_max_pct : int | None
        Perp positions over equity, of each account by itself; 300 is three times the equity.
    daily_notional_max, daily_loss_max : tuple of Amount
        Over 24 hours.
    gas_hour_max_wei, gas_day_max_wei : int | None
        In the chains' own coins; those of several chains are added up.
    messages_per_s_max, messages_burst_max : int | None
        To venues: the mean of ten seconds, and the most in one.
    unfilled_max_pips : Pips | None
        Share of the children of an hour that ended without a fill.
    children_per_min_max : int | None
        Of one parent.
    losing_slices_max : int | None
        In a row, of one strategy; a slice loses that came out at least `losing_slice_pips` worse
        than it was quoted, or cost gas for nothing.
    contracts_denied, contracts_allowed : tuple of str
        By address, or coin of a book, in small letters. Where none is allowed by name, those that
        are configured are.
    protocols_denied : tuple of str
        Families of pools.
    clock_offset_max : DurationNs | None
        Between a venue's time of its book and ours of receiving it.
    cancels_reserved : int | None
        Transactions that cancel, for which a chain account must keep its coin.
    errors_max, errors_window : int | None, DurationNs | None
        A venue is left alone after so many errors in such a time.
    """

    scope: Scope
    order_notional_max: Amounts = ()
    order_quantity_max: Amounts = ()
    order_notional_min: Amounts = ()
    confirm_above: Amounts = ()
    deadline_max: DurationNs | None = None
    similar_within: DurationNs | None = None
    slippage_max_pips: Pips | None = None
    collar_pool_pips: Pips | None = None
    collar_book_pips: Pips | None = None
    impact_max_pips: Pips | None = None
    impact_10min_max_pips: Pips | None = None
    open_notional_max: Amounts = ()
    position_notional_max: Amounts = ()
    leverage_max_pct: int | None = None
    daily_notional_max: Amounts = ()
    daily_loss_max: Amounts = ()
    gas_hour_max_wei: int | None = None
    gas_day_max_wei: int | None = None
    messages_per_s_max: int | None = None
    messages_burst_max: int | None = None
    orders_per_min_max: int | None = None
    unfilled_max_pips: Pips | None = None
    children_per_min_max: int | None = None
    losing_slices_max: int | None = None
    losing_slice_pips: Pips | None = None
    assets_denied: tuple[AssetId, ...] = ()
    venues_denied: tuple[VenueId, ...] = ()
    contracts_denied: tuple[str, ...] = ()
    contracts_allowed: tuple[str, ...] = ()
    protocols_denied: tuple[str, ...] = ()
    book_age_max: DurationNs | None = None
    pool_age_max: DurationNs | None = None
    clock_offset_max: DurationNs | None = None
    gas_price_max_wei: int | None = None
    gas_units_max: int | None = None
    cancels_reserved: int | None = None
    closed: tuple[WeeklyClosing, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    errors_max: int | None = None
    errors_window: DurationNs | None = None


@dataclass(frozen=True, slots=True)
class ControlRules:
    """Limits by scope: all that take an order in must let it pass."""

    limits: tuple[ControlLimits, ...]
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST
    tokens: tuple[TokenMark, ...] = ()

    def of(self, scopes: tuple[Scope, ...]) -> tuple[ControlLimits, ...]:
        """Return the limits of those scopes among some that have any."""
        return tuple(limits for limits in self.limits if limits.scope in scopes)


def amount_of(amounts: Amounts, asset: AssetId) -> int | None:
    """Return the atoms that are named for an asset, or None."""
    return next((a.atoms for a in amounts if a.asset == asset), None)
