"""How many requests an address may still make."""

from typing import Any

from venues.sandbox.hyperliquid.actions import allowance
from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.state import Exchange


def user_rate_limit(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `userRateLimit`; what was reserved is used up first and is not in the cap."""
    left = allowance.of(request.account(state, asked), state.config.limits)
    return {
        "cumVlm": text.money(left.volume_micro_usd),
        "nRequestsUsed": left.used,
        "nRequestsCap": left.cap,
        "nRequestsSurplus": left.surplus,
    }
