"""What an account may still do, and at what price: request budget, fees, size of an order.

Rates are fractions as decimal text: "0.00045" is 4.5 basis points.
"""

from dataclasses import dataclass

from venues.hyperliquid.wire.account import Leverage, read_whole_leverage
from venues.hyperliquid.wire.primitives import (
    Fields,
    integer,
    many,
    optional,
    optional_integer,
    optional_text,
    pair,
    string,
    table,
    text,
    whole,
)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests of an address: used of a cap that grows with what it trades."""

    cumulative_volume: str
    used: int
    cap: int
    surplus: int | None = None  # reserved, and not used yet


@dataclass(frozen=True, slots=True)
class TradeLimits:
    """What an account may trade in a coin now: (to buy, to sell), in coins and in dollars."""

    address: str | None
    coin: str
    leverage: Leverage
    sizes_max: tuple[str, str]
    available: tuple[str, str]
    mark_price: str | None


@dataclass(frozen=True, slots=True)
class DayVolume:
    """What an account and the whole venue traded on a day."""

    date: str
    taker: str
    maker: str
    venue: str


@dataclass(frozen=True, slots=True)
class VolumeTier:
    """Rates from a volume of 14 days on."""

    notional_from: str
    taker: str
    maker: str
    spot_taker: str
    spot_maker: str


@dataclass(frozen=True, slots=True)
class MakerTier:
    """The maker rate from a share of the venue's maker volume on; negative is a rebate."""

    maker_fraction_from: str
    maker: str


@dataclass(frozen=True, slots=True)
class StakingDiscount:
    """What is taken off fees from a share of the supply staked on."""

    bps_of_supply: str
    discount: str


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The venue's rates before an account's tier and discounts."""

    taker: str
    maker: str
    spot_taker: str
    spot_maker: str
    referral_discount: str
    volume_tiers: tuple[VolumeTier, ...]
    maker_tiers: tuple[MakerTier, ...]
    staking_discounts: tuple[StakingDiscount, ...]


@dataclass(frozen=True, slots=True)
class Fees:
    """An account's rates, tier and staking discount taken into account, and where they come from.

    Attributes
    ----------
    days : tuple of DayVolume
        What the tier follows from.
    """

    taker: str
    maker: str
    spot_taker: str
    spot_maker: str
    days: tuple[DayVolume, ...]
    schedule: FeeSchedule
    referral_discount: str
    staking_discount: StakingDiscount | None
    trial_escrow: str | None
    staking_user: str | None = None
    staking_link: str | None = None  # "requested", "stakingUser" or "tradingUser"


def read_rate_limit(value: object) -> RateLimit:
    """Read `userRateLimit`."""
    fields = table(value, "userRateLimit")
    return RateLimit(
        cumulative_volume=text(fields, "cumVlm"),
        used=integer(fields, "nRequestsUsed"),
        cap=integer(fields, "nRequestsCap"),
        surplus=optional_integer(fields, "nRequestsSurplus"),
    )


def read_trade_limits(value: object) -> TradeLimits:
    """Read `activeAssetData`."""
    fields = table(value, "activeAssetData")
    return TradeLimits(
        address=optional_text(fields, "user"),
        coin=text(fields, "coin"),
        leverage=read_whole_leverage(fields),
        sizes_max=_two(fields, "maxTradeSzs"),
        available=_two(fields, "availableToTrade"),
        mark_price=optional_text(fields, "markPx"),
    )


def _two(fields: Fields, key: str) -> tuple[str, str]:
    buy, sell = pair(fields.get(key), key)
    return string(buy, key), string(sell, key)


def read_order_limits(value: object) -> tuple[tuple[int, str], ...]:
    """Read `maxMarketOrderNtls`: the largest notional of an order by the coin's top leverage."""
    return many(value, "maxMarketOrderNtls", _order_limit)


def _order_limit(value: object) -> tuple[int, str]:
    leverage, notional = pair(value, "maxMarketOrderNtls")
    return whole(leverage, "maxMarketOrderNtls"), string(notional, "maxMarketOrderNtls")


def read_fees(value: object) -> Fees:
    """Read `userFees`."""
    fields = table(value, "userFees")
    link = optional(fields.get("stakingLink"), lambda told: table(told, "stakingLink"))
    escrow = optional_text(fields, "feeTrialEscrow") or optional_text(fields, "feeTrialReward")
    return Fees(
        taker=text(fields, "userCrossRate"),
        maker=text(fields, "userAddRate"),
        spot_taker=text(fields, "userSpotCrossRate"),
        spot_maker=text(fields, "userSpotAddRate"),
        days=many(fields.get("dailyUserVlm"), "dailyUserVlm", _day),
        schedule=_schedule(table(fields.get("feeSchedule"), "feeSchedule")),
        referral_discount=text(fields, "activeReferralDiscount"),
        staking_discount=optional(fields.get("activeStakingDiscount"), _staking_discount),
        trial_escrow=escrow,
        staking_user=None if link is None else text(link, "stakingUser"),
        staking_link=None if link is None else text(link, "type"),
    )


def _day(value: object) -> DayVolume:
    fields = table(value, "dailyUserVlm")
    return DayVolume(
        date=text(fields, "date"),
        taker=text(fields, "userCross"),
        maker=text(fields, "userAdd"),
        venue=text(fields, "exchange"),
    )


def _schedule(fields: Fields) -> FeeSchedule:
    tiers = table(fields.get("tiers"), "tiers")
    discounts = many(fields.get("stakingDiscountTiers"), "stakingDiscountTiers", _staking_discount)
    return FeeSchedule(
        taker=text(fields, "cross"),
        maker=text(fields, "add"),
        spot_taker=text(fields, "spotCross"),
        spot_maker=text(fields, "spotAdd"),
        referral_discount=text(fields, "referralDiscount"),
        volume_tiers=many(tiers.get("vip"), "vip", _volume_tier),
        maker_tiers=many(tiers.get("mm"), "mm", _maker_tier),
        staking_discounts=discounts,
    )


def _volume_tier(value: object) -> VolumeTier:
    fields = table(value, "vip")
    return VolumeTier(
        notional_from=text(fields, "ntlCutoff"),
        taker=text(fields, "cross"),
        maker=text(fields, "add"),
        spot_taker=text(fields, "spotCross"),
        spot_maker=text(fields, "spotAdd"),
    )


def _maker_tier(value: object) -> MakerTier:
    fields = table(value, "mm")
    return MakerTier(text(fields, "makerFractionCutoff"), text(fields, "add"))


def _staking_discount(value: object) -> StakingDiscount:
    fields = table(value, "stakingDiscountTiers")
    return StakingDiscount(text(fields, "bpsOfMaxSupply"), text(fields, "discount"))
