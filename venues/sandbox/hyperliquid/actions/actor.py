"""For whom an action acts: whose key signed it, and which of that owner's accounts it names.

Agents act for their owner, its sub-accounts and the vaults it leads, in all that is signed by hash;
what is signed field by field, and `reserveRequestWeight`, counts for the signing address itself. A
signature over other bytes than the venue's recovers an address that nobody has: the complaint
names it.
"""

from dataclasses import dataclass

from venues.sandbox.hyperliquid.actions.effects.keys import is_valid
from venues.sandbox.hyperliquid.actions.envelope import Envelope
from venues.sandbox.hyperliquid.actions.messages import margin, orders
from venues.sandbox.hyperliquid.actions.registry import Registry
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.state import Exchange

NO_SIGNER = "Unable to recover signer."
UNKNOWN_KEY = "User or API Wallet {} does not exist."
UNKNOWN_USER = "Must deposit before performing actions. User: {}"
NOT_ITS_VAULT = "Vault not registered: {}"
MULTI_SIG_REQUIRED = "Multi-sig required for user {}"  # ours
NOT_MULTI_SIG = "User {} is not a multi-sig user."  # ours
WRONG_OUTER_SIGNER = "Multi-sig outer signer must be an authorized user or its agent."  # ours
TOO_FEW_SIGNERS = "Multi-sig needs {} signatures of authorized users, got {}."  # ours

NOT_FOR_OTHERS = "Action {} does not support vaultAddress."  # ours

_OWN_KEY_ONLY = frozenset(("reserveRequestWeight",))
# What may be done for a sub-account or vault; money is moved by naming it inside the action.
_FOR_OTHERS = frozenset(
    (*orders.FORMS, *margin.FORMS, "agentSetAbstraction", "agentEnableDexAbstraction")
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and by whose key."""

    account: Account
    signer: str
    is_agent: bool


def find(state: Exchange, envelope: Envelope, *, registry: Registry, now_ms: int) -> Actor | str:
    """Return who acts, or the venue's complaint."""
    is_mainnet = state.config.signs_as_mainnet
    signer = envelope.signer(is_mainnet=is_mainnet)
    if signer is None:
        return NO_SIGNER
    if envelope.multi_sig is not None:
        return _behind_multi_sig(state, envelope, registry=registry, signer=signer, now_ms=now_ms)
    agent = state.agents.get(signer)
    if envelope.is_user_signed or envelope.name in _OWN_KEY_ONLY or not is_valid(agent, now_ms):
        agent = None
    owner = state.accounts.get(signer if agent is None else agent.master)
    if owner is None:
        is_own = envelope.is_user_signed or envelope.name in _OWN_KEY_ONLY
        return (UNKNOWN_USER if is_own else UNKNOWN_KEY).format(signer)
    if owner.address in registry.multi_sig:
        return MULTI_SIG_REQUIRED.format(owner.address)
    return _named(state, envelope, Actor(owner, signer, is_agent=agent is not None))


def _behind_multi_sig(
    state: Exchange, envelope: Envelope, *, registry: Registry, signer: str, now_ms: int
) -> Actor | str:
    wrapping = envelope.multi_sig
    assert wrapping is not None, "asked for a multi-sig request only"
    account, signers = state.accounts.get(wrapping.user), registry.multi_sig.get(wrapping.user)
    if account is None or signers is None:
        return NOT_MULTI_SIG.format(wrapping.user)
    agent = state.agents.get(signer)
    outer = agent.master if agent is not None and is_valid(agent, now_ms) else signer
    if signer != wrapping.outer_signer or outer not in signers.authorized:
        return WRONG_OUTER_SIGNER
    found = envelope.co_signers(is_mainnet=state.config.signs_as_mainnet)
    count = len(found.intersection(signers.authorized))
    if count < signers.threshold:
        return TOO_FEW_SIGNERS.format(signers.threshold, count)
    return _named(state, envelope, Actor(account, signer, is_agent=False))


def _named(state: Exchange, envelope: Envelope, actor: Actor) -> Actor | str:
    if envelope.vault is None or envelope.is_user_signed:
        return actor
    name = envelope.inner["type"]
    if name not in _FOR_OTHERS:
        return NOT_FOR_OTHERS.format(name)
    account = state.accounts.get(envelope.vault)
    if account is None or account.master != actor.account.address:
        return NOT_ITS_VAULT.format(envelope.vault)
    return Actor(account, actor.signer, actor.is_agent)
