"""What clients sign: read, checked, applied.

`read` makes an `Envelope` of a request body or raises `MalformedError` (HTTP 422). A venue has one
`Actions(state, matching)`, which remembers what only actions know (`Actions.registry`);
`Actions.apply(envelope, now_ms)` is the rest, and returns the answer.
"""

from venues.sandbox.hyperliquid.actions.apply import Actions
from venues.sandbox.hyperliquid.actions.envelope import Envelope, read
from venues.sandbox.hyperliquid.actions.reading import MalformedError

__all__ = ["Actions", "Envelope", "MalformedError", "read"]
