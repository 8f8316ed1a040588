"""Who referred an account, and whom it referred. Nobody earns rewards for it here."""

from typing import Any

from venues.sandbox.hyperliquid.actions.registry import Registry
from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import USDC_TOKEN
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.state import Exchange


def referral(state: Exchange, registry: Registry, asked: Request) -> dict[str, Any]:
    """Answer `referral`."""
    account = request.account(state, asked)
    return {
        "referredBy": None
        if account.referrer is None
        else {"referrer": account.referrer, "code": _code_of(registry, account.referrer)},
        **_rewards(account),
        "referrerState": _referrer_state(state, registry, account.address),
        "rewardHistory": [],
        "tokenToState": [[USDC_TOKEN, _rewards(account)]],
    }


def _code_of(registry: Registry, address: str) -> str | None:
    return next((c for c, owner in registry.referral_codes.items() if owner == address), None)


def _referrer_state(state: Exchange, registry: Registry, address: str) -> dict[str, Any]:
    code = _code_of(registry, address)
    if code is None:
        return {"stage": "needToCreateCode"}
    referred = [account for account in state.accounts.values() if account.referrer == address]
    return {
        "stage": "ready",
        "data": {
            "code": code,
            "nReferrals": len(referred),
            "referralStates": [_referred(account) for account in referred],
        },
    }


def _referred(account: Account) -> dict[str, Any]:
    # When somebody joined is not kept.
    shared = {
        "cumVlm": text.money(account.volume_micro_usd),
        "cumRewardedFeesSinceReferred": text.NONE_MONEY,
        "cumFeesRewardedToReferrer": text.NONE_MONEY,
    }
    return {
        **shared,
        "timeJoined": 0,
        "user": account.address,
        "tokenToState": [[USDC_TOKEN, shared]],
    }


def _rewards(account: Account) -> dict[str, str]:
    return {
        "cumVlm": text.money(account.volume_micro_usd),
        "unclaimedRewards": text.NONE_MONEY,
        "claimedRewards": text.NONE_MONEY,
        "builderRewards": text.NONE_MONEY,
    }
