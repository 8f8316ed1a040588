"""Signing of the actions an agent may sign: the venue's "L1 actions"."""

from venues.hyperliquid.signing.agent import AgentSigner
from venues.hyperliquid.signing.digest import Signature, agent_digest, connection_id, keccak256
from venues.hyperliquid.signing.user_signed import USER_SIGNED

__all__ = [
    "USER_SIGNED",
    "AgentSigner",
    "Signature",
    "agent_digest",
    "connection_id",
    "keccak256",
]
