"""A `POST /exchange` body: the action, who is said to have sent it, and who signed it.

Reading comes first and costs nothing: a body that cannot be read never reaches a block
(`MalformedError`, HTTP 422). Whose key signed is worked out from the form the venue would hash, so
a client that signs anything else is told the name of a stranger.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

from venues.sandbox.hyperliquid.actions.messages import (
    account,
    margin,
    multi_sig,
    orders,
    other,
    transfers,
)
from venues.sandbox.hyperliquid.actions.messages.form import Form
from venues.sandbox.hyperliquid.actions.messages.multi_sig import MultiSig
from venues.sandbox.hyperliquid.actions.reading import (
    MalformedError,
    address,
    integer,
    mapping,
    text,
)
from venues.sandbox.hyperliquid.actions.signature import (
    Signature,
    action_hash,
    agent_digest,
    recover,
)
from venues.sandbox.hyperliquid.actions.typed import MULTI_SIG, USER_SIGNED, user_digest
from venues.sandbox.hyperliquid.order import OrderRequest, TimeInForce

Action: TypeAlias = (
    orders.OrderAction
    | margin.MarginAction
    | transfers.Transfer
    | account.AccountAction
    | other.NotPlayed
)

FORMS: Mapping[str, Form[Action]] = {
    **orders.FORMS,
    **margin.FORMS,
    **transfers.FORMS,
    **account.FORMS,
    **other.FORMS,
}

_PHASE_HARMLESS, _PHASE_CANCELS, _PHASE_TAKERS = 1, 2, 3
_KEYS_REQUIRED = frozenset(("action", "nonce", "signature"))
_KEYS_ALLOWED = _KEYS_REQUIRED | {"vaultAddress", "expiresAfter", "isFrontend"}
_PATIENT = (None, TimeInForce.ALO)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A readable request; `normal` is the action in the form that was signed.

    Attributes
    ----------
    fingerprint : 32 bytes
        The hash of the action with nonce, vault and expiry; fills and ledger rows are named by it.
    """

    name: str
    action: Action
    normal: dict[str, Any]
    nonce: int
    signature: Signature
    vault: str | None
    expires_after: int | None
    fingerprint: bytes
    multi_sig: MultiSig | None = None
    """What several keys signed for one account; `name` and `normal` are then of the wrapping."""

    @property
    def phase(self) -> int:
        """Return when in its block it is applied: 1, then cancels 2, then takers 3."""
        match self.action:
            case orders.CancelOrders():
                return _PHASE_CANCELS
            case orders.PlaceOrders(orders=requests):
                return _PHASE_TAKERS if _takes(requests) else _PHASE_HARMLESS
            case orders.ModifyOrders(changes=changes):
                takes = _takes(change.order for change in changes)
                return _PHASE_TAKERS if takes else _PHASE_HARMLESS
            case orders.StartTwap():
                return _PHASE_TAKERS  # its first slice is sent at once
            case _:
                return _PHASE_HARMLESS

    @property
    def weight(self) -> int:
        """Return how many requests it counts as with the address that sends it."""
        match self.action:
            case orders.CancelOrders(targets=batch):
                return max(1, len(batch))
            case orders.PlaceOrders(orders=requests):
                return max(1, len(requests))
            case orders.ModifyOrders(changes=changes):
                return max(1, len(changes))
            case _:
                return 1

    @property
    def is_cancel(self) -> bool:
        """Tell whether it only takes orders away."""
        return isinstance(self.action, orders.CancelOrders | orders.StopTwap)

    @property
    def is_user_signed(self) -> bool:
        """Tell whether it is signed field by field, which only an owner's own key may do."""
        return self.inner["type"] in USER_SIGNED

    @property
    def inner(self) -> dict[str, Any]:
        """Return the normal form of what is done, unwrapped from a multi-sig request."""
        return self.normal if self.multi_sig is None else self.multi_sig.inner

    def signer(self, *, is_mainnet: bool) -> str | None:
        """Return the lower-case address whose key signed, None when no key could have."""
        if self.multi_sig is not None:
            untagged = {key: value for key, value in self.normal.items() if key != "type"}
            inner = {
                "multiSigActionHash": "0x" + self._connection_id(untagged).hex(),
                "nonce": self.nonce,
            }
            digest = user_digest(
                MULTI_SIG, inner, is_mainnet=is_mainnet, chain_id=self.multi_sig.chain_id
            )
        elif self.is_user_signed:
            digest = self._user_digest(is_mainnet=is_mainnet)
        else:
            source = "a" if is_mainnet else "b"
            digest = agent_digest(self.fingerprint, source=source)
        return recover(digest, self.signature)

    def co_signers(self, *, is_mainnet: bool) -> set[str]:
        """Return the addresses that signed the inner action of a multi-sig request."""
        wrapping = self.multi_sig
        assert wrapping is not None, "only a multi-sig request has co-signers"
        pair = (wrapping.user, wrapping.outer_signer)
        if wrapping.inner_name in USER_SIGNED:
            digest = user_digest(
                USER_SIGNED[wrapping.inner_name],
                wrapping.inner,
                is_mainnet=is_mainnet,
                chain_id=int(wrapping.inner["signatureChainId"], 16),
                envelope=pair,
            )
        else:
            connection_id = self._connection_id([*pair, wrapping.inner])
            digest = agent_digest(connection_id, source="a" if is_mainnet else "b")
        signers = (recover(digest, signature) for signature in wrapping.signatures)
        return {signer for signer in signers if signer is not None}

    def _connection_id(self, action: dict[str, Any] | list[Any]) -> bytes:
        return _hashed(action, nonce=self.nonce, vault=self.vault, expires_after=self.expires_after)

    def _user_digest(self, *, is_mainnet: bool) -> bytes:
        return user_digest(
            USER_SIGNED[self.name],
            self.normal,
            is_mainnet=is_mainnet,
            chain_id=int(self.normal["signatureChainId"], 16),
        )


def read(body: object) -> Envelope:
    """Read an exchange request.

    Raises
    ------
    MalformedError
        The venue could not deserialise it.
    """
    fields = mapping(body)
    if not _KEYS_REQUIRED <= fields.keys() <= _KEYS_ALLOWED:
        raise MalformedError
    raw = mapping(fields["action"])
    name = text(raw.get("type"))
    wrapping = None
    if name == "multiSig":
        wrapping = multi_sig.read(raw, normal_form)
        normal, inner_name, inner = wrapping.normal, wrapping.inner_name, wrapping.inner
    else:
        normal = inner = normal_form(raw)
        inner_name = name
    vault, expires_after = fields.get("vaultAddress"), fields.get("expiresAfter")
    sent: _Sent = {
        "nonce": integer(fields["nonce"]),
        "vault": None if vault is None else address(vault),
        "expires_after": None if expires_after is None else integer(expires_after),
    }
    return Envelope(
        name=name,
        action=FORMS[inner_name].build(inner),
        normal=normal,
        signature=multi_sig.signature(fields["signature"]),
        fingerprint=_hashed(normal, **sent),
        multi_sig=wrapping,
        **sent,
    )


def normal_form(action: dict[str, Any]) -> dict[str, Any]:
    """Return an action as the venue writes it again, which is what it hashes."""
    form = FORMS.get(text(action.get("type")))
    if form is None:
        raise MalformedError
    return form.read(action)


def _takes(requests: Iterable[OrderRequest]) -> bool:
    return any(request.time_in_force not in _PATIENT for request in requests)


class _Sent(TypedDict):
    nonce: int
    vault: str | None
    expires_after: int | None


def _hashed(
    action: dict[str, Any] | list[Any],
    *,
    nonce: int,
    vault: str | None,
    expires_after: int | None,
) -> bytes:
    # Actions that are read without a shape may hold what cannot be packed, such as 10**30.
    try:
        return action_hash(
            action,
            nonce=nonce,
            vault=None if vault is None else bytes.fromhex(vault[2:]),
            expires_after=expires_after,
        )
    except (OverflowError, ValueError):
        raise MalformedError from None
