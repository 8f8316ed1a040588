"""What a node means when it does not take a transaction: there is no standard, only wordings.

Collected from geth, anvil, hardhat and relays; matched in lower case. An unknown wording is not
taken for a refusal, because the transaction may be in the pool all the same.
"""

import enum
from typing import Final


class Refusal(enum.Enum):
    """What may be concluded from an error."""

    KNOWN = "known"  # the node has it already
    NONCE_USED = "nonce_used"  # by this transaction or another one
    REFUSED = "refused"  # it is not in the pool
    UNCLEAR = "unclear"


_KNOWN: Final = ("already known", "already imported", "already exists", "known transaction")
_NONCE_USED: Final = ("nonce too low", "nonce is too low")
_REFUSED: Final = (
    "insufficient funds",
    "underpriced",
    "less than block base fee",
    "fee cap",
    "nonce too high",
    "nonce gap",
    "exceeds next nonce",
    "nonce too far in the future",
    "nonce out of range",
    "tx-nonce-too-high",
    "txpool is full",
    "account limit exceeded",
    "intrinsic gas too low",
    "exceeds block gas limit",
    "gas limit too high",
    "invalid sender",
    "invalid chain id",
    "failed to decode",
)


def classify(message: str) -> Refusal:
    """Return what an error message of eth_sendRawTransaction says."""
    text = message.lower()
    if "unknown transaction" not in text and any(words in text for words in _KNOWN):
        return Refusal.KNOWN
    if any(words in text for words in _NONCE_USED):
        return Refusal.NONCE_USED
    if any(words in text for words in _REFUSED):
        return Refusal.REFUSED
    return Refusal.UNCLEAR
