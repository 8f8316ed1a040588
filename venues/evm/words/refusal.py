"""What a node means when it does not take a transaction: there is no standard, only wordings.

Collected from geth, anvil, hardhat and relays; matched in lower case. An unknown wording is not
taken for a refusal, because the transaction may be in the pool all the same.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


class Refusal(enum.Enum):
    """What may be concluded from an answer; the best news first."""

    KNOWN = "known"  # the node has it
    NONCE_USED = "nonce_used"  # by this transaction or another one
    UNCLEAR = "unclear"  # it may be in the pool
    UNDERPRICED = "underpriced"  # another of its nonce is there, and pays nearly as much or more
    FEE_TOO_LOW = "fee_too_low"  # no block would take it at present
    FULL = "full"  # the node keeps no more, of this account or at all
    AHEAD = "ahead"  # the nonces before it are not there
    BEHIND = "behind"  # the node does not have the state it needs
    UNFUNDED = "unfunded"  # the account cannot pay for it
    REFUSED = "refused"  # for what it is; it will not be taken later either

    @property
    def is_for_good(self) -> bool:
        """Whether offering it again would not help."""
        return self in {Refusal.UNFUNDED, Refusal.REFUSED}


@dataclass(frozen=True, slots=True)
class Offer:
    """How a node took a transaction, and its words where it did not."""

    refusal: Refusal
    reason: str


_NOT_KNOWN: Final = "unknown transaction"
# In this order: some wordings contain others.
_WORDINGS: Final = (
    (Refusal.KNOWN, ("already known", "already imported", "already exists", "known transaction")),
    (Refusal.NONCE_USED, ("nonce too low", "nonce is too low")),
    (Refusal.UNDERPRICED, ("replacement transaction underpriced", "replacement fee too low")),
    (
        Refusal.FEE_TOO_LOW,
        (
            "less than block base fee",
            "fee cap less than",
            "max fee per gas less than",
            "transaction underpriced",
            "gas price too low",
        ),
    ),
    (Refusal.FULL, ("txpool is full", "account limit exceeded")),
    (
        Refusal.AHEAD,
        (
            "nonce too high",
            "nonce gap",
            "exceeds next nonce",
            "nonce too far in the future",
            "nonce out of range",
            "tx-nonce-too-high",
        ),
    ),
    (Refusal.BEHIND, ("header not found", "missing trie node", "unknown block")),
    (Refusal.UNFUNDED, ("insufficient funds",)),
    (
        Refusal.REFUSED,
        (
            "tip above fee cap",
            "higher than max fee per gas",
            "exceeds the configured cap",
            "intrinsic gas too low",
            "exceeds block gas limit",
            "gas limit too high",
            "invalid sender",
            "invalid chain id",
            "failed to decode",
        ),
    ),
)


def classify(message: str) -> Refusal:
    """Return what an error message of eth_sendRawTransaction, or of a read, says."""
    text = message.lower()
    if _NOT_KNOWN not in text:
        for refusal, wordings in _WORDINGS:
            if any(words in text for words in wordings):
                return refusal
    return Refusal.UNCLEAR


def merged(offers: Sequence[Offer]) -> Offer:
    """Return what several nodes together mean by their answers to the same transaction.

    One that has it is enough; one that may have it leaves the question open.
    """
    order = list(Refusal)
    return min(offers, key=lambda offer: order.index(offer.refusal))
