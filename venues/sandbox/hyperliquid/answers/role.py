"""Who an address is, and who may act for it: roles, agents, sub-accounts, builders, modes."""

from typing import Any

from venues.sandbox.hyperliquid.actions.registry import Registry
from venues.sandbox.hyperliquid.answers import clearinghouse, holdings, request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import DEFAULT_DEX, Agent
from venues.sandbox.hyperliquid.ledger.account import Account, AccountKind
from venues.sandbox.hyperliquid.state import Exchange


def user_role(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `userRole`."""
    address = request.user(asked)
    agent = state.agents.get(address)
    if agent is not None and is_alive(state, agent):
        return {"role": "agent", "data": {"user": agent.master}}
    account = state.accounts.get(address)
    if account is None:
        return {"role": "missing"}
    if account.kind is AccountKind.SUB_ACCOUNT:
        return {"role": "subAccount", "data": {"master": account.master}}
    return {"role": account.kind.value}


def is_alive(state: Exchange, agent: Agent) -> bool:
    """Tell whether a key may still sign."""
    return agent.valid_until_ms is None or agent.valid_until_ms >= state.now_ms


def extra_agents(state: Exchange, asked: Request) -> list[dict[str, Any]]:
    """Answer `extraAgents`: named keys that may still sign."""
    master = request.user(asked)
    return [
        {"name": agent.name, "address": agent.address, "validUntil": agent.valid_until_ms}
        for agent in state.agents.values()
        if agent.master == master and agent.name and is_alive(state, agent)
    ]


def unnamed_agent(state: Exchange, master: str) -> Agent | None:
    """Return the key that has no name, if one may sign for the account."""
    for agent in state.agents.values():
        if agent.master == master and not agent.name and is_alive(state, agent):
            return agent
    return None


def sub_accounts(state: Exchange, asked: Request) -> list[dict[str, Any]] | None:
    """Answer `subAccounts`; null for an account that has none."""
    shown = [
        {
            **_named(sub),
            "clearinghouseState": clearinghouse.view(state, sub, DEFAULT_DEX),
            "spotState": holdings.view(state, sub),
        }
        for sub in _sub_accounts_of(state, request.user(asked))
    ]
    return shown or None


def sub_accounts_by_dex(state: Exchange, asked: Request) -> list[dict[str, Any]] | None:
    """Answer `subAccounts2`: the same with every dex."""
    shown = [
        {
            **_named(sub),
            "dexToClearinghouseState": [
                [dex, clearinghouse.view(state, sub, dex)] for dex in request.dex_names(state)
            ],
            "spotState": holdings.view(state, sub),
            **({} if has_dex_abstraction(sub) is None else {"abstraction": sub.abstraction}),
        }
        for sub in _sub_accounts_of(state, request.user(asked))
    ]
    return shown or None


def approved_builders(state: Exchange, asked: Request) -> list[str]:
    """Answer `approvedBuilders`."""
    approvals = request.account(state, asked).builder_approvals
    return [builder for builder, most in approvals.items() if most]


def max_builder_fee(state: Exchange, asked: Request) -> int:
    """Answer `maxBuilderFee`, in tenths of a basis point."""
    builder = request.address(asked.get("builder"))
    return request.account(state, asked).builder_approvals.get(builder, 0)


def user_abstraction(state: Exchange, asked: Request) -> str:
    """Answer `userAbstraction`."""
    return request.account(state, asked).abstraction


def user_dex_abstraction(state: Exchange, asked: Request) -> bool | None:
    """Answer `userDexAbstraction`; null for an account that never chose."""
    return has_dex_abstraction(request.account(state, asked))


def has_dex_abstraction(account: Account) -> bool | None:
    """Tell whether an account moves money between its dexs by itself, None if it never chose."""
    mode = account.abstraction
    return None if mode == "default" else mode == "dexAbstraction"


def legal_check(_: Exchange, asked: Request) -> dict[str, bool | str]:
    """Answer `legalCheck`: everybody may trade here; "n" stands for no restriction."""
    request.user(asked)
    return {"acceptedTerms": True, "userAllowed": True, "restrictions": "n"}


def is_vip(_: Exchange, asked: Request) -> bool:
    """Answer `isVip`."""
    request.user(asked)
    return False


def pre_transfer_check(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `preTransferCheck`: what sending to `user` would cost `source`; nothing here."""
    user = request.user(asked)
    request.address(asked.get("source"))
    return {
        "fee": text.NONE_MONEY,
        "isSanctioned": False,
        "userExists": user in state.accounts,
        "userHasSentTx": user in state.nonces,
    }


def _named(sub: Account) -> dict[str, Any]:
    return {"name": sub.name, "subAccountUser": sub.address, "master": sub.master}


def _sub_accounts_of(state: Exchange, master: str) -> list[Account]:
    return [
        account
        for account in state.accounts.values()
        if account.kind is AccountKind.SUB_ACCOUNT and account.master == master
    ]


def multi_sig_signers(_: Exchange, registry: Registry, asked: Request) -> dict[str, Any] | None:
    """Answer `userToMultiSigSigners`; null for an account that one key signs for."""
    signers = registry.multi_sig.get(request.user(asked))
    if signers is None:
        return None
    return {"authorizedUsers": list(signers.authorized), "threshold": signers.threshold}
