"""Money that leaves an account without a trade, as clients ask for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from venues.sandbox.hyperliquid.actions.messages.form import NONCE, TIME, Form, l1, user_signed
from venues.sandbox.hyperliquid.actions.reading import (
    address,
    address_text,
    amount,
    boolean,
    integer,
    key,
    matching,
    text,
)


@dataclass(frozen=True, slots=True)
class SendUsd:
    """Action `usdSend`: from the first dex to another account's."""

    destination: str
    amount_text: str


@dataclass(frozen=True, slots=True)
class SendSpot:
    """Action `spotSend`."""

    destination: str
    token: str
    amount_text: str
    nonce: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Action `withdraw3`: from the first dex out of the venue."""

    destination: str
    amount_text: str
    nonce: int


@dataclass(frozen=True, slots=True)
class MoveClass:
    """Action `usdClassTransfer`: between the first dex and the spot balance."""

    amount_text: str
    to_perp: bool
    sub_account: str | None


@dataclass(frozen=True, slots=True)
class SendAsset:
    """Actions `sendAsset` and `agentSendAsset`; a dex is "" for the first, "spot" for none."""

    destination: str
    source_dex: str
    destination_dex: str
    token: str
    amount_text: str
    sub_account: str | None
    nonce: int
    by_agent: bool


@dataclass(frozen=True, slots=True)
class MoveToSubAccount:
    """Action `subAccountTransfer`: between the first dex of master and sub-account."""

    sub_account: str
    is_deposit: bool
    micro_usd: int


@dataclass(frozen=True, slots=True)
class MoveSpotToSubAccount:
    """Action `subAccountSpotTransfer`."""

    sub_account: str
    is_deposit: bool
    token: str
    amount_text: str


@dataclass(frozen=True, slots=True)
class MoveToVault:
    """Action `vaultTransfer`."""

    vault: str
    is_deposit: bool
    micro_usd: int


Transfer: TypeAlias = (
    SendUsd
    | SendSpot
    | Withdraw
    | MoveClass
    | SendAsset
    | MoveToSubAccount
    | MoveSpotToSubAccount
    | MoveToVault
)

_CLASS_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?( subaccount:0x[0-9a-fA-F]{40})?\Z")


def _class_amount(value: object) -> str:
    return matching(value, _CLASS_AMOUNT)


def _sub_account(value: object) -> str:
    return text(value) and address_text(value)


def _move_class(normal: Mapping[str, Any]) -> MoveClass:
    amount_text, _, sub_account = normal["amount"].partition(" subaccount:")
    return MoveClass(amount_text, normal["toPerp"], sub_account.lower() or None)


def _send_asset(normal: Mapping[str, Any]) -> SendAsset:
    return SendAsset(
        destination=normal["destination"].lower(),
        source_dex=normal["sourceDex"],
        destination_dex=normal["destinationDex"],
        token=normal["token"],
        amount_text=normal["amount"],
        sub_account=normal["fromSubAccount"].lower() or None,
        nonce=normal["nonce"],
        by_agent=normal["type"] == "agentSendAsset",
    )


def _send_spot(normal: Mapping[str, Any]) -> SendSpot:
    return SendSpot(
        destination=normal["destination"].lower(),
        token=normal["token"],
        amount_text=normal["amount"],
        nonce=normal["time"],
    )


def _withdraw(normal: Mapping[str, Any]) -> Withdraw:
    return Withdraw(
        destination=normal["destination"].lower(),
        amount_text=normal["amount"],
        nonce=normal["time"],
    )


def _to_sub_account(normal: Mapping[str, Any]) -> MoveToSubAccount:
    return MoveToSubAccount(
        sub_account=normal["subAccountUser"],
        is_deposit=normal["isDeposit"],
        micro_usd=normal["usd"],
    )


def _spot_to_sub_account(normal: Mapping[str, Any]) -> MoveSpotToSubAccount:
    return MoveSpotToSubAccount(
        sub_account=normal["subAccountUser"],
        is_deposit=normal["isDeposit"],
        token=normal["token"],
        amount_text=normal["amount"],
    )


def _to_vault(normal: Mapping[str, Any]) -> MoveToVault:
    return MoveToVault(
        vault=normal["vaultAddress"], is_deposit=normal["isDeposit"], micro_usd=normal["usd"]
    )


_DESTINATION = key("destination", address_text)
_AMOUNT = key("amount", amount)
_TOKEN = key("token", text)
_DEXS = (key("sourceDex", text), key("destinationDex", text))

FORMS: Mapping[str, Form[Transfer]] = {
    "usdSend": user_signed(
        _DESTINATION,
        _AMOUNT,
        TIME,
        build=lambda normal: SendUsd(normal["destination"].lower(), normal["amount"]),
    ),
    "spotSend": user_signed(_DESTINATION, _TOKEN, _AMOUNT, TIME, build=_send_spot),
    "withdraw3": user_signed(_DESTINATION, _AMOUNT, TIME, build=_withdraw),
    "usdClassTransfer": user_signed(
        key("amount", _class_amount), key("toPerp", boolean), NONCE, build=_move_class
    ),
    "sendAsset": user_signed(
        _DESTINATION,
        *_DEXS,
        _TOKEN,
        _AMOUNT,
        key("fromSubAccount", _sub_account),
        NONCE,
        build=_send_asset,
    ),
    "agentSendAsset": l1(
        key("destination", address),
        *_DEXS,
        _TOKEN,
        _AMOUNT,
        key("fromSubAccount", _sub_account),
        NONCE,
        build=_send_asset,
    ),
    "subAccountTransfer": l1(
        key("subAccountUser", address),
        key("isDeposit", boolean),
        key("usd", integer),
        build=_to_sub_account,
    ),
    "subAccountSpotTransfer": l1(
        key("subAccountUser", address),
        key("isDeposit", boolean),
        _TOKEN,
        _AMOUNT,
        build=_spot_to_sub_account,
    ),
    "vaultTransfer": l1(
        key("vaultAddress", address),
        key("isDeposit", boolean),
        key("usd", integer),
        build=_to_vault,
    ),
}
