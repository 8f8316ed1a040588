"""Vaults as they are shown: accounts that a leader trades for those who deposited.

Who owns which share is what `vaultTransfer` keeps; profits by follower, lock-ups and the leader's
commission are not played, so they are shown as nothing. The venue's liquidator is a vault as well.
"""

from typing import Any

from venues.sandbox.hyperliquid.actions.registry import Registry
from venues.sandbox.hyperliquid.answers import portfolio, request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import DEFAULT_DEX
from venues.sandbox.hyperliquid.ledger import checks
from venues.sandbox.hyperliquid.ledger.account import Account, AccountKind
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.state import Exchange


def vault_details(state: Exchange, registry: Registry, asked: Request) -> dict[str, Any] | None:
    """Answer `vaultDetails`; null for an address that is no vault."""
    vault = state.accounts.get(request.address(asked.get("vaultAddress")))
    if vault is None or vault.kind is not AccountKind.VAULT:
        return None
    leader = _leader(vault)
    equities = _equities(state, registry, vault)
    user = None if asked.get("user") is None else request.user(asked)
    total = sum(equities.values())
    free = checks.withdrawable(state, vault, DEFAULT_DEX) / MICRO
    return {
        "name": vault.name,
        "vaultAddress": vault.address,
        "leader": leader,
        "description": "",
        "portfolio": portfolio.view(state, vault),
        "apr": 0.0,
        "followerState": _follower(user, equities[user]) if user in equities else None,
        "leaderFraction": equities.get(leader, 0) / total if total > 0 else 0.0,
        "leaderCommission": 0.0,
        "followers": [
            _follower("Leader" if owner == leader else owner, equity)
            for owner, equity in equities.items()
        ],
        "maxDistributable": free,
        "maxWithdrawable": free,
        "isClosed": False,
        "relationship": {"type": "normal"},
        "allowDeposits": True,
        "alwaysCloseOnWithdraw": False,
    }


def user_vault_equities(
    state: Exchange, registry: Registry, asked: Request
) -> list[dict[str, Any]]:
    """Answer `userVaultEquities`; nothing is locked up."""
    user = request.user(asked)
    return [
        {
            "vaultAddress": vault.address,
            "equity": text.money(equities[user]),
            "lockedUntilTimestamp": 0,
        }
        for vault in _vaults(state)
        if user in (equities := _equities(state, registry, vault))
    ]


def vault_summaries(state: Exchange, _: Request) -> list[dict[str, Any]]:
    """Answer `vaultSummaries`."""
    return [
        {
            "name": vault.name,
            "vaultAddress": vault.address,
            "leader": _leader(vault),
            "tvl": text.money(portfolio.perp_value(state, vault)),
            "isClosed": False,
            "relationship": {"type": "normal"},
            "createTimeMillis": 0,
        }
        for vault in _vaults(state)
    ]


def leading_vaults(state: Exchange, asked: Request) -> list[dict[str, str]]:
    """Answer `leadingVaults`."""
    leader = request.user(asked)
    return [
        {"address": vault.address, "name": vault.name}
        for vault in _vaults(state)
        if vault.master == leader
    ]


def _vaults(state: Exchange) -> list[Account]:
    return [account for account in state.accounts.values() if account.kind is AccountKind.VAULT]


def _leader(vault: Account) -> str:
    return vault.master or vault.address


def _equities(state: Exchange, registry: Registry, vault: Account) -> dict[str, int]:
    # Micro-USD by owner, rounded down; a vault nobody else ever entered is its leader's.
    value = portfolio.perp_value(state, vault)
    shares = registry.vault_shares.get(vault.address) or {_leader(vault): 1}
    total = sum(shares.values())
    return {owner: value * share // total for owner, share in shares.items() if share}


def _follower(name: str | None, equity: int) -> dict[str, Any]:
    return {
        "user": name,
        "vaultEquity": text.money(equity),
        "pnl": text.NONE_MONEY,
        "allTimePnl": text.NONE_MONEY,
        "daysFollowing": 0,
        "vaultEntryTime": 0,
        "lockupUntil": 0,
    }
