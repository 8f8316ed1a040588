"""What the venue has and this sandbox has not: answers of the right shape with nothing in them.

Outcome markets, lending, validators and the descriptions that deployers give their coins. Clients
ask for some of it before they do anything else.
"""

from typing import Any

from venues.sandbox.hyperliquid.answers import request
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.state import Exchange


def empty_list(_: Exchange, __: Request) -> list[Any]:
    """Answer a question that names nobody."""
    return []


def outcome_meta(_: Exchange, __: Request) -> dict[str, list[Any]]:
    """Answer `outcomeMeta`."""
    return {"outcomes": [], "questions": []}


def settled_outcome(_: Exchange, asked: Request) -> None:
    """Answer `settledOutcome`."""
    request.integer(asked.get("outcome"))


def perp_annotation(_: Exchange, asked: Request) -> None:
    """Answer `perpAnnotation`."""
    request.coin(asked)


def borrow_lend_user_state(_: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `borrowLendUserState`: who owes nothing is healthy."""
    request.user(asked)
    return {"tokenToState": [], "health": "healthy", "healthFactor": None}


def user_borrow_lend_interest(state: Exchange, asked: Request) -> list[Any]:
    """Answer `userBorrowLendInterest`."""
    request.user(asked)
    request.window(state, asked)
    return []
