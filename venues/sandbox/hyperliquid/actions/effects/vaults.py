"""Deposits into a vault and withdrawals from it.

A depositor owns shares of the vault's equity. A deposit buys shares at the present equity, rounded
down; a withdrawal sells as many as it takes, rounded up, so that rounding is for those who stay.
Neither the leader's share of profits nor a lock-up is played, and a vault pays only what its own
margin leaves free: it closes no position for a withdrawal.
"""

from venues.sandbox.hyperliquid.actions.effects import money
from venues.sandbox.hyperliquid.actions.effects.turn import Turn
from venues.sandbox.hyperliquid.actions.messages.transfers import MoveToVault
from venues.sandbox.hyperliquid.config import DEFAULT_DEX
from venues.sandbox.hyperliquid.ledger import equity
from venues.sandbox.hyperliquid.ledger.account import Account, AccountKind
from venues.sandbox.hyperliquid.number import ceil_div

NOT_A_VAULT = "Vault not registered: {}"  # ours
EMPTY = "Vault has no equity."  # ours
NO_SHARE = "Insufficient vault equity for withdrawal."  # ours


def move(turn: Turn, action: MoveToVault) -> str | None:
    """Deposit into a vault or withdraw from it; return why not, or None."""
    vault = turn.state.accounts.get(action.vault)
    if vault is None or vault.kind is not AccountKind.VAULT:
        return NOT_A_VAULT.format(action.vault)
    if action.micro_usd == 0:
        return money.ZERO
    value = equity.account_value(vault, turn.state.markets)
    if value <= 0:
        return EMPTY
    shares = turn.registry.vault_shares.setdefault(
        vault.address, {vault.master or vault.address: value}
    )
    act = _deposit if action.is_deposit else _withdraw
    return act(turn, vault, micro_usd=action.micro_usd, value=value, shares=shares)


def _deposit(
    turn: Turn, vault: Account, *, micro_usd: int, value: int, shares: dict[str, int]
) -> str | None:
    amount = money.usdc(turn.state.config, micro_usd)
    complaint = money.take(turn.state, turn.account, DEFAULT_DEX, amount=amount)
    if complaint is not None:
        return complaint
    money.give(vault, DEFAULT_DEX, amount=amount)
    # Nobody's equity, left after everybody went, falls to the first who comes.
    total = sum(shares.values())
    bought = micro_usd * total // value if total else micro_usd
    shares[turn.account.address] = shares.get(turn.account.address, 0) + bought
    row = {"type": "vaultDeposit", "vault": vault.address, "usdc": money.usd_text(micro_usd)}
    turn.record(turn.account, dict(row))
    return None


def _withdraw(
    turn: Turn, vault: Account, *, micro_usd: int, value: int, shares: dict[str, int]
) -> str | None:
    owned = shares.get(turn.account.address, 0)
    sold = ceil_div(micro_usd * sum(shares.values()), value)
    if owned == 0 or sold > owned:
        return NO_SHARE
    amount = money.usdc(turn.state.config, micro_usd)
    complaint = money.take(turn.state, vault, DEFAULT_DEX, amount=amount)
    if complaint is not None:
        return complaint
    money.give(turn.account, DEFAULT_DEX, amount=amount)
    shares[turn.account.address] = owned - sold
    text = money.usd_text(micro_usd)
    turn.record(
        turn.account,
        {
            "type": "vaultWithdraw",
            "vault": vault.address,
            "user": turn.account.address,
            "requestedUsd": text,
            "commission": "0.0",
            "closingCost": "0.0",
            # Profits are not followed, so the whole payment counts as capital.
            "basis": text,
            "netWithdrawnUsd": text,
        },
    )
    return None
