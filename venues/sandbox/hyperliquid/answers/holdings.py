"""Spot balances: what is held, what open orders hold back, and what it cost."""

from typing import Any

from venues.sandbox.hyperliquid.answers import request
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import USDC_TOKEN, TokenConfig
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.number import to_text
from venues.sandbox.hyperliquid.state import Exchange


def view(state: Exchange, account: Account) -> dict[str, Any]:
    """Return an account's `spotClearinghouseState`; USDC has no entry value of its own."""
    tokens = {token.index: token for token in state.config.tokens}
    quote = tokens[USDC_TOKEN]
    return {
        "balances": [
            {
                "coin": tokens[index].name,
                "token": index,
                "total": _amount(balance.total, tokens[index]),
                "hold": _amount(balance.hold, tokens[index]),
                "entryNtl": _amount(0 if index == USDC_TOKEN else balance.cost, quote),
            }
            for index, balance in sorted(account.spot.items())
            if balance.total or balance.hold
        ]
    }


def spot_clearinghouse_state(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `spotClearinghouseState`."""
    return view(state, request.account(state, asked))


def _amount(atoms: int, token: TokenConfig) -> str:
    return to_text(atoms, token.wei_decimals)
