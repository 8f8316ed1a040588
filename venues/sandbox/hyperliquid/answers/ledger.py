"""Money that moved without a trade: deposits, transfers, liquidations."""

from itertools import islice
from typing import Any

from venues.sandbox.hyperliquid.answers import request
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.order import LedgerUpdated
from venues.sandbox.hyperliquid.state import Exchange

ROWS_MAX = 500


def row(update: LedgerUpdated) -> dict[str, Any]:
    """Return one movement."""
    return {"time": update.time_ms, "hash": update.action_hash, "delta": dict(update.delta)}


def newest(account: Account) -> list[dict[str, Any]]:
    """Return an account's latest movements, newest first."""
    return [row(update) for update in islice(reversed(account.ledger_updates), ROWS_MAX)]


def user_non_funding_ledger_updates(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `userNonFundingLedgerUpdates`, oldest first."""
    start_ms, end_ms = request.window(state, asked, needs_start=False)
    within = (
        update
        for update in request.account(state, asked).ledger_updates
        if start_ms <= update.time_ms <= end_ms
    )
    return [row(update) for update in islice(within, ROWS_MAX)]
