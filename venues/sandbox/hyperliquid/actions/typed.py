"""What a wallet shows its user before it signs: the EIP-712 types of the user-signed actions.

Each is a struct `HyperliquidTransaction:<Name>` under the domain "HyperliquidSignTransaction",
version "1", the chain the wallet was on. The venue fills in the name of its own chain, so that a
signature for the other network recovers a stranger. Signers of a multi-sig account sign the same
struct with two more fields. Source: hyperliquid-python-sdk 0.24.0 `utils/signing.py`; types it
lacks (CDeposit, CWithdraw, LinkStakingUser, UserPortfolioMargin, SendToEvmWithData) from
@nktkas/hyperliquid 0.32.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from venues.sandbox.hyperliquid.actions.signature import keccak256, separator

_PREFIX = "HyperliquidTransaction:"
_WORD = 32
_ENVELOPE_FIELDS = (("payloadMultiSigUser", "address"), ("outerSigner", "address"))


@dataclass(frozen=True, slots=True)
class UserSigned:
    """The struct of one action: its name, and its fields after `hyperliquidChain`, in order."""

    name: str
    fields: tuple[tuple[str, str], ...]

    @property
    def nonce_key(self) -> str:
        """Return the field that repeats the request's nonce."""
        return "time" if ("time", "uint64") in self.fields else "nonce"


def _struct(name: str, fields: str) -> UserSigned:
    pairs = (field.split(" ") for field in fields.split(", "))
    return UserSigned(name, tuple((field, kind) for field, kind in pairs))


USER_SIGNED: Mapping[str, UserSigned] = {
    "usdSend": _struct("UsdSend", "destination string, amount string, time uint64"),
    "spotSend": _struct("SpotSend", "destination string, token string, amount string, time uint64"),
    "withdraw3": _struct("Withdraw", "destination string, amount string, time uint64"),
    "usdClassTransfer": _struct("UsdClassTransfer", "amount string, toPerp bool, nonce uint64"),
    "sendAsset": _struct(
        "SendAsset",
        "destination string, sourceDex string, destinationDex string, token string, "
        "amount string, fromSubAccount string, nonce uint64",
    ),
    "approveAgent": _struct("ApproveAgent", "agentAddress address, agentName string, nonce uint64"),
    "approveBuilderFee": _struct(
        "ApproveBuilderFee", "maxFeeRate string, builder address, nonce uint64"
    ),
    "userDexAbstraction": _struct("UserDexAbstraction", "user address, enabled bool, nonce uint64"),
    "userSetAbstraction": _struct(
        "UserSetAbstraction", "user address, abstraction string, nonce uint64"
    ),
    "userPortfolioMargin": _struct(
        "UserPortfolioMargin", "user address, enabled bool, nonce uint64"
    ),
    "convertToMultiSigUser": _struct("ConvertToMultiSigUser", "signers string, nonce uint64"),
    "tokenDelegate": _struct(
        "TokenDelegate", "validator address, wei uint64, isUndelegate bool, nonce uint64"
    ),
    "cDeposit": _struct("CDeposit", "wei uint64, nonce uint64"),
    "cWithdraw": _struct("CWithdraw", "wei uint64, nonce uint64"),
    "linkStakingUser": _struct("LinkStakingUser", "user address, isFinalize bool, nonce uint64"),
    "sendToEvmWithData": _struct(
        "SendToEvmWithData",
        "token string, amount string, sourceDex string, destinationRecipient string, "
        "addressEncoding string, destinationChainId uint32, gasLimit uint64, data bytes, "
        "nonce uint64",
    ),
}

MULTI_SIG = _struct("SendMultiSig", "multiSigActionHash bytes32, nonce uint64")


def user_digest(
    struct: UserSigned,
    action: Mapping[str, Any],
    *,
    is_mainnet: bool,
    chain_id: int,
    envelope: tuple[str, str] | None = None,
) -> bytes:
    """Return what the wallet signed.

    Parameters
    ----------
    action : mapping
        The action as it was received; a field that is missing or null counts as empty text.
    chain_id : int
        The chain the wallet was on, `signatureChainId`.
    envelope : (multi-sig user, outer signer) or None
        For a signature inside a multi-sig action.
    """
    fields, values = struct.fields, dict(action)
    if envelope is not None:
        fields = _ENVELOPE_FIELDS + fields
        values["payloadMultiSigUser"], values["outerSigner"] = envelope
    encoded = _type_hash(struct.name, fields)
    encoded += keccak256(b"Mainnet" if is_mainnet else b"Testnet")
    for name, kind in fields:
        encoded += _word(kind, values.get(name))
    return keccak256(b"\x19\x01" + _domain(chain_id) + keccak256(encoded))


@cache
def _type_hash(name: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    listed = ",".join(f"{kind} {field}" for field, kind in fields)
    return keccak256(f"{_PREFIX}{name}(string hyperliquidChain,{listed})".encode())


@cache
def _domain(chain_id: int) -> bytes:
    return separator("HyperliquidSignTransaction", chain_id=chain_id)


def _word(kind: str, value: str | int | None) -> bytes:
    match kind:
        case "string":
            return keccak256(str(value or "").encode())
        case "bytes":
            return keccak256(_bytes(value))
        case "bytes32" | "address":
            return _bytes(value).rjust(_WORD, b"\0")
        case _:
            return int(value or 0).to_bytes(_WORD, "big")


def _bytes(value: str | int | None) -> bytes:
    return bytes.fromhex(str(value)[2:])
