"""The venue's own books as data, for a test to compare with its own in one call."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.state import Till
from venues.sandbox.hyperliquid.venue import Venue


def books(venue: Venue, addresses: Iterable[str]) -> dict[str, Any]:
    """Return the till and the books of some accounts; money in micro-USD, sizes on the lot grid."""
    known = venue.state.accounts
    return {
        "time": venue.state.now_ms,
        "till": _till(venue.state.till),
        "accounts": {user: _account(venue, known[user]) for user in addresses if user in known},
    }


def _till(till: Till) -> dict[str, Any]:
    by_name = asdict(till)
    return {
        name: {str(token): atoms for token, atoms in held.items()}
        if isinstance(held, dict)
        else held
        for name, held in by_name.items()
    }


def _account(venue: Venue, account: Account) -> dict[str, Any]:
    return {
        "usd": dict(account.usd),
        "positions": {
            coin: {
                "size": position.size,
                "cost": position.cost,
                "isolated_usd": position.isolated_usd,
                "funding_paid": position.funding_all_time,
            }
            for coin, position in account.positions.items()
            if position.size
        },
        "spot": {
            str(token): {"total": balance.total, "hold": balance.hold}
            for token, balance in account.spot.items()
        },
        "orders_open": [
            {"oid": o.oid, "cloid": o.cloid, "coin": o.coin, "leaves": o.leaves}
            for o in account.open_orders.values()
        ],
        "orders": [
            {"oid": o.oid, "cloid": o.cloid, "coin": o.coin, "status": o.status}
            for o in map(venue.state.orders.__getitem__, account.order_ids)
        ],
        "fill_ids": [fill.trade_id for fill in account.fills],
        "fees_paid": sum(fill.fee for fill in account.fills if fill.fee_currency == "USDC"),
        "funding_paid": sum(settled.paid for settled in account.fundings),
        "volume": account.volume_micro_usd,
        "requests_used": account.requests_used,
    }
