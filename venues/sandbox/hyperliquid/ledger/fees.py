"""Who pays which share of a trade.

The tier of an account follows from what its whole family (an owner and its sub-accounts) traded in
the fourteen UTC days before the present one, spot counting double; it holds for the day. A maker
with a large enough share of all makers' volume gets a rebate instead. Rates are in 1e-12 of the
notional, positive ones rounded up. Source: the venue's documentation on fees, read August 2026. It
moves no money.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

from venues.sandbox.hyperliquid.config import DexConfig, FeeTier
from venues.sandbox.hyperliquid.ledger.account import Account, AccountKind, DayVolume
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import MICRO

DAY_MS = 86_400_000
RATE_ONE = 10**12
WINDOW_DAYS = 14
SPOT_WEIGHT = 2
_PER_PIP = RATE_ONE // 1_000_000
_GROWTH = Fraction(1, 10)

Rates = tuple[int, int, int, int]
"""Taker, maker, spot taker, spot maker."""


def rates(state: Exchange, account: Account, day: int) -> Rates:
    """Return an account's rates on the venue's own markets on a UTC day, discounts included."""
    if account.fee_day != day:
        account.fee_rates = _assessed(state, account, day)
        account.fee_day = day
    return account.fee_rates


def builder_rate(rate: int, dex: DexConfig) -> int:
    """Return a rate as a builder's dex scales it; a rebate stays what it is."""
    if rate <= 0:
        return rate
    scale = Fraction(dex.fee_scale)
    scale = 1 + scale if scale < 1 else 2 * scale
    return ceil(rate * scale * (_GROWTH if dex.is_growth_mode else 1))


def dex_of(state: Exchange, market: Market) -> DexConfig:
    """Return the builder's dex a market belongs to."""
    return next(dex for dex in state.config.builder_dexs if dex.name == market.dex)


def family(state: Exchange, account: Account) -> Iterator[Account]:
    """Yield an account's owner and all its sub-accounts; volume counts for them together."""
    owner = account.master if account.kind is AccountKind.SUB_ACCOUNT else account.address
    for other in state.accounts.values():
        if other.address == owner or (
            other.kind is AccountKind.SUB_ACCOUNT and other.master == owner
        ):
            yield other


def weighted_volume(accounts: Iterator[Account], day: int) -> int:
    """Return what counts for the tier on a UTC day, micro-USD."""
    return sum(
        v.taker + v.maker + SPOT_WEIGHT * (v.spot_taker + v.spot_maker)
        for account in accounts
        for v in _window(account, day)
    )


def count(account: Account, day: int, micro_usd: int, *, is_maker: bool, is_spot: bool) -> None:
    """Count a trade towards an account's volume."""
    account.volume_micro_usd += micro_usd
    volume = account.volume_by_day.get(day)
    if volume is None:
        volume = account.volume_by_day[day] = DayVolume()
    if is_spot and is_maker:
        volume.spot_maker += micro_usd
    elif is_spot:
        volume.spot_taker += micro_usd
    elif is_maker:
        volume.maker += micro_usd
    else:
        volume.taker += micro_usd


def _assessed(state: Exchange, account: Account, day: int) -> Rates:
    schedule = state.config.fees
    volume = weighted_volume(family(state, account), day)
    tier = FeeTier(
        0,
        schedule.taker_pips,
        schedule.maker_pips,
        schedule.spot_taker_pips,
        schedule.spot_maker_pips,
    )
    for higher in schedule.tiers:
        if volume > higher.volume_usd * MICRO:
            tier = higher
    rebate = _rebate(state, account, day)
    keep = 1 - _discount(state, account)
    perp_maker = tier.maker_pips if rebate is None else rebate
    spot_maker = tier.spot_maker_pips if rebate is None else rebate
    pips = (tier.taker_pips, perp_maker, tier.spot_taker_pips, spot_maker)
    taker, maker, spot_taker, spot_maker_rate = (
        ceil(p * _PER_PIP * keep) if p > 0 else p * _PER_PIP for p in pips
    )
    return taker, maker, spot_taker, spot_maker_rate


def _rebate(state: Exchange, account: Account, day: int) -> int | None:
    if not state.config.fees.rebates:
        return None
    everyone = _maker_volume(iter(state.accounts.values()), day)
    own = _maker_volume(family(state, account), day)
    reached = [
        tier.pips
        for tier in state.config.fees.rebates
        if everyone and own > Fraction(tier.maker_share) * everyone
    ]
    return min(reached, default=None)


def _discount(state: Exchange, account: Account) -> Fraction:
    schedule = state.config.fees
    is_young = account.volume_micro_usd < schedule.referral_volume_usd * MICRO
    if schedule.is_referral_on and account.referrer is not None and is_young:
        return Fraction(schedule.referral_discount)
    return Fraction(0)


def _maker_volume(accounts: Iterator[Account], day: int) -> int:
    return sum(v.maker + v.spot_maker for account in accounts for v in _window(account, day))


def _window(account: Account, day: int) -> Iterator[DayVolume]:
    for past in range(day - WINDOW_DAYS, day):
        volume = account.volume_by_day.get(past)
        if volume is not None:
            yield volume
