"""Actions the venue knows and this sandbox does not play: read, checked, refused with a reason.

Staking, deployment, validators, lending, the bridge to the venue's own chain and vault management
move nothing here. Their signatures are verified like any other, so that a client learns whether it
signs them well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from venues.sandbox.hyperliquid.actions.messages.form import NONCE, Form, user_signed
from venues.sandbox.hyperliquid.actions.reading import (
    address,
    amount,
    boolean,
    integer,
    key,
    mapping,
    matching,
    one_of,
    text,
)


@dataclass(frozen=True, slots=True)
class NotPlayed:
    """An action by its wire name."""

    name: str


def _build(normal: Mapping[str, Any]) -> NotPlayed:
    return NotPlayed(normal["type"])


def _hex(value: object) -> str:
    return matching(value, _HEX)


_HEX = re.compile(r"0x([0-9a-fA-F]{2})*\Z")
_ANY = Form(mapping, _build)

FORMS: Mapping[str, Form[NotPlayed]] = {
    **dict.fromkeys(
        (
            "CSignerAction",
            "CValidatorAction",
            "authorizeAqav2Role",
            "borrowLend",
            "createVault",
            "finalizeEvmContract",
            "gossipPriorityBid",
            "hip3LiquidatorTransfer",
            "outcomeDeploy",
            "perpDeploy",
            "spotDeploy",
            "userOutcome",
            "validatorL1Stream",
            "vaultDistribute",
            "vaultModify",
        ),
        _ANY,
    ),
    "tokenDelegate": user_signed(
        key("validator", address),
        key("wei", integer),
        key("isUndelegate", boolean),
        NONCE,
        build=_build,
    ),
    "cDeposit": user_signed(key("wei", integer), NONCE, build=_build),
    "cWithdraw": user_signed(key("wei", integer), NONCE, build=_build),
    "linkStakingUser": user_signed(
        key("user", address), key("isFinalize", boolean), NONCE, build=_build
    ),
    "sendToEvmWithData": user_signed(
        key("token", text),
        key("amount", amount),
        key("sourceDex", text),
        key("destinationRecipient", text),
        key("addressEncoding", one_of("hex", "base58")),
        key("destinationChainId", integer),
        key("gasLimit", integer),
        key("data", _hex),
        NONCE,
        build=_build,
    ),
}
