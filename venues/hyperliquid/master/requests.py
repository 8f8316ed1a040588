"""The actions only the master key may sign, each as a request of typed values. Pure.

Amounts come as integers of a stated unit and leave as the decimal text that is signed. A request
that cannot be right (no address, nothing to move, a name too long) is a `NotSentError`. Refuses to
hold a key.

Sources: hyperliquid-python-sdk 0.24.0, ``exchange.py``; for cDeposit and cWithdraw, which it lacks,
the npm client @nktkas/hyperliquid 0.33.3.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from router.domain.error import NotSentError
from router.domain.units import format_decimal
from venues.hyperliquid.master.typed_data import (
    CHAIN_FIELD,
    SIGNATURE_CHAIN_ID,
    MessageType,
    Value,
    chain_name,
)
from venues.hyperliquid.spec import COLLATERAL_DECIMALS, VENUE

AGENT_NAME_MAX: Final = 16
AGENT_DAYS_MAX: Final = 180
BUILDER_FEE_TENTH_BPS_MAX: Final = 1_000
OWNERS_MAX: Final = 10
_MS_PER_DAY: Final = 86_400_000
_TENTH_BPS_DECIMALS: Final = 3  # of a percent
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")

_DESTINATION: Final = ("destination", "string")
_AMOUNT: Final = ("amount", "string")
_TIME: Final = ("time", "uint64")
_NONCE: Final = ("nonce", "uint64")

USD_SEND: Final = MessageType("UsdSend", (_DESTINATION, _AMOUNT, _TIME))
SPOT_SEND: Final = MessageType("SpotSend", (_DESTINATION, ("token", "string"), _AMOUNT, _TIME))
WITHDRAW: Final = MessageType("Withdraw", (_DESTINATION, _AMOUNT, _TIME))
USD_CLASS_TRANSFER: Final = MessageType("UsdClassTransfer", (_AMOUNT, ("toPerp", "bool"), _NONCE))
SEND_ASSET: Final = MessageType(
    "SendAsset",
    (
        _DESTINATION,
        ("sourceDex", "string"),
        ("destinationDex", "string"),
        ("token", "string"),
        _AMOUNT,
        ("fromSubAccount", "string"),
        _NONCE,
    ),
)
APPROVE_AGENT: Final = MessageType(
    "ApproveAgent", (("agentAddress", "address"), ("agentName", "string"), _NONCE)
)
APPROVE_BUILDER_FEE: Final = MessageType(
    "ApproveBuilderFee", (("maxFeeRate", "string"), ("builder", "address"), _NONCE)
)
USER_SET_ABSTRACTION: Final = MessageType(
    "UserSetAbstraction", (("user", "address"), ("abstraction", "string"), _NONCE)
)
USER_DEX_ABSTRACTION: Final = MessageType(
    "UserDexAbstraction", (("user", "address"), ("enabled", "bool"), _NONCE)
)
TOKEN_DELEGATE: Final = MessageType(
    "TokenDelegate",
    (("validator", "address"), ("wei", "uint64"), ("isUndelegate", "bool"), _NONCE),
)
STAKE_DEPOSIT: Final = MessageType("CDeposit", (("wei", "uint64"), _NONCE))
STAKE_WITHDRAW: Final = MessageType("CWithdraw", (("wei", "uint64"), _NONCE))
CONVERT_TO_MULTI_SIG: Final = MessageType("ConvertToMultiSigUser", (("signers", "string"), _NONCE))


class Abstraction(StrEnum):
    """How an account keeps its balances."""

    DISABLED = "disabled"
    UNIFIED = "unifiedAccount"
    PORTFOLIO = "portfolioMargin"


@dataclass(frozen=True, slots=True)
class MasterRequest:
    """One action for the master key.

    Attributes
    ----------
    message : mapping of str to str or int
        The signed fields but the network's name.
    unsaid : str or None
        A field that is signed as empty and left out of the action.
    """

    action: str
    kind: MessageType
    message: Mapping[str, Value]
    unsaid: str | None = None

    @property
    def nonce(self) -> int:
        """The nonce of the request, [ms]; it is among the signed fields."""
        value = self.message[self.kind.fields[-1][0]]
        assert isinstance(value, int), "the last field of every message is its nonce"
        return value

    def as_action(self, *, is_mainnet: bool) -> dict[str, object]:
        """Return the action as requests carry it."""
        return {
            "type": self.action,
            "signatureChainId": SIGNATURE_CHAIN_ID,
            CHAIN_FIELD: chain_name(is_mainnet=is_mainnet),
            **{name: value for name, value in self.message.items() if name != self.unsaid},
        }


def usd_send(destination: str, *, micro_usd: int, nonce: int) -> MasterRequest:
    """Send collateral to another account of the venue."""
    message: dict[str, Value] = {
        "destination": _address(destination),
        "amount": _usd(micro_usd),
        "time": nonce,
    }
    return MasterRequest("usdSend", USD_SEND, message)


def withdraw(destination: str, *, micro_usd: int, nonce: int) -> MasterRequest:
    """Withdraw collateral to an address on the bridged chain; the venue charges 1 USDC."""
    message: dict[str, Value] = {
        "destination": _address(destination),
        "amount": _usd(micro_usd),
        "time": nonce,
    }
    return MasterRequest("withdraw3", WITHDRAW, message)


def spot_send(
    destination: str, *, token: str, atoms: int, decimals: int, nonce: int
) -> MasterRequest:
    """Send a spot token, named ``NAME:0x…``, to another account of the venue."""
    message: dict[str, Value] = {
        "destination": _address(destination),
        "token": token,
        "amount": _amount(atoms, decimals),
        "time": nonce,
    }
    return MasterRequest("spotSend", SPOT_SEND, message)


def usd_class_transfer(
    *, micro_usd: int, to_perp: bool, nonce: int, sub_account: str | None = None
) -> MasterRequest:
    """Move collateral between the spot and the perpetual balance, of a sub-account if named."""
    of = "" if sub_account is None else f" subaccount:{_address(sub_account)}"
    message: dict[str, Value] = {
        "amount": _usd(micro_usd) + of,
        "toPerp": to_perp,
        "nonce": nonce,
    }
    return MasterRequest("usdClassTransfer", USD_CLASS_TRANSFER, message)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where an asset goes between dexs; "" is the first perpetual dex, "spot" the spot balance."""

    destination: str
    source_dex: str
    destination_dex: str
    token: str
    atoms: int
    decimals: int
    from_sub_account: str = ""


def send_asset(transfer: Transfer, *, nonce: int) -> MasterRequest:
    """Send an asset from one dex to another, to any account."""
    source = transfer.from_sub_account
    message: dict[str, Value] = {
        "destination": _address(transfer.destination),
        "sourceDex": transfer.source_dex,
        "destinationDex": transfer.destination_dex,
        "token": transfer.token,
        "amount": _amount(transfer.atoms, transfer.decimals),
        "fromSubAccount": _address(source) if source else "",
        "nonce": nonce,
    }
    return MasterRequest("sendAsset", SEND_ASSET, message)


def approve_agent(
    agent: str, *, name: str | None, nonce: int, valid_until_ms: int | None = None
) -> MasterRequest:
    """Let an agent's key trade for the account.

    The unnamed agent, or one whose name is in use, takes the place of the one before it. An address
    must never be approved twice: what it signed the first time could then be sent again.
    """
    if name is not None and not 1 <= len(name) <= AGENT_NAME_MAX:
        raise _refused(f"name of an agent must have 1 to {AGENT_NAME_MAX} characters, was {name!r}")
    told = name or ""
    if valid_until_ms is not None:
        if not nonce < valid_until_ms <= nonce + AGENT_DAYS_MAX * _MS_PER_DAY:
            raise _refused(f"valid_until_ms must lie within {AGENT_DAYS_MAX} days from now")
        if name is None:
            raise _refused("valid_until_ms needs a name: an unnamed agent does not expire")
        told += f" valid_until {valid_until_ms}"
    message: dict[str, Value] = {"agentAddress": _address(agent), "agentName": told, "nonce": nonce}
    return MasterRequest("approveAgent", APPROVE_AGENT, message, None if told else "agentName")


def approve_builder_fee(builder: str, *, tenth_bps_max: int, nonce: int) -> MasterRequest:
    """Let a builder's orders charge the account up to a fee."""
    if not 0 <= tenth_bps_max <= BUILDER_FEE_TENTH_BPS_MAX:
        raise _refused(
            f"tenth_bps_max must be 0 to {BUILDER_FEE_TENTH_BPS_MAX}, was {tenth_bps_max}"
        )
    rate = f"{format_decimal(tenth_bps_max, _TENTH_BPS_DECIMALS)}%"
    message: dict[str, Value] = {"maxFeeRate": rate, "builder": _address(builder), "nonce": nonce}
    return MasterRequest("approveBuilderFee", APPROVE_BUILDER_FEE, message)


def user_set_abstraction(user: str, abstraction: Abstraction, *, nonce: int) -> MasterRequest:
    """Change how the account, or a sub-account of it, keeps its balances."""
    message: dict[str, Value] = {
        "user": _address(user),
        "abstraction": abstraction.value,
        "nonce": nonce,
    }
    return MasterRequest("userSetAbstraction", USER_SET_ABSTRACTION, message)


def user_dex_abstraction(user: str, *, enabled: bool, nonce: int) -> MasterRequest:
    """Change whether collateral follows orders between dexs; `user_set_abstraction` replaces it."""
    message: dict[str, Value] = {"user": _address(user), "enabled": enabled, "nonce": nonce}
    return MasterRequest("userDexAbstraction", USER_DEX_ABSTRACTION, message)


def token_delegate(validator: str, *, wei: int, is_undelegate: bool, nonce: int) -> MasterRequest:
    """Delegate staked tokens to a validator, or take them back; `wei` is 1e-8 of a token."""
    message: dict[str, Value] = {
        "validator": _address(validator),
        "wei": _positive(wei, "wei"),
        "isUndelegate": is_undelegate,
        "nonce": nonce,
    }
    return MasterRequest("tokenDelegate", TOKEN_DELEGATE, message)


def stake_deposit(*, wei: int, nonce: int) -> MasterRequest:
    """Move tokens from the spot balance into staking; `wei` is 1e-8 of a token."""
    return MasterRequest("cDeposit", STAKE_DEPOSIT, {"wei": _positive(wei, "wei"), "nonce": nonce})


def stake_withdraw(*, wei: int, nonce: int) -> MasterRequest:
    """Move tokens from staking to the spot balance; `wei` is 1e-8 of a token."""
    return MasterRequest(
        "cWithdraw", STAKE_WITHDRAW, {"wei": _positive(wei, "wei"), "nonce": nonce}
    )


def convert_to_multi_sig(owners: Sequence[str], *, threshold: int, nonce: int) -> MasterRequest:
    """Let `threshold` of the owners act for the account, in place of its own key."""
    if not 1 <= threshold <= len(owners) <= OWNERS_MAX:
        raise _refused(f"threshold must be 1 to the number of owners, at most {OWNERS_MAX}")
    told = sorted(_address(owner) for owner in owners)
    if len(set(told)) != len(told):
        raise _refused("owners name the same address twice: keep one of them")
    # The text itself is signed: spaces and order are those of the venue's own client.
    names = ", ".join(f'"{owner}"' for owner in told)
    return _signers(f'{{"authorizedUsers": [{names}], "threshold": {threshold}}}', nonce)


def convert_to_normal_user(*, nonce: int) -> MasterRequest:
    """Give the account back to its own key; signed by its owners."""
    return _signers("null", nonce)


def _signers(told: str, nonce: int) -> MasterRequest:
    message: dict[str, Value] = {"signers": told, "nonce": nonce}
    return MasterRequest("convertToMultiSigUser", CONVERT_TO_MULTI_SIG, message)


def _usd(micro_usd: int) -> str:
    return _amount(micro_usd, COLLATERAL_DECIMALS)


def _amount(atoms: int, decimals: int) -> str:
    return format_decimal(_positive(atoms, "amount"), decimals)


def _positive(value: int, name: str) -> int:
    if value <= 0:
        raise _refused(f"{name} must be positive, was {value}")
    return value


def _address(text: str) -> str:
    if not _ADDRESS.match(text):
        raise _refused(f"address must be 0x and 40 hex digits, was {text!r}")
    return text.lower()


def _refused(reason: str) -> NotSentError:
    return NotSentError(VENUE, reason)
