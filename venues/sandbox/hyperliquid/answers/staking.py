"""Staking, which nobody does here: answers of the right shape with nothing in them."""

from typing import Any

from venues.sandbox.hyperliquid.answers import request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.state import Exchange


def delegator_summary(_: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `delegatorSummary`."""
    request.user(asked)
    return {
        "delegated": text.NONE_MONEY,
        "undelegated": text.NONE_MONEY,
        "totalPendingWithdrawal": text.NONE_MONEY,
        "nPendingWithdrawals": 0,
    }


def empty_list(_: Exchange, asked: Request) -> list[Any]:
    """Answer a question about a user of whom there is nothing to tell."""
    request.user(asked)
    return []
