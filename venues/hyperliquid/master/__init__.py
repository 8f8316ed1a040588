"""What only the master key may sign: money out of the account, and who may trade for it."""

from venues.hyperliquid.master.requests import MasterRequest
from venues.hyperliquid.master.signer import MasterSigner

__all__ = ["MasterRequest", "MasterSigner"]
