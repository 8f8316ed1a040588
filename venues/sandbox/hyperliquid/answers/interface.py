"""The aggregates that the venue's own user interface lives on; their shape is not stable there.

`webData2` and `webData3` are put together from the other answers.
"""

from typing import Any

from venues.sandbox.hyperliquid.answers import (
    clearinghouse,
    holdings,
    metadata,
    order,
    request,
    role,
    text,
    twap,
    vault,
)
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import DEFAULT_DEX
from venues.sandbox.hyperliquid.ledger.account import Account, AccountKind
from venues.sandbox.hyperliquid.state import Exchange


def web_data_2(state: Exchange, user: str) -> dict[str, Any]:
    """Return everything about the first dex and a user."""
    account = state.accounts.get(user) or Account(user)
    asked = {"user": user}
    return {
        "clearinghouseState": clearinghouse.view(state, account, DEFAULT_DEX),
        "leadingVaults": vault.leading_vaults(state, asked),
        "totalVaultEquity": text.NONE_MONEY,
        "openOrders": order.frontend_open_orders(state, asked),
        **_agent(state, user),
        "cumLedger": text.NONE_MONEY,
        "meta": metadata.meta_of(state, DEFAULT_DEX),
        "assetCtxs": metadata.contexts_of(state, DEFAULT_DEX),
        "serverTime": state.now_ms,
        "isVault": account.kind is AccountKind.VAULT,
        "user": user,
        "twapStates": twap.running(state, user, DEFAULT_DEX),
        "spotState": holdings.view(state, account),
        "spotAssetCtxs": metadata.spot_contexts(state),
        "perpsAtOpenInterestCap": metadata.at_open_interest_cap(state, {}),
    }


def web_data_3(state: Exchange, user: str) -> dict[str, Any]:
    """Return what a user interface needs of a user beside the finer subscriptions."""
    account = state.accounts.get(user) or Account(user)
    return {
        "userState": {
            **_agent(state, user),
            "cumLedger": text.NONE_MONEY,
            "serverTime": state.now_ms,
            "isVault": account.kind is AccountKind.VAULT,
            "user": user,
            **_mode(account),
        },
        "perpDexStates": [
            {
                "totalVaultEquity": text.NONE_MONEY,
                "perpsAtOpenInterestCap": metadata.at_open_interest_cap(state, {"dex": dex}),
            }
            for dex in request.dex_names(state)
        ],
    }


def _mode(account: Account) -> dict[str, Any]:
    # Nothing until the account has chosen; the older choice has a field of its own.
    by_dex = role.has_dex_abstraction(account)
    if by_dex is None:
        return {}
    chosen = {} if by_dex else {"abstraction": account.abstraction}
    return {"dexAbstractionEnabled": by_dex, **chosen}


def answer_web_data_2(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `webData2`."""
    return web_data_2(state, request.user(asked))


def _agent(state: Exchange, user: str) -> dict[str, Any]:
    agent = role.unnamed_agent(state, user)
    if agent is None:
        return {"agentAddress": None, "agentValidUntil": None}
    return {"agentAddress": agent.address, "agentValidUntil": agent.valid_until_ms}
