"""What an account pays: the schedule, its own rates, and the volume they follow from.

Rates include tier and discounts. Days are UTC; the row of a day shows what the account took and
made, and what everybody took, which is the venue's volume.
"""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import FeeSchedule
from venues.sandbox.hyperliquid.ledger import fees
from venues.sandbox.hyperliquid.ledger.account import Account, DayVolume
from venues.sandbox.hyperliquid.number import fraction_text
from venues.sandbox.hyperliquid.state import Exchange

_RATE_DECIMALS = 12


def user_fees(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `userFees`."""
    account = request.account(state, asked)
    schedule = state.config.fees
    today = state.now_ms // fees.DAY_MS
    taker, maker, spot_taker, spot_maker = fees.rates(state, account, today)
    return {
        "dailyUserVlm": [
            _day(state, account, day) for day in range(today - fees.WINDOW_DAYS, today + 1)
        ],
        "feeSchedule": _schedule(schedule),
        "userCrossRate": _rate(taker),
        "userAddRate": _rate(maker),
        "userSpotCrossRate": _rate(spot_taker),
        "userSpotAddRate": _rate(spot_maker),
        "activeReferralDiscount": schedule.referral_discount
        if schedule.is_referral_on and account.referrer is not None
        else text.NONE_MONEY,
        "trial": None,
        "feeTrialEscrow": text.NONE_MONEY,
        "nextTrialAvailableTimestamp": None,
        "stakingLink": None,
        "activeStakingDiscount": {
            "bpsOfMaxSupply": text.NONE_MONEY,
            "discount": text.NONE_MONEY,
        },
    }


def _schedule(schedule: FeeSchedule) -> dict[str, Any]:
    return {
        "cross": text.pips(schedule.taker_pips),
        "add": text.pips(schedule.maker_pips),
        "spotCross": text.pips(schedule.spot_taker_pips),
        "spotAdd": text.pips(schedule.spot_maker_pips),
        "tiers": {
            "vip": [
                {
                    "ntlCutoff": f"{tier.volume_usd}.0",
                    "cross": text.pips(tier.taker_pips),
                    "add": text.pips(tier.maker_pips),
                    "spotCross": text.pips(tier.spot_taker_pips),
                    "spotAdd": text.pips(tier.spot_maker_pips),
                }
                for tier in schedule.tiers
            ],
            "mm": [
                {"makerFractionCutoff": tier.maker_share, "add": text.pips(tier.pips)}
                for tier in schedule.rebates
            ],
        },
        "referralDiscount": schedule.referral_discount,
        "stakingDiscountTiers": [
            {"bpsOfMaxSupply": share, "discount": discount}
            for share, discount in schedule.staking_discounts
        ],
    }


def _day(state: Exchange, account: Account, day: int) -> dict[str, str]:
    own = account.volume_by_day.get(day, DayVolume())
    taken = sum(
        volume.taker + volume.spot_taker
        for other in state.accounts.values()
        if (volume := other.volume_by_day.get(day)) is not None
    )
    return {
        "date": datetime.fromtimestamp(day * fees.DAY_MS // 1000, UTC).date().isoformat(),
        "userCross": text.money(own.taker + own.spot_taker),
        "userAdd": text.money(own.maker + own.spot_maker),
        "exchange": text.money(taken),
    }


def _rate(per_trillion: int) -> str:
    return fraction_text(Fraction(per_trillion, fees.RATE_ONE), _RATE_DECIMALS)
