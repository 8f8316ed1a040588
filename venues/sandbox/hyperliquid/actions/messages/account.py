"""Keys, sub-accounts, names and modes of an account, as clients ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from venues.sandbox.hyperliquid.actions.messages.form import NONCE, Form, l1, user_signed
from venues.sandbox.hyperliquid.actions.reading import (
    address,
    boolean,
    integer,
    key,
    nullable,
    one_of,
    optional,
    shape,
    text,
)

_ABSTRACTIONS = {"i": "disabled", "u": "unifiedAccount", "p": "portfolioMargin"}


@dataclass(frozen=True, slots=True)
class ApproveAgent:
    """Action `approveAgent`; the name may end in " valid_until <ms>"."""

    agent: str
    name: str


@dataclass(frozen=True, slots=True)
class ApproveBuilderFee:
    """Action `approveBuilderFee`; the rate is a percentage such as "0.001%"."""

    builder: str
    rate_text: str


@dataclass(frozen=True, slots=True)
class SetAbstraction:
    """Every action that chooses how balances are kept apart; `user` None is the actor itself."""

    user: str | None
    abstraction: str


@dataclass(frozen=True, slots=True)
class ConvertToMultiSig:
    """Action `convertToMultiSigUser`; the signers are JSON in a text, "null" to become ordinary."""

    signers_text: str


@dataclass(frozen=True, slots=True)
class CreateSubAccount:
    """Action `createSubAccount`."""

    name: str


@dataclass(frozen=True, slots=True)
class RenameSubAccount:
    """Action `subAccountModify`."""

    sub_account: str
    name: str


@dataclass(frozen=True, slots=True)
class SetReferrer:
    """Action `setReferrer`."""

    code: str


@dataclass(frozen=True, slots=True)
class RegisterReferrer:
    """Action `registerReferrer`: make a code of one's own."""

    code: str


@dataclass(frozen=True, slots=True)
class SetDisplayName:
    """Action `setDisplayName`."""

    name: str


@dataclass(frozen=True, slots=True)
class ReserveWeight:
    """Action `reserveRequestWeight`: buy requests; for the actor when `destination` is None."""

    weight: int
    destination: str | None


@dataclass(frozen=True, slots=True)
class ClaimRewards:
    """Action `claimRewards`."""


@dataclass(frozen=True, slots=True)
class ChooseWithoutEffect:
    """A choice this venue has nothing to do with: `evmUserModify`, `spotUser`."""


AccountAction: TypeAlias = (
    ApproveAgent
    | ApproveBuilderFee
    | SetAbstraction
    | ConvertToMultiSig
    | CreateSubAccount
    | RenameSubAccount
    | SetReferrer
    | RegisterReferrer
    | SetDisplayName
    | ReserveWeight
    | ClaimRewards
    | ChooseWithoutEffect
)


def _approve_agent(normal: Mapping[str, Any]) -> ApproveAgent:
    return ApproveAgent(agent=normal["agentAddress"], name=normal.get("agentName") or "")


def _approve_builder_fee(normal: Mapping[str, Any]) -> ApproveBuilderFee:
    return ApproveBuilderFee(builder=normal["builder"], rate_text=normal["maxFeeRate"])


def _user_set(normal: Mapping[str, Any]) -> SetAbstraction:
    return SetAbstraction(normal["user"], normal["abstraction"])


def _user_dex(normal: Mapping[str, Any]) -> SetAbstraction:
    return SetAbstraction(normal["user"], "dexAbstraction" if normal["enabled"] else "disabled")


def _user_portfolio(normal: Mapping[str, Any]) -> SetAbstraction:
    return SetAbstraction(normal["user"], "portfolioMargin" if normal["enabled"] else "disabled")


def _rename(normal: Mapping[str, Any]) -> RenameSubAccount:
    return RenameSubAccount(normal["subAccountUser"], normal["name"])


def _reserve(normal: Mapping[str, Any]) -> ReserveWeight:
    return ReserveWeight(normal["weight"], normal.get("destination"))


_USER = key("user", address)
_SET_BY_USER = one_of("dexAbstraction", "unifiedAccount", "portfolioMargin", "disabled", "default")

FORMS: Mapping[str, Form[AccountAction]] = {
    "approveAgent": user_signed(
        key("agentAddress", address), nullable("agentName", text), NONCE, build=_approve_agent
    ),
    "approveBuilderFee": user_signed(
        key("maxFeeRate", text), key("builder", address), NONCE, build=_approve_builder_fee
    ),
    "userSetAbstraction": user_signed(
        _USER, key("abstraction", _SET_BY_USER), NONCE, build=_user_set
    ),
    "userDexAbstraction": user_signed(_USER, key("enabled", boolean), NONCE, build=_user_dex),
    "userPortfolioMargin": user_signed(
        _USER, key("enabled", boolean), NONCE, build=_user_portfolio
    ),
    "agentSetAbstraction": l1(
        key("abstraction", one_of(*_ABSTRACTIONS)),
        build=lambda normal: SetAbstraction(None, _ABSTRACTIONS[normal["abstraction"]]),
    ),
    "agentEnableDexAbstraction": l1(build=lambda _: SetAbstraction(None, "dexAbstraction")),
    "convertToMultiSigUser": user_signed(
        key("signers", text), NONCE, build=lambda normal: ConvertToMultiSig(normal["signers"])
    ),
    "createSubAccount": l1(
        key("name", text), build=lambda normal: CreateSubAccount(normal["name"])
    ),
    "subAccountModify": l1(key("subAccountUser", address), key("name", text), build=_rename),
    "setReferrer": l1(key("code", text), build=lambda normal: SetReferrer(normal["code"])),
    "registerReferrer": l1(
        key("code", text), build=lambda normal: RegisterReferrer(normal["code"])
    ),
    "setDisplayName": l1(
        key("displayName", text), build=lambda normal: SetDisplayName(normal["displayName"])
    ),
    "reserveRequestWeight": l1(
        key("weight", integer), optional("destination", address), build=_reserve
    ),
    "claimRewards": l1(build=lambda _: ClaimRewards()),
    "evmUserModify": l1(key("usingBigBlocks", boolean), build=lambda _: ChooseWithoutEffect()),
    "spotUser": l1(
        key("toggleSpotDusting", shape(key("optOut", boolean))),
        build=lambda _: ChooseWithoutEffect(),
    ),
}
