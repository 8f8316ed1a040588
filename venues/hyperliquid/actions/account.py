"""Accounts and what moves between those of one owner. Pure.

An agent may sign all of these, though the venue takes some of them from the master key only.
Addresses are written in lower case, as the venue's client does.

Sources: hyperliquid-python-sdk 0.24.0, ``exchange.py``; for reserveRequestWeight and
agentSendAsset, which it lacks, the npm client @nktkas/hyperliquid 0.33.3.
"""

from dataclasses import dataclass
from enum import StrEnum

from router.domain.units import format_decimal


class AgentAbstraction(StrEnum):
    """How an account keeps its balances, as an agent may ask for it."""

    DISABLED = "i"
    UNIFIED = "u"
    PORTFOLIO = "p"


@dataclass(frozen=True, slots=True)
class OwnTransfer:
    """Collateral from one dex of an account to another; "spot" is the spot balance."""

    account: str
    source_dex: str
    destination_dex: str
    token: str
    atoms: int
    decimals: int
    from_sub_account: str = ""


def create_sub_account(name: str) -> dict[str, object]:
    """Return the action that makes a sub-account."""
    return {"type": "createSubAccount", "name": name}


def sub_account_transfer(user: str, *, is_deposit: bool, micro_usd: int) -> dict[str, object]:
    """Return the action that moves collateral to a sub-account, or back."""
    return {
        "type": "subAccountTransfer",
        "subAccountUser": user,
        "isDeposit": is_deposit,
        "usd": micro_usd,
    }


def sub_account_spot_transfer(
    user: str, *, is_deposit: bool, token: str, atoms: int, decimals: int
) -> dict[str, object]:
    """Return the action that moves a spot token, named ``NAME:0x…``, to a sub-account, or back."""
    return {
        "type": "subAccountSpotTransfer",
        "subAccountUser": user,
        "isDeposit": is_deposit,
        "token": token,
        "amount": format_decimal(atoms, decimals),
    }


def vault_transfer(vault: str, *, is_deposit: bool, micro_usd: int) -> dict[str, object]:
    """Return the action that deposits into a vault, or withdraws."""
    return {
        "type": "vaultTransfer",
        "vaultAddress": vault,
        "isDeposit": is_deposit,
        "usd": micro_usd,
    }


def agent_send_asset(transfer: OwnTransfer, *, nonce: int) -> dict[str, object]:
    """Return the action that moves collateral between dexs; the nonce is that of the request."""
    return {
        "type": "agentSendAsset",
        "destination": transfer.account,
        "sourceDex": transfer.source_dex,
        "destinationDex": transfer.destination_dex,
        "token": transfer.token,
        "amount": format_decimal(transfer.atoms, transfer.decimals),
        "fromSubAccount": transfer.from_sub_account,
        "nonce": nonce,
    }


def reserve_request_weight(weight: int, *, destination: str | None = None) -> dict[str, object]:
    """Return the action that buys requests, for another account if one is named."""
    action: dict[str, object] = {"type": "reserveRequestWeight", "weight": weight}
    return action if destination is None else action | {"destination": destination}


def set_referrer(code: str) -> dict[str, object]:
    """Return the action that names who referred the account."""
    return {"type": "setReferrer", "code": code}


def agent_set_abstraction(abstraction: AgentAbstraction) -> dict[str, object]:
    """Return the action that changes how the account keeps its balances."""
    return {"type": "agentSetAbstraction", "abstraction": abstraction.value}


def agent_enable_dex_abstraction() -> dict[str, object]:
    """Return the action that lets collateral follow orders between dexs."""
    return {"type": "agentEnableDexAbstraction"}


def use_big_blocks(*, enable: bool) -> dict[str, object]:
    """Return the action that sends the account's transactions on the chain to the big blocks."""
    return {"type": "evmUserModify", "usingBigBlocks": enable}


def gossip_priority_bid(*, slot: int, ip: str, gas_max: int) -> dict[str, object]:
    """Return the action that bids for hearing blocks earlier."""
    return {"type": "gossipPriorityBid", "slotId": slot, "ip": ip, "maxGas": gas_max}
